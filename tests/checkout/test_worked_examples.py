"""The worked examples of pricing, over HTTP: what the buyer is quoted, pays and is shown, to the cent."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from apps.accounts.api import issue_guest_token
from apps.markets.models import Market
from apps.pricing.api import AmountOff, FixedPrice, RateOff
from apps.promotions.api import PromotionKind, Target, TargetKind, get_promotion
from tests.factories.catalog import ProductFactory, SkuFactory, SkuPriceFactory
from tests.factories.checkout import make_shop_floor
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


#: Who bought, what they were quoted, what they bought.
Bought = tuple[Shopper, dict[str, Any], dict[str, Any]]


class Shop:
    """A shop with goods to the example's measure."""

    def __init__(self, market: str, currency: str, *, shipping_minor: int = 0) -> None:
        self.market, self.currency = market, currency
        self.row = ShopFactory(market=market, currency=currency, fee_plan=f"{market}-STANDARD")
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


@pytest.fixture(autouse=True)
def _floor(db: None) -> None:
    make_shop_floor()


def amounts(document: dict[str, Any], *names: str) -> dict[str, str]:
    return {name: document[name]["amount"] for name in names}


def sku_target(sku_id: int) -> tuple[Target, ...]:
    return (Target(TargetKind.SKU, sku_id),)


class TestE1:
    """US, tax added: an item price, a capped coupon, shipping paid by the seller."""

    @pytest.fixture
    def bought(self) -> Bought:
        TaxRateFactory(market=Market.objects.get(code="US"), region="NY", rate_e5=8875, valid_from=date(2025, 6, 1))
        shop = Shop("US", "USD", shipping_minor=499)
        a, b = shop.sell(1999), shop.sell(500)
        shop.promote(PromotionKind.FIXED_PRICE, FixedPrice(1499), targets=sku_target(a))
        shop.promote(PromotionKind.SELLER_COUPON, RateOff(1500, 500), code="FIFTEEN", min_spend_minor=2000)
        shop.promote(PromotionKind.SHIPPING_DISCOUNT, AmountOff(499), platform_share_bp=0)
        shopper = Shopper("US", "USD")
        quote = shopper.quote((a, 1), (b, 3), codes=("fifteen",))
        return shopper, quote, shopper.buy(quote)

    def test_is_quoted_paid_and_shown(self, bought: Any) -> None:
        shopper, quote, purchase = bought
        assert quote["total"] == purchase["total"] == purchase["payment"]["captured"]
        assert quote["total"] == {"amount": "27.75", "currency": "USD"}
        lines = quote["orders"][0]["lines"]
        assert [line["net"]["amount"] for line in lines] == ["12.74", "12.75"]
        assert [line["tax"]["amount"] for line in lines] == ["1.13", "1.13"]
        (order,) = shopper.orders_of(purchase)
        shown = amounts(order["breakdown"], "sub_total", "shipping_fee", "tax", "total")
        assert shown == {"sub_total": "25.49", "shipping_fee": "0.00", "tax": "2.26", "total": "27.75"}


class TestE2:
    """UK, VAT inside: direct discount, seller coupon, platform coupon, shipping subsidy."""

    @pytest.fixture
    def bought(self) -> Bought:
        shop = Shop("GB", "GBP", shipping_minor=399)
        a, b, c = shop.sell(2499), shop.sell(1250), shop.sell(799, tax_category="zero")
        shop.promote(PromotionKind.DIRECT_DISCOUNT, RateOff(1000), targets=sku_target(a))
        shop.promote(PromotionKind.SELLER_COUPON, AmountOff(800), code="EIGHT", min_spend_minor=6000)
        shop.promote_for_platform(PromotionKind.PLATFORM_COUPON, RateOff(1000, 600), code="TEN", min_spend_minor=5000)
        shop.promote_for_platform(PromotionKind.SHIPPING_DISCOUNT, AmountOff(200))
        shopper = Shopper("GB", "GBP")
        quote = shopper.quote((a, 2), (b, 1), (c, 3), codes=("EIGHT", "TEN"))
        return shopper, quote, shopper.buy(quote)

    def test_is_quoted_paid_and_shown(self, bought: Any) -> None:
        shopper, quote, purchase = bought
        assert quote["total"]["amount"] == purchase["payment"]["captured"]["amount"] == "69.44"
        lines = quote["orders"][0]["lines"]
        assert [line["net"]["amount"] for line in lines] == ["37.25", "10.35", "19.85"]
        assert [line["tax"]["amount"] for line in lines] == ["6.21", "1.73", "0.00"]
        (order,) = shopper.orders_of(purchase)
        shown = amounts(
            order["breakdown"], "seller_discount", "platform_discount", "sub_total", "shipping_fee", "tax", "total"
        )
        assert shown == {
            "seller_discount": "13.00",
            "platform_discount": "6.00",
            "sub_total": "67.45",
            "shipping_fee": "1.99",
            "tax": "8.27",
            "total": "69.44",
        }

    def test_goes_back_whole_when_it_is_cancelled(self, bought: Any) -> None:
        shopper, _, purchase = bought
        order = shopper.cancel(purchase["orders"][0]["id"])
        assert (order["status"], order["breakdown"]["refunded"]["amount"]) == ("CANCELLED", "69.44")


class TestE5:
    """A platform coupon across two shops, co-funded 70/30, with a seller coupon in one of them."""

    @pytest.fixture
    def bought(self) -> Bought:
        x, y = Shop("GB", "GBP"), Shop("GB", "GBP")
        skus = [
            x.sell(6500, tax_category="zero"),
            x.sell(1990, tax_category="zero"),
            y.sell(3480, tax_category="zero"),
        ]
        x.promote(PromotionKind.SELLER_COUPON, AmountOff(1000), code="XTEN")
        self.coupon = x.promote_for_platform(
            PromotionKind.PLATFORM_COUPON,
            AmountOff(2000),
            code="TWENTY",
            min_spend_minor=10_000,
            platform_share_bp=7000,
            budget_minor=100_000,
        )
        shopper = Shopper("GB", "GBP")
        quote = shopper.quote(*((sku, 1) for sku in skus), codes=("XTEN", "TWENTY"))
        return shopper, quote, shopper.buy(quote)

    def test_is_quoted_paid_and_shown(self, bought: Any) -> None:
        shopper, quote, purchase = bought
        assert quote["total"]["amount"] == "89.70"
        assert [order["total"]["amount"] for order in purchase["orders"]] == ["61.25", "28.45"]
        x, y = shopper.orders_of(purchase)
        assert [line["platform_discount"]["amount"] for line in x["lines"] + y["lines"]] == ["7.32", "2.24", "4.44"]

    def test_gives_back_the_share_of_the_order_that_is_cancelled(self, bought: Any) -> None:
        shopper, _, purchase = bought
        cancelled = shopper.cancel(purchase["orders"][1]["id"])
        assert cancelled["breakdown"]["refunded"]["amount"] == "28.45"
        kept = shopper.orders_of(purchase)[0]
        assert kept["breakdown"]["total"]["amount"] == "61.25"
        coupon = get_promotion(promotion_id=self.coupon.id, shop_id=None, now=clock.now())
        assert (coupon.posted_minor, coupon.posted_uses) == (2000 - 444 - 191, 1)


class TestE8:
    """A currency without decimals."""

    def test_is_quoted_paid_and_shown(self) -> None:
        shop = Shop("JP", "JPY")
        skus = [shop.sell(1980), shop.sell(1980), shop.sell(3300)]
        shop.promote(PromotionKind.SELLER_COUPON, AmountOff(500), code="GOHYAKU")
        shopper = Shopper("JP", "JPY")
        quote = shopper.quote(*((sku, 1) for sku in skus), codes=("GOHYAKU",))
        purchase = shopper.buy(quote)
        assert purchase["payment"]["captured"] == {"amount": "6760", "currency": "JPY"}
        (order,) = shopper.orders_of(purchase)
        assert [line["net"]["amount"] for line in order["lines"]] == ["1843", "1844", "3073"]
        assert [line["tax"]["amount"] for line in order["lines"]] == ["168", "168", "279"]
