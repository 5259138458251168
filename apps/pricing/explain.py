"""Why a price is what it is: what became of every promotion that was considered, and what a purchase takes of each.

A promotion that was not chosen is asked again on the goods as they are where its turn would have come, so that "5.00
more and you would save" is said of the basket that the buyer sees.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from apps.pricing.contracts import Discount, Layer, MissReason, PromotionOutcome, PromotionRule, PromotionUse
from apps.pricing.coupons import assess_coupon
from apps.pricing.goods import Cut, Miss
from apps.pricing.search import Choice
from apps.pricing.shop_rule import assess_shop_rule


def list_uses(choice: Choice) -> tuple[PromotionUse, ...]:
    """Return what the purchase takes of each promotion that applies, by promotion id."""
    segments = choice.workings.segments
    uses = [
        _use_of_cut(cut, units=sum(segments[index].quantity for index in cut.indexes))
        for cut in choice.workings.item_cuts
    ]
    uses += [_use_of_cut(cut, units=1) for cut in choice.cuts]
    uses += _uses_on_shipping(choice)
    return tuple(sorted(uses, key=lambda use: use.promotion_id))


def explain(choice: Choice, uses: Sequence[PromotionUse], codes: Sequence[str]) -> tuple[PromotionOutcome, ...]:
    """Return an outcome for each promotion that was considered, and for each code that none of them answers to."""
    rules = sorted(choice.workings.rules, key=lambda rule: (rule.layer, rule.promotion_id))
    use_of = {use.promotion_id: use for use in uses}
    miss_of = choice.workings.misses | dict(_misses(choice))
    outcomes = [
        _applied(rule, use_of[rule.promotion_id])
        if rule.promotion_id in use_of
        else _missed(rule, miss_of[rule.promotion_id])
        for rule in rules
    ]
    known_codes = {rule.code for rule in rules}
    unknown_codes = [code for code in dict.fromkeys(codes) if code not in known_codes]
    return (*outcomes, *map(_unknown, unknown_codes))


def _use_of_cut(cut: Cut, *, units: int) -> PromotionUse:
    return PromotionUse(
        promotion_id=cut.rule.promotion_id,
        units=units,
        seller_minor=cut.amount_minor - cut.platform_minor,
        platform_minor=cut.platform_minor,
    )


def _uses_on_shipping(choice: Choice) -> list[PromotionUse]:
    """One use per purchase, however many orders it helps."""
    discounts_of: dict[int, list[Discount]] = defaultdict(list)
    for reckoning in choice.reckonings:
        for discount in reckoning.shipping_discounts:
            discounts_of[discount.promotion_id].append(discount)
    return [
        PromotionUse(
            promotion_id=promotion_id,
            units=1,
            seller_minor=sum(discount.seller_minor for discount in discounts),
            platform_minor=sum(discount.platform_minor for discount in discounts),
        )
        for promotion_id, discounts in discounts_of.items()
    ]


def _misses(choice: Choice) -> Iterator[tuple[int, Miss]]:
    """Every candidate from L2 on, with why it would miss now; for those that were chosen nobody will ask."""
    workings = choice.workings
    after_shop_rules = workings.goods.after(*(cut for cut in choice.cuts if cut.rule.layer is Layer.SHOP_RULE))
    for shop in workings.shops:
        for candidate in shop.shop_rules:
            assessed = assess_shop_rule(candidate, workings.segments, workings.goods)
            yield candidate.rule.promotion_id, _miss(assessed)
        for candidate in shop.coupons:
            yield candidate.rule.promotion_id, _miss(assess_coupon(candidate, after_shop_rules))
    for candidate in workings.platform_coupons:
        yield candidate.rule.promotion_id, _miss(assess_coupon(candidate, choice.before_platform_coupon))
    yield from _misses_on_shipping(choice)


def _misses_on_shipping(choice: Choice) -> Iterator[tuple[int, Miss]]:
    """A rule of the platform may miss in each order for another reason: the order that lacks least is told."""
    misses_of: dict[int, list[Miss]] = defaultdict(list)
    for reckoning in choice.reckonings:
        for candidate, assessed in reckoning.assess_shipping_rules():
            misses_of[candidate.rule.promotion_id].append(_miss(assessed))
    for promotion_id, misses in misses_of.items():
        yield promotion_id, min(misses, key=lambda miss: (miss.reason is not MissReason.OUTBID, miss.missing_minor))


def _miss(assessed: Cut | int | Miss) -> Miss:
    """What could apply and was not chosen was outbid."""
    return assessed if isinstance(assessed, Miss) else Miss(MissReason.OUTBID)


def _applied(rule: PromotionRule, use: PromotionUse) -> PromotionOutcome:
    return PromotionOutcome(
        promotion_id=rule.promotion_id,
        code=rule.code,
        layer=rule.layer,
        applied=True,
        units=use.units,
        amount_minor=use.amount_minor,
    )


def _missed(rule: PromotionRule, miss: Miss) -> PromotionOutcome:
    return PromotionOutcome(
        promotion_id=rule.promotion_id,
        code=rule.code,
        layer=rule.layer,
        applied=False,
        reason=miss.reason,
        missing_minor=miss.missing_minor,
        missing_units=miss.missing_units,
    )


def _unknown(code: str) -> PromotionOutcome:
    return PromotionOutcome(promotion_id=None, code=code, layer=None, applied=False, reason=MissReason.UNKNOWN_CODE)
