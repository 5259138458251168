"""Cases: of orders that were bought, shipped and delivered on a shop floor, or as bare rows."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import factory
from factory.django import DjangoModelFactory

from apps.aftersales import api as aftersales
from apps.aftersales.api import CaseKind, CaseView, Evidence, Found, Verdict
from apps.aftersales.models import Case, CaseEvidence, CaseLine, CaseStep
from apps.checkout import api as checkout
from apps.fulfilment.api import TrackingStatus
from apps.orders import api as orders
from config.subscriptions import EVENTS
from tests.factories.checkout import ShopFloor
from tests.factories.fulfilment import READY, make_ready_order, ship, track
from tests.factories.orders import units_of
from tradecore import outbox
from tradecore.ids import new_id
from tradecore.money import Money

DAY = timedelta(days=1)
SHOWN = Evidence(text="See for yourself.", images=("https://pictures.example/1.jpg",))


class CaseFactory(DjangoModelFactory[Case]):
    """A case that waits for its seller."""

    class Meta:
        model = Case

    order_id = factory.LazyFunction(new_id)
    purchase_id = factory.LazyFunction(new_id)
    buyer_ref = factory.LazyFunction(new_id)
    shop_id = factory.LazyFunction(new_id)
    market = "GB"
    currency = "GBP"
    kind = "RETURN_AND_REFUND"
    reason = "no_longer_wanted"
    cause = "CHANGE_OF_MIND"
    initiator = "buyer"
    state = "REQUEST_PENDING"
    next_actor = "seller"
    next_action = "review"
    due_at = READY + 2 * DAY
    default_action = "approve"
    opened_at = READY


class CaseLineFactory(DjangoModelFactory[CaseLine]):
    class Meta:
        model = CaseLine

    case = factory.SubFactory(CaseFactory)
    line_id = factory.LazyFunction(new_id)
    sku_id = factory.LazyFunction(new_id)
    quantity = 1


class CaseStepFactory(DjangoModelFactory[CaseStep]):
    class Meta:
        model = CaseStep

    case = factory.SubFactory(CaseFactory)
    sequence = 1
    actor = "buyer"
    act = "open"
    after = "REQUEST_PENDING"
    occurred_at = READY


class CaseEvidenceFactory(DjangoModelFactory[CaseEvidence]):
    class Meta:
        model = CaseEvidence

    case = factory.SubFactory(CaseFactory)
    given_by = "buyer"
    text = "It is broken."
    images = factory.LazyFunction(list)
    given_at = READY


def make_shipped_order(floor: ShopFloor, *quantities: int, **options: Any) -> orders.OrderView:
    """A paid order all of which its carrier has, each unit at 10.00."""
    order = make_ready_order(floor, *quantities, **options)
    track(ship(order), TrackingStatus.COLLECTED)
    return orders.get_order(order_id=order.id)


def make_delivered_order(floor: ShopFloor, *quantities: int, **options: Any) -> orders.OrderView:
    """A paid order that has arrived, each unit at 10.00."""
    return deliver(make_ready_order(floor, *quantities, **options))


def deliver(order: orders.OrderView, *, now: datetime = READY) -> orders.OrderView:
    """Ship what is in no parcel yet, and let it arrive."""
    track(ship(order, now=now), TrackingStatus.DELIVERED, now=now)
    return orders.get_order(order_id=order.id)


def ask(order: orders.OrderView, *quantities: int, **parts: Any) -> aftersales.CaseRequest:
    """What a buyer asks for: so many units of each line, to send them back because they do not want them."""
    units = parts.pop("units") if "units" in parts else tuple(units_of(order, *(quantities or (1,))))
    return aftersales.CaseRequest(
        **{
            "order_id": order.id,
            "kind": CaseKind.RETURN_AND_REFUND,
            "units": units,
            "reason": "no_longer_wanted",
            **parts,
        }
    )


def ask_refund(order: orders.OrderView, *quantities: int, **parts: Any) -> aftersales.CaseRequest:
    """Money only, because it does not work."""
    return ask(order, *quantities, **{"kind": CaseKind.REFUND_ONLY, "reason": "defective", "evidence": SHOWN, **parts})


def ask_replacement(order: orders.OrderView, *quantities: int, **parts: Any) -> aftersales.CaseRequest:
    return ask_refund(order, *quantities, kind=CaseKind.REPLACEMENT, **parts)


def open_case(request: aftersales.CaseRequest, *, now: datetime = READY) -> CaseView:
    return see(aftersales.open_case(request=request, now=now))


def see(case_id: int) -> CaseView:
    return aftersales.get_case(case_id=case_id)


def approve(case: CaseView, *, now: datetime = READY, **options: Any) -> CaseView:
    options = {"version": None, "buyer_keeps_goods": False, "comment": "", **options}
    aftersales.approve_case(case_id=case.id, now=now, **options)
    return see(case.id)


def reject(case: CaseView, *, now: datetime = READY, **options: Any) -> CaseView:
    options = {"version": None, "reason": "as_described", "comment": "", "evidence": Evidence(), **options}
    aftersales.reject_case(case_id=case.id, now=now, **options)
    return see(case.id)


def send_back(case: CaseView, *, now: datetime = READY) -> CaseView:
    aftersales.ship_back(case_id=case.id, carrier="royal_mail", tracking_number="RT000000001GB", now=now)
    return see(case.id)


def receive(case: CaseView, *, good: Sequence[int] | None = None, now: datetime = READY) -> CaseView:
    """Take what came back: all of it fit for sale, or so many units of each line, the others damaged."""
    counts = [line.quantity for line in case.lines] if good is None else good
    found = {
        line.line_id: Found(good=count, damaged=line.quantity - count)
        for line, count in zip(case.lines, counts, strict=True)
    }
    aftersales.accept_return(case_id=case.id, found=found, comment="", now=now)
    return see(case.id)


def refuse_return(case: CaseView, *, now: datetime = READY) -> CaseView:
    aftersales.refuse_return(case_id=case.id, reason="parcel_empty", comment="", evidence=SHOWN, now=now)
    return see(case.id)


def escalate(case: CaseView, *, now: datetime = READY) -> CaseView:
    aftersales.escalate(case_id=case.id, comment="I do not agree.", evidence=Evidence(), now=now)
    return see(case.id)


def decide(case: CaseView, verdict: Verdict, *, now: datetime = READY, **options: Any) -> CaseView:
    options = {"buyer_keeps_goods": False, "platform_pays": False, "comment": "So be it.", **options}
    aftersales.arbitrate(case_id=case.id, verdict=verdict, actor="user:7", now=now, **options)
    return see(case.id)


#: Operations on a case: what is asked for, and what was done with it before.
_STAGES: dict[str, Any] = {
    "refuse_offer": (ask, ("offer",)),
    "accept_offer": (ask, ("offer",)),
    "ship_case": (ask, ("approve",)),
    "escalate_case": (ask, ("reject",)),
    "confirm_replacement": (ask_replacement, ("approve_keeping", "ship_replacement")),
    "receive_case": (ask, ("approve", "send_back")),
    "refuse_return": (ask, ("approve", "send_back")),
    "ship_replacement": (ask_replacement, ("approve_keeping",)),
    "refund_instead": (ask_replacement, ("approve_keeping",)),
}


def stage(operation: str, order: orders.OrderView, *, line: int = 0, now: datetime = READY) -> CaseView:
    """A case about a unit of a delivered order, in a state in which the operation of this name is accepted."""
    request_for, way = _STAGES.get(operation, (ask_refund, ()))
    units = (orders.LineUnits(line_id=order.lines[line].id, quantity=1),)
    case = open_case(request_for(order, units=units), now=now)
    for act in way:
        case = _DO[act](case, now=now)
    return case


def offer(case: CaseView, *, minor: int = 100, now: datetime = READY) -> CaseView:
    aftersales.make_offer(case_id=case.id, version=None, amount=Money(minor, "GBP"), comment="", now=now)
    return see(case.id)


def approve_keeping(case: CaseView, *, now: datetime = READY) -> CaseView:
    return approve(case, buyer_keeps_goods=True, now=now)


def ship_replacement(case: CaseView, *, now: datetime = READY) -> CaseView:
    aftersales.ship_replacement(case_id=case.id, carrier="dhl", tracking_number="1", now=now)
    return see(case.id)


_DO: dict[str, Any] = {
    "offer": offer,
    "approve": approve,
    "approve_keeping": approve_keeping,
    "reject": reject,
    "send_back": send_back,
    "ship_replacement": ship_replacement,
}


def relay() -> None:
    """Hand every event to its handlers."""
    while outbox.relay(subscriptions=EVENTS):
        pass


def send_money(*, now: datetime = READY) -> None:
    """Let the provider send back what is on its way, and everybody hear of it."""
    while checkout.poll_provider_calls(limit=50, now=now):
        pass
    relay()
