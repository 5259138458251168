"""`manage.py order`: what the order page shows, on one screen of a terminal."""

import json
import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.orders import api as orders
from apps.sellers import api as sellers
from tests.back_office.market_day import MarketDay


def show(order: object, *options: str) -> str:
    out = StringIO()
    call_command("order", str(order), *options, stdout=out)
    return out.getvalue()


class TestOrder:
    def test_is_shown_by_number_or_id(self, day: MarketDay) -> None:
        shown = show(day.shipped.number)
        assert shown == show(day.shipped.id)
        assert shown.startswith(f"Order {day.shipped.number} ({day.shipped.id})  IN_TRANSIT")

    def test_is_shown_with_money_parcels_and_story(self, day: MarketDay) -> None:
        shown = show(day.shipped.id)
        assert "total 1261.99 GBP, refunded 12.36 GBP" in shown
        assert "captured 1261.99 GBP of 1261.99 GBP" in shown
        assert f"Parcel {day.package.id}  IN_TRANSIT  royal_mail {day.package.tracking_number}" in shown
        assert shown.index("ON_HOLD") < shown.index("AWAITING_SHIPMENT")

    def test_is_shown_with_its_shop_and_what_the_carrier_said(self, day: MarketDay) -> None:
        shown = show(day.shipped.id)
        shop = sellers.get_shop(shop_id=day.shipped.shop_id)
        assert f"shop {shop.name} ({shop.id}), purchase " in shown
        assert re.search(r"Tracking \(UTC, by the carrier's clock\)\n    [0-9: -]{19}  ", shown)

    def test_is_shown_with_its_deadlines(self, day: MarketDay) -> None:
        unpaid = show(day.unpaid.id)
        pay_by = orders.get_purchase(purchase_id=day.unpaid.purchase_id).pay_by
        assert f"Deadlines (UTC)\n  {pay_by:%Y-%m-%d %H:%M:%S}  pay by\nTimeline (UTC)\n" in unpaid
        assert re.search(
            r"Deadlines \(UTC\)\n(  [0-9: -]{19}  [a-z ]+\n)*  [0-9: -]{19}  ship by\n", show(day.on_hold.id)
        )

    def test_is_shown_with_its_holds(self, day: MarketDay) -> None:
        assert "on hold: risk" in show(day.on_hold.id)

    def test_is_written_as_json_with_ids_as_strings(self, day: MarketDay) -> None:
        document: Any = json.loads(show(day.shipped.number, "--json"))
        assert sorted(document) == ["aftermath", "order", "packages", "payment", "refunds"]
        assert document["order"]["id"] == str(day.shipped.id)
        assert document["order"]["breakdown"]["total"] == {"amount": "1261.99", "currency": "GBP"}
        assert document["packages"][0]["tracking"][-1]["status"] == "IN_TRANSIT"
        assert document["refunds"][0]["amount"] == {"amount": "12.36", "currency": "GBP"}

    @pytest.mark.django_db
    @pytest.mark.parametrize(
        ("order", "said"),
        [
            ("²", "typing error"),
            ("nonsense", "typing error"),
            ("1234-5678", "typing error"),
            ("٣", "typing error"),
            ("499000000000000000", "there is no order"),
            ("0", "there is no order"),
            (str(2**63 - 1), "there is no order"),
            (str(2**63), "typing error"),
            ("9" * 40, "typing error"),
        ],
    )
    def test_that_is_not_there_is_one_line(self, order: str, said: str) -> None:
        with pytest.raises(CommandError, match=said):
            show(order)
