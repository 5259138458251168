"""What the ladder works on: the basket cut into segments and shops, with the rules that may still apply to each."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from apps.pricing.admission import Admission, considered
from apps.pricing.contracts import Basket, DutyTerms, Layer, PromotionRule, Scope, ShopShipping
from apps.pricing.goods import Candidate, Cut, Goods, Lot, Miss, Segment
from apps.pricing.item_price import price_items
from apps.pricing.scope import Shelf
from apps.pricing.shop_rule import open_to_shop_rules

_ALL_GOODS = Scope()


@dataclass(frozen=True, slots=True)
class ShopGoods:
    """One shop's part: its segments, its shipping quote, and the candidates that find something in it."""

    lot: Lot
    shipping: ShopShipping
    shop_rules: Sequence[Candidate]
    coupons: Sequence[Candidate]
    shipping_rules: Sequence[Candidate]
    platform_shipping_rules: Sequence[Candidate]
    platform_coupon_lots: Mapping[int, Lot]
    """By promotion id: what a platform coupon finds in this shop."""

    @property
    def shop_id(self) -> int:
        return self.shipping.shop_id


@dataclass(frozen=True, slots=True)
class Workings:
    """A basket after L1: ``segments`` by line number, ``shops`` by their first line, ``goods`` as L2 finds them."""

    basket: Basket
    rules: Sequence[PromotionRule]
    """By promotion id; without those whose code was not given."""
    segments: Sequence[Segment]
    item_cuts: Sequence[Cut]
    goods: Goods
    shops: Sequence[ShopGoods]
    platform_coupons: Sequence[Candidate]
    misses: dict[int, Miss]
    """By promotion id: who cannot apply, whatever is chosen."""
    tax_rate_max_e5: int
    movable_tax_base_minor: int
    """At most so much is taxed by shares that discounts can move from line to line: an import's shipping and duty."""


def lay_out(basket: Basket, rules: Iterable[PromotionRule], codes: Collection[str]) -> Workings:
    """Give every piece its price, and sort the rules by where they compete."""
    rules = considered(rules, codes)
    lines = sorted(basket.lines, key=lambda line: line.line_no)
    admission = Admission(basket.currency)
    admission.admit(_of(rules, Layer.ITEM_PRICE), Shelf(lines))
    prices = price_items(lines, admission.candidates(Layer.ITEM_PRICE))

    sold = [segment.line for segment in prices.segments]
    shelf = Shelf(sold)
    admission.admit(_of(rules, Layer.SHOP_RULE), Shelf(sold, only=open_to_shop_rules(prices.segments)))
    admission.admit(_of(rules, Layer.SELLER_COUPON, Layer.PLATFORM_COUPON, Layer.SHIPPING), shelf)
    return Workings(
        basket=basket,
        rules=rules,
        segments=prices.segments,
        item_cuts=prices.cuts,
        goods=_list_priced(prices.segments).after(*prices.cuts),
        shops=[_shop_goods(quote, shelf, admission) for quote in _by_first_line(basket)],
        platform_coupons=admission.candidates(Layer.PLATFORM_COUPON),
        misses=admission.misses | prices.misses,
        tax_rate_max_e5=max(line.tax_rate_e5 for line in lines),
        movable_tax_base_minor=_shipping_and_duty(basket, basket.duty) if basket.duty else 0,
    )


def _of(rules: Iterable[PromotionRule], *layers: Layer) -> list[PromotionRule]:
    return [rule for rule in rules if rule.layer in layers]


def _list_priced(segments: Sequence[Segment]) -> Goods:
    return Goods(
        nets=[segment.line.list_unit_minor * segment.quantity for segment in segments], platform=[0] * len(segments)
    )


def _shipping_and_duty(basket: Basket, duty: DutyTerms) -> int:
    headings = {(line.shop_id, line.hs6) for line in basket.lines}
    return sum(quote.fee_minor for quote in basket.shipping) + duty.per_heading_minor * len(headings)


def _by_first_line(basket: Basket) -> list[ShopShipping]:
    first_line: dict[int, int] = {}
    for line in basket.lines:
        first_line[line.shop_id] = min(line.line_no, first_line.get(line.shop_id, line.line_no))
    return sorted(basket.shipping, key=lambda quote: first_line[quote.shop_id])


def _shop_goods(quote: ShopShipping, shelf: Shelf, admission: Admission) -> ShopGoods:
    shop_id = quote.shop_id
    return ShopGoods(
        lot=shelf.lot(shop_id=shop_id, scope=_ALL_GOODS, excluded=_ALL_GOODS),
        shipping=quote,
        shop_rules=admission.candidates_of(shop_id, Layer.SHOP_RULE),
        coupons=admission.candidates_of(shop_id, Layer.SELLER_COUPON),
        shipping_rules=admission.candidates_of(shop_id, Layer.SHIPPING),
        platform_shipping_rules=list(_within(shop_id, admission.candidates_of(None, Layer.SHIPPING), shelf)),
        platform_coupon_lots={
            candidate.rule.promotion_id: candidate.lot
            for candidate in _within(shop_id, admission.candidates_of(None, Layer.PLATFORM_COUPON), shelf)
        },
    )


def _within(shop_id: int, candidates: Iterable[Candidate], shelf: Shelf) -> Iterator[Candidate]:
    """The candidates of the platform that find something in a shop, with what they find there."""
    for candidate in candidates:
        lot = shelf.lot(shop_id=shop_id, scope=candidate.rule.scope, excluded=candidate.rule.excluded)
        if lot.indexes:
            yield Candidate(candidate.rule, lot)
