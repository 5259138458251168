"""What a wish costs, and the signed token that buys it.

# Note [Quotes]
A quote holds nothing and is written nowhere. Its token carries the wish, the principal and the moment until which it is
honoured; buying it prices the wish again, so a quote never outlives a price, a promotion or a shop. Its id is unique to
it, and a purchase of it takes the id for good.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.core import signing

from apps.accounts.api import Address
from apps.catalog.api import Offer, list_offers
from apps.checkout.contracts import (
    CREATOR_SHARES,
    QUANTITY_MAX,
    Buyer,
    CreatorShare,
    Quote,
    QuotedItem,
    WantedLine,
    Wish,
)
from apps.checkout.errors import (
    AmountTooLarge,
    DeliveryOptionUnknown,
    MarketClosed,
    QuantityTooLarge,
    QuoteExpired,
    QuoteInvalid,
    SkuUnavailable,
)
from apps.fees.api import get_plan
from apps.markets.api import (
    Market,
    deadline,
    get_market,
    get_tax_jurisdiction,
    list_tax_rates,
)
from apps.pricing.api import (
    Basket,
    BasketLine,
    MissReason,
    PricedBasket,
    PromotionRule,
    ShippingRate,
    ShopShipping,
    price_basket,
    shipping_fee,
)
from apps.pricing.api import TaxBasePolicy as PricingTaxBasePolicy
from apps.promotions.api import canonical_code, list_rules
from apps.sellers.api import DeliveryRate, Shop, list_delivery_rates, list_shops
from tradecore import degradation, freezes, wire, worlds
from tradecore.ids import gene_of, new_id
from tradecore.live_settings import LiveSetting, Scope, WholeNumber
from tradecore.money import MAX_MINOR

_SALT = "checkout.quote"
#: So many opened tokens a process keeps at hand, of some 1.5 kB each: more than there are purchases on their way in it,
#: and as many as a crowd has that asks for what is gone again and again.
_OPEN_MAX = 2048

QUANTITY_LIMIT = LiveSetting(
    name="checkout.quantity_limit",
    meaning="How many pieces of one SKU a purchase may have: few, where resellers empty the shelf of a hot sale.",
    schema=WholeNumber(1, QUANTITY_MAX),
    default=lambda: QUANTITY_MAX,
    scopes=frozenset(Scope),
)

#: Shop -> delivery option -> what it charges for it.
_Rates = Mapping[int, Mapping[str, DeliveryRate]]


@dataclass(frozen=True, slots=True)
class QuoteContent:
    """What a token says: which quote it is, whose, of what, and until when it is honoured."""

    quote_id: int
    scope: str
    wish: Wish
    expires_at: datetime


def make_quote(*, wish: Wish, buyer: Buyer, now: datetime, quote_id: int | None = None) -> Quote:
    """Price a wish as of `now`.

    Whoever lives again what was bought elsewhere names the `quote_id`, and finds by it what is bought already.
    Refuses, in this order: UnknownMarket, MarketClosed, RegionUnknown, SkuUnavailable, QuantityTooLarge,
    DeliveryOptionUnknown, AmountTooLarge, CouponCodeInvalid.
    """
    return _quote(wish, buyer, quote_id=quote_id or new_id(gene_of(buyer.ref)), now=now)


def read_token(*, token: str, buyer: Buyer) -> tuple[int, Wish, datetime]:
    """The quote's id, its wish, and until when it is honoured. Refuses: QuoteInvalid."""
    content = open_token(token)
    if content.scope != buyer.scope:
        raise QuoteInvalid
    return content.quote_id, content.wish, content.expires_at


def list_quoted_skus(*, token: str) -> list[int]:
    """The SKUs of a token, whoever it is for; none of one that is not ours."""
    try:
        content = open_token(token)
    except QuoteInvalid:
        return []
    return [line.sku_id for line in content.wish.lines]


def open_token(token: str) -> QuoteContent:
    """What a token says, whoever it is for. Refuses: QuoteInvalid."""
    return _open(token, worlds.marked(_SALT))


@lru_cache(maxsize=_OPEN_MAX)
def _open(token: str, salt: str) -> QuoteContent:
    """Opened once in a purchase, which asks for it at each of its steps."""
    try:
        content = signing.loads(token, salt=salt)
    except signing.BadSignature as error:
        raise QuoteInvalid from error
    stored = content["wish"]
    wish = Wish(
        **{
            **stored,
            "lines": tuple(WantedLine(**line) for line in stored["lines"]),
            "address": Address(**stored["address"]),
            "coupon_codes": tuple(stored["coupon_codes"]),
        }
    )
    return QuoteContent(content["id"], content["scope"], wish, datetime.fromtimestamp(content["expires"], UTC))


def requote(*, token: str, buyer: Buyer, now: datetime) -> tuple[Quote, Wish]:
    """Price the wish of a token again, as of `now`.

    Refuses, in this order: QuoteInvalid, QuoteExpired (with a fresh quote), and what `make_quote` refuses.
    """
    quote_id, wish, expires_at = read_token(token=token, buyer=buyer)
    if now >= expires_at:
        raise QuoteExpired(quote=make_quote(wish=wish, buyer=buyer, now=now))
    return _quote(wish, buyer, quote_id=quote_id, now=now), wish


def _quote(wish: Wish, buyer: Buyer, *, quote_id: int, now: datetime) -> Quote:
    market = get_market(wish.market, now=now)
    if not market.is_open or degradation.is_on(degradation.MARKET_CLOSED, market=market.code):
        raise MarketClosed(market=market.code)
    tax_rates = list_tax_rates(market.code, wish.address.region, now=now)
    offers, shops = _find_offers(wish, market, now=now)
    _check_quantities(wish, buyer, offers)
    rates = _find_rates(wish, offers)
    basket = _make_basket(wish, market, offers, tax_rates, rates)
    priced = _price(wish, buyer, basket, offers, now=now)
    expires_at = deadline(market=market, clock="quote", start=now)
    return Quote(
        id=quote_id,
        market=market.code,
        total=priced.total,
        priced=priced,
        tax_payable_to=_tax_payable_to(market, wish, now=now),
        standard_shipping=_standard_shipping(market, basket.lines, rates),
        items=_describe_items(buyer, offers, shops, tax_rates, now=now),
        expires_at=expires_at,
        token=_sign(wish, buyer, quote_id=quote_id, expires_at=expires_at),
    )


def _tax_payable_to(market: Market, wish: Wish, *, now: datetime) -> str:
    """The jurisdiction that the platform remits tax to; empty where the sellers do."""
    if not market.platform_remits_tax:
        return ""
    return get_tax_jurisdiction(market.code, wish.address.region, now=now)


def _find_offers(wish: Wish, market: Market, *, now: datetime) -> tuple[dict[int, Offer], dict[int, Shop]]:
    """The offers of the wish, each of them for sale: listed, priced here, of a shop that sells here, and not frozen."""
    sku_ids = [line.sku_id for line in wish.lines]
    offers = list_offers(sku_ids=sku_ids, market=market.code, now=now)
    shops = list_shops(shop_ids={offer.shop_id for offer in offers.values()})
    frozen = freezes.list_frozen(kind=freezes.SKU_SALE, subjects=sku_ids)

    def is_for_sale(sku_id: int) -> bool:
        offer = offers.get(sku_id)
        if offer is None or sku_id in frozen or not offer.is_listed or offer.price is None:
            return False
        shop = shops[offer.shop_id]
        return shop.is_selling and shop.market == market.code and offer.price.currency == market.currency

    unavailable = tuple(sorted({sku_id for sku_id in sku_ids if not is_for_sale(sku_id)}))
    if unavailable:
        raise SkuUnavailable(sku_ids=unavailable)
    return offers, shops


def _check_quantities(wish: Wish, buyer: Buyer, offers: Mapping[int, Offer]) -> None:
    """Refuses: QuantityTooLarge."""
    for line in _merged(wish.lines):
        limit = QUANTITY_LIMIT.read(market=wish.market, shop_id=offers[line.sku_id].shop_id, buyer_ref=buyer.ref)
        if line.quantity > limit:
            raise QuantityTooLarge(sku_id=line.sku_id, quantity_max=limit)


def _find_rates(wish: Wish, offers: Mapping[int, Offer]) -> _Rates:
    """What the shops of the offers charge for their deliveries. Refuses: DeliveryOptionUnknown."""
    shop_ids = sorted({offer.shop_id for offer in offers.values()})
    rates = list_delivery_rates(shop_ids=shop_ids)
    missing = tuple(shop_id for shop_id in shop_ids if wish.delivery_option not in rates.get(shop_id, {}))
    if missing:
        raise DeliveryOptionUnknown(delivery_option=wish.delivery_option, shop_ids=missing)
    return rates


def _standard_shipping(market: Market, lines: Sequence[BasketLine], rates: _Rates) -> dict[int, int]:
    """What each shop's cheapest delivery of its lines costs, where so much goes back after a change of mind."""
    if not market.refunds_standard_delivery:
        return {}
    return {shop_id: min(_delivery_fee(rate, lines) for rate in of_shop.values()) for shop_id, of_shop in rates.items()}


def _make_basket(
    wish: Wish, market: Market, offers: Mapping[int, Offer], tax_rates: Mapping[str, int], rates: _Rates
) -> Basket:
    lines = tuple(
        _basket_line(number, line, offers[line.sku_id], tax_rates) for number, line in enumerate(_merged(wish.lines), 1)
    )
    if sum(line.list_unit_minor * line.quantity for line in lines) > MAX_MINOR:
        raise AmountTooLarge
    return Basket(
        currency=market.currency,
        tax_inclusive=market.prices_include_tax,
        tax_base_policy=PricingTaxBasePolicy(market.tax_base_policy.value),
        lines=lines,
        shipping=tuple(
            ShopShipping(
                shop_id,
                _delivery_fee(of_shop[wish.delivery_option], lines),
                tax_rates[market.shipping_tax_category],
            )
            for shop_id, of_shop in sorted(rates.items())
        ),
        recorded_difference_minor=wish.recorded_difference_minor,
    )


def _merged(lines: Sequence[WantedLine]) -> list[WantedLine]:
    """One line per SKU, in the order in which they were first named: two lines of one SKU are one demand."""
    quantities: dict[int, int] = {}
    for line in lines:
        quantities[line.sku_id] = quantities.get(line.sku_id, 0) + line.quantity
    return [WantedLine(sku_id, quantity) for sku_id, quantity in quantities.items()]


def _basket_line(number: int, line: WantedLine, offer: Offer, tax_rates: Mapping[str, int]) -> BasketLine:
    assert offer.price is not None, "only what is for sale comes into a basket"
    if offer.price.minor * line.quantity > MAX_MINOR:
        raise AmountTooLarge
    return BasketLine(
        line_no=number,
        shop_id=offer.shop_id,
        sku_id=offer.sku_id,
        product_id=offer.product_id,
        category_id=offer.category_id,
        list_unit_minor=offer.price.minor,
        quantity=line.quantity,
        tax_rate_e5=tax_rates[offer.tax_category],
        weight_grams=offer.weight_grams,
        hs6=offer.hs6 or None,
    )


def _delivery_fee(rate: DeliveryRate, lines: Sequence[BasketLine]) -> int:
    """What a shop charges for the delivery of those of the lines that are its own."""
    own = [line for line in lines if line.shop_id == rate.shop_id]
    return shipping_fee(
        rate=ShippingRate(
            base_minor=rate.base_minor,
            per_kg_minor=rate.per_kg_minor,
            included_grams=rate.included_grams,
            free_from_minor=rate.free_from_minor,
        ),
        goods_minor=sum(line.list_unit_minor * line.quantity for line in own),
        weight_grams=sum(line.weight_grams * line.quantity for line in own),
    )


def _price(wish: Wish, buyer: Buyer, basket: Basket, offers: Mapping[int, Offer], *, now: datetime) -> PricedBasket:
    """The price with its promotions, or without any while they are off: then every code misses, and says why."""
    if not degradation.is_on(degradation.PROMOTIONS):
        rules = _find_rules(wish, buyer, offers, now=now)
        return price_basket(basket=basket, rules=rules, codes=_codes(wish))
    priced = price_basket(basket=basket, rules=(), codes=_codes(wish))
    missed = tuple(replace(outcome, reason=MissReason.PROMOTIONS_OFF) for outcome in priced.outcomes)
    return replace(priced, outcomes=missed)


def _find_rules(wish: Wish, buyer: Buyer, offers: Mapping[int, Offer], *, now: datetime) -> tuple[PromotionRule, ...]:
    return list_rules(
        market=wish.market,
        shop_ids={offer.shop_id for offer in offers.values()},
        product_ids={offer.product_id for offer in offers.values()},
        sku_ids=set(offers),
        category_ids={offer.category_id for offer in offers.values()},
        codes=_codes(wish),
        buyer_ref=buyer.ref,
        now=now,
    )


def _codes(wish: Wish) -> tuple[str, ...]:
    return tuple(dict.fromkeys(canonical_code(code) for code in wish.coupon_codes))


def _describe_items(
    buyer: Buyer, offers: Mapping[int, Offer], shops: Mapping[int, Shop], tax_rates: Mapping[str, int], *, now: datetime
) -> dict[int, QuotedItem]:
    plans = {code: get_plan(code, now=now) for code in {shops[offer.shop_id].fee_plan for offer in offers.values()}}
    shares = CREATOR_SHARES.get("default").shares_for(sku_ids=frozenset(offers), buyer_ref=buyer.ref, now=now)
    return {
        offer.sku_id: QuotedItem(
            sku_id=offer.sku_id,
            product_id=offer.product_id,
            shop_id=offer.shop_id,
            title=offer.title,
            sku_code=offer.sku_code,
            terms={
                "fee_plan": wire.to_json(plans[shops[offer.shop_id].fee_plan]),
                "tax": {"category": str(offer.tax_category), "rate_e5": tax_rates[offer.tax_category]},
                "category_id": str(offer.category_id),
                **_creator_terms(shares.get(offer.sku_id)),
            },
        )
        for offer in offers.values()
    }


def _creator_terms(share: CreatorShare | None) -> dict[str, Any]:
    return {} if share is None else {"creator": wire.to_json(share)}


def _sign(wish: Wish, buyer: Buyer, *, quote_id: int, expires_at: datetime) -> str:
    content: dict[str, Any] = {
        "id": quote_id,
        "scope": buyer.scope,
        "expires": expires_at.timestamp(),
        "wish": asdict(wish),
    }
    return signing.dumps(content, salt=worlds.marked(_SALT), compress=True)
