"""The words for transactions. `transaction.atomic` is written nowhere else.

`use_case` opens the one durable transaction and retries what the database asks to be retried; `transaction_required`
marks what runs below it; `savepoint` guards a statement that may fail; `assert_no_transaction` is the first line of
everything that talks to the network.

# Note [Retries]
After 1213 (deadlock) and 1020 (changed since read) the server has discarded the whole transaction, and with
innodb_rollback_on_timeout the same is true of 1205 (lock wait timeout). Going on would commit half a story, so nothing
below catches them: the use case starts again from the top, a bounded number of times, out of a budget, and not past its
deadline. A request of the web does not wait for a lock twice: 1205 is answered with Busy at once, and so is a statement
that the server has ended because it took too long, which would take as long again. A connection that is lost before
COMMIT is replaced once; one that is lost during COMMIT leaves the outcome unknown: only the idempotency key can tell.
"""

import functools
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, ParamSpec, TypeVar

from django.db import DatabaseError, connection, transaction
from django.db.models import Model

from tradecore import locks, metrics, prepared, refused_writes, worker_leases
from tradecore.deadlines import time_left
from tradecore.errors import Kind, Refusal
from tradecore.retry_budget import RetryBudget
from tradecore.worlds import ByWorld

P = ParamSpec("P")
R = TypeVar("R")
Companion = Callable[[Any], None]

_DISCARDED = frozenset({1213, 1020})
_LOCK_WAIT_TIMEOUT = 1205
_CONNECTION_LOST = frozenset({2006, 2013, 2055, 1053, 1927, 4031})
_UNREACHABLE = frozenset({1040, 1203, 2002, 2003})
#: The server has ended a statement that took longer than this session's statements may: MariaDB's number, and MySQL's.
_TOOK_TOO_LONG = frozenset({1969, 3024})
#: Why a transaction is begun again, for those who count. A number that is not here is SQLite's.
_WHY: dict[int | None, str] = {1213: "deadlock", 1020: "changed_since_read", 1205: "lock_wait"}
_PAUSES_S = (0.010, 0.040, 0.160)

#: See Note [Retry budgets].
RETRIES = ByWorld(lambda: RetryBudget(share=0.1, per_second=10, reserve=100))
metrics.RETRIES_LEFT.read_from(lambda: {("transactions",): RETRIES.get().left()})


@dataclass
class Busy(Refusal):
    """The database asked to try again and still does; nothing was changed."""

    code = "database.busy"
    kind = Kind.UNAVAILABLE
    title = "Too much is going on at once. Try again in a moment."

    retry_after: int = 1


@dataclass
class OutcomeUnknown(Refusal):
    """The connection was lost while the transaction was being committed: it may or may not have been."""

    code = "database.outcome_unknown"
    kind = Kind.UNAVAILABLE
    title = "The outcome is not known yet. Repeat the request with the same Idempotency-Key."

    retry_after: int = 1


class RowMoved(AssertionError):
    """A row was not as this transaction, which should have locked it, believed it to be."""


@dataclass(frozen=True, eq=False)
class Check:
    """question: what is read of the rows of these keys. judge: is given the keys and what was found, and raises."""

    question: Callable[[Sequence[int]], prepared.Statement]
    judge: Callable[[Sequence[int], Sequence[Any]], None]


@dataclass(frozen=True)
class _Step:
    """Statements that are sent with others, and what is concluded from their answers."""

    statements: Sequence[prepared.Statement]
    conclude: Callable[[Sequence[Any]], None]


@dataclass
class _Transaction:
    """What one use case's transaction carries until its commit."""

    pending: dict[type[Model], list[Model]] = field(default_factory=dict)
    checks: dict[Check, list[int]] = field(default_factory=dict)
    changes: dict[type[Model], list[prepared.Change]] = field(default_factory=dict)
    refusals: dict[type[Model], type[Refusal]] = field(default_factory=dict)
    gathers: bool = False


_transaction: ContextVar[_Transaction | None] = ContextVar("transaction", default=None)
_companions: ContextVar[tuple[Companion, ...]] = ContextVar("companions", default=())
_web: ContextVar[bool] = ContextVar("web", default=False)


def use_case(function: Callable[P, R]) -> Callable[P, R]:
    """Run the function in the one durable transaction of its use case; retry by Note [Retries].

    Refuses: Busy (nothing was changed), OutcomeUnknown (COMMIT was sent and not answered).
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        assert_no_transaction()
        worker_leases.ensure()
        companions = _companions.get()
        emptied = _companions.set(())
        try:
            return _with_retries(lambda: _once(lambda: function(*args, **kwargs), companions))
        finally:
            _companions.reset(emptied)

    return run


@contextmanager
def alongside(companion: Companion) -> Iterator[None]:
    """Let the companion run in the transaction of a use case that the block calls, with its result, before the commit.

    Each use case that the block calls runs it anew. For the records that must stand or fall with the effect and of
    which the use case knows nothing: the inbox row of the event that it handles, the timer that fired it, the outcome
    of its idempotency key.
    """
    token = _companions.set((*_companions.get(), companion))
    try:
        yield
    finally:
        _companions.reset(token)


@contextmanager
def companions_aside() -> Iterator[tuple[Companion, ...]]:
    """Take the companions away for the block, for whoever lets each of them run with a result of its own."""
    companions = _companions.get()
    token = _companions.set(())
    try:
        yield companions
    finally:
        _companions.reset(token)


def transaction_required(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a function that only makes sense inside the transaction of a use case."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if _transaction.get() is None:
            raise AssertionError(f"{function.__qualname__} runs inside a use case only")
        return function(*args, **kwargs)

    return run


def assert_no_transaction() -> None:
    """First line of whatever opens a use case or talks to the network: no lock may be held meanwhile."""
    if _transaction.get() is not None:
        raise AssertionError("a use case is open: commit first, then call")


@contextmanager
def savepoint() -> Iterator[None]:
    """Guard statements that may fail on a constraint without losing the transaction. Never for 1213."""
    with _waiting_undone(), transaction.atomic():
        yield


@contextmanager
def attempt() -> Iterator[None]:
    """Let what waits be as it was before, if the block is refused: for a block that only reads and lets rows wait."""
    with _waiting_undone():
        yield


@contextmanager
def _waiting_undone() -> Iterator[None]:
    current = _current()
    waiting: list[dict[Any, list[Any]]] = [current.pending, current.checks, current.changes]
    marks = [{key: len(items) for key, items in group.items()} for group in waiting]
    try:
        yield
    except BaseException:
        for group, marked in zip(waiting, marks, strict=True):
            for key, items in group.items():
                del items[marked.get(key, 0) :]
        raise


@contextmanager
def read_only_snapshot() -> Iterator[None]:
    """Let every statement of the block see one moment, whatever is committed meanwhile, and let none of them write.

    Not inside a use case, whose statements must see what is true now. A transaction that is open around everything, as
    in a test, is a moment of its own already.
    """
    assert_no_transaction()
    if connection.in_atomic_block or not connection.get_autocommit():
        yield
        return
    begin = {
        "mysql": [
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        ],
        "sqlite": ["PRAGMA query_only = ON", "BEGIN DEFERRED"],
    }
    end = {"mysql": ["ROLLBACK"], "sqlite": ["ROLLBACK", "PRAGMA query_only = OFF"]}
    with connection.cursor() as cursor:
        for statement in begin[connection.vendor]:
            cursor.execute(statement)
        try:
            yield
        finally:
            for statement in end[connection.vendor]:
                cursor.execute(statement)


@contextmanager
def rehearsal() -> Iterator[None]:
    """Undo at the end of the block whatever its use cases have committed.

    For a scratch database that is this process's own: what was touched stays locked until then. No statement of the
    block may define tables or triggers, because MariaDB commits with those.
    """
    assert_no_transaction()
    connection.ensure_connection()
    connection.set_autocommit(False)
    try:
        if connection.vendor == "sqlite":  # whose driver would begin with the first INSERT only
            with connection.cursor() as cursor:
                cursor.execute("BEGIN")
        yield
    finally:
        connection.rollback()
        connection.set_autocommit(True)


def insert_later(*rows: Model) -> None:
    """Insert the rows in bulk, one statement per table, at the next `insert_pending` or just before the commit."""
    pending = _current().pending
    for row in rows:
        pending.setdefault(type(row), []).append(row)


def gather() -> None:
    """Let changes of locked rows wait as well, from now on: of this transaction, nothing reads back what it changes."""
    _current().gathers = True


def change_in_order(*models: type[Model]) -> None:
    """Let changes of rows of these tables be made in this order when they have waited: that of the locks.

    Until the next `insert_pending`. A second change of one row lets those of its table be made before it comes.
    """
    for model in models:
        _current().changes.setdefault(model, [])


def change(
    model: type[Model],
    pk: int | str,
    *,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    refusal: type[Refusal] | None = None,
) -> None:
    """Change one row that this transaction has locked, and which still has the values of `before`: at once, or in a
    transaction that gathers with the rows that wait. Raises RowMoved; later, where it waits.

    refusal: what is raised instead, for rows of a table that others may move; the same for all of that table.
    `pk` is the key. Whoever reads the row back in a transaction that gathers reads what was, unless it is the object
    that the change was made on, until `insert_pending`.
    """
    current, made = _current(), prepared.Change(pk, before, after)
    if refusal is not None:
        current.refusals[model] = refusal
    if not current.gathers:
        _make_changes(model, [made])
        return
    waiting = current.changes.setdefault(model, [])
    if any(each.pk == pk for each in waiting):
        _make_changes(model, tuple(waiting))
        waiting.clear()
    waiting.append(made)


def _make_changes(model: type[Model], changes: Sequence[prepared.Change]) -> None:
    _check_found(model, changes, [prepared.change(model, changes)])


def _check_found(model: type[Model], changes: Sequence[prepared.Change], counts: Sequence[int]) -> None:
    if sum(counts) == len(changes):
        return
    moved = RowMoved(f"{model.__name__} {', '.join(str(each.pk) for each in changes)}")
    if refusal := _current().refusals.get(model):
        raise refusal from moved
    raise moved


def insert_pending(*afterwards: prepared.Statement) -> list[Any]:
    """Write what waits, and check it, now: the last call before a contended lock, so that it is held for less.

    Statements that are to follow are sent with it (Note [Sent together] of `tradecore.prepared`); returns their
    answers.
    """
    steps = _take_waiting(_current())
    answers = iter(prepared.send(*(each for step in steps for each in step.statements), *afterwards))
    for step in steps:
        step.conclude(list(islice(answers, len(step.statements))))
    return list(answers)


def _take_waiting(current: _Transaction) -> list[_Step]:
    """What waits, which then waits no more: changes, then new rows, then what is checked of them."""
    changes, pending, checks = dict(current.changes), dict(current.pending), dict(current.checks)
    for taken in (current.changes, current.pending, current.checks):
        taken.clear()
    return [
        *(_Step(prepared.changing(model, of), partial(_check_found, model, of)) for model, of in changes.items()),
        *(_Step(prepared.inserts(rows), partial(_note_inserted, rows)) for rows in pending.values()),
        *(_Step([check.question(keys)], partial(_judge, check, keys)) for check, keys in checks.items() if keys),
    ]


def _note_inserted(rows: Sequence[Model], _counts: Sequence[int]) -> None:
    prepared.note_inserted(rows)


def _judge(check: Check, keys: Sequence[int], answers: Sequence[Any]) -> None:
    check.judge(keys, *answers)


def check_inserted(check: Check, key: int) -> None:
    """Let the check look at what stands under `key` once what waits is inserted: once for all keys, before the commit.

    What it raises undoes the transaction. For sums that no constraint of a row can hold.
    """
    _current().checks.setdefault(check, []).append(key)


@contextmanager
def web_request() -> Iterator[None]:
    """Mark the block as a request that somebody waits for: a lock that is not had in time is Busy at once."""
    token = _web.set(True)
    try:
        yield
    finally:
        _web.reset(token)


def current_attempt() -> object:
    """What stands for the running attempt of a use case: another object for each retry."""
    return _current()


def is_unreachable(error: DatabaseError) -> bool:
    """Whether the error says that the database cannot be had at all, or was lost on the way."""
    return _number(error) in _UNREACHABLE | _CONNECTION_LOST


def is_passing(error: DatabaseError) -> bool:
    """Whether the error says nothing of what was asked, only that the database cannot do it now."""
    return is_unreachable(error) or _number(error) in _TOOK_TOO_LONG


def _current() -> _Transaction:
    current = _transaction.get()
    if current is None:
        raise AssertionError("there is no use case open")
    return current


def _once(body: Callable[[], R], companions: tuple[Companion, ...]) -> R:
    """One attempt: open, run, let the companions join, insert what waits, commit."""
    locks_token, ahead_token = locks.begin(), prepared.begin()
    token = _transaction.set(_Transaction())
    commit_sent, outcome, started = False, "rolled_back", time.perf_counter()
    try:
        with transaction.atomic(durable=True):
            result = body()
            for companion in companions:
                companion(result)
            insert_pending()
            if transaction.get_rollback():  # Django would undo everything, and say nothing
                raise AssertionError("what failed was caught without a savepoint: nothing can be committed any more")
            commit_sent = True
        outcome = "committed"
    except DatabaseError as error:
        if commit_sent and (_came_from_a_lost_connection(error) or _number(error) in _TOOK_TOO_LONG):
            _drop_connection()
            outcome = "unknown"
            raise OutcomeUnknown from error
        raise
    finally:
        _transaction.reset(token)
        prepared.end(ahead_token)
        locks.end(locks_token)
        metrics.TRANSACTIONS.add(outcome)
        metrics.TRANSACTION_TIME.observe(seconds=time.perf_counter() - started)
    return result


def _drop_connection() -> None:
    """Let the next statement connect anew, whatever Django believes of the connection that was lost.

    One that is lost while a transaction begins, or again while it is made anew, is left as in the middle of a block, or
    without autocommit: closing it would then close it for good, and what comes next would not be committed.
    """
    connection.in_atomic_block = connection.closed_in_transaction = False
    connection.close()


def _with_retries(attempt: Callable[[], R]) -> R:
    reconnected = False
    RETRIES.get().earn()
    for pause in (*_PAUSES_S, None):
        try:
            return attempt()
        except DatabaseError as error:
            refused_writes.notice(error)
            number = _number(error)
            if number in _CONNECTION_LOST:
                _drop_connection()
            lost = number in _CONNECTION_LOST and not reconnected
            if not (lost or number in _UNREACHABLE | _TOOK_TOO_LONG or _asks_for_retry(error, number)):
                raise
            why_not = _why_not_again(number, pause)
            if why_not or pause is None:
                metrics.BUSY.add(why_not)
                raise Busy from error
            metrics.TRANSACTION_RETRIES.add("connection_lost" if lost else _WHY.get(number, "locked"))
            reconnected = reconnected or lost
        time.sleep(random.uniform(0, pause))  # noqa: S311 - jitter, not a secret
    raise AssertionError("unreachable: the last attempt returns or raises")


def _why_not_again(number: int | None, pause: float | None) -> str:
    """Why a transaction is not begun again after this error, in one word; empty where it is. Spends a retry."""
    if number in _UNREACHABLE:
        return "unreachable"
    if number in _TOOK_TOO_LONG:
        return "took_too_long"
    if pause is None or (number == _LOCK_WAIT_TIMEOUT and _web.get()):
        return _WHY.get(number, "locked")
    if time_left(at_most=pause) < pause:
        return "deadline"
    return "" if RETRIES.get().spend() else "retry_budget"


def _asks_for_retry(error: DatabaseError, number: int | None) -> bool:
    return number in _DISCARDED or number == _LOCK_WAIT_TIMEOUT or "database is locked" in str(error)


def _came_from_a_lost_connection(error: BaseException | None) -> bool:
    """Whether it is one, or came of one: Django connects anew at once, and what is heard is that there is no server."""
    while error is not None and _number(error) not in _CONNECTION_LOST:
        error = error.__context__
    return error is not None


def _number(error: BaseException) -> int | None:
    """The server's error number, where there is one (SQLite has none)."""
    return error.args[0] if error.args and isinstance(error.args[0], int) else None
