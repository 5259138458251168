"""The worked examples of pricing as purchases: shops with goods to their measure, and a guest who buys over HTTP."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.test import Client

from apps.accounts.api import issue_guest_token
from apps.checkout.api import CREATOR_SHARES, CreatorShare, NoCreators
from apps.fees.api import FeeBasis
from apps.markets.models import Market
from apps.pricing.api import AmountOff, FixedPrice, RateOff
from apps.promotions.api import PromotionKind, Target, TargetKind
from tests.factories.catalog import ProductFactory, SkuFactory, SkuPriceFactory
from tests.factories.fees import FeePlanFactory, FeeRuleFactory
from tests.factories.inventory import WarehouseFactory, make_stock
from tests.factories.markets import TaxRateFactory
from tests.factories.promotions import make_promotion
from tests.factories.sellers import DeliveryRateFactory, ShopFactory
from tradecore import clock

ADDRESSES = {
    "GB": {
        "recipient": "Robin Buyer",
        "line1": "10 Downing Street",
        "city": "London",
        "postal_code": "SW1A 2AA",
        "country": "GB",
    },
    "US": {
        "recipient": "Robin Buyer",
        "line1": "350 Fifth Avenue",
        "city": "New York",
        "region": "NY",
        "postal_code": "10118",
        "country": "US",
    },
    "JP": {
        "recipient": "Robin Buyer",
        "line1": "1-1 Chiyoda",
        "city": "Tokyo",
        "postal_code": "100-0001",
        "country": "JP",
    },
}


class Shopper:
    """A guest at the storefront."""

    def __init__(self, market: str, currency: str) -> None:
        self.market, self.currency = market, currency
        token = issue_guest_token(now=clock.real_now()).token
        self.client = Client(headers={"Authorization": f"Bearer {token}"})

    def quote(self, *lines: tuple[int, int], codes: tuple[str, ...] = ()) -> dict[str, Any]:
        body = {
            "market": self.market,
            "lines": [{"sku_id": str(sku_id), "quantity": quantity} for sku_id, quantity in lines],
            "coupon_codes": list(codes),
            "address": ADDRESSES[self.market],
            "delivery_option": "standard",
        }
        return self._post("/store/v1/quotes", body, expect=200)

    def buy(self, quote: dict[str, Any]) -> dict[str, Any]:
        body = {
            "quote_token": quote["quote_token"],
            "expected_total": quote["total"],
            "payment": {"provider": "scripted", "method_token": "tok_ok"},
            "email": "guest@example.com",
        }
        return self._post(
            "/store/v1/purchases", body, expect=201, headers={"Idempotency-Key": quote["quote_token"][:200]}
        )

    def orders_of(self, purchase: dict[str, Any]) -> list[dict[str, Any]]:
        return [self.client.get(f"/store/v1/orders/{order['id']}").json() for order in purchase["orders"]]

    def cancel(self, order_id: str) -> dict[str, Any]:
        return self._post(f"/store/v1/orders/{order_id}/cancel", {}, expect=200, headers={"Idempotency-Key": order_id})

    def _post(self, path: str, body: dict[str, Any], *, expect: int, **options: Any) -> dict[str, Any]:
        response = self.client.post(path, json.dumps(body), content_type="application/json", **options)
        assert response.status_code == expect, response.json()
        document: dict[str, Any] = response.json()
        return document


class Shop:
    """A shop with goods to the example's measure."""

    def __init__(self, market: str, currency: str, *, shipping_minor: int = 0, fee_plan: str | None = None) -> None:
        self.market, self.currency = market, currency
        self.row = ShopFactory(market=market, currency=currency, fee_plan=fee_plan or f"{market}-STANDARD")
        DeliveryRateFactory(shop=self.row, base_minor=shipping_minor)
        self.warehouse = WarehouseFactory(shop_id=self.row.pk)

    def sell(self, price_minor: int, *, tax_category: str = "standard") -> int:
        product = ProductFactory(shop_id=self.row.pk, tax_category=tax_category)
        sku = SkuFactory(product=product)
        SkuPriceFactory(sku=sku, market=self.market, currency=self.currency, amount_minor=price_minor)
        return make_stock(100, sku_id=sku.pk, warehouse=self.warehouse)

    def promote(self, kind: PromotionKind, benefit: Any, **terms: Any) -> Any:
        now = clock.now()
        sound = {
            "shop_id": self.row.pk,
            "market": self.market,
            "currency": self.currency,
            "benefit": benefit,
            "starts_at": now - timedelta(days=1),
            "ends_at": now + timedelta(days=10),
            "min_spend_minor": 0,
        }
        return make_promotion(kind, **sound | terms)

    def promote_for_platform(self, kind: PromotionKind, benefit: Any, **terms: Any) -> Any:
        return self.promote(kind, benefit, **{"shop_id": None, "targets": (Target(TargetKind.ALL),)} | terms)


@dataclass(frozen=True)
class Bought:
    """Who bought, what they were quoted and what they bought, of which shops; and the promotion that it is about."""

    shopper: Shopper
    quote: dict[str, Any]
    purchase: dict[str, Any]
    shops: tuple[Shop, ...]
    promotion: Any = None

    @property
    def order_ids(self) -> list[int]:
        return [int(order["id"]) for order in self.purchase["orders"]]


def sku_target(sku_id: int) -> tuple[Target, ...]:
    return (Target(TargetKind.SKU, sku_id),)


def make_plan(code: str, market: str, currency: str, *, rule: Mapping[str, Any], **terms: Any) -> str:
    """A published fee plan with one rule for everything. Returns its code."""
    plan = FeePlanFactory(code=code, market=market, currency=currency, **terms)
    FeeRuleFactory(plan=plan, **rule)
    return code


class Creators:
    """Says which SKUs were brought by which creator."""

    def __init__(self, shares: Mapping[int, CreatorShare]) -> None:
        self._shares = shares

    def shares_for(self, *, sku_ids: Collection[int], buyer_ref: int, now: datetime) -> Mapping[int, CreatorShare]:
        return {sku_id: share for sku_id, share in self._shares.items() if sku_id in sku_ids}


@contextmanager
def brought_by(creator_ref: int, sku_id: int, *, rate_bp: int) -> Iterator[None]:
    """Everything that is bought of the SKU meanwhile is a creator's sale."""
    share = CreatorShare(creator_ref=creator_ref, basis=FeeBasis.GOODS_BEFORE_TAX, rate_bp=rate_bp)
    CREATOR_SHARES.register("default", Creators({sku_id: share}))
    try:
        yield
    finally:
        CREATOR_SHARES.register("default", NoCreators())


CREATOR = 4711


def buy_e1() -> Bought:
    """US, tax added: an item price, a capped coupon, shipping paid by the seller; 6 % referral fee, 20 % of it kept."""
    TaxRateFactory(market=Market.objects.get(code="US"), region="NY", rate_e5=8875, valid_from=date(2025, 6, 1))
    rule = {
        "kind": "referral",
        "basis": "GOODS",
        "rate_bp": 600,
        "refund_policy": "PRO_RATA_MINUS_ADMIN",
        "admin_bp": 2000,
    }
    shop = Shop("US", "USD", shipping_minor=499, fee_plan=make_plan("E1", "US", "USD", rule=rule))
    a, b = shop.sell(1999), shop.sell(500)
    shop.promote(PromotionKind.FIXED_PRICE, FixedPrice(1499), targets=sku_target(a))
    shop.promote(PromotionKind.SELLER_COUPON, RateOff(1500, 500), code="FIFTEEN", min_spend_minor=2000)
    shop.promote(PromotionKind.SHIPPING_DISCOUNT, AmountOff(499), platform_share_bp=0)
    shopper = Shopper("US", "USD")
    quote = shopper.quote((a, 1), (b, 3), codes=("fifteen",))
    return Bought(shopper, quote, shopper.buy(quote), (shop,))


def buy_e2() -> Bought:
    """UK, VAT inside: direct discount, seller coupon, platform coupon, shipping subsidy; 9 %, and a creator of A."""
    plan = make_plan("E2", "GB", "GBP", rule={"basis": "PAYMENT_AND_PLATFORM_DISCOUNT", "rate_bp": 900})
    shop = Shop("GB", "GBP", shipping_minor=399, fee_plan=plan)
    a, b, c = shop.sell(2499), shop.sell(1250), shop.sell(799, tax_category="zero")
    shop.promote(PromotionKind.DIRECT_DISCOUNT, RateOff(1000), targets=sku_target(a))
    shop.promote(PromotionKind.SELLER_COUPON, AmountOff(800), code="EIGHT", min_spend_minor=6000)
    shop.promote_for_platform(PromotionKind.PLATFORM_COUPON, RateOff(1000, 600), code="TEN", min_spend_minor=5000)
    shop.promote_for_platform(PromotionKind.SHIPPING_DISCOUNT, AmountOff(200))
    shopper = Shopper("GB", "GBP")
    with brought_by(CREATOR, a, rate_bp=1000):
        quote = shopper.quote((a, 2), (b, 1), (c, 3), codes=("EIGHT", "TEN"))
        return Bought(shopper, quote, shopper.buy(quote), (shop,))


def buy_e5() -> Bought:
    """A platform coupon across two shops, co-funded 70/30, with a seller coupon in one of them; 9 %."""
    plan = make_plan("E5", "GB", "GBP", rule={"basis": "PAYMENT_AND_PLATFORM_DISCOUNT", "rate_bp": 900})
    x, y = Shop("GB", "GBP", fee_plan=plan), Shop("GB", "GBP", fee_plan=plan)
    skus = [x.sell(6500, tax_category="zero"), x.sell(1990, tax_category="zero"), y.sell(3480, tax_category="zero")]
    x.promote(PromotionKind.SELLER_COUPON, AmountOff(1000), code="XTEN")
    coupon = x.promote_for_platform(
        PromotionKind.PLATFORM_COUPON,
        AmountOff(2000),
        code="TWENTY",
        min_spend_minor=10_000,
        platform_share_bp=7000,
        budget_minor=100_000,
    )
    shopper = Shopper("GB", "GBP")
    quote = shopper.quote(*((sku, 1) for sku in skus), codes=("XTEN", "TWENTY"))
    return Bought(shopper, quote, shopper.buy(quote), (x, y), coupon)


def buy_e8() -> Bought:
    """A currency without decimals; 7 %, a creator of line 3, and 10 % kept back for a month."""
    rule = {"basis": "GOODS", "rate_bp": 700}
    plan = make_plan("E8", "JP", "JPY", rule=rule, reserve_bp=1000, reserve_s=30 * 24 * 3600)
    shop = Shop("JP", "JPY", fee_plan=plan)
    skus = [shop.sell(1980), shop.sell(1980), shop.sell(3300)]
    shop.promote(PromotionKind.SELLER_COUPON, AmountOff(500), code="GOHYAKU")
    shopper = Shopper("JP", "JPY")
    with brought_by(CREATOR, skus[2], rate_bp=800):
        quote = shopper.quote(*((sku, 1) for sku in skus), codes=("GOHYAKU",))
        return Bought(shopper, quote, shopper.buy(quote), (shop,))
