"""The goods of a basket on their way down the ladder: segments, what is left of their price, and what cuts into it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from apps.pricing.benefits import platform_part, platform_parts
from apps.pricing.contracts import BasketLine, MissReason, PromotionRule
from tradecore.money import allocate


@dataclass(frozen=True, slots=True)
class Segment:
    """Pieces of one basket line that have one item price; ``rule`` is what set it, None for the list price."""

    line: BasketLine
    segment_no: int
    quantity: int
    unit_minor: int
    rule: PromotionRule | None


@dataclass(frozen=True, slots=True, eq=False)
class Lot:
    """Indexes of the goods that a rule may touch, ascending. Rules with the same scope share one Lot, so that what is
    summed over it is summed once."""

    indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule that may apply, with the goods that it may touch."""

    rule: PromotionRule
    lot: Lot


@dataclass(frozen=True, slots=True)
class Miss:
    """Why a rule does not apply, and what is missing."""

    reason: MissReason
    missing_minor: int = 0
    missing_units: int = 0


@dataclass(frozen=True, eq=False)
class Cut:
    """A discount that a rule gives on some goods. It is divided only when somebody asks for the shares."""

    rule: PromotionRule
    indexes: Sequence[int]
    weights: Sequence[int]
    amount_minor: int

    @property
    def platform_minor(self) -> int:
        return platform_part(self.amount_minor, self.rule.platform_share_bp)

    @cached_property
    def shares(self) -> list[int]:
        return allocate(self.amount_minor, self.weights)

    @cached_property
    def platform_shares(self) -> list[int]:
        return platform_parts(self.shares, self.rule.platform_share_bp)


@dataclass(frozen=True, slots=True)
class Goods:
    """The goods at one rung of the ladder, by index: what is left of their price, what the platform has paid of it."""

    nets: Sequence[int]
    platform: Sequence[int]
    _totals: dict[Lot, int] = field(default_factory=dict, init=False, compare=False, repr=False)

    def total(self, lot: Lot) -> int:
        """The price that is left of a lot."""
        if lot not in self._totals:
            self._totals[lot] = sum([self.nets[index] for index in lot.indexes])
        return self._totals[lot]

    def after(self, *cuts: Cut) -> "Goods":
        """The goods one rung further down."""
        nets, platform = list(self.nets), list(self.platform)
        for cut in cuts:
            for index, share, platform_share in zip(cut.indexes, cut.shares, cut.platform_shares, strict=True):
                nets[index] -= share
                platform[index] += platform_share
        return Goods(nets, platform)

    def cut(self, *, rule: PromotionRule, lot: Lot, amount_minor: int) -> Cut:
        """What a discount on a lot takes from each of its goods: by what is left of their prices."""
        return Cut(rule, lot.indexes, [self.nets[index] for index in lot.indexes], amount_minor)


def allocate_by_value(amount_minor: int, nets: Sequence[int], quantities: Sequence[int]) -> list[int]:
    """Divide an amount over goods by what is left of their prices; where all of them are free, by pieces."""
    return allocate(amount_minor, nets if any(nets) else quantities)
