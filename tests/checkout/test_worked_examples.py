"""The worked examples of pricing, over HTTP: what the buyer is quoted, pays and is shown, to the cent."""

from typing import Any

import pytest

from apps.promotions.api import get_promotion
from tests.factories.checkout import make_shop_floor
from tests.factories.examples import Bought, buy_e1, buy_e2, buy_e5, buy_e8
from tradecore import clock


@pytest.fixture(autouse=True)
def _floor(db: None) -> None:
    make_shop_floor()


def amounts(document: dict[str, Any], *names: str) -> dict[str, str]:
    return {name: document[name]["amount"] for name in names}


class TestE1:
    """US, tax added: an item price, a capped coupon, shipping paid by the seller."""

    @pytest.fixture
    def bought(self) -> Bought:
        return buy_e1()

    def test_is_quoted_paid_and_shown(self, bought: Bought) -> None:
        shopper, quote, purchase = bought.shopper, bought.quote, bought.purchase
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
        return buy_e2()

    def test_is_quoted_paid_and_shown(self, bought: Bought) -> None:
        shopper, quote, purchase = bought.shopper, bought.quote, bought.purchase
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

    def test_goes_back_whole_when_it_is_cancelled(self, bought: Bought) -> None:
        shopper, purchase = bought.shopper, bought.purchase
        order = shopper.cancel(purchase["orders"][0]["id"])
        assert (order["status"], order["breakdown"]["refunded"]["amount"]) == ("CANCELLED", "69.44")


class TestE5:
    """A platform coupon across two shops, co-funded 70/30, with a seller coupon in one of them."""

    @pytest.fixture
    def bought(self) -> Bought:
        return buy_e5()

    def test_is_quoted_paid_and_shown(self, bought: Bought) -> None:
        shopper, quote, purchase = bought.shopper, bought.quote, bought.purchase
        assert quote["total"]["amount"] == "89.70"
        assert [order["total"]["amount"] for order in purchase["orders"]] == ["61.25", "28.45"]
        x, y = shopper.orders_of(purchase)
        assert [line["platform_discount"]["amount"] for line in x["lines"] + y["lines"]] == ["7.32", "2.24", "4.44"]

    def test_gives_back_the_share_of_the_order_that_is_cancelled(self, bought: Bought) -> None:
        shopper, purchase = bought.shopper, bought.purchase
        cancelled = shopper.cancel(purchase["orders"][1]["id"])
        assert cancelled["breakdown"]["refunded"]["amount"] == "28.45"
        kept = shopper.orders_of(purchase)[0]
        assert kept["breakdown"]["total"]["amount"] == "61.25"
        coupon = get_promotion(promotion_id=bought.promotion.id, shop_id=None, now=clock.now())
        assert (coupon.posted_minor, coupon.posted_uses) == (2000 - 444 - 191, 1)


class TestE8:
    """A currency without decimals."""

    def test_is_quoted_paid_and_shown(self) -> None:
        bought = buy_e8()
        assert bought.purchase["payment"]["captured"] == {"amount": "6760", "currency": "JPY"}
        (order,) = bought.shopper.orders_of(bought.purchase)
        assert [line["net"]["amount"] for line in order["lines"]] == ["1843", "1844", "3073"]
        assert [line["tax"]["amount"] for line in order["lines"]] == ["168", "168", "279"]
