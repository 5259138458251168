"""The one place where rows are locked, always in one order.

# Note [Lock order]
Two transactions that take the same locks in opposite orders deadlock. So every lock has a rank, ranks are taken in
ascending order, and rows of one rank in the order of their keys. New rows are inserted before the first contended
lock where they can be; the hottest row (stock) comes last and is held for one statement.

The order is asserted on every lock of every transaction, in production too: an inversion is a programming error that
would otherwise show itself as a deadlock on the busiest evening of the year.

# Note [Just written]
A request that has just committed new rows has them in memory, and most likely nobody has touched them since. Its next
transaction may know them without locking and reading them first (`JustWritten`), where it gathers its changes: each
compares what it found (a version, a state) with what is there, which takes the lock, and they are sent in the order of
the locks (`tradecore.db.change_in_order`). Where anything differs, that transaction is undone, and the flow begins
again by locking and reading. Until they are sent nothing is locked, so nothing may be read either that others change.
Rows are known to one attempt only: it leaves them as it would have them.
"""

import functools
from collections.abc import Callable, Collection, Iterable
from contextvars import ContextVar
from enum import IntEnum
from typing import Any, TypeVar, cast

from django.db.models import Model, QuerySet

from tradecore.prepared import Select

RowT = TypeVar("RowT", bound=Model)
Key = tuple[Any, ...]
#: Lets the rows of one room be known to the running transaction.
Know = Callable[[], None]


class Rank(IntEnum):
    """What is locked before what."""

    APPROVAL = 5
    PURCHASE = 10
    ORDER = 20
    PACKAGE = 25
    CASE = 27
    PAYMENT = 30
    REFUND = 40
    PROMOTION = 50
    PROMOTION_USE = 60
    STOCK_HOLD = 70
    STOCK = 80
    SETTLEMENT = 90
    ACCOUNT = 100
    SERIES = 110
    REVISION = 120


class LockOrderInverted(AssertionError):
    """A lock was asked for after one that must come later. See Note [Lock order]."""


class _HeldLocks:
    """The locks of one transaction: what is held, and the highest (rank, key) so far."""

    def __init__(self) -> None:
        self.held: set[tuple[Rank, Key]] = set()
        self.highest: tuple[Rank, Key] | None = None
        self.rows: dict[tuple[Rank, int], Model] = {}
        self.children: dict[tuple[Rank, int], list[Model]] = {}


_current: ContextVar[_HeldLocks | None] = ContextVar("locks", default=None)


def begin() -> Any:
    """Start the record of a new transaction. Called by `tradecore.db.use_case` only."""
    return _current.set(_HeldLocks())


def end(token: Any) -> None:
    _current.reset(token)


def note_lock(rank: Rank, *key: Any) -> None:
    """Say that the next statement locks the row `key` of `rank`: an UPDATE, or a SELECT ... FOR UPDATE.

    Taking again what is held already is free. Raises LockOrderInverted.
    """
    ledger = _current.get()
    if ledger is None:
        return
    lock = (rank, key)
    if lock in ledger.held:
        return
    if ledger.highest is not None and lock < ledger.highest:
        raise LockOrderInverted(f"{rank.name} {key} asked for after {ledger.highest[0].name} {ledger.highest[1]}")
    ledger.held.add(lock)
    ledger.highest = lock


def lock_rows(rank: Rank, model: type[RowT], ids: Iterable[int]) -> list[RowT]:
    """Lock rows of one table by primary key, in key order, with one statement; those that do not exist are left out.

    A row that this transaction has locked before is the same object again, without a statement: nobody else can have
    changed it.
    """
    wanted = sorted(set(ids))
    for pk in wanted:
        note_lock(rank, pk)
    remembered = _remembered(rank, wanted)
    missing = [pk for pk in wanted if pk not in remembered]
    if missing:
        for row in _locking(model)(pks=tuple(missing)):
            remembered[row.pk] = _remember(rank, row)
    return [remembered[pk] for pk in wanted if pk in remembered]


def lock_row(rank: Rank, model: type[RowT], pk: int) -> RowT | None:
    """Lock one row by primary key; None if it does not exist."""
    return next(iter(lock_rows(rank, model, [pk])), None)


def lock_children(rank: Rank, children: Select[RowT], *, of: int) -> list[RowT]:
    """Lock the few rows that hang on row `of`, which is locked already, in key order, with one statement.

    `children` is given `of`, and made by `locking_children`. Their parent's lock is what keeps others out; the order of
    theirs is asserted as ever, and as with `lock_rows` they are asked for once per transaction.
    """
    ledger = _current.get()
    if ledger is not None and (rank, of) in ledger.children:
        return cast(list[RowT], ledger.children[rank, of])
    found = children(of=(of,))
    for row in found:
        note_lock(rank, row.pk)
    locked = [_remember(rank, row) for row in found]
    if ledger is not None:
        ledger.children[rank, of] = cast(list[Model], locked)
    return locked


def lock_children_of_many(rank: Rank, children: Select[RowT], *, of: Collection[int]) -> list[RowT]:
    """Lock the few rows that hang on each of many rows, which are locked already, with one statement.

    `lock_children` finds those of each of them without one.
    """
    found = sorted(children.read_ahead(of=set(of)), key=lambda row: row.pk)
    for row in found:
        note_lock(rank, row.pk)
    return found


class JustWritten:
    """What lets rows that have just been committed be known to the next transaction; see Note [Just written]."""

    def __init__(self, *know: Know) -> None:
        self._know = know

    def become_known(self) -> bool:
        """Whether the rows are known to this transaction now: once, and never again."""
        know, self._know = self._know, ()
        for each in know:
            each()
        return bool(know)


def know_row(rank: Rank, row: Model) -> None:
    """Let a row that was just written be the one that `lock_row` finds."""
    note_lock(rank, row.pk)
    _remember(rank, row)


def locking_children(rows: Callable[[Any], QuerySet[RowT]], *, by: str) -> Select[RowT]:
    """The rows that hang on others, given a tuple of those, as `lock_children` locks them. by: the column that says on
    which.

    They must not join: MariaDB has no FOR UPDATE OF and would lock the joined rows too.
    """
    return Select(lambda of: rows(of).order_by("pk").select_for_update(), by=by)


@functools.cache
def _locking(model: type[RowT]) -> Select[RowT]:
    rows = model._default_manager  # noqa: SLF001 - documented for any model
    return Select(lambda pks: rows.filter(pk__in=pks).order_by("pk").select_for_update())


def _remembered(rank: Rank, pks: Iterable[int]) -> dict[int, Any]:
    ledger = _current.get()
    return {} if ledger is None else {pk: ledger.rows[rank, pk] for pk in pks if (rank, pk) in ledger.rows}


def _remember(rank: Rank, row: RowT) -> RowT:
    """The row, or the object that this transaction knows it by already."""
    ledger = _current.get()
    if ledger is None:
        return row
    return cast(RowT, ledger.rows.setdefault((rank, row.pk), row))
