"""Kill a process at every point of an act, one point after the other.

# Note [Points]
A point is the moment before or after one statement, one COMMIT, or one call to somebody outside. The act runs in a
child, which counts its points and kills itself (SIGKILL, as a machine that loses its power would) at the one that it
was told. The child has connections of its own: whatever it had not committed is gone with it. An act that comes to its
end without reaching the point has no more of them.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, connections

from tradecore import ids

POINTS_MAX = 1_000

#: A child that ends by itself says whether it came to the end of its act.
_DONE, _FAILED = 0, 1


@dataclass(slots=True)
class Outsider:
    """Somebody outside, of whom some methods are calls: each of them has a point before and one after."""

    inner: Any
    calls: frozenset[str]
    pass_point: Callable[[], None] = lambda: None

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)
        if name not in self.calls:
            return method

        def call(*args: Any, **options: Any) -> Any:
            self.pass_point()
            answer = method(*args, **options)
            self.pass_point()
            return answer

        return call


class _Fuse:
    """Kills this process at the point of that number."""

    def __init__(self, at: int) -> None:
        self._left = at

    def pass_point(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def kill_points(act: Callable[[], object], *, outsiders: tuple[Outsider, ...]) -> Iterator[int]:
    """Run the act in a child again and again, killed one point later each time. Yields the number of the point.

    Whoever iterates looks at what is left, puts it right as the product does, and sets the stage anew. Ends with the
    first run that nothing killed.
    """
    for at in range(1, POINTS_MAX):
        was_killed = _run_in_child(act, at, outsiders)
        yield at
        if not was_killed:
            return
    raise AssertionError("the act has no end")


def _run_in_child(act: Callable[[], object], at: int, outsiders: tuple[Outsider, ...]) -> bool:
    """Whether the child was killed at its point. One that fails by itself fails the test."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        _be_child(act, at, outsiders)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL, f"killed by {os.WTERMSIG(status)}"
        return True
    assert os.WEXITSTATUS(status) == _DONE, f"the act failed by itself, before point {at}"
    return False


def _be_child(act: Callable[[], object], at: int, outsiders: tuple[Outsider, ...]) -> None:
    """Never returns."""
    fuse = _Fuse(at)
    for outsider in outsiders:
        outsider.pass_point = fuse.pass_point
    code = _FAILED
    try:
        ids.use_worker_number(_worker_number())
        with _points_of_database(fuse):
            act()
        code = _DONE
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        raise
    finally:
        os._exit(code)


def _worker_number() -> int:
    """A number for children alone, counted from the other end: a lease would not come free before the next one."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return ids.WORKER_COUNT - 1 - int(worker) % ids.WORKER_COUNT


@contextmanager
def _points_of_database(fuse: _Fuse) -> Iterator[None]:
    def around(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        fuse.pass_point()
        result = execute(sql, params, many, context)
        fuse.pass_point()
        return result

    wrapper: Any = connection  # `_commit` is no door, and the one place between the decision and the server
    commit = wrapper._commit

    def commit_at_point() -> None:
        fuse.pass_point()
        commit()
        fuse.pass_point()

    wrapper._commit = commit_at_point
    with connection.execute_wrapper(around):
        yield
