"""Requests that are refused where they stand: only the plainest ones, whole, and never a byte more than they are."""

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from tradecore.http.early import EarlyRequest, read_early
from tradecore.http.gate import Berth, Gate

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


class TestAnEarlyRefusal:
    @pytest.fixture
    def busy(self) -> Iterable[Gate]:
        """A gate whose only thread is busy."""
        let_go, is_busy = threading.Event(), threading.Event()

        def serve(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            is_busy.set()
            let_go.wait(10)
            start_response("200 OK", [])
            return [b""]

        berths = {"buy": Berth(threads_percent=100, seconds=5, is_critical=True)}
        gate = Gate(serve, classify=lambda _method, path: "buy" if path == "/buy" else None, berths=berths, threads=1)
        thread = threading.Thread(
            target=gate, args=[{"REQUEST_METHOD": "POST", "PATH_INFO": "/buy"}, lambda *_: None], daemon=True
        )
        thread.start()
        assert is_busy.wait(10)
        yield gate
        let_go.set()
        thread.join(10)
        assert gate.refuse_early(PLAIN) is None, "there is room again"

    def test_says_what_any_other_says(self, busy: Gate) -> None:
        refused = busy.refuse_early(PLAIN)
        assert refused is not None
        length, answer = refused
        head, _, body = answer.partition(b"\r\n\r\n")
        assert length == len(PLAIN)
        assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"\r\nX-Request-Id: a-1" in head
        assert b"\r\nRetry-After: " in head
        assert f"\r\nContent-Length: {len(body)}".encode() in head
        assert json.loads(body)["code"] == "overload.shed"

    def test_is_not_for_what_is_in_no_class_or_cannot_be_read(self, busy: Gate) -> None:
        assert busy.refuse_early(GET) is None
        assert busy.refuse_early(b"nonsense") is None
