"""What a process remembers of a few rows that operators change, and hears of within two seconds.

# Note [Revisions]
Live settings and switches are read by every request and changed a few times a day. So each process keeps them in its
memory, and reading them asks nobody. Whoever changes them counts their revision up in the same transaction; one thread
of each process reads all revisions twice a second, in one statement, and what is behind is loaded anew. That holds the
promise of two seconds with a loaded machine between.

Each world has its own memory (Note [Remembered by world] of `tradecore.worlds`); the thread keeps that of the real one.

While the database does not answer, what was read last goes on serving. A process without that thread (a command, a
test) loads what it needs at its first question, and sees its own changes at once.
"""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog
from django.db import close_old_connections
from django.db.models import F

from tradecore import db
from tradecore.locks import Rank, note_lock
from tradecore.models import Revision
from tradecore.worlds import ByWorld

log = structlog.get_logger()

V = TypeVar("V")

LOOK_EVERY_S = 0.5

#: No revision: what is kept is served to whoever only peeks, until it is read again.
_FORGOTTEN = -1

_all: "dict[str, Watched[Any]]" = {}
_watcher: "_Watcher | None" = None


@dataclass(frozen=True, slots=True)
class _Kept(Generic[V]):
    revision: int
    value: V


class _Memory(Generic[V]):
    """What one world keeps of a value; nothing before it was read."""

    kept: _Kept[V] | None = None


class Watched(Generic[V]):
    """One value that is loaded from the database when its revision has moved, and never by who reads it.

    `name` is the name of the revision; `empty` is what `load` returns for empty tables.
    """

    def __init__(self, name: str, *, load: Callable[[], V], empty: V) -> None:
        self.name = name
        self._load = load
        self._empty = empty
        self._memory: ByWorld[_Memory[V]] = ByWorld(_Memory)
        _all[name] = self

    def get(self) -> V:
        """The value as it was read last. Asks the database only where this process has not read it, or changed it."""
        kept = self._memory.get().kept
        if kept is None or kept.revision == _FORGOTTEN:
            kept = self._read(_read_revisions().get(self.name, 0))
        return kept.value

    def peek(self) -> V:
        """The value as it was read last, empty where it never was: asks nobody, whatever has happened."""
        kept = self._memory.get().kept
        return self._empty if kept is None else kept.value

    def catch_up(self, revision: int) -> None:
        """Load the value anew if it is not of this revision."""
        kept = self._memory.get().kept
        if kept is None or kept.revision != revision:
            self._read(revision)

    def forget(self) -> None:
        """Load the value anew at the next question: this process has changed it."""
        memory = self._memory.get()
        if memory.kept is not None:
            memory.kept = _Kept(_FORGOTTEN, memory.kept.value)

    def be_empty(self) -> None:
        """Know that the tables are empty: for tests, whose rows go away behind its back."""
        self._memory.forget()
        self._memory.get().kept = _Kept(0, self._empty)

    def _read(self, revision: int) -> _Kept[V]:
        """The revision was read before: what is loaded may be newer, and is then loaded once more."""
        self._memory.get().kept = kept = _Kept(revision, self._load())
        return kept


@db.transaction_required
def count_up(name: str) -> int:
    """The next revision: of everything that is changed under this name, one at a time. Locks: the revision."""
    note_lock(Rank.REVISION, name)
    Revision.objects.get_or_create(name=name)
    Revision.objects.filter(name=name).update(number=F("number") + 1)
    return Revision.objects.values_list("number", flat=True).get(name=name)


def look() -> None:
    """Load what has changed since it was read."""
    revisions = _read_revisions()
    for watched in _all.values():
        watched.catch_up(revisions.get(watched.name, 0))


def watch(*also: Callable[[], None]) -> None:
    """Keep this process up to date from now on, by a thread of its own. Called where a process begins to work.

    also: what else that thread does at each look.
    """
    global _watcher  # noqa: PLW0603 - one thread per process is the point
    if _watcher is None or _watcher.pid != os.getpid():
        _watcher = _Watcher(*also)
        _watcher.start()


def be_empty() -> None:
    """Know that all of the tables are empty: for tests."""
    for watched in _all.values():
        watched.be_empty()


def _read_revisions() -> dict[str, int]:
    return dict(Revision.objects.values_list("name", "number"))


class _Watcher:
    """The thread of one process. A fork does not take it along, so it knows which process it is of."""

    def __init__(self, *also: Callable[[], None]) -> None:
        self.pid = os.getpid()
        self._looks = (look, *also)
        self._silent: set[Callable[[], None]] = set()
        self._thread = threading.Thread(target=self._watch, name="revisions", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _watch(self) -> None:
        pause = threading.Event()
        while True:
            close_old_connections()  # also the one that the last look may have lost
            self._look()
            pause.wait(LOOK_EVERY_S)

    def _look(self) -> None:
        for each in self._looks:
            self._try(each)

    def _try(self, a_look: Callable[[], None]) -> None:
        """One look. What goes wrong is logged, once until it goes right, and what was read last goes on serving."""
        try:
            a_look()
        except Exception:  # whatever it is, a process that looks no more would never hear of anything again
            if a_look not in self._silent:
                log.exception("revisions_unreadable", look=a_look.__module__)
            self._silent.add(a_look)
        else:
            if a_look in self._silent:
                log.warning("revisions_read_again", look=a_look.__module__)
            self._silent.discard(a_look)
