"""Requests that are refused where they stand: only the plainest ones, whole, and never a byte more than they are."""

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from tradecore.http.early import EarlyRefusal, EarlyRequest, read_early
from tradecore.http.gate import Berth, Gate, Ticket, promised

PLAIN = b"POST /buy HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 4\r\nX-Request-Id: a-1\r\n\r\nbody"
GET = b"GET /browse?page_size=3 HTTP/1.1\r\nHost: shop.example\r\nConnection: keep-alive\r\n\r\n"


class TestReadEarly:
    def test_reads_a_whole_request(self) -> None:
        assert read_early(PLAIN) == EarlyRequest("POST", "/buy", "a-1", len(PLAIN))
        assert read_early(GET) == EarlyRequest("GET", "/browse", "", len(GET))

    def test_takes_no_byte_of_the_next_one(self) -> None:
        assert read_early(PLAIN + GET) == read_early(PLAIN)

    @pytest.mark.parametrize("cut", [1, 10, 20, len(PLAIN) - 5, len(PLAIN) - 1])
    def test_leaves_what_is_not_there_yet(self, cut: int) -> None:
        assert read_early(PLAIN[:cut]) is None

    @pytest.mark.parametrize(
        "header",
        [
            b"Transfer-Encoding: chunked",
            b"Content-Length: 4",
            b"Content-Length : 4",
            b" Content-Length: 4",
            b"Expect: 100-continue",
            b"Connection: close",
            b"Connection: upgrade",
            b"Upgrade: h2c",
            b"A: b\nTransfer-Encoding: chunked",
            b"A: b\rTransfer-Encoding: chunked",
            b"A: b\0",
            b"\x0bTransfer-Encoding: chunked",
            b"Content-Length\x0b: 4",
            b"A",
        ],
    )
    def test_leaves_what_may_mean_something_else(self, header: bytes) -> None:
        assert read_early(PLAIN.replace(b"Host: shop.example", header)) is None

    def test_leaves_a_length_that_is_none(self) -> None:
        for length in (b"+4", b"-4", b"4,4", b"0x4", b"", b"\xb2", b"99999999"):
            assert read_early(PLAIN.replace(b"Length: 4", b"Length: " + length)) is None, length

    @pytest.mark.parametrize(
        "first",
        [b"HEAD /buy HTTP/1.1", b"POST /buy HTTP/1.0", b"POST buy HTTP/1.1", b"PRI * HTTP/2.0", b"\x16\x03\x01"],
    )
    def test_leaves_what_begins_otherwise(self, first: bytes) -> None:
        assert read_early(PLAIN.replace(b"POST /buy HTTP/1.1", first)) is None


ASKS = {"REQUEST_METHOD": "POST", "PATH_INFO": "/buy"}


#: For what comes in a moment, on a machine that has other things to do.
PATIENCE_S = 60


@pytest.fixture
def busy() -> Iterable[Gate]:
    """A gate whose only thread is busy."""
    let_go, is_busy = threading.Event(), threading.Event()

    def serve(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        is_busy.set()
        let_go.wait(PATIENCE_S)
        start_response("200 OK", [])
        return [b""]

    gate = make_gate(serve)
    thread = threading.Thread(target=gate, args=[ASKS, lambda *_: None], daemon=True)
    thread.start()
    assert is_busy.wait(PATIENCE_S)
    yield gate
    let_go.set()
    thread.join(PATIENCE_S)
    assert isinstance(gate.decide_early(PLAIN), Ticket), "there is room again"


def serve_at_once(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b""]


def make_gate(serve: Callable[..., Any]) -> Gate:
    """A gate of one thread, and one class that is bought from."""
    berths = {"buy": Berth(threads_percent=100, seconds=5, is_critical=True)}
    return Gate(serve, classify=lambda _method, path: "buy" if path == "/buy" else None, berths=berths, threads=1)


def ask(gate: Gate, ticket: Ticket | None = None) -> str:
    """The status of a request, whose thread was promised or not."""
    statuses: list[str] = []
    token = promised.set(ticket)
    gate(dict(ASKS), lambda status, _headers: statuses.append(status))
    promised.reset(token)
    return statuses[0]


class TestAnEarlyRefusal:
    def test_says_what_any_other_says(self, busy: Gate) -> None:
        refused = busy.decide_early(PLAIN)
        assert isinstance(refused, EarlyRefusal)
        head, _, body = refused.answer.partition(b"\r\n\r\n")
        assert refused.length == len(PLAIN)
        assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"\r\nX-Request-Id: a-1" in head
        assert b"\r\nRetry-After: " in head
        assert f"\r\nContent-Length: {len(body)}".encode() in head
        assert json.loads(body)["code"] == "overload.shed"

    def test_is_not_for_what_is_in_no_class_or_cannot_be_read(self, busy: Gate) -> None:
        assert busy.decide_early(GET) is None
        assert busy.decide_early(b"nonsense") is None


class TestATicket:
    @pytest.fixture
    def gate(self) -> Gate:
        return make_gate(serve_at_once)

    def take(self, gate: Gate) -> Ticket:
        ticket = gate.decide_early(PLAIN)
        assert isinstance(ticket, Ticket)
        return ticket

    def test_is_a_thread_that_nobody_else_gets(self, gate: Gate) -> None:
        ticket = self.take(gate)
        assert isinstance(gate.decide_early(PLAIN), EarlyRefusal)
        assert ask(gate).startswith("503")
        assert ask(gate, ticket) == "200 OK"

    def test_is_good_once(self, gate: Gate) -> None:
        ticket = self.take(gate)
        assert ask(gate, ticket) == "200 OK"
        again = self.take(gate)
        assert ask(gate, ticket).startswith("503"), "it is used, and the thread is another one's"
        again.give_back()

    def test_that_is_given_back_is_somebody_else_s(self, gate: Gate) -> None:
        for _ in range(3):
            ticket = self.take(gate)
            ticket.give_back()
            ticket.give_back()
        assert ask(gate) == "200 OK"

    def test_that_was_used_is_not_given_back_again(self, gate: Gate) -> None:
        ticket = self.take(gate)
        assert ask(gate, ticket) == "200 OK"
        ticket.give_back()
        self.take(gate)
        assert isinstance(gate.decide_early(PLAIN), EarlyRefusal)

    def test_is_not_good_for_another_class(self, gate: Gate) -> None:
        ticket = self.take(gate)
        assert not ticket.use("browse")
        ticket.give_back()
        self.take(gate)
