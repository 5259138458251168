"""Who may compete at all: the questions to a rule that do not depend on what the basket costs."""

from collections import defaultdict
from collections.abc import Collection, Iterable

from apps.pricing.contracts import Layer, MissReason, PromotionRule
from apps.pricing.goods import Candidate, Lot, Miss
from apps.pricing.scope import Shelf


def considered(rules: Iterable[PromotionRule], codes: Collection[str]) -> list[PromotionRule]:
    """Return the rules that this buyer may hear of, by promotion id.

    A rule whose code was not given is left out altogether: to explain it would give its code away.
    """
    known = sorted(
        (rule for rule in rules if rule.code is None or rule.code in codes), key=lambda rule: rule.promotion_id
    )
    if len({rule.promotion_id for rule in known}) != len(known):
        raise ValueError("a promotion is given as one rule")
    return known


def standing_miss(rule: PromotionRule, lot: Lot, currency: str) -> Miss | None:
    """Return why a rule cannot apply whatever the basket costs, or None when it may."""
    if rule.currency != currency:
        return Miss(MissReason.OTHER_CURRENCY)
    if not lot.indexes:
        return Miss(MissReason.NOTHING_ELIGIBLE)
    if rule.uses_left is not None and rule.uses_left <= 0:
        return Miss(MissReason.EXHAUSTED)
    if rule.uses_left_for_buyer is not None and rule.uses_left_for_buyer <= 0:
        return Miss(MissReason.BUYER_LIMIT)
    if rule.budget_left_minor is not None and rule.budget_left_minor <= 0:
        return Miss(MissReason.BUDGET_SPENT)
    return None


class Admission:
    """Sorts rules into candidates, by layer and shop, and misses, by promotion id."""

    def __init__(self, currency: str) -> None:
        self._currency = currency
        self._candidates: dict[Layer, list[Candidate]] = defaultdict(list)
        self._candidates_of_shop: dict[tuple[Layer, int | None], list[Candidate]] = defaultdict(list)
        self.misses: dict[int, Miss] = {}

    def admit(self, rules: Iterable[PromotionRule], shelf: Shelf) -> None:
        """Let rules look for their goods on a shelf."""
        for rule in rules:
            lot = shelf.lot(shop_id=rule.shop_id, scope=rule.scope, excluded=rule.excluded)
            miss = standing_miss(rule, lot, self._currency)
            if miss:
                self.misses[rule.promotion_id] = miss
                continue
            candidate = Candidate(rule, lot)
            self._candidates[rule.layer].append(candidate)
            self._candidates_of_shop[rule.layer, rule.shop_id].append(candidate)

    def candidates(self, layer: Layer) -> list[Candidate]:
        """All of a layer, by promotion id."""
        return self._candidates[layer]

    def candidates_of(self, shop_id: int | None, layer: Layer) -> list[Candidate]:
        """Those of a layer that belong to a shop, or to the platform (None), by promotion id."""
        return self._candidates_of_shop[layer, shop_id]
