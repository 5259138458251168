"""The web server that is stressed: one that runs, or one that is started here for as long as the run."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

START_S: Final = 60
STOP_S: Final = 30
_LAST_LINES: Final = 15


class WebRefused(Exception):
    """This server cannot, or must not, be stressed; the text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go."""

    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


def read_target(url: str, *, owned: str) -> Target:
    """The target of an address of HTTP: of this machine, or of a host whose name was said twice. Raises WebRefused."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise WebRefused(f"{url} is not an address such as http://127.0.0.1:8000")
    if not _is_loopback(parts.hostname) and parts.hostname != owned:
        raise WebRefused(f"{parts.hostname} is not this machine: --i-own {parts.hostname} says that it may be stressed")
    return Target(parts.hostname, parts.port or 80)


@contextmanager
def started_web() -> Iterator[Target]:
    """A web server of this command's own settings, on a free port, until the end of the block. Raises WebRefused."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=socket.SOMAXCONN)
    target = Target("127.0.0.1", listener.getsockname()[1])
    command = [sys.executable, "-m", "gunicorn", "--config", "config/stress/gunicorn.py"]
    command += ["--bind", f"fd://{listener.fileno()}"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(  # noqa: S603 - our own program
            command,
            cwd=settings.BASE_DIR,
            env={**os.environ, "TRADECORE_PROCESS": "web"},
            pass_fds=[listener.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the command, which ends it
        )
        listener.close()
        try:
            _wait(process, target, log_of=lambda: _last_lines(log.fileno()))
            yield target
        finally:
            _stop(process)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _wait(process: "subprocess.Popen[bytes]", target: Target, *, log_of: Callable[[], str]) -> None:
    ends_at = time.monotonic() + START_S
    while not answers(target):
        if process.poll() is not None or time.monotonic() > ends_at:
            raise WebRefused(f"the web server did not start:\n{log_of()}")
        time.sleep(0.1)


def answers(target: Target) -> bool:
    """Whether anything that speaks HTTP answers there."""
    try:
        urllib.request.urlopen(f"{target.url}/healthz", timeout=5).close()  # noqa: S310 - always http
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _last_lines(fileno: int) -> str:
    return "\n".join(Path(f"/proc/self/fd/{fileno}").read_text(errors="replace").splitlines()[-_LAST_LINES:])
