"""What a process may remember for a few seconds: masters that every quote reads and hardly anybody changes.

# Note [Remembered masters]
A change is seen at once by the process that made it (it forgets), and within `ttl_s` by the others. Only what exists is
remembered, so something new is seen at once everywhere. Nothing that money or stock is counted by is remembered. Each
world has its own memory (Note [Remembered by world] of `tradecore.worlds`).
"""

import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from tradecore.worlds import ByWorld

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_SIZE_MAX = 10_000

_all: "WeakSet[Memo[Any, Any]]" = WeakSet()


class Memo(Generic[K, V]):
    """Values by key, each for `ttl_s` seconds of the real clock."""

    def __init__(self, *, ttl_s: float) -> None:
        self._ttl_s = ttl_s
        self._kept: ByWorld[dict[K, tuple[float, V]]] = ByWorld(dict)
        _all.add(self)

    def get_many(self, keys: Iterable[K], load: Callable[[list[K]], Mapping[K, V]]) -> dict[K, V]:
        """The values of those of the keys that have one; `load` is asked, once, for what is not remembered."""
        wanted, now, memory = list(dict.fromkeys(keys)), time.monotonic(), self._kept.get()
        fresh = {key: kept[1] for key in wanted if (kept := memory.get(key)) and kept[0] > now}
        missing = [key for key in wanted if key not in fresh]
        if not missing:
            return fresh
        loaded = load(missing)
        if len(memory) + len(loaded) > _SIZE_MAX:
            memory.clear()
        memory.update({key: (now + self._ttl_s, value) for key, value in loaded.items()})
        return fresh | dict(loaded)

    def forget(self, *keys: K) -> None:
        """Read these anew at the next question."""
        memory = self._kept.get()
        for key in keys:
            memory.pop(key, None)

    def forget_all(self) -> None:
        """Read everything anew at the next question."""
        self._kept.get().clear()


def forget_everything() -> None:
    """Empty every memo of the process: for tests, whose rows go away behind its back."""
    for memo in _all:
        memo.forget_all()
