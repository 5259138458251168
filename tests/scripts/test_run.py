"""`make run`, in a fresh copy of the checkout."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings import BASE_DIR
from machine.servers import free_port

#: For processes to come up and to end in order, on a machine that has other things to do.
START_TIMEOUT_S = 300
STOP_TIMEOUT_S = 60
PORTS_TRIED = 50
FOLDERS = ("apps", "config", "requirements", "scripts", "tradecore")

pytestmark = pytest.mark.slow


class Served:
    """A `make run` that has said where it is."""

    def __init__(self, checkout: Path, *, port: int) -> None:
        self.said = ""
        # In a session of its own, so that Ctrl-C can be sent to it as a terminal would: to all of its group.
        self.process = subprocess.Popen(
            [sys.executable, "scripts/run.py"],
            cwd=checkout,
            env={**os.environ, "PORT": str(port), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        end = time.monotonic() + START_TIMEOUT_S
        while "Ctrl-C" not in self.said:
            line = self.process.stdout.readline()
            assert line, self.said
            assert time.monotonic() < end, self.said
            self.said += line

    @property
    def url(self) -> str:
        """Where it serves: the port asked for, or the next one that was free at that moment."""
        ready = re.search(r"Ready: (http://127\.0\.0\.1:\d+)$", self.said, re.MULTILINE)
        assert ready, self.said
        return ready[1]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def press_ctrl_c(self) -> int:
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=STOP_TIMEOUT_S)

    def has_left_nothing(self) -> bool:
        """No process of its session is left."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        return False


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone, but for the virtual environment, which is borrowed where there is one."""
    root = tmp_path_factory.mktemp("checkout")
    for folder in FOLDERS:
        shutil.copytree(BASE_DIR / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(BASE_DIR / "manage.py", root)
    (root / ".local").mkdir()
    if (BASE_DIR / ".local" / "venv").exists():
        (root / ".local" / "venv").symlink_to(BASE_DIR / ".local" / "venv")
    return root


@pytest.fixture(scope="class")
def served(checkout: Path) -> Iterator[Served]:
    served = Served(checkout, port=free_port())
    yield served
    if served.process.poll() is None:
        served.press_ctrl_c()


class TestRun:
    @pytest.mark.parametrize("path", ["/healthz", "/admin/login/", "/api/docs/", "/static/unfold/css/styles.css"])
    def test_serves(self, path: str, served: Served) -> None:
        with urllib.request.urlopen(f"{served.url}{path}", timeout=60) as answer:
            assert answer.status == 200

    def test_says_where_it_is(self, served: Served) -> None:
        assert f"{served.url}/api/docs/" in served.said

    def test_ends_all_of_it_on_ctrl_c(self, served: Served) -> None:
        assert served.press_ctrl_c() == 0
        assert served.process.stdout is not None
        assert "Stopping" in served.process.stdout.read()
        assert served.has_left_nothing()


class TestSecondRun:
    def test_takes_the_next_free_port_when_somebody_has_it(self, checkout: Path) -> None:
        with socket.socket() as somebody:
            somebody.bind(("127.0.0.1", 0))
            somebody.listen()
            taken = somebody.getsockname()[1]
            served = Served(checkout, port=taken)
            served.press_ctrl_c()
        # The very next one may be somebody else's as well: the tests beside this one start servers of their own.
        assert taken < served.port < taken + PORTS_TRIED
        assert f"{served.url}/admin/" in served.said
