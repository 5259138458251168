"""The loop of the web process: what is decided in it, before any thread, and that no thread is lost by it."""

import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from config.settings import BASE_DIR
from config.web_worker import PARTING_S
from machine import servers
from tests.config.small_web import THREADS, threads

START_S, STOP_S, ANSWER_S = 60, 60, 20
#: A thread waits longer than this for one connection after the other on which nothing comes, if it waits for any.
SILENCE_S = 10
BUY = b"POST /buy HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 4\r\n\r\nbody"
HOLD = BUY.replace(b"/buy", b"/hold")
LET_GO, BUSY = (b"GET %b HTTP/1.1\r\nHost: shop.example\r\n\r\n" % path for path in (b"/let-go", b"/busy"))
#: What the porter looks at: he refuses the first, and says nothing of the others.
GONE, THERE, UNKNOWN = (
    b"POST /crowd HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    for body in (b'"gone"', b'"there"', b'"unknown"')
)
#: Whole and plain as it stands, but of more headers than gunicorn takes.
ODD = b"POST /buy HTTP/1.1\r\nHost: shop.example\r\n" + b"A: b\r\n" * 101 + b"Content-Length: 4\r\n\r\nbody"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port, log = servers.free_port(), tmp_path_factory.mktemp("web") / "log"
    command = [sys.executable, "-m", "gunicorn", "--config", "tests/config/small_web.py"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--bind", f"127.0.0.1:{port}"],
            cwd=BASE_DIR,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
            stdout=output,
            stderr=output,
        )
    try:
        _wait_until_it_answers(port, log)
        yield port
    finally:
        process.terminate()
        process.wait(STOP_S)


@pytest.fixture(autouse=True)
def _is_free(port: int) -> None:
    """Who is answered knows so a moment before the thread is back that answered."""
    wait_until_busy(port, 0)


def _wait_until_it_answers(port: int, log: Path) -> None:
    ends_at = time.monotonic() + START_S
    while time.monotonic() < ends_at:
        with suppress(OSError), connected(port) as connection:
            if ask(connection) == 200:
                return
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_S) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def receive(connection: socket.socket, at_most: int) -> bytes:
    received = connection.recv(at_most)
    if not received:
        raise ConnectionError("closed in the middle of an answer")
    return received


def read(connection: socket.socket) -> tuple[int, bytes]:
    """The status and the body of the next answer, which is read to its end and no further."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += receive(connection, 1)
    (length,) = (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    size, body = int(length.partition(b":")[2]), b""
    while len(body) < size:
        body += receive(connection, size - len(body))
    return int(head.split(b" ", 2)[1]), body


def ask(connection: socket.socket, request: bytes = BUY) -> int:
    connection.sendall(request)
    status, _body = read(connection)
    return status


def wait_until_busy(port: int, threads: int) -> None:
    """Wait until so many threads are taken."""
    ends_at = time.monotonic() + ANSWER_S
    busy = b""
    with connected(port) as connection:
        while time.monotonic() < ends_at:
            connection.sendall(BUSY)
            _status, busy = read(connection)
            if busy == b"%d" % threads:
                return
            time.sleep(0.01)
    raise AssertionError(f"{busy!r} of {threads} are taken")


@contextmanager
def busy(port: int) -> Iterator[None]:
    """While all threads work; they are all free again afterwards."""
    wait_until_busy(port, 0)
    with ThreadPoolExecutor(THREADS) as pool:
        statuses = [pool.submit(buy, port, HOLD) for _ in range(THREADS)]
        try:
            wait_until_busy(port, THREADS)
            yield
        finally:
            assert buy(port, LET_GO) == 200
        assert [status.result() for status in statuses] == [200] * THREADS
    wait_until_busy(port, 0)


def buy(port: int, request: bytes = BUY) -> int:
    with connected(port) as connection:
        return ask(connection, request)


class TestWhatFindsNoThread:
    def test_is_refused_on_a_connection_that_is_kept(self, port: int) -> None:
        with connected(port) as connection:
            with busy(port):
                assert [ask(connection), ask(connection)] == [503, 503]
            assert ask(connection) == 200

    def test_is_refused_one_by_one_where_two_come_at_once(self, port: int) -> None:
        with busy(port), connected(port) as connection:
            connection.sendall(BUY + BUY)
            assert [read(connection)[0], read(connection)[0]] == [503, 503]

    def test_is_refused_also_where_it_comes_in_pieces(self, port: int) -> None:
        with busy(port), connected(port) as connection:
            connection.sendall(BUY[:20])
            time.sleep(0.02)
            assert ask(connection, BUY[20:]) == 503


class TestAConnectionOnWhichNothingComes:
    def test_holds_no_thread(self, port: int) -> None:
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(3 * threads)]
        try:
            started = time.monotonic()
            assert buy(port) == 200
            assert time.monotonic() - started < SILENCE_S, "nobody waits for the silent ones"
            assert ask(silent[0]) == 200, "it is served when something does"
        finally:
            for connection in silent:
                connection.close()


class TestWhoHasHadTheirLastAnswer:
    def test_and_stays_keeps_nobody_else_waiting(self, port: int) -> None:
        began = time.monotonic()
        with ExitStack() as stack:
            staying = [stack.enter_context(connected(port)) for _ in range(4)]
            assert [ask(each, BUY.replace(b"HTTP/1.1", b"HTTP/1.0")) for each in staying] == [200] * 4
            assert buy(port) == 200
            assert time.monotonic() - began < 2 * PARTING_S, "it would take four times as long to wait for all of them"
            assert [each.recv(1) for each in staying] == [b""] * 4

    def test_and_goes_on_sending_is_closed(self, port: int) -> None:
        with connected(port) as staying:
            assert ask(staying, BUY.replace(b"HTTP/1.1", b"HTTP/1.0")) == 200
            assert is_cut_off(staying)


def is_cut_off(sender: socket.socket) -> bool:
    """Whether who goes on sending is told at last that nobody listens."""
    ends_at = time.monotonic() + ANSWER_S
    try:
        while time.monotonic() < ends_at:
            sender.sendall(b"more")
            time.sleep(0.1)
    except ConnectionError:
        return True
    return False


class TestWhoIsAnsweredBeforeTheyHaveSaidAll:
    def test_keeps_no_thread(self, port: int) -> None:
        """The application has not read what they say, so the gate counts their thread as free."""
        began = time.monotonic()
        with ExitStack() as stack:
            for slow in [stack.enter_context(connected(port)) for _ in range(2 * threads)]:
                assert ask(slow, BUY.replace(b"Content-Length: 4", b"Content-Length: 9")) in {200, 503}
            assert buy(port) == 200
        assert time.monotonic() - began < SILENCE_S


class TestThreads:
    def test_are_all_there_after_requests_that_cannot_be_read(self, port: int) -> None:
        for _ in range(3 * THREADS):
            assert buy(port, ODD) == 431
            wait_until_busy(port, 0)
        with busy(port):
            pass

    def test_are_all_there_after_a_crowd_of_which_each_is_answered(self, port: int) -> None:
        def come(_number: int) -> list[int]:
            with connected(port) as connection:
                return [ask(connection) for _ in range(20)]

        with ThreadPoolExecutor(16) as pool:
            statuses = Counter(status for statuses in pool.map(come, range(16)) for status in statuses)
        assert statuses.keys() == {200, 503}
        assert statuses.total() == 320
        with busy(port):
            assert buy(port) == 503

    def test_are_all_there_after_buyers_who_left(self, port: int) -> None:
        for _ in range(3):
            for _ in range(THREADS):
                with connected(port) as connection:
                    connection.sendall(BUY)
            wait_until_busy(port, 0)
        with busy(port):
            pass


class TestThePorter:
    def test_refuses_without_any_thread(self, port: int) -> None:
        with connected(port) as connection:
            assert [ask(connection, GONE), ask(connection, GONE)] == [409, 409]
            with busy(port):
                assert [ask(connection, GONE), ask(connection, GONE)] == [409, 409]
            assert ask(connection) == 200

    def test_answers_one_by_one_where_two_come_at_once(self, port: int) -> None:
        with connected(port) as connection:
            connection.sendall(GONE + GONE + BUY)
            assert [read(connection)[0] for _ in range(3)] == [409, 409, 200]

    def test_answers_also_what_comes_in_pieces(self, port: int) -> None:
        with connected(port) as connection:
            connection.sendall(GONE[:20])
            time.sleep(0.02)
            assert ask(connection, GONE[20:]) in {200, 409}, "what was begun to be read is read by a thread"
            assert ask(connection, GONE) == 409

    @pytest.mark.parametrize("request_", [THERE, UNKNOWN])
    def test_lets_go_on_whoever_it_says_nothing_to(self, port: int, request_: bytes) -> None:
        with connected(port) as connection:
            assert ask(connection, request_) == 200
            with busy(port):
                assert [ask(connection, request_), ask(connection, GONE)] == [503, 409]

    def test_loses_nobody_of_a_crowd(self, port: int) -> None:
        def come(number: int) -> list[int]:
            with connected(port) as connection:
                return [ask(connection, GONE if number % 4 else THERE) for _ in range(20)]

        with ThreadPoolExecutor(16) as pool:
            statuses = list(pool.map(come, range(16)))
        assert all(answered == [409] * 20 for number, answered in enumerate(statuses) if number % 4)
        assert {status for answered in statuses[::4] for status in answered} == {200, 503}
        with busy(port):
            assert buy(port) == 503

    def test_outlives_those_who_have_left(self, port: int) -> None:
        for _ in range(20):
            with connected(port) as connection:
                connection.sendall(GONE)
        with connected(port) as connection:
            assert ask(connection, GONE) == 409
