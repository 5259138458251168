"""What happens to single lines of a hold: pieces are given back, leave the house, or come back to it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Case, F, When

from apps.inventory import models
from apps.inventory.contracts import HoldStatus, MovementKind
from apps.inventory.errors import MoreThanHeld
from apps.inventory.services.movements import Move, move
from tradecore import db, locks
from tradecore.errors import NotFound
from tradecore.locks import Rank

#: (line_ref, pieces)
Pieces = tuple[int, int]


@db.transaction_required
def release(*, owner_ref: int, lines: Iterable[Pieces], reason: str, now: datetime) -> None:
    """Give pieces back to what is for sale: a pending hold shrinks; of a posted one, what has not been shipped returns.

    Of a hold that is gone nothing is left to give back, and nothing happens.
    Refuses, in this order: NotFound (no such hold), MoreThanHeld.
    Locks: the hold, then stock by (SKU, warehouse, bucket).
    """
    status = _lock_hold(owner_ref)
    if status == HoldStatus.PENDING:
        _move_lines(MovementKind.VOIDED, owner_ref, lines, reason=reason, now=now)
    elif status == HoldStatus.POSTED:
        _move_lines(MovementKind.RELEASED, owner_ref, lines, reason=reason, now=now)


@db.transaction_required
def ship(*, owner_ref: int, lines: Iterable[Pieces], now: datetime) -> None:
    """Let pieces that are paid for leave the house.

    Refuses, in this order: NotFound (no such hold), MoreThanHeld (of a hold that is not posted, 0 are left).
    Locks: the hold, then stock by (SKU, warehouse, bucket).
    """
    _lock_hold(owner_ref)
    _move_lines(MovementKind.SHIPPED, owner_ref, lines, reason="", now=now)


@db.transaction_required
def take_back(*, owner_ref: int, lines: Iterable[Pieces], reason: str, now: datetime) -> None:
    """Put pieces that had left the house, and came back fit for sale, on their shelf again.

    Refuses, in this order: NotFound (no such hold), MoreThanHeld.
    Locks: the hold, then stock by (SKU, warehouse, bucket).
    """
    _lock_hold(owner_ref)
    _move_lines(MovementKind.RETURNED, owner_ref, lines, reason=reason, now=now)


def _lock_hold(owner_ref: int) -> str:
    """Its status as it is now, also where this transaction has resolved the hold itself. Refuses: NotFound."""
    locks.note_lock(Rank.STOCK_HOLD, owner_ref)
    rows = models.StockHold.objects.filter(pk=owner_ref).select_for_update()
    status = rows.values_list("status", flat=True).first()
    if status is None:
        raise NotFound(what="stock hold")
    return status


def _move_lines(kind: MovementKind, owner_ref: int, lines: Iterable[Pieces], *, reason: str, now: datetime) -> None:
    moves = _plan(kind, owner_ref, _sum_up(lines))
    if not moves:
        return
    # RELEASED pieces count in the column `released`, and so on.
    counter = kind.lower()
    added = Case(*(When(pk=each.line.pk, then=F(counter) + each.quantity) for each in moves))
    models.StockHoldLine.objects.filter(pk__in=[each.line.pk for each in moves]).update(**{counter: added})
    move(kind, moves, now=now, reason=reason)


def _sum_up(lines: Iterable[Pieces]) -> Counter[int]:
    asked: Counter[int] = Counter()
    for line_ref, quantity in lines:
        if quantity < 1:
            raise ValueError(f"{quantity} pieces cannot move")
        asked[line_ref] += quantity
    return asked


def _plan(kind: MovementKind, owner_ref: int, asked: Counter[int]) -> list[Move]:
    """Divide what is asked over the parts of each line. Refuses: MoreThanHeld."""
    rows = list(models.StockHoldLine.objects.filter(hold_id=owner_ref, line_ref__in=asked).order_by("id"))
    moves: list[Move] = []
    for line_ref, quantity in sorted(asked.items()):
        parts = [row for row in rows if row.line_ref == line_ref]
        left = sum(_left(kind, part) for part in parts)
        if quantity > left:
            raise MoreThanHeld(line_ref=line_ref, asked=quantity, left=left)
        moves += _spread(kind, parts, quantity)
    return moves


def _spread(kind: MovementKind, parts: Sequence[models.StockHoldLine], quantity: int) -> Iterable[Move]:
    """What was taken first is shipped first; what was taken last is given back first."""
    for part in parts if kind is MovementKind.SHIPPED else reversed(parts):
        moved = min(quantity, _left(kind, part))
        if moved:
            yield Move(line=part, quantity=moved)
            quantity -= moved


def _left(kind: MovementKind, part: models.StockHoldLine) -> int:
    """How many pieces may still move in this way."""
    if kind is MovementKind.VOIDED:
        return part.quantity - part.voided - part.posted
    if kind is MovementKind.RETURNED:
        return part.shipped - part.returned
    return part.posted - part.released - part.shipped
