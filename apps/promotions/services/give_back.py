"""Parts of a hold that come back: money to the budget, and uses of orders that all died before shipment."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from apps.promotions import models
from apps.promotions.contracts import HoldStatus
from apps.promotions.errors import MoreThanUsed
from apps.promotions.services.counters import Change, count, count_back_for_buyer, lock_hold_key
from tradecore import db
from tradecore.errors import NotFound


@dataclass(frozen=True, slots=True)
class _Part:
    """What comes back of one use."""

    use: models.PromotionUse
    units: int
    amount_minor: int


@db.transaction_required
def give_back(*, owner_ref: int, amounts: Mapping[int, int], restored: Collection[int], now: datetime) -> None:
    """Give money back to budgets, and whole uses back to whom they were taken from.

    amounts: minor units by promotion. restored: promotions whose use comes back as well, if they are still in date.
    Of a hold that is gone everything came back already, and nothing happens; nor where nothing is given back.
    Refuses, in this order: NotFound (no such hold), MoreThanUsed (nothing is left of a promotion that was not used).
    Locks: the hold, promotions by id, then what the buyer has used of them.
    """
    if not amounts and not restored:
        return
    hold = _lock_hold(owner_ref)
    if hold.status not in (HoldStatus.PENDING, HoldStatus.POSTED):
        return
    parts = _plan(owner_ref, amounts=amounts, restored=_in_date(restored, now=now))
    change = Change.VOIDED if hold.status == HoldStatus.PENDING else Change.GIVEN_BACK
    for part in parts:
        _count(change, part)
    for part in parts:
        if part.units and part.use.is_counted_for_buyer:
            assert hold.buyer_ref is not None, "a constraint: a hold that has uses has a buyer"
            count_back_for_buyer(promotion_id=part.use.promotion_id, buyer_ref=hold.buyer_ref, units=part.units)


def _lock_hold(owner_ref: int) -> models.PromotionHold:
    lock_hold_key(owner_ref)
    hold = models.PromotionHold.objects.select_for_update().filter(pk=owner_ref).first()
    if hold is None:
        raise NotFound(what="promotion hold")
    return hold


def _in_date(promotion_ids: Collection[int], *, now: datetime) -> frozenset[int]:
    if not promotion_ids:
        return frozenset()
    in_date = models.Promotion.objects.filter(pk__in=list(promotion_ids), ends_at__gt=now)
    return frozenset(in_date.values_list("pk", flat=True))


def _plan(owner_ref: int, *, amounts: Mapping[int, int], restored: frozenset[int]) -> list[_Part]:
    """By promotion, without those of which nothing comes back."""
    uses = {use.promotion_id: use for use in models.PromotionUse.objects.filter(hold_id=owner_ref)}
    parts: list[_Part] = []
    for promotion_id in sorted(amounts.keys() | restored):
        asked, use = amounts.get(promotion_id, 0), uses.get(promotion_id)
        if asked < 0:
            raise ValueError(f"{asked} cannot come back")
        if use is None or asked > use.minor_left:
            left = 0 if use is None else use.minor_left
            raise MoreThanUsed(promotion_id=promotion_id, asked_minor=asked, left_minor=left)
        units = use.units_left if promotion_id in restored else 0
        if asked or units:
            parts.append(_Part(use, units, asked))
    return parts


def _count(change: Change, part: _Part) -> None:
    """On the promotion, if it counts, and on the use itself, which the lock of the hold keeps for us alone."""
    use = part.use
    if use.is_counted:
        count(change, promotion_id=use.promotion_id, units=part.units, amount_minor=part.amount_minor)
    models.PromotionUse.objects.filter(pk=use.pk).update(
        given_back_units=F("given_back_units") + part.units,
        given_back_minor=F("given_back_minor") + part.amount_minor,
    )
