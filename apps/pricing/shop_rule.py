"""L2, the rule of a shop: buy more save more, full reduction, or a bundle; at most one per shop.

It works on the pieces that no flash price has taken (E6): the candidates' lots hold no others.
"""

from collections.abc import Sequence

from apps.pricing.assessment import amount_miss, minimum_miss
from apps.pricing.benefits import discount_on
from apps.pricing.contracts import (
    AmountOff,
    Benefit,
    Bundle,
    FixedPrice,
    MissReason,
    PromotionKind,
    RateOff,
    TierBasis,
    Tiers,
)
from apps.pricing.goods import Candidate, Cut, Goods, Miss, Segment

_FLASH_KINDS = frozenset({PromotionKind.FLASH_SALE, PromotionKind.LIVE_FLASH_SALE})


def open_to_shop_rules(segments: Sequence[Segment]) -> list[int]:
    """Return the indexes of what a shop rule may touch: everything but pieces at a flash price."""
    return [
        index for index, segment in enumerate(segments) if segment.rule is None or segment.rule.kind not in _FLASH_KINDS
    ]


def assess_shop_rule(candidate: Candidate, segments: Sequence[Segment], goods: Goods) -> Cut | Miss:
    """Return what a shop rule takes off, or why it does not apply.

    Misses, in this order: BELOW_MINIMUM, NO_EFFECT, BUDGET_SPENT.
    """
    rule = candidate.rule
    miss = minimum_miss(rule, goods.total(candidate.lot))
    if miss:
        return miss
    if isinstance(rule.benefit, Bundle):
        cut = _bundle_cut(candidate, rule.benefit, segments)
    elif isinstance(rule.benefit, Tiers):
        cut = _tier_cut(candidate, rule.benefit, segments, goods)
    else:
        raise TypeError(f"{rule.kind} is no shop rule")
    return cut if isinstance(cut, Miss) else amount_miss(rule, cut.amount_minor) or cut


def _tier_cut(candidate: Candidate, tiers: Tiers, segments: Sequence[Segment], goods: Goods) -> Cut | Miss:
    spend_minor = goods.total(candidate.lot)
    if tiers.basis is TierBasis.AMOUNT:
        reached = spend_minor
    else:
        reached = sum(segments[index].quantity for index in candidate.lot.indexes)
    by_threshold = sorted(tiers.tiers, key=lambda tier: tier.threshold)
    open_tiers = [tier for tier in by_threshold if tier.threshold <= reached]
    if not open_tiers:
        missing = by_threshold[0].threshold - reached
        if tiers.basis is TierBasis.AMOUNT:
            return Miss(MissReason.BELOW_MINIMUM, missing_minor=missing)
        return Miss(MissReason.BELOW_MINIMUM, missing_units=missing)
    amount_minor = discount_on(open_tiers[-1].benefit, spend_minor)
    return goods.cut(rule=candidate.rule, lot=candidate.lot, amount_minor=amount_minor)


def _bundle_cut(candidate: Candidate, bundle: Bundle, segments: Sequence[Segment]) -> Cut | Miss:
    """Complete as many sets as there are pieces for; what they cost apart is what carries the discount."""
    of_sku: dict[int, list[int]] = {part.sku_id: [] for part in bundle.parts}
    for index in candidate.lot.indexes:
        of_sku.get(segments[index].line.sku_id, []).append(index)
    pieces = {sku_id: sum(segments[index].quantity for index in indexes) for sku_id, indexes in of_sku.items()}
    sets = min(pieces[part.sku_id] // part.quantity for part in bundle.parts)
    if sets == 0:
        missing = sum(max(0, part.quantity - pieces[part.sku_id]) for part in bundle.parts)
        return Miss(MissReason.BELOW_MINIMUM, missing_units=missing)
    values: dict[int, int] = {}
    for part in bundle.parts:
        values |= _values(of_sku[part.sku_id], sets * part.quantity, segments)
    by_index = dict(sorted(values.items()))
    amount_minor = discount_on(_for_sets(bundle.benefit, sets), sum(by_index.values()))
    return Cut(candidate.rule, list(by_index), list(by_index.values()), amount_minor)


def _values(indexes: Sequence[int], pieces: int, segments: Sequence[Segment]) -> dict[int, int]:
    """What so many pieces cost, taken from these segments in their order."""
    values: dict[int, int] = {}
    for index in indexes:
        taken = min(pieces, segments[index].quantity)
        if taken:
            values[index] = taken * segments[index].unit_minor
        pieces -= taken
    return values


def _for_sets(benefit: Benefit, sets: int) -> Benefit:
    """The benefit of one set, so many times; a share is a share of all of them."""
    match benefit:
        case AmountOff(amount_minor):
            return AmountOff(amount_minor * sets)
        case FixedPrice(price_minor):
            return FixedPrice(price_minor * sets)
        case RateOff():
            return benefit
