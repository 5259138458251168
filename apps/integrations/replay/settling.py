"""Orders that are over settle, shop by shop and each shop's by time: so its statements are those of its days.

# Note [Settling again]
The replay relays no events, so nothing has set the timer that settles an order: the use case is called at the moment at
which the timer would have fired. What is settled already has a sale on its shop's statements, and is passed over; what
comes too late for its day, because an earlier run has gone on from there, stands on the last statement that is open.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from apps.fees.api import FeePlanDraft
from apps.integrations.replay import keys
from apps.integrations.replay.listing import ListedShop
from apps.integrations.replay.lives import Act, Life
from apps.integrations.replay.outcomes import Outcome
from apps.integrations.replay.sweeping import fire_due
from apps.settlement import api as settlement
from tradecore import clock

_EVERYTHING: Final = 1_000_000
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DueOrder:
    """One shop's order that is over, the recorded one that it is a part of, and when it settles."""

    order_id: int
    recorded_id: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class SellerDue:
    """A seller's shop, and its orders that are over, in the order in which they settle."""

    seller_id: str
    shop_id: int
    orders: tuple[DueOrder, ...]


def plan_settlements(
    lives: Sequence[Life], outcomes: Sequence[Outcome], shops: Mapping[str, ListedShop], *, plan: FeePlanDraft
) -> list[SellerDue]:
    """What is to settle of these lives, by seller. `outcomes` are in the order of `lives`."""
    due: dict[int, list[DueOrder]] = defaultdict(list)
    for life, outcome in zip(lives, outcomes, strict=True):
        over_at = _over_at(life)
        if over_at is not None:
            due_at = over_at + timedelta(seconds=plan.settle_after_s)
            for order in outcome.orders:
                due[order.shop_id].append(DueOrder(order.id, life.order.id, due_at))
    return [
        SellerDue(seller_id, shop.shop_id, tuple(sorted(due[shop.shop_id], key=lambda each: each.due_at)))
        for seller_id, shop in sorted(shops.items())
    ]


def settle_seller(seller: SellerDue, *, plan: FeePlanDraft) -> None:
    """Settle what is not settled yet, and release what was kept back of it, each at its moment."""
    for _, act in sorted(_list_acts(seller, plan), key=lambda timed: timed[0]):
        act()


def all_over_at(last_at: datetime, *, plan: FeePlanDraft) -> datetime:
    """A moment by which everything has settled, and nothing is kept back any more.

    Whatever was recorded had happened at `last_at`; what had no time was lived within seconds.
    """
    return last_at + timedelta(seconds=plan.settle_after_s + plan.reserve_s) + _DAY


def _over_at(life: Life) -> datetime | None:
    """When a life was over; None while it is not, or if it was never paid."""
    moments = life.moments
    if Act.PAY not in moments:
        return None
    if Act.COMPLETE in moments:
        return moments[Act.DELIVER]
    return moments.get(Act.CANCEL) or moments.get(Act.REFUSE)


def _list_acts(seller: SellerDue, plan: FeePlanDraft) -> Iterator[tuple[datetime, Callable[[], None]]]:
    settled = set(_list_settled(seller.shop_id))
    for order in seller.orders:
        if order.order_id not in settled:
            yield order.due_at, partial(_settle, order)
        if plan.reserve_s:
            released_at = order.due_at + timedelta(seconds=plan.reserve_s)
            yield released_at, partial(_release, order, released_at)


def _list_settled(shop_id: int) -> Iterable[int]:
    sales = settlement.list_lines(shop_id=shop_id, kinds=[settlement.LineKind.SALE], limit=_EVERYTHING)
    return (line.order_id for line in sales if line.order_id is not None)


def _settle(order: DueOrder) -> None:
    with clock.use_clock(keys.clock_of(order.recorded_id)):
        settlement.settle_order(order.order_id, order.due_at)


def _release(order: DueOrder, at: datetime) -> None:
    settled = settlement.find_settlement(order_id=order.order_id)
    if settled is not None and settled.reserve.minor:
        with clock.use_clock(keys.clock_of(order.recorded_id)):
            fire_due({"release_reserve": settlement.release_reserve}, count=1, now=at)
