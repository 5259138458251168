"""What an order comes to for its seller, as it stands: the arithmetic, without tables.

# Note [Reckoning]
A settlement is not a story of what happened, but a sum over what is: the sale, everything that went back of it, and the
fees that are kept on that. Whatever the order in which refunds and settlement came, the same facts come to the same
sum; what is posted is only ever the difference to what was posted before.

Units that were cancelled or lost were never sold: no fee is reckoned on them, not even one that is otherwise kept. Nor
is it on an order all of whose units were, whatever else went back of it: a bank may have taken some of it before. What
went back later was sold, and its fees come back by their own rule.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.fees.api import FeePlan, FeeRule
from apps.orders import api as orders
from apps.orders.api import GoneKind
from apps.pricing.api import (
    ChargesBack,
    Fee,
    FeeAmounts,
    FeeBasis,
    FeeRefundPolicy,
    FeeTerms,
    RefundableCharges,
    RefundableLine,
    RefundPart,
    fee_base,
    fee_kept,
    proceeds_back,
)
from apps.settlement.contracts import LineKind
from apps.settlement.terms import CreatorTerms, read_creator, read_plan
from tradecore.money import allocate

_NEVER_SOLD = frozenset({GoneKind.CANCELLED, GoneKind.LOST})

_OF_LINES = ("net_minor", "tax_minor", "platform_discount_minor")
_OF_CHARGES = ("shipping_fee_minor", "shipping_tax_minor")
_COMPONENTS = _OF_LINES + _OF_CHARGES


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What is kept of one fee, or is one creator's: positive, in minor units.

    `base_minor` is what it was reckoned on, of which `returned_minor` has gone back.
    """

    kind: LineKind
    name: str
    owner_ref: int
    kept: Fee
    base_minor: int
    returned_minor: int
    terms: FeeTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """What an order comes to. `refunds` are what each thing that went back has cost its seller, by its id."""

    sale_minor: int
    refunds: Mapping[int, int]
    charges: tuple[Charge, ...]

    @property
    def amount_minor(self) -> int:
        """What the seller gets, reserve aside. E2: 7744 - 679 - 310 = 6755."""
        kept = sum(charge.kept.amount_minor + charge.kept.tax_minor for charge in self.charges)
        return self.sale_minor - sum(self.refunds.values()) - kept


def reckon(sale: orders.Sale) -> Reckoning:
    """Reckon an order as it stands. See Note [Reckoning]."""
    never_sold, returned = _divide(sale)
    sold = _Amounts.of_sale(sale).plus(never_sold, sign=-1)
    back = _Amounts(sale).plus(returned)
    return Reckoning(
        sale_minor=sale.proceeds.seller_minor - sum(_seller_minor(sale, entry) for entry in never_sold),
        refunds={entry.id: _seller_minor(sale, entry) for entry in returned},
        charges=(*_fees(sale, sold, back), *_creators(sale, sold, back)),
    )


def _divide(sale: orders.Sale) -> tuple[list[orders.GoneEntry], list[orders.GoneEntry]]:
    """What went back of it without having been sold, and after that. See Note [Reckoning]."""
    if sale.status == "CANCELLED":
        return list(sale.gone), []
    never_sold = [entry for entry in sale.gone if entry.kind in _NEVER_SOLD]
    return never_sold, [entry for entry in sale.gone if entry.kind not in _NEVER_SOLD]


def _seller_minor(sale: orders.Sale, entry: orders.GoneEntry) -> int:
    parts = list(entry.parts.values())
    undone = proceeds_back(parts=parts, charges=entry.charges, platform_remits_tax=bool(sale.tax_payable_to))
    return undone.seller_minor


class _Amounts:
    """Amounts that fees are reckoned on, by line: of a sale, or of what went back of it.

    Shipping belongs to the lines by their frozen shares of it, to all of them alike where these are nothing; what goes
    back of it is divided by what was sold of it, so that no line gives back more than it had.
    """

    def __init__(self, sale: orders.Sale) -> None:
        self._tax_inclusive = sale.charges.tax_inclusive
        self._shipping = _shipping_by_line(sale)
        self._by_line: dict[int, dict[str, int]] = {line.id: dict.fromkeys(_COMPONENTS, 0) for line in sale.lines}

    @classmethod
    def of_sale(cls, sale: orders.Sale) -> "_Amounts":
        amounts = cls(sale)
        for line in sale.lines:
            amounts._add(line.id, line.amounts, sign=1)
        amounts._add_shipping(sale.charges, sign=1)
        return amounts

    def plus(self, entries: Iterable[orders.GoneEntry], *, sign: int = 1) -> "_Amounts":
        for entry in entries:
            for line_id, part in entry.parts.items():
                self._add(line_id, part, sign=sign)
            self._add_shipping(entry.charges, sign=sign)
        return self

    def base(self, basis: FeeBasis, line_ids: Iterable[int]) -> int:
        """What a fee is reckoned on, of these lines together."""
        sums = {name: sum(self._by_line[line_id][name] for line_id in line_ids) for name in _COMPONENTS}
        return fee_base(basis=basis, amounts=FeeAmounts(tax_inclusive=self._tax_inclusive, **sums))

    def _add(self, line_id: int, amounts: RefundableLine | RefundPart, *, sign: int) -> None:
        for name in _OF_LINES:
            self._by_line[line_id][name] += sign * getattr(amounts, name)

    def _add_shipping(self, charges: RefundableCharges | ChargesBack, *, sign: int) -> None:
        for name in _OF_CHARGES:
            weights = self._shipping[name]
            for line_id, share in zip(weights, allocate(getattr(charges, name), list(weights.values())), strict=True):
                self._by_line[line_id][name] += sign * share


def _shipping_by_line(sale: orders.Sale) -> dict[str, dict[int, int]]:
    shares = {line.id: line.amounts.shipping_share_minor for line in sale.lines}
    weights = list(shares.values()) if any(shares.values()) else [1] * len(shares)
    return {
        name: dict(zip(shares, allocate(getattr(sale.charges, name), weights), strict=True)) for name in _OF_CHARGES
    }


def _fees(sale: orders.Sale, sold: _Amounts, back: _Amounts) -> Iterator[Charge]:
    """One charge for each rule that lines were sold under, on all of those lines together."""
    lines_of: dict[tuple[str, FeeRule], list[int]] = defaultdict(list)
    for line in sale.lines:
        plan = read_plan(line.terms)
        for rule in _rules(plan, line.terms):
            lines_of[_name(rule), rule].append(line.id)
    for (name, rule), line_ids in sorted(lines_of.items(), key=lambda item: item[0][0]):
        terms = FeeTerms(
            rate_bp=rule.rate_bp,
            fixed_minor=rule.fixed_minor,
            cap_minor=rule.cap_minor,
            tax_rate_e5=rule.tax_rate_e5,
            refund_policy=FeeRefundPolicy(rule.refund_policy.value),
            admin_bp=rule.admin_bp,
        )
        yield from _charge(LineKind.FEE, name, 0, FeeBasis(rule.basis.value), terms, line_ids, sold, back)


def _creators(sale: orders.Sale, sold: _Amounts, back: _Amounts) -> Iterator[Charge]:
    for line in sale.lines:
        share: CreatorTerms | None = read_creator(line.terms)
        if share is not None:
            terms = FeeTerms(rate_bp=share.rate_bp)
            name = str(line.line_no)
            yield from _charge(LineKind.CREATOR, name, share.creator_ref, share.basis, terms, [line.id], sold, back)


def _charge(
    kind: LineKind,
    name: str,
    owner_ref: int,
    basis: FeeBasis,
    terms: FeeTerms,
    line_ids: Sequence[int],
    sold: _Amounts,
    back: _Amounts,
) -> Iterator[Charge]:
    base_minor, returned_minor = sold.base(basis, line_ids), back.base(basis, line_ids)
    kept = fee_kept(terms=terms, base_minor=base_minor, returned_minor=returned_minor)
    yield Charge(
        kind=kind,
        name=name,
        owner_ref=owner_ref,
        kept=kept,
        base_minor=base_minor,
        returned_minor=returned_minor,
        terms=terms,
    )


def _rules(plan: FeePlan | None, terms: Mapping[str, Any]) -> tuple[FeeRule, ...]:
    if plan is None:
        return ()
    category = terms.get("category_id")
    return plan.rules_for(None if category is None else int(category))


def _name(rule: FeeRule) -> str:
    """The kind of the fee, and the category where the rule is of one: two rules of a kind are two lines."""
    return rule.kind if rule.category_id is None else f"{rule.kind}:{rule.category_id}"
