"""The one page on which everything about an order stands."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import User
from apps.back_office.order_page import build_order_page
from apps.checkout import api as checkout
from apps.orders import api as orders
from apps.payments import api as payments
from config.subscriptions import TIMERS
from tests.back_office.market_day import MarketDay, order_of
from tests.factories.checkout import buy, place, tender
from tests.factories.fulfilment import READY
from tests.support import NOON
from tradecore import timers

#: When what was bought at noon and never paid has expired.
EXPIRED = NOON + timedelta(minutes=31)

SECTIONS = [
    "lines",
    "price",
    "payment",
    "books",
    "earnings",
    "cases",
    "documents",
    "packages",
    "stock",
    "promotions",
    "facts",
    "deadlines",
    "timeline",
    "timers",
    "events",
    "audit",
]


def sections_of(client: Client, order_id: int) -> dict[str, str]:
    """The text of each section of the page, as a reader sees it."""
    page = client.get(reverse("back_office:order", args=[order_id])).content.decode()
    parts = re.split(r'<section class="bo-card" id="(\w+)">', page)
    texts = [" ".join(unescape(re.sub(r"<[^>]+>", " ", part)).split()) for part in parts[2::2]]
    return dict(zip(parts[1::2], texts, strict=True))


@pytest.fixture
def shown(operator: Client, day: MarketDay) -> dict[str, str]:
    return sections_of(operator, day.shipped.id)


class TestTheOrderPage:
    def test_has_every_section(self, shown: dict[str, str]) -> None:
        assert sorted(shown) == sorted(SECTIONS)

    def test_shows_lines_with_what_became_of_their_units(self, shown: dict[str, str], day: MarketDay) -> None:
        for line in day.shipped.lines:
            assert line.sku_code in shown["lines"]
            assert line.net.amount in shown["lines"].replace(",", "")
        assert "1 cancelled · 2 packed · 2 collected · 0 delivered" in shown["lines"]
        assert "frozen" in shown["lines"]
        assert (
            "1 × TEA-EARL-GREY-250 on 11 Mar 2026 14:00:00 Buyer: changed my mind 12.36 GBP goes back" in shown["lines"]
        )

    def test_climbs_the_price_ladder_and_names_who_funds_it(self, shown: dict[str, str]) -> None:
        steps = [
            "L0 List price List price 1,272.00 GBP 1,272.00 GBP",
            "L3 Seller coupon Discount Eight off at the shop Seller \u22128.00 GBP 1,264.00 GBP",
            "L4 Platform coupon Discount Ten per cent in spring Seller \u22122.40 GBP 1,261.60 GBP",
            "L4 Platform coupon Discount Ten per cent in spring Platform \u22123.60 GBP 1,258.00 GBP",
            "L5 Shipping Shipping fee 3.99 GBP 1,261.99 GBP",
            "L6 Duty and tax Tax, included above 210.34 GBP Total of the order 1,261.99 GBP",
        ]
        assert " ".join(steps) in shown["price"]

    def test_shows_the_payment_from_tender_to_refund(self, shown: dict[str, str], day: MarketDay) -> None:
        history = payments.get_payment_history(payable_ref=day.shipped.purchase_id)
        for call in history.calls:
            assert str(call.id) in shown["payment"]
            assert call.provider_ref in shown["payment"]
        assert "Captured 1,261.99 GBP Refunded 12.36 GBP Share of this order 1,261.99 GBP" in shown["payment"]
        assert "↳ reply said captured verdict captured" in shown["payment"]
        assert "this order Changed my mind SUCCEEDED 11 Mar 2026 14:00:00 12.36 GBP" in shown["payment"]

    def test_shows_packages_with_their_tracking(self, shown: dict[str, str], day: MarketDay) -> None:
        assert day.package.number in shown["packages"]
        assert f"Royal mail {day.package.tracking_number} packed 11 Mar 2026 14:00:00" in shown["packages"]
        assert "COLLECTED 12 Mar 2026 10:00:00" in shown["packages"]

    def test_shows_what_is_held_and_used(self, shown: dict[str, str]) -> None:
        assert "TEA-EARL-GREY-250 WH" in shown["stock"]
        assert "3 0 3 1 2 0" in shown["stock"]
        assert "Eight off at the shop 1 0 8.00 GBP 0.08 GBP" in shown["promotions"]

    def test_shows_who_bought_it_and_where_it_goes(self, shown: dict[str, str], day: MarketDay) -> None:
        assert f"{day.buyer_email} Robin Buyer {day.shipped.buyer_ref}" in shown["facts"]
        assert "Robin Buyer 10 Downing Street SW1A 2AA London GB" in shown["facts"]

    def test_tells_its_story_in_order(self, shown: dict[str, str]) -> None:
        told = re.findall(r"UNPAID|ON HOLD|AWAITING SHIPMENT|AWAITING COLLECTION|IN TRANSIT", shown["timeline"])
        assert told == ["UNPAID", "ON HOLD", "AWAITING SHIPMENT", "AWAITING COLLECTION", "IN TRANSIT"]

    def test_shows_timers_events_and_audit(self, shown: dict[str, str]) -> None:
        assert "End remorse fired 11 Mar 2026 13:00:00 11 Mar 2026 14:00:00" in shown["timers"]
        for event in ("orders.purchase_placed", "payments.payment_captured", "fulfilment.package_collected"):
            assert event in shown["events"]
        assert "freeze.placed" in shown["audit"]
        assert "the gilding comes off" in shown["audit"]


class TestItsOtherLives:
    def test_shows_a_request_to_cancel_and_its_answer(self, operator: Client, day: MarketDay) -> None:
        order = order_of(buy((day.shipped.lines[0].sku_id, 1)))
        checkout.end_remorse(order.id, READY)
        checkout.request_cancellation(order_id=order.id, units=None, reason="changed_mind", now=READY)
        shown = sections_of(operator, order.id)
        open_for = "Request to cancel OPEN seller answers by 12 Mar 2026 14:00:00 or approves by silence"
        assert f"{open_for} Changed mind, since 11 Mar 2026 14:00:00" in shown["deadlines"]
        assert "Answer cancel request due 12 Mar 2026 14:00:00" in shown["timers"]
        checkout.reject_cancel_request(order_id=order.id, reason="packed_already", now=READY)
        shown = sections_of(operator, order.id)
        assert "Request to cancel REJECTED by the seller 11 Mar 2026 14:00:00" in shown["deadlines"]
        assert "Changed mind, but packed already, since" in shown["deadlines"]

    def test_shows_a_hold_and_what_failed(self, operator: Client, day: MarketDay) -> None:
        shown = sections_of(operator, day.on_hold.id)
        assert "Hold: risk open since 11 Mar 2026 12:00:00" in shown["deadlines"]
        assert "Remorse ends 11 Mar 2026 13:00:00 due" in shown["deadlines"]
        assert "End remorse parked" in shown["timers"]
        assert "Lock wait timeout exceeded" in shown["timers"]
        assert "orders.hold_placed order 2 dead" in shown["events"]

    def test_shows_a_call_without_an_answer_and_the_sister_order(self, operator: Client, day: MarketDay) -> None:
        shown = sections_of(operator, day.unanswered.id)
        assert "UNKNOWN" in shown["payment"]
        assert "asked about 1 time" in shown["payment"]
        (sister,) = [
            order
            for order in orders.get_purchase(purchase_id=day.unanswered.purchase_id).orders
            if order.id != day.unanswered.id
        ]
        assert f"Other orders {sister.number} UNPAID" in shown["facts"]
        # The stock of the sister order is on its own page.
        assert "MUG-GOLD-RIM" in shown["stock"]
        assert shown["stock"].count("WH-") == 1

    def test_shows_an_order_that_waits_for_its_payment(self, operator: Client, day: MarketDay) -> None:
        shown = sections_of(operator, day.unpaid.id)
        assert "Pay by 11 Mar 2026 12:30:00" in shown["deadlines"]
        assert "Guest g@example.com" in shown["facts"]
        assert "CREATED" in shown["payment"]
        assert "Nothing is packed." in shown["packages"]

    def test_shows_an_order_that_died_unpaid(self, operator: Client, day: MarketDay) -> None:
        order = order_of(place((day.shipped.lines[0].sku_id, 1)))
        timers.sweep(handlers=TIMERS, now=EXPIRED)
        shown = sections_of(operator, order.id)
        assert "VOIDED" in shown["stock"]
        assert "Cancelled 11 Mar 2026 12:31:00" in shown["facts"]

    def test_shows_late_money_that_no_order_may_keep(self, operator: Client, day: MarketDay) -> None:
        late = order_of(buy((day.shipped.lines[0].sku_id, 1), tenders=(tender("tok_3ds"),)))
        timers.sweep(handlers=TIMERS, now=EXPIRED)
        said = day.floor.provider.complete(day.floor.provider.calls[-1].reference)
        payments.store_webhook(provider="scripted", statement=said, now=EXPIRED)
        checkout.apply_stored_answers(limit=10, now=EXPIRED)
        shown = sections_of(operator, late.id)
        assert "\u21b3 webhook said captured verdict captured late" in shown["payment"]
        assert "11 Mar 2026 12:31:00 late 16.49 GBP 16.49 GBP" in shown["payment"]
        assert "money of no order Late" in shown["payment"]


class TestItsCost:
    def count(self, order_id: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            build_order_page(order_id=order_id, now=NOON)
        return len(captured)

    def test_does_not_depend_on_what_is_in_the_order(self, day: MarketDay) -> None:
        skus = [day.floor.add_sku() for _ in range(6)]
        small, large = order_of(buy((skus[0], 1))), order_of(buy(*((sku, 2) for sku in skus)))
        self.count(small.id)  # what is remembered is remembered from here on
        assert self.count(large.id) == self.count(small.id)
        assert self.count(large.id) <= 42


class TestLinks:
    def test_lead_to_tables_that_the_reader_may_view(self, operator: Client, day: MarketDay) -> None:
        page = operator.get(reverse("back_office:order", args=[day.shipped.id])).content.decode()
        for address in set(re.findall(r'class="bo-link[^"]*" href="([^"]+)"', page)):
            assert operator.get(address).status_code == 200, address

    def test_are_left_out_for_who_may_not(self, clerk: Client, day: MarketDay) -> None:
        grant(clerk, "view_order")
        page = clerk.get(reverse("back_office:order", args=[day.shipped.id])).content.decode()
        assert day.shipped.lines[0].sku_code in page
        assert "/admin/catalog/" not in page
        assert "/admin/payments/" not in page


def grant(client: Client, codename: str) -> None:
    """Let whoever is signed in do one thing more."""
    user = User.objects.get(pk=client.session["_auth_user_id"])
    user.user_permissions.add(Permission.objects.get(codename=codename))
