"""A hold resolves once: it is posted, voided, or ended by its backstop."""

from collections.abc import Collection, Sequence
from datetime import datetime

import structlog
from django.db import IntegrityError
from django.db.models import F

from apps.inventory import models, states
from apps.inventory.contracts import HoldStatus, MovementKind
from apps.inventory.selectors import list_overdue_holds
from apps.inventory.services.movements import Move, change_counters, move, refuse_drift, write_journal
from tradecore import clock, db, locks
from tradecore.locks import Rank
from tradecore.prepared import Select, Statement, Update

log = structlog.get_logger()

EXPIRY_BATCH = 200


@db.transaction_required
def post(*, owner_ref: int, now: datetime) -> bool:
    """Take what the owner holds: it is paid for. False if the hold is gone, and then nothing has changed.

    Posting what is posted is True and changes nothing. Locks: the hold, then stock by (SKU, warehouse, bucket).
    """
    before = _resolve(owner_ref, HoldStatus.POSTED, now=now)
    if before != HoldStatus.PENDING:
        return before == HoldStatus.POSTED
    _post_lines([owner_ref], now=now)
    return True


@db.transaction_required
def post_all(*, owner_refs: Collection[int], now: datetime) -> bool:
    """Take what many owners hold. False if any of the holds is not pending: the caller's transaction must be undone.

    Locks: the holds, then stock by (SKU, warehouse, bucket).
    """
    states.HOLD.check(HoldStatus.PENDING, HoldStatus.POSTED)
    for owner_ref in sorted(owner_refs):
        locks.note_lock(Rank.STOCK_HOLD, owner_ref)
    if _RESOLVE(owners=tuple(owner_refs), status=HoldStatus.POSTED, now=now) < len(owner_refs):
        return False
    _post_lines(owner_refs, now=now)
    return True


@db.transaction_required
def post_known(*, owner_refs: Collection[int], now: datetime, also: Sequence[Statement] = ()) -> bool:
    """Take what owners hold, whose lines are known (Note [Just written] of the locks).

    It is sent with all that waits, and with what else is changed. False if any of the holds is not pending, or was
    shrunk: the caller's transaction must be undone. Locks: the holds, then stock by (SKU, warehouse, bucket).
    """
    states.HOLD.check(HoldStatus.PENDING, HoldStatus.POSTED)
    for owner_ref in sorted(owner_refs):
        locks.note_lock(Rank.STOCK_HOLD, owner_ref)
    owners, moves = tuple(owner_refs), _list_pending(*owner_refs)
    write_journal(MovementKind.POSTED, moves, now=now)
    resolve = _RESOLVE.of(owners=owners, status=HoldStatus.POSTED, now=now)
    (*_, resolved, posted), stocks = change_counters(
        MovementKind.POSTED, moves, also=[*also, resolve, _POST_WHOLE_LINES.of(holds=owners)]
    )
    if (resolved, posted) != (len(owners), len(moves)):
        return False
    refuse_drift(stocks)
    return True


def _post_lines(owner_refs: Collection[int], *, now: datetime) -> None:
    moves = _list_pending(*owner_refs)
    move(MovementKind.POSTED, moves, now=now, also=[_POST_LINES.of(holds=tuple(owner_refs))])


@db.transaction_required
def void(*, owner_ref: int, now: datetime) -> None:
    """Give back what the owner holds. Where no hold has come yet, leave a tombstone that refuses it.

    A hold that is gone stays as it is. Raises IllegalTransition for a posted one, whose pieces are released line by
    line. Locks: the hold, then stock by (SKU, warehouse, bucket).
    """
    before = _resolve(owner_ref, HoldStatus.VOIDED, now=now)
    if before == HoldStatus.PENDING:
        _give_back(owner_ref, now=now)
    elif before == HoldStatus.POSTED:
        states.HOLD.check(before, HoldStatus.VOIDED)
    elif before is None:
        _leave_tombstone(owner_ref, now=now)


@db.transaction_required
def extend(*, owner_ref: int, expires_at: datetime) -> None:
    """Move the backstop of a pending hold later, with the deadline of its owner. Never earlier. Locks: the hold."""
    locks.note_lock(Rank.STOCK_HOLD, owner_ref)
    pending = models.StockHold.objects.filter(owner_ref=owner_ref, status=HoldStatus.PENDING)
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
    _give_back(owner_ref, now=now, reason="expired")
    log.warning("hold_expired_by_backstop", owner_ref=owner_ref)
    return True


_RESOLVE = Update(
    lambda owners, status, now: (
        models.StockHold.objects.filter(pk__in=owners, status=HoldStatus.PENDING),
        {"status": status, "resolved_at": now},
    )
)
_STATUS = Select(lambda owner: models.StockHold.objects.filter(pk=owner).values_list("status", flat=True))
_PENDING_LINES = Select(
    lambda holds: models.StockHoldLine.objects.filter(hold__owner_ref__in=holds, quantity__gt=F("voided")).order_by(
        "id"
    ),
    by="hold_id",
)
_POST_LINES = Update(
    lambda holds: (
        models.StockHoldLine.objects.filter(hold__owner_ref__in=holds),
        {"posted": F("quantity") - F("voided")},
    )
)
#: The lines of which nothing was given back.
_POST_WHOLE_LINES = Update(
    lambda holds: (models.StockHoldLine.objects.filter(hold__owner_ref__in=holds, voided=0), {"posted": F("quantity")})
)


def _resolve(owner_ref: int, status: HoldStatus, *, now: datetime) -> str | None:
    """Compare and set. Returns what the hold was: PENDING means that it is resolved now, None that there is none.

    A hold that comes between the two statements is seen pending by the second one, and resolved in the next round.
    """
    states.HOLD.check(HoldStatus.PENDING, status)
    locks.note_lock(Rank.STOCK_HOLD, owner_ref)
    while not _RESOLVE(owners=(owner_ref,), status=status, now=now):
        before = _STATUS.find(owner=owner_ref)
        if before != HoldStatus.PENDING:
            return before
    return HoldStatus.PENDING


def _list_pending(*owner_refs: int) -> list[Move]:
    """What is left of each line of holds that were pending until now."""
    return [Move(line=line, quantity=line.quantity - line.voided) for line in _PENDING_LINES(holds=owner_refs)]


def know_pending(owner_ref: int, lines: Sequence[models.StockHoldLine]) -> None:
    """Let the lines of a hold be known, of which nothing was given back."""
    _PENDING_LINES.know(owner_ref, lines)


def _give_back(owner_ref: int, *, now: datetime, reason: str = "") -> None:
    moves = _list_pending(owner_ref)
    models.StockHoldLine.objects.filter(hold_id=owner_ref).update(voided=F("quantity"))
    move(MovementKind.VOIDED, moves, now=now, reason=reason)


def _leave_tombstone(owner_ref: int, *, now: datetime) -> None:
    try:
        with db.savepoint():
            models.StockHold.objects.create(
                owner_ref=owner_ref,
                status=HoldStatus.VOIDED,
                clock=clock.clock_name(),
                opened_at=now,
                resolved_at=now,
            )
    except IntegrityError:
        void(owner_ref=owner_ref, now=now)  # the hold came between the look and the insert
