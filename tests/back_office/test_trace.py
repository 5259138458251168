"""One order's whole trace: by its number in a terminal, and on a page of the admin."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import structlog
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.back_office.tracing import trace_order
from apps.checkout import api as checkout
from config.extensions import TRACERS
from config.subscriptions import TIMERS
from tests.back_office.market_day import MarketDay, order_of
from tests.factories.checkout import buy, tender
from tests.support import NOON, in_use_case
from tradecore import audit, clock, timers, traces
from tradecore.extensions import ExtensionPoint
from tradecore.traces import Step, Traced


def show(order: object, *options: str) -> str:
    out = StringIO()
    call_command("trace", str(order), *options, stdout=out)
    return out.getvalue()


def said(steps: list[Step], source: str) -> list[str]:
    return [step.what for step in steps if step.source == source]


@pytest.fixture
def steps(day: MarketDay) -> list[Step]:
    return trace_order(day.shipped)


class TestWhatIsTraced:
    def test_is_every_status_of_the_order_and_its_purchase(self, steps: list[Step]) -> None:
        told = said(steps, "orders")
        assert [what for what in told if what.startswith("order ")][-3:] == [
            "order AWAITING_SHIPMENT",
            "order AWAITING_COLLECTION",
            "order IN_TRANSIT",
        ]
        assert {"purchase placed", "purchase paid", "units CANCELLED"} <= set(told)

    def test_is_what_was_asked_of_the_provider_and_what_it_said(self, steps: list[Step]) -> None:
        told = said(steps, "payments")
        assert "scripted asked: charge" in told
        assert "scripted said: captured" in told
        assert {"captured", "refund opened", "scripted asked: refund", "refund succeeded"} <= set(told)

    def test_is_the_stock_of_its_lines(self, steps: list[Step]) -> None:
        assert said(steps, "inventory")[0] == "stock held"
        assert "stock hold POSTED" in said(steps, "inventory")

    def test_is_the_promotion_that_it_used(self, steps: list[Step]) -> None:
        assert "promotion held" in said(steps, "promotions")

    def test_is_every_posting_with_its_entries(self, steps: list[Step]) -> None:
        (capture,) = [step for step in steps if step.what == "posted capture"]
        assert "PSP_CLEARING" in capture.detail
        assert "1261.99 GBP" in capture.detail

    def test_is_every_package_with_its_scans(self, day: MarketDay, steps: list[Step]) -> None:
        (arranged,) = [step for step in steps if step.what == "package arranged"]
        assert arranged.about == f"package:{day.package.id}"
        assert "package IN_TRANSIT" in said(steps, "fulfilment")

    def test_is_every_event_of_whatever_belongs_to_it(self, steps: list[Step]) -> None:
        told = said(steps, "outbox")
        assert {"orders.purchase_placed", "payments.payment_captured", "fulfilment.package_collected"} <= set(told)
        assert "orders.purchase_placed delivered" in told

    def test_is_every_timer_of_whatever_belongs_to_it(self, steps: list[Step]) -> None:
        assert "cancel_unshipped due" in said(steps, "timers")
        assert "package_lost due" in said(steps, "timers")

    def test_is_what_was_done_to_it_by_hand(self, day: MarketDay) -> None:
        subject = f"package:{day.package.id}"
        in_use_case(
            lambda: audit.record(actor="user:7", action="test.looked", subject=subject, reason="curious", now=NOON)
        )
        (looked,) = [step for step in trace_order(day.shipped) if step.source == "audit"]
        assert (looked.what, looked.about, looked.detail) == ("test.looked", subject, "user:7: curious")

    def test_is_in_the_order_of_time(self, steps: list[Step]) -> None:
        assert [step.at for step in steps] == sorted(step.at for step in steps)

    def test_is_nothing_of_another_order(self, day: MarketDay, steps: list[Step]) -> None:
        others = {day.unpaid.id, day.on_hold.id, day.on_hold.purchase_id, day.unanswered.id}
        assert not {step.about.partition(":")[2] for step in steps} & {str(other) for other in others}

    def test_takes_as_many_statements_however_much_there_is(self, day: MarketDay) -> None:
        with CaptureQueriesContext(
            connection,
        ) as much:
            trace_order(day.shipped)
        again = order_of(buy((day.shipped.lines[0].sku_id, 1), tenders=(tender("tok_silent"),)))
        with CaptureQueriesContext(connection) as little:
            trace_order(again)
        assert len(much) <= 35
        assert len(little) <= len(much)

    def test_is_what_any_app_says_that_is_registered(self, day: MarketDay, monkeypatch: pytest.MonkeyPatch) -> None:
        def say(traced: Traced) -> Iterator[Step]:
            yield Step(at=NOON, what="customs cleared", about="declaration:1")

        monkeypatch.setattr(traces, "TRACERS", ExtensionPoint("test"))
        traces.TRACERS.register("customs", say)
        assert said(trace_order(day.shipped), "customs") == ["customs cleared"]

    def test_is_told_by_every_app_that_has_a_tracer(self) -> None:
        assert TRACERS.keys() == traces.TRACERS.names()


class TestWhoDidIt:
    def test_is_the_request_that_wrote_the_event_of_the_moment(self, day: MarketDay) -> None:
        now = clock.now()
        order = order_of(buy((day.shipped.lines[0].sku_id, 1)))
        with structlog.contextvars.bound_contextvars(request_id="of-a-buyer"):
            checkout.cancel_lines(order_id=order.id, units=None, reason="no_longer_needed", initiator="BUYER", now=now)
        did = {step.what for step in trace_order(order) if step.request_id == "of-a-buyer"}
        assert {"order CANCELLED", "orders.order_moved", "refund opened"} <= did

    def test_is_the_timer_that_fired(self, day: MarketDay) -> None:
        due_at = day.unpaid.placed_at.replace(hour=day.unpaid.placed_at.hour + 1)
        timers.sweep(handlers=TIMERS, now=due_at)
        steps = trace_order(day.unpaid)
        (fired,) = [step for step in steps if step.what == "expire_purchase fired"]
        assert fired.request_id.startswith("timer.")
        (closed,) = [step for step in steps if step.what == "purchase EXPIRED"]
        assert closed.request_id == fired.request_id


class TestTheCommand:
    def test_shows_it_by_number_or_id(self, day: MarketDay) -> None:
        shown = show(day.shipped.number)
        assert shown == show(day.shipped.id)
        assert shown.startswith(f"Order {day.shipped.number} ({day.shipped.id})  IN_TRANSIT, ")
        assert "scripted asked: charge" in shown

    def test_writes_json(self, day: MarketDay) -> None:
        document: Any = json.loads(show(day.shipped.number, "--json"))
        assert document["order"] == day.shipped.id
        assert {"at", "what", "about", "detail", "request_id", "source"} == document["steps"][0].keys()

    @pytest.mark.django_db
    @pytest.mark.parametrize("order", ["5049-0000-0000-0000-0001", "nonsense", "1"])
    def test_refuses_what_is_no_order(self, order: str) -> None:
        with pytest.raises(CommandError):
            show(order)


class TestThePage:
    def test_shows_every_step(self, operator: Client, day: MarketDay, steps: list[Step]) -> None:
        page = operator.get(reverse("back_office:trace", args=[day.shipped.id])).content.decode()
        assert f"{len(steps)} steps" in page
        assert page.count('<td class="bo-what">') == len(steps)

    def test_shows_those_of_one_source(self, operator: Client, day: MarketDay, steps: list[Step]) -> None:
        page = operator.get(reverse("back_office:trace", args=[day.shipped.id]), {"source": "ledger"}).content.decode()
        assert page.count('<td class="bo-what">') == len(said(steps, "ledger"))

    def test_is_linked_from_the_order(self, operator: Client, day: MarketDay) -> None:
        page = operator.get(reverse("back_office:order", args=[day.shipped.id])).content.decode()
        assert reverse("back_office:trace", args=[day.shipped.id]) in page

    def test_is_for_those_who_may_view_orders(self, clerk: Client, day: MarketDay) -> None:
        assert clerk.get(reverse("back_office:trace", args=[day.shipped.id])).status_code == 403

    def test_of_no_order_is_not_found(self, operator: Client) -> None:
        assert operator.get(reverse("back_office:trace", args=[1])).status_code == 404
