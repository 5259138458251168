"""The front page of the admin: what waits, and for whom."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from apps.aftersales import api as aftersales
from apps.back_office.search import describe
from apps.orders import api as orders
from apps.payments import api as payments
from apps.reconciliation import api as reconciliation
from tradecore import approvals, clock, degradation, outbox, timers
from tradecore.money import Money

ORDERS_SHOWN = 10

_WAITING_ORDERS = (
    ("UNPAID", "Unpaid", "wait for their payment, or for their time to run out"),
    ("ON_HOLD", "On hold", "paid; their buyers may still change their mind"),
    ("AWAITING_SHIPMENT", "To ship", "wait for their seller"),
    ("PARTIALLY_SHIPPING", "Partly shipped", "wait for the rest of their parcels"),
    ("AWAITING_COLLECTION", "To collect", "packed; wait for the carrier"),
)


@dataclass(frozen=True, slots=True)
class Card:
    """One number and the list behind it. `needs_a_person`: nothing moves there until somebody looks."""

    title: str
    count: int
    note: str
    link: str
    needs_a_person: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Cards that belong together."""

    title: str
    cards: tuple[Card, ...]


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to the front page what its reader may see of what waits. Called by unfold."""
    groups = [group for permission, group in _groups() if request.user.has_perm(permission)]
    newest = orders.list_orders(limit=ORDERS_SHOWN) if request.user.has_perm("orders.view_order") else []
    return {**context, "title": "Dashboard", "groups": groups, "newest": describe(newest)}


def _groups() -> Iterable[tuple[str, Group]]:
    """Every group, with the permission that it needs."""
    yield "orders.view_order", Group("Orders", tuple(_order_cards()))
    yield "payments.view_paymentintent", Group("Payments", tuple(_payment_cards()))
    yield "aftersales.view_case", Group("After-sales", tuple(_case_cards()))
    yield "reconciliation.view_break", Group("Books", tuple(_book_cards()))
    yield "tradecore.view_timer", Group("Machinery", tuple(_machinery_cards()))


def _order_cards() -> Iterable[Card]:
    counts = orders.count_orders(statuses=[status for status, _, _ in _WAITING_ORDERS])
    for status, title, note in _WAITING_ORDERS:
        yield Card(title, counts[status], note, f"{reverse('back_office:orders')}?status={status}")


def _payment_cards() -> Iterable[Card]:
    backlog = payments.count_backlog()
    calls, answers = (
        reverse("admin:payments_providercall_changelist"),
        reverse("admin:payments_provideranswer_changelist"),
    )
    tenders, refunds = reverse("admin:payments_tender_changelist"), reverse("admin:payments_refund_changelist")
    yield Card("Unanswered calls", backlog.unanswered_calls, "asked about again and again", f"{calls}?state=unanswered")
    yield Card("Answers to apply", backlog.waiting_answers, "stored, and soon applied", f"{answers}?state=waiting")
    yield Card(
        "Parked answers",
        backlog.parked_answers,
        "failed too often; manage.py poll_provider --revive tries them again",
        f"{answers}?state=waiting",
        needs_a_person=True,
    )
    yield Card(
        "Suspect tenders",
        backlog.suspect_tenders,
        "what the provider says contradicts what was asked",
        f"{tenders}?status=SUSPECT",
        needs_a_person=True,
    )
    yield Card(
        "Failed refunds",
        backlog.failed_refunds,
        "refused by the provider; manage.py refunds retry asks again",
        f"{refunds}?status=FAILED",
        needs_a_person=True,
    )
    yield Card(
        "Open disputes",
        backlog.open_disputes,
        "a buyer's bank has taken the money, and listens for some days",
        f"{reverse('admin:payments_dispute_changelist')}?status=OPEN",
        needs_a_person=True,
    )


def _case_cards() -> Iterable[Card]:
    yield Card(
        "Cases to decide",
        aftersales.count_in_arbitration(),
        "buyer and seller do not agree",
        f"{reverse('admin:aftersales_case_changelist')}?next_actor=PLATFORM&state=IN_ARBITRATION",
        needs_a_person=True,
    )


def _book_cards() -> Iterable[Card]:
    breaks = f"{reverse('admin:reconciliation_break_changelist')}?state=open"
    at_risk = [Money(minor, currency) for currency, (_, minor) in reconciliation.money_at_risk().items() if currency]
    note = ", ".join(str(amount) for amount in at_risk) or "no money"
    yield Card("Open breaks", reconciliation.count_open_breaks(), f"{note} at risk", breaks, needs_a_person=True)
    waiting = f"{reverse('admin:tradecore_approval_changelist')}?state=waiting"
    yield Card(
        "To approve", approvals.count_pending(now=clock.now()), "asked for, and decided by a second person", waiting
    )


def _machinery_cards() -> Iterable[Card]:
    deadlines, events = timers.count_backlog(now=clock.now()), outbox.count_backlog()
    timer_list, event_list = (
        reverse("admin:tradecore_timer_changelist"),
        reverse("admin:tradecore_outboxevent_changelist"),
    )
    off = degradation.list_on()
    named = ", ".join(sorted({switch.shown for switch in off})) or "nothing"
    switches = f"{reverse('admin:tradecore_planswitch_changelist')}?state=running"
    yield Card("Switched off", len(off), named, switches, needs_a_person=True)
    yield Card("Timers due", deadlines.due, "fire with the next tick", f"{timer_list}?state=due")
    yield Card("Timers parked", deadlines.parked, "failed too often", f"{timer_list}?state=parked", needs_a_person=True)
    yield Card("Events to deliver", events.waiting, "leave with the next tick", f"{event_list}?state=waiting")
    yield Card("Dead letters", events.dead, "failed too often", f"{event_list}?state=dead", needs_a_person=True)
