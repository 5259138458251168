"""A hold resolves once: it is posted, voided, or ended by its backstop."""

from datetime import datetime

import structlog
from django.db import IntegrityError

from apps.promotions import models, states
from apps.promotions.contracts import HoldStatus
from apps.promotions.selectors import list_overdue_holds
from apps.promotions.services.counters import Change, count, count_back_for_buyer, lock_hold_key
from tradecore import clock, db
from tradecore.prepared import Select, Update

log = structlog.get_logger()

EXPIRY_BATCH = 200


@db.transaction_required
def post(*, owner_ref: int, now: datetime) -> bool:
    """Take what the owner holds: it is paid for. False if the hold is gone, and then nothing has changed.

    Posting what is posted is True and changes nothing. Locks: the hold, then promotions by id.
    """
    before = _resolve(owner_ref, HoldStatus.POSTED, now=now)
    if before != HoldStatus.PENDING:
        return before == HoldStatus.POSTED
    for use in _list_uses(owner_ref):
        if use.is_counted:
            _count(Change.POSTED, use)
    return True


@db.transaction_required
def void(*, owner_ref: int, now: datetime) -> None:
    """Give back what the owner holds. Where no hold has come yet, leave a tombstone that refuses it.

    A hold that is gone stays as it is. Raises IllegalTransition for a posted one, of which parts are given back.
    Locks: the hold, promotions by id, then what the buyer has used of them.
    """
    before = _resolve(owner_ref, HoldStatus.VOIDED, now=now)
    if before == HoldStatus.PENDING:
        _give_back(owner_ref)
    elif before == HoldStatus.POSTED:
        states.HOLD.check(before, HoldStatus.VOIDED)
    elif before is None:
        _leave_tombstone(owner_ref, now=now)


@db.transaction_required
def extend(*, owner_ref: int, expires_at: datetime) -> None:
    """Move the backstop of a pending hold later, with the deadline of its owner. Never earlier. Locks: the hold."""
    lock_hold_key(owner_ref)
    pending = models.PromotionHold.objects.filter(owner_ref=owner_ref, status=HoldStatus.PENDING)
    pending.filter(expires_at__lt=expires_at).update(expires_at=expires_at)


def expire_holds(*, now: datetime, limit: int = EXPIRY_BATCH) -> int:
    """End pending holds whose backstop has passed, each in a transaction of its own. Returns how many it ended.

    Only holds of the running clock. There should never be one: the owner's own timer is due ten minutes earlier.
    """
    expired = 0
    for owner_ref in list_overdue_holds(now=now, limit=limit):
        try:
            expired += _expire(owner_ref, now=now)
        except Exception:
            log.exception("hold_not_expired", owner_ref=owner_ref)
    return expired


@db.use_case
def _expire(owner_ref: int, *, now: datetime) -> bool:
    if _resolve(owner_ref, HoldStatus.EXPIRED, now=now) != HoldStatus.PENDING:
        return False
    _give_back(owner_ref)
    log.warning("hold_expired_by_backstop", owner_ref=owner_ref)
    return True


_RESOLVE = Update(
    lambda owner, status, now: (
        models.PromotionHold.objects.filter(pk=owner, status=HoldStatus.PENDING),
        {"status": status, "resolved_at": now},
    )
)
_STATUS = Select(lambda owner: models.PromotionHold.objects.filter(pk=owner).values_list("status", flat=True))
_USES = Select(
    lambda hold: models.PromotionUse.objects.filter(hold_id=hold).select_related("hold").order_by("promotion_id")
)


def _resolve(owner_ref: int, status: HoldStatus, *, now: datetime) -> str | None:
    """Compare and set. Returns what the hold was: PENDING means that it is resolved now, None that there is none.

    A hold that comes between the two statements is seen pending by the second one, and resolved in the next round.
    """
    states.HOLD.check(HoldStatus.PENDING, status)
    lock_hold_key(owner_ref)
    while not _RESOLVE(owner=owner_ref, status=status, now=now):
        before = _STATUS.find(owner=owner_ref)
        if before != HoldStatus.PENDING:
            return before
    return HoldStatus.PENDING


def _list_uses(owner_ref: int) -> list[models.PromotionUse]:
    return _USES(hold=owner_ref)


def _count(change: Change, use: models.PromotionUse) -> None:
    """Count what is left of the use, which may be nothing."""
    if use.units_left or use.minor_left:
        count(change, promotion_id=use.promotion_id, units=use.units_left, amount_minor=use.minor_left)


def _give_back(owner_ref: int) -> None:
    uses = _list_uses(owner_ref)
    for use in uses:
        if use.is_counted:
            _count(Change.VOIDED, use)
    for use in uses:
        if use.is_counted_for_buyer and use.units_left:
            assert use.hold.buyer_ref is not None, "a constraint: a hold that has uses has a buyer"
            count_back_for_buyer(promotion_id=use.promotion_id, buyer_ref=use.hold.buyer_ref, units=use.units_left)


def _leave_tombstone(owner_ref: int, *, now: datetime) -> None:
    try:
        with db.savepoint():
            models.PromotionHold.objects.create(
                owner_ref=owner_ref,
                status=HoldStatus.VOIDED,
                clock=clock.clock_name(),
                opened_at=now,
                resolved_at=now,
            )
    except IntegrityError:
        void(owner_ref=owner_ref, now=now)  # the hold came between the look and the insert
