"""The tour, against the embedded default as it is served: gunicorn, SQLite, worker and beat in one process.

This is also the end-to-end test of the product on SQLite.
"""

import http.server
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.settings import BASE_DIR
from machine.servers import free_port

#: For processes to come up and to end in order, on a machine that has other things to do.
START_TIMEOUT_S = 180
STOP_TIMEOUT_S = 60
#: The tour itself gives up before that.
TOUR_TIMEOUT_S = 300


def embedded(folder: Path, port: int) -> dict[str, str]:
    """The environment of the embedded default, with its data in the folder."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "TRADECORE_ENV": "embedded",
        "DATABASE_URL": f"sqlite:///{folder / 'tour.sqlite3'}",
        "REDIS_URL": "",
        "CELERY_BROKER_URL": "",
        "SECRET_KEY": "",
        "WEB_PORT": str(port),
        "NO_COLOR": "1",
    }


def manage(*arguments: str, environment: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        check=False,
        text=True,
        timeout=TOUR_TIMEOUT_S,
    )


@dataclass
class Marketplace:
    """An embedded marketplace that is served."""

    url: str
    log: Path
    environment: Mapping[str, str]
    process: "subprocess.Popen[bytes]"

    def wait_until_ready(self) -> None:
        end = time.monotonic() + START_TIMEOUT_S
        while not self.is_ready():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.1)

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=30) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=STOP_TIMEOUT_S)

    def has_left_nothing(self) -> bool:
        """No process of its session is left."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        return False


@pytest.fixture
def marketplace(tmp_path: Path) -> Iterator[Marketplace]:
    port = free_port()
    environment = embedded(tmp_path, port)
    for command in (["migrate", "--verbosity", "0"], ["demo"]):
        done = manage(*command, environment=environment)
        assert done.returncode == 0, done.stderr
    log = tmp_path / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py"],
            cwd=BASE_DIR,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    served = Marketplace(f"http://127.0.0.1:{port}", log, environment, process)
    try:
        served.wait_until_ready()
        yield served
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def serving(answers: Mapping[str, tuple[int, str, bytes]]) -> Iterator[str]:
    """A web server that has an answer (status, content type, body) for some paths, and one for all others ("")."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content_type, body = answers.get(self.path, answers[""])
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.slow
class TestTour:
    def test_lives_orders_as_promised(self, marketplace: Marketplace) -> None:
        tour = manage("tour", "--url", marketplace.url, environment=marketplace.environment)
        assert tour.returncode == 0, tour.stdout + tour.stderr + marketplace.log.read_text()
        assert "promises kept" in tour.stdout
        for chapter in ("An after-sales case", "Studio Larkspur earns", "A payout", "Documents"):
            assert f"\n{chapter} ─" in tour.stdout
        assert "✓ the bank of Studio Larkspur has confirmed it" in tour.stdout
        assert "[error" not in marketplace.log.read_text()
        assert marketplace.stop() == 0
        assert marketplace.has_left_nothing()


class TestWrongAddress:
    @pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense", "ftp://127.0.0.1"])
    def test_is_told_in_one_line(self, url: str) -> None:
        tour = manage("tour", "--url", url)
        assert tour.returncode == 1
        assert tour.stdout == ""
        assert len(tour.stderr.splitlines()) == 1
        assert url in tour.stderr

    def test_of_a_stranger_is_told_too(self) -> None:
        with serving({"": (200, "text/html", b"It works!")}) as url:
            tour = manage("tour", "--url", url)
        assert tour.returncode == 1
        assert tour.stderr.splitlines() == [f"CommandError: what answers at {url} is no marketplace"]


class TestBrokenPromise:
    def test_ends_the_tour_and_says_which(self) -> None:
        answers = {
            "/healthz": (200, "application/json", b'{"status": "ok"}'),
            "": (503, "application/json", b'{"status": "missing", "missing": ["migrations"]}'),
        }
        with serving(answers) as url:
            tour = manage("tour", "--url", url)
        assert tour.returncode == 1
        assert "not as promised: GET /readyz answers 503" in tour.stderr
        assert "promises kept" not in tour.stdout
