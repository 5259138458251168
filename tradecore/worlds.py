"""Two worlds in one process: the real one, and the shadow in which a stress test lives.

# Note [The shadow]
The shadow is a database of its own on the same server (`shadow_name`), with the same tables. What enters it, for
exactly as long as the block, has the shadow's connection in the place of this thread's; so everything that goes through
Django's `connection` reads and writes there, and costs the real server what it would cost in earnest. A thread that is
started meanwhile begins in the real world.

# Note [Remembered by world]
What a process remembers of the tables, or of outsiders, it remembers by world (`ByWorld`): a run of the shadow neither
reads what was remembered in earnest nor leaves anything behind there, and begins with an empty memory. What leads
outside leads elsewhere from the shadow (`tradecore.extensions`). What both worlds share, and why that is safe, is
listed in decision 36.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Generic, TypeVar

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

V = TypeVar("V")

REAL = ""
SUFFIX = "_shadow"
#: The longest name of a schema of MariaDB and MySQL.
_NAME_LENGTH_MAX = 64

#: The run of the shadow that the running code is in.
_run: ContextVar[str] = ContextVar("shadow_run", default=REAL)


class _Kept(threading.local):
    """The connections of one thread: to the shadow, of which run that is; and the real one, while it stands aside."""

    shadow: BaseDatabaseWrapper | None = None
    shadow_run: str = REAL
    real: BaseDatabaseWrapper | None = None


_kept = _Kept()


def current() -> str:
    """The run of the shadow that the running code is in; REAL in the real world."""
    return _run.get()


def is_shadow() -> bool:
    return _run.get() != REAL


def marked(name: str) -> str:
    """The name of something that is kept where both worlds keep theirs: another one in the shadow."""
    return f"shadow:{name}" if is_shadow() else name


class ByWorld(Generic[V]):
    """One value of the real world, and one of the latest run of the shadow. See Note [Remembered by world]."""

    def __init__(self, make: Callable[[], V]) -> None:
        self._make = make
        self._real = make()
        self._shadow: tuple[str, V] = (REAL, self._real)

    def get(self) -> V:
        """The value of the world that asks."""
        run = _run.get()
        if run == REAL:
            return self._real
        shadow = self._shadow
        if shadow[0] != run:
            self._shadow = shadow = (run, self._make())
        return shadow[1]

    def forget(self) -> None:
        """Make both anew."""
        self._real = self._make()
        self._shadow = (REAL, self._real)


def shadow_name(name: str | Path) -> str:
    """The name of the shadow of the database of that name: another schema of its server, or a file beside it."""
    path = Path(name)
    if path.suffix:
        return str(path.with_stem(path.stem + SUFFIX))
    return f"{str(name)[: _NAME_LENGTH_MAX - len(SUFFIX)]}{SUFFIX}"


@contextmanager
def shadow(run: str) -> Iterator[None]:
    """Let this thread live in a run of the shadow until the end of the block. No transaction may be open.

    Nothing is connected yet: the first statement is refused by the server where there is no shadow.
    """
    assert run != REAL, "a run has a name"
    assert not is_shadow(), "a shadow has no shadow"
    real = connections["default"]
    there = _connection_to(run, real)
    token = _run.set(run)
    _kept.real = real
    connections["default"] = there
    try:
        yield
    finally:
        connections["default"] = real
        _kept.real = None
        _run.reset(token)
        _tidy(there)


@contextmanager
def real() -> Iterator[None]:
    """Let what is about the process itself, and not about a world, happen in the real one."""
    aside = _kept.real
    if aside is None:
        yield
        return
    there = connections["default"]
    token = _run.set(REAL)
    _kept.real = None
    connections["default"] = aside
    try:
        yield
    finally:
        connections["default"] = there
        _kept.real = aside
        _run.reset(token)


def close_shadow() -> None:
    """Close this thread's connection to the shadow, if it has one."""
    if _kept.shadow is not None:
        _kept.shadow.close()
    _kept.shadow, _kept.shadow_run = None, REAL


def _connection_to(run: str, real_connection: BaseDatabaseWrapper) -> BaseDatabaseWrapper:
    """This thread's connection to that run: one to a shadow that was dropped meanwhile would be to no database."""
    if _kept.shadow is None or _kept.shadow_run != run:
        close_shadow()
        there: Any = real_connection.copy()
        there.settings_dict["NAME"] = shadow_name(real_connection.settings_dict["NAME"])
        _kept.shadow, _kept.shadow_run = there, run
    assert _kept.shadow is not None
    return _kept.shadow


def _tidy(there: BaseDatabaseWrapper) -> None:
    """What Django does with its own connections between two requests."""
    if there.in_atomic_block:
        there.close()
    else:
        there.close_if_unusable_or_obsolete()
