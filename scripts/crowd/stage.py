"""The product as in production, but small: one web process of a few threads, and a provider that takes its time."""

import base64
import os
import secrets
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from machine import servers, venv
from machine.paths import ROOT

PROVIDER_TAKES_MS = 300
START_S = 120
STOP_S = 30


class NotReady(RuntimeError):
    """A process did not come up; the message ends with the last lines of its log."""


def production(stores: Mapping[str, str], *, user: tuple[str, str], folder: Path) -> dict[str, str]:
    """The settings of the web process, as the application's own user of the database."""
    url = urlsplit(stores["DATABASE_URL"])
    return {
        **stores,
        "DATABASE_URL": urlunsplit(url._replace(netloc=f"{':'.join(user)}@{url.hostname}:{url.port}")),
        "TRADECORE_ENV": "production",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "SANDBOX_WEBHOOK_SECRETS": f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "SANDBOX_BANK_BOOK": str(folder / "bank.sqlite3"),
        "LEDGER_SIGNING_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "ALLOWED_HOSTS": "127.0.0.1",
        "HTTPS_ONLY": "false",
        "LOG_LEVEL": "WARNING",
        # The whole crowd is one guest, at one address.
        "RATE_LIMITS_PERCENT": "0",
    }


@contextmanager
def provider(environment: Mapping[str, str], *, folder: Path) -> Iterator[str]:
    """The sandbox's provider as a process of its own, slow. Yields its address."""
    port = servers.free_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(venv.PYTHON), "manage.py", "sandbox_provider", "--port", str(port)]
    with _process(command, environment, log=folder / "provider.log", is_ready=lambda: _answers(f"{url}/v1/behaviour")):
        behaviour = f'{{"slow_bp": 10000, "slow_ms": {PROVIDER_TAKES_MS}}}'.encode()
        request = urllib.request.Request(f"{url}/v1/behaviour", behaviour, {"Content-Type": "application/json"})  # noqa: S310 - a server of our own
        request.method = "PUT"
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - a server of our own
        yield url


@contextmanager
def web(environment: Mapping[str, str], *, threads: int, folder: Path) -> Iterator[tuple[int, int]]:
    """One web process. Yields its port and the process id of its master."""
    port = servers.free_port()
    small = {"WEB_PORT": str(port), "WEB_WORKERS": "1", "WEB_THREADS": str(threads)}
    command = [str(venv.PYTHON), "-m", "gunicorn", "--config", "config/gunicorn.py"]
    url = f"http://127.0.0.1:{port}/readyz"
    with _process(command, {**environment, **small}, log=folder / "web.log", is_ready=lambda: _answers(url)) as pid:
        yield port, pid


def children_of(pid: int) -> set[int]:
    """The processes that a process has started."""
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def cpu_s(pids: Collection[int]) -> float:
    """The processor time that processes have taken so far, in seconds."""
    ticks = 0
    for pid in pids:
        # After the name, which may hold anything, in brackets: user and system time are the 12th and 13th.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def machine_cpu_s() -> float:
    """The processor time that everything on this machine has taken so far, in seconds."""
    # After its name: user, nice, system, idle, waiting for disks, interrupts of two kinds, what other guests took.
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _process(
    command: list[str], environment: Mapping[str, str], *, log: Path, is_ready: Callable[[], bool]
) -> Iterator[int]:
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environment}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        ends_at = time.monotonic() + START_S
        while not is_ready():
            if process.poll() is not None or time.monotonic() > ends_at:
                raise NotReady("\n".join([f"{command[1:3]} did not come up:", log.read_text()[-4000:]]))
            time.sleep(0.2)
        yield process.pid
        process.terminate()
        process.wait(STOP_S)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - a server of our own
    except (urllib.error.URLError, OSError):
        return False
    return True
