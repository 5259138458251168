"""One recorded order is lived: each act of its life through the public door of the flow that it belongs to.

# Note [Resuming]
Every act is one or several use cases, and each of them can be told to be done: a purchase by its quote, an order's acts
by the statuses on its timeline, a carrier's word by its event id, a call to the provider by having been sent. So a life
that was cut off is gone through from its beginning, and what was done is passed over.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, runtime_checkable

from apps.checkout import api as checkout
from apps.fulfilment import api as fulfilment
from apps.integrations.replay import keys
from apps.integrations.replay.buying import PROVIDER, place
from apps.integrations.replay.listing import ListedShop
from apps.integrations.replay.lives import LEADS_TO, Act, Life, Step
from apps.integrations.replay.market import Stage
from apps.integrations.replay.records import TenderType
from apps.integrations.replay.sweeping import fire_due
from apps.orders import api as orders
from apps.payments import api as payments
from tradecore import clock, timers
from tradecore.ids import parse_number

_CARRIER: Final = "unrecorded"
_INITIATOR: Final = "system"
_REASON: Final = "recorded"

#: Nothing else runs out in the replay's market before an order is over.
_TIMERS: Final[Mapping[str, timers.TimerHandler]] = {"complete_order": fulfilment.complete_order}


class SlipUnpayable(Exception):
    """The provider in the sandbox's place does not let anybody pay a slip."""


@runtime_checkable
class SlipDesk(Protocol):
    """What the sandbox can beside taking calls: play the bank at which a slip is paid."""

    def complete_action(self, reference: int, outcome: Literal["ok", "failed"]) -> payments.Statement:
        """End a call that waits for its buyer."""


@dataclass(slots=True)
class _Living:
    """A life that is going on: its purchase, the statuses that each of its orders has come through, and its parcels."""

    life: Life
    purchase_id: int
    statuses: Mapping[int, frozenset[str]]
    packages: dict[int, int] = field(default_factory=dict)

    def orders_before(self, act: Act) -> list[int]:
        """The orders that have not come through the act."""
        return [order_id for order_id, statuses in self.statuses.items() if LEADS_TO[act] not in statuses]

    def package_of(self, order_id: int) -> int:
        """The parcel of an order: each has one, with everything in it."""
        if order_id not in self.packages:
            (package,) = fulfilment.list_packages(order_id=order_id)
            self.packages[order_id] = package.id
        return self.packages[order_id]


def live(life: Life, *, shops: Mapping[str, ListedShop], stage: Stage) -> int:
    """Live an order to its end, or what is left of it. Returns the purchase that it is."""
    with clock.use_clock(keys.clock_of(life.order.id)):
        living = _find(life) or _begin(life, shops=shops, stage=stage)
        for step in life.steps[1:]:
            if living.orders_before(step.act):
                _ACTS[step.act](living, step)
        _settle(living)
    return living.purchase_id


def _find(life: Life) -> _Living | None:
    """The life as an earlier run has left it; None if it has not begun."""
    quote_id = keys.quote_id_of(life.order.id, buyer_ref=keys.buyer_ref_of(life.order.buyer.id))
    purchase_id = orders.find_purchase_of_quote(quote_id=quote_id)
    if purchase_id is None:
        return None
    order_ids = orders.list_purchase_order_ids(purchase_id=purchase_id)
    timelines = {order_id: orders.get_order(order_id=order_id).timeline for order_id in order_ids}
    statuses = {order_id: frozenset(entry.status for entry in timeline) for order_id, timeline in timelines.items()}
    return _Living(life, purchase_id, statuses)


def _begin(life: Life, *, shops: Mapping[str, ListedShop], stage: Stage) -> _Living:
    purchase = place(life.order, shops=shops, stage=stage)
    return _Living(life, purchase.id, {order.id: frozenset({order.status}) for order in purchase.orders})


def _pay(living: _Living, step: Step) -> None:
    """Cards and vouchers are asked for when they were approved; a slip is made out at the purchase, and paid then."""
    if any(tender.type == TenderType.BOLETO for tender in living.life.order.opened_tenders):
        _pay_slips(living, step)
    checkout.collect_payment(purchase_id=living.purchase_id, now=step.at)


def _pay_slips(living: _Living, step: Step) -> None:
    purchase_id = living.purchase_id
    payment = payments.get_payment(payable_ref=purchase_id)
    if any(tender.status == "CREATED" for tender in payment.tenders):
        payment = checkout.collect_payment(purchase_id=purchase_id, now=living.life.moments[Act.PLACE]).payment
    for tender in payment.tenders:
        if tender.next_action is not None:
            statement = _slip_desk().complete_action(parse_number(tender.next_action["reference"]), "ok")
            checkout.apply_statement(statement=statement, provider=PROVIDER, source="poll", now=step.at)


def _slip_desk() -> SlipDesk:
    provider = payments.PROVIDERS.get(PROVIDER)
    if not isinstance(provider, SlipDesk):
        raise SlipUnpayable(PROVIDER)
    return provider


def _arrange(living: _Living, step: Step) -> None:
    for order_id in living.orders_before(step.act):
        package = fulfilment.ship_order(
            order_id=order_id, units=None, carrier=_CARRIER, tracking_number=living.life.order.id, now=step.at
        )
        living.packages[order_id] = package.id


def _track(living: _Living, step: Step) -> None:
    """The carrier says that the act has happened."""
    for order_id in living.orders_before(step.act):
        fulfilment.record_tracking(
            package_id=living.package_of(order_id),
            event_id=step.act.value,
            status=_TRACKED[step.act],
            occurred_at=step.at,
            now=step.at,
        )


def _complete(living: _Living, step: Step) -> None:
    """The window ends: sweep the order's clock."""
    fire_due(_TIMERS, count=len(living.orders_before(step.act)), now=step.at)


def _cancel(living: _Living, step: Step) -> None:
    """By whom was not recorded."""
    if Act.PAY not in living.life.moments:
        checkout.cancel_unpaid_purchase(
            purchase_id=living.purchase_id, initiator=_INITIATOR, reason=_REASON, now=step.at
        )
        return
    for order_id in living.orders_before(step.act):
        checkout.cancel_lines(order_id=order_id, units=None, initiator=_INITIATOR, reason=_REASON, now=step.at)


def _settle(living: _Living) -> None:
    """Send what a cancellation leaves to be sent: refunds and voids."""
    last = living.life.steps[-1]
    if last.act in {Act.CANCEL, Act.REFUSE}:
        checkout.collect_payment(purchase_id=living.purchase_id, now=last.at)


_TRACKED: Final[Mapping[Act, fulfilment.TrackingStatus]] = {
    Act.COLLECT: fulfilment.TrackingStatus.COLLECTED,
    Act.DELIVER: fulfilment.TrackingStatus.DELIVERED,
    Act.REFUSE: fulfilment.TrackingStatus.REFUSED,
}

_ACTS: Final[Mapping[Act, Callable[[_Living, Step], None]]] = {
    Act.PAY: _pay,
    Act.ARRANGE: _arrange,
    Act.COLLECT: _track,
    Act.DELIVER: _track,
    Act.REFUSE: _track,
    Act.COMPLETE: _complete,
    Act.CANCEL: _cancel,
}
