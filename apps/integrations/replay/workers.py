"""The same work on many things, in several processes.

# Note [Workers]
Every worker takes each n-th thing and does them one after the other, so nothing is handed out or waited for. Workers
are forked, and know what their parent knew; database connections are closed before, because none may be shared. A
worker whose parent is gone ends after the thing in hand, so that whoever starts again soon meets nobody. The parent
starts no thread: it shows its progress from the loop in which it collects.
"""

import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from django.db import connections

from tradecore import worker_leases

ThingT = TypeVar("ThingT")
DoneT = TypeVar("DoneT")


class WorkerFailed(Exception):
    """A worker met what it could not go on after; the text is its traceback."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """What a worker sends in place of a result, before it ends."""

    traceback: str


def do_all(
    work: Callable[[ThingT], DoneT],
    things: Sequence[ThingT],
    *,
    workers: int,
    on_progress: Callable[[int], object],
) -> list[DoneT]:
    """Do the work on each thing. Returns what came of it, in the order of the things. Raises WorkerFailed.

    `on_progress` is told how many are done. A single worker is this process itself.
    """
    done: dict[int, DoneT] = {}
    results = _do_here(work, things) if workers == 1 else _do_elsewhere(work, things, workers=workers)
    for index, result in results:
        done[index] = result
        on_progress(len(done))
    if len(done) < len(things):
        raise WorkerFailed("a worker was killed")
    return [done[index] for index in range(len(things))]


def _do_here(work: Callable[[ThingT], DoneT], things: Sequence[ThingT]) -> Iterator[tuple[int, DoneT]]:
    for index, thing in enumerate(things):
        yield index, work(thing)


def _do_elsewhere(
    work: Callable[[ThingT], DoneT], things: Sequence[ThingT], *, workers: int
) -> Iterator[tuple[int, DoneT]]:
    with _started(work, things, workers=workers) as pipes:
        while pipes:
            ready = wait(pipes)
            for pipe in [pipe for pipe in pipes if pipe in ready]:
                try:
                    message = pipe.recv()
                except EOFError:
                    pipes.remove(pipe)
                    continue
                if isinstance(message, _Failure):
                    raise WorkerFailed(message.traceback)
                yield message


@contextmanager
def _started(work: Callable[[ThingT], DoneT], things: Sequence[ThingT], *, workers: int) -> Iterator[list[Connection]]:
    """Fork the workers, each with a pipe to be heard through; whichever way the block is left, none outlives it."""
    connections.close_all()
    context = multiprocessing.get_context("fork")
    pipes, processes = [], []
    for first in range(workers):
        receiving, sending = context.Pipe(duplex=False)
        share = range(first, len(things), workers)
        process = context.Process(target=_work, args=(work, things, share, sending, os.getpid()))
        process.start()
        sending.close()
        pipes.append(receiving)
        processes.append(process)
    try:
        yield pipes
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _work(
    work: Callable[[Any], Any], things: Sequence[Any], share: Sequence[int], sending: Connection, parent_pid: int
) -> None:
    """The life of a worker. Interrupting the run ends its parent, and that ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for index in share:
            if os.getppid() != parent_pid:
                return
            sending.send((index, work(things[index])))
    except Exception:  # noqa: BLE001 - it is told to the parent, which raises
        sending.send(_Failure(traceback.format_exc()))
    finally:
        worker_leases.release()
        connections.close_all()
