"""The life of a recorded order, as a list of acts with their moments: pure, and decided before anything is done.

# Note [Moments]
Each act has the moment that was recorded of it. One without a recorded time follows by a second the latest recorded one
that must precede it; one that was recorded before another that it needs is lived a second after that one. So moments
never go back, no recorded one is moved without need, and whatever was moved or added is known.

How far an order came is told by its status and by its times together, by whichever says more. Of those that were
cancelled, the times alone say how far they had come: before the hand-over they are cancelled, after it the parcel is
refused on its way, and what was delivered stays delivered. A cancellation, never recorded with a time, follows the last
time by a second. An order that the record leaves under way is left there: nothing is invented to finish it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from apps.integrations.replay.records import RecordedOrder, SkuKey, TenderType

_SECOND: Final = timedelta(seconds=1)


class Act(StrEnum):
    """What happens to an order. The words of the report, too."""

    PLACE = "placed"
    PAY = "paid"
    ARRANGE = "arranged"
    COLLECT = "collected"
    DELIVER = "delivered"
    COMPLETE = "completed"
    CANCEL = "cancelled"
    REFUSE = "refused"


class Obstacle(StrEnum):
    """Why an order cannot be lived at all."""

    NO_ITEMS = "no_items"
    STATUS_UNKNOWN = "status_unknown"
    TENDER_TYPE_UNKNOWN = "tender_type_unknown"
    NO_INSTALMENTS = "no_instalments"
    TWO_PRICES_AT_ONCE = "two_prices_at_once"


class LivedOtherwise(StrEnum):
    """Where the record says that an order was cancelled, and its life here ends in other words."""

    REFUSED_IN_TRANSIT = "cancelled_after_hand_over_lived_as_refused_in_transit"
    DELIVERED = "cancelled_after_delivery_lived_as_delivered"


CANCELED: Final = "canceled"

#: The acts that each follow from the one before. The arrangement is the seller's, and was never recorded.
_CHAIN: Final = (Act.PLACE, Act.PAY, Act.ARRANGE, Act.COLLECT, Act.DELIVER)

#: How far a status says that an order came.
_STATUS_SAYS: Final[Mapping[str, Act]] = {
    "created": Act.PLACE,
    "approved": Act.PAY,
    "processing": Act.PAY,
    "invoiced": Act.PAY,
    "unavailable": Act.PAY,
    "shipped": Act.COLLECT,
    "delivered": Act.DELIVER,
    CANCELED: Act.PLACE,
}

#: The status that an order has after each act.
LEADS_TO: Final[Mapping[Act, str]] = {
    Act.PLACE: "UNPAID",
    Act.PAY: "AWAITING_SHIPMENT",
    Act.ARRANGE: "AWAITING_COLLECTION",
    Act.COLLECT: "IN_TRANSIT",
    Act.DELIVER: "DELIVERED",
    Act.COMPLETE: "COMPLETED",
    Act.CANCEL: "CANCELLED",
    Act.REFUSE: "CANCELLED",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One act of a life. `too_early_for` are the acts that were recorded after it although it needs them."""

    act: Act
    at: datetime
    recorded_at: datetime | None
    too_early_for: tuple[Act, ...] = ()


@dataclass(frozen=True, slots=True)
class Life:
    """What is to be lived of one order, from its purchase on."""

    order: RecordedOrder
    steps: tuple[Step, ...]

    @property
    def final_status(self) -> str:
        """The status that each of its orders ends in."""
        return LEADS_TO[self.steps[-1].act]

    @property
    def moments(self) -> dict[Act, datetime]:
        """When each of its acts is lived."""
        return {step.act: step.at for step in self.steps}

    @property
    def without_time(self) -> tuple[Act, ...]:
        """The acts that are lived without a recorded time. Completion needs none: the window ends by itself."""
        return tuple(step.act for step in self.steps if step.recorded_at is None and step.act is not Act.COMPLETE)

    @property
    def impossible(self) -> tuple[str, ...]:
        """The kinds of recorded disorder in it, such as `collected_before_paid`."""
        return tuple(f"{step.act}_before_{needed}" for step in self.steps for needed in step.too_early_for)

    @property
    def otherwise(self) -> LivedOtherwise | None:
        """In which other words it ends than those of the record."""
        if self.order.status != CANCELED or self.steps[-1].act is Act.CANCEL:
            return None
        return LivedOtherwise.REFUSED_IN_TRANSIT if self.steps[-1].act is Act.REFUSE else LivedOtherwise.DELIVERED


def find_obstacles(orders: Iterable[RecordedOrder]) -> dict[str, Obstacle]:
    """The orders that cannot be lived, by id, and why. Of two that stand in each other's way it is the later one."""
    prices: dict[tuple[SkuKey, datetime], int] = {}
    obstacles = {}
    for order in orders:
        obstacle = _find_own_obstacle(order)
        if obstacle is None and not _agrees_on_prices(order, prices):
            obstacle = Obstacle.TWO_PRICES_AT_ONCE
        if obstacle is not None:
            obstacles[order.id] = obstacle
    return obstacles


def _find_own_obstacle(order: RecordedOrder) -> Obstacle | None:
    if not order.items:
        return Obstacle.NO_ITEMS
    if order.status not in _STATUS_SAYS:
        return Obstacle.STATUS_UNKNOWN
    if any(tender.type not in set(TenderType) for tender in order.tenders):
        return Obstacle.TENDER_TYPE_UNKNOWN
    if any(tender.instalments < 1 for tender in order.opened_tenders):
        return Obstacle.NO_INSTALMENTS
    return None


def _agrees_on_prices(order: RecordedOrder, prices: dict[tuple[SkuKey, datetime], int]) -> bool:
    """Whether each SKU has one price at the moment of the purchase; if so, they are added to those that are known."""
    own: dict[tuple[SkuKey, datetime], int] = {}
    for item in order.items:
        key = (item.sku, order.purchased_at)
        if own.setdefault(key, item.price_minor) != item.price_minor or prices.get(key, item.price_minor) != own[key]:
            return False
    prices.update(own)
    return True


def plan_life(order: RecordedOrder, *, window: timedelta) -> Life:
    """Decide what is to be lived of an order that has no obstacle, by Note [Moments].

    `window` is for how long after its delivery an order waits before it completes.
    """
    recorded = {
        Act.PLACE: order.purchased_at,
        Act.PAY: order.approved_at,
        Act.COLLECT: order.handed_over_at,
        Act.DELIVER: order.delivered_at,
    }
    steps = _follow_chain(recorded, upto=_furthest(order, recorded))
    return Life(order=order, steps=(*steps, *_end(order, steps, window=window)))


def _furthest(order: RecordedOrder, recorded: Mapping[Act, datetime | None]) -> Act:
    reached = [_STATUS_SAYS[order.status], *(act for act, moment in recorded.items() if moment is not None)]
    return max(reached, key=_CHAIN.index)


def _follow_chain(recorded: Mapping[Act, datetime | None], *, upto: Act) -> list[Step]:
    steps: list[Step] = []
    for act in _CHAIN[: _CHAIN.index(upto) + 1]:
        recorded_at = recorded.get(act)
        if recorded_at is None:
            steps.append(Step(act, _latest(steps) + _SECOND, None))
        elif steps and recorded_at < steps[-1].at:
            steps.append(Step(act, _latest(steps) + _SECOND, recorded_at, _too_early_for(recorded_at, steps)))
        else:
            steps.append(Step(act, recorded_at, recorded_at))
    return steps


def _latest(steps: list[Step]) -> datetime:
    """The latest of the recorded acts, as they are lived."""
    return max(step.at for step in steps if step.recorded_at is not None)


def _too_early_for(recorded_at: datetime, steps: list[Step]) -> tuple[Act, ...]:
    """The acts that were recorded later; or, where only what was added or moved is in the way, the one before."""
    later = [step.act for step in steps if step.recorded_at is not None and recorded_at < step.recorded_at]
    return tuple(later) or (steps[-1].act,)


def _end(order: RecordedOrder, steps: list[Step], *, window: timedelta) -> list[Step]:
    """What follows from the last link of the chain, if anything does."""
    last = steps[-1]
    if last.act is Act.DELIVER:
        return [Step(Act.COMPLETE, last.at + window, None)]
    if order.status != CANCELED:
        return []
    act = Act.REFUSE if last.act is Act.COLLECT else Act.CANCEL
    return [Step(act, _latest(steps) + _SECOND, None)]
