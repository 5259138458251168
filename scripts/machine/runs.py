"""A run: a scratch folder and the processes that belong to it, all of which end with it, however it ends."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from machine import reaper, servers
from machine.paths import ROOT
from machine.scratch import make_scratch_folder
from machine.servers import Programs, Server

INTERRUPT_TIMEOUT_S = 30


@dataclass(frozen=True)
class Run:
    """One run of a script.

    folder: empty, private, gone at the end. environment: what its processes must be started with to belong to it.
    """

    folder: Path
    environment: Mapping[str, str]
    _reaper: subprocess.Popen[str]

    def call(
        self,
        program: Path,
        *arguments: str,
        variables: Mapping[str, str] | None = None,
        inherit: Sequence[int] = (),
        farewell: str = "",
    ) -> int:
        """Run a command in the foreground and return its exit code (128 + n for signal n).

        variables: more environment. inherit: file descriptors that it keeps. It shares the terminal, so Ctrl-C reaches
        it directly; here it is only waited for, after saying the farewell.
        """
        environment = {**self.environment, **(variables or {})}
        process = subprocess.Popen([program, *arguments], cwd=ROOT, env=environment, pass_fds=inherit)
        try:
            code = process.wait()
        except KeyboardInterrupt:
            if farewell:
                print(farewell, flush=True)
            code = _wait_or_kill(process)
        except SystemExit:
            process.terminate()
            _wait_or_kill(process)
            raise
        return 128 - code if code < 0 else code

    def start_servers(self, programs: Programs) -> dict[str, str]:
        """A MariaDB and a Redis for this run, as the variables that the product reads. Raises ServerFailed."""
        return servers.as_variables(self.start_mariadb(programs), self.start_redis(programs))

    def start_mariadb(self, programs: Programs, *, options: Sequence[str] = ()) -> Server:
        """A MariaDB for this run; options: more of mariadbd's. Raises ServerFailed."""
        mariadb = servers.start_mariadb(programs, self.folder, self.environment, options=options)
        self._own(mariadb.pid)
        return mariadb

    def start_redis(self, programs: Programs) -> Server:
        """A Redis for this run. Raises ServerFailed."""
        redis = servers.start_redis(programs, self.folder, self.environment)
        self._own(redis.pid)
        return redis

    def _own(self, pid: int) -> None:
        """Name a process that hides its environment (Redis writes its title over it)."""
        assert self._reaper.stdin is not None
        self._reaper.stdin.write(f"{pid}\n")
        self._reaper.stdin.flush()


@contextmanager
def run(purpose: str, *, on_disk: bool = False) -> Iterator[Run]:
    """Open a run. SIGTERM and SIGHUP end it in order; after a SIGKILL the reaper does.

    on_disk: its folder is to lie on a disk, also where there is a place in memory.
    """
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGHUP, _leave)
    mark = secrets.token_hex(8)
    folder = make_scratch_folder(purpose, on_disk=on_disk)
    with subprocess.Popen(
        [sys.executable, reaper.__file__, mark, str(folder)], stdin=subprocess.PIPE, text=True, start_new_session=True
    ) as its_reaper:
        yield Run(folder=folder, environment={**os.environ, reaper.VARIABLE: mark}, _reaper=its_reaper)
    _collect_children()


def _collect_children() -> None:
    """What the reaper has ended was started here, and stays a zombie until it is asked for."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass  # all are collected


def _wait_or_kill(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(timeout=INTERRUPT_TIMEOUT_S)
    except (KeyboardInterrupt, subprocess.TimeoutExpired):
        process.kill()
        return process.wait()


def _leave(number: int, _: FrameType | None) -> NoReturn:
    sys.exit(128 + number)
