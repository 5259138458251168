"""The porter by himself: whom he reads for together, whom he takes for plain, and how he keeps his connection."""

import threading
from collections.abc import Callable, Sequence
from typing import Any
from unittest.mock import Mock

import pytest
from pytest_django import Settings

from tradecore.errors import Kind, Refusal
from tradecore.http import porter as porters
from tradecore.http.early import EarlyRefusal, WholeRequest, read_early, read_whole
from tradecore.http.porter import Porter, Visitor

ANSWER_S = 10
HEADERS = {"Host": "testserver", "Content-Type": "application/json", "Content-Length": "0"}


class Gone(Refusal):
    code = "gone"
    kind = Kind.CONFLICT
    title = "Gone."


def spell(**changed: str) -> bytes:
    """A request for what is gone. changed: headers, with _ for -."""
    headers = HEADERS | {name.replace("_", "-"): value for name, value in changed.items()}
    return (
        b"POST /crowd HTTP/1.1\r\n%b\r\n" % "".join(f"{each}: {value}\r\n" for each, value in headers.items()).encode()
    )


def read(raw: bytes) -> WholeRequest:
    early = read_early(raw)
    assert early is not None
    request = read_whole(raw, early)
    assert request is not None
    return request


def refuse_all(requests: Sequence[WholeRequest]) -> list[Refusal | None]:
    refusal = Gone()
    return [refusal] * len(requests)


@pytest.fixture
def make_porter() -> Callable[..., Porter]:
    def make(decide: Callable[..., Any] = refuse_all) -> Porter:
        return Porter(decide, method="POST", path="/crowd", traffic="buy", seconds=30, is_open=lambda: True)

    return make


class TestThoseWhoComeInOneTurn:
    def test_are_decided_together(self, make_porter: Callable[..., Porter]) -> None:
        decided, have_left = list[int](), threading.Event()
        left: list[tuple[Any, EarlyRefusal | None]] = []

        def decide(requests: Sequence[WholeRequest]) -> list[Refusal | None]:
            decided.append(len(requests))
            return refuse_all(requests)

        def leave(visitors: Sequence[tuple[Any, EarlyRefusal | None]]) -> None:
            left.extend(visitors)
            have_left.set()

        porter = make_porter(decide)
        for number in range(3):
            porter.bring(number, read(spell()))
        assert not decided
        porter.begin(leave=leave)
        assert have_left.wait(ANSWER_S)
        assert decided == [3]
        assert [connection for connection, refusal in left if refusal is not None] == [0, 1, 2]

    def test_are_no_more_than_may_wait(self, make_porter: Callable[..., Porter]) -> None:
        porter, raw = make_porter(), spell()
        early = read_early(raw)
        assert early is not None
        for number in range(porters.WAITING_MAX):
            assert porter.look(raw, early) is not None
            porter.bring(number, read(raw))
        assert porter.look(raw, early) is None


class TestWhoIsRefused:
    def test_has_their_own_id_where_many_are_refused_alike(self, make_porter: Callable[..., Porter]) -> None:
        answers = make_porter().answer([Visitor(None, read(spell(X_Request_Id=name))) for name in ("a", "b")])
        assert answers[0] is not None
        assert answers[1] is not None
        assert b"\r\nX-Request-Id: a\r\n" in answers[0].answer
        assert answers[1].answer == answers[0].answer.replace(b"Id: a\r\n", b"Id: b\r\n")

    def test_hears_by_https_what_others_do_not(self, make_porter: Callable[..., Porter], settings: Settings) -> None:
        settings.TRUST_PROXY_HEADERS = True
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        settings.SECURE_HSTS_SECONDS = 3600
        raws = [spell(X_Forwarded_Proto=proto) for proto in ("https", "http", "https")]
        answers = make_porter().answer([Visitor(None, read(raw)) for raw in raws])
        assert [answer is not None and b"Strict-Transport" in answer.answer for answer in answers] == [
            True,
            False,
            True,
        ]

    @pytest.mark.parametrize(
        ("header", "value"),
        [("Host", "evil.example"), ("Accept", "text/html"), ("Content_Type", "text/plain"), ("Unheard_Of", "1")],
    )
    def test_is_nobody_by_what_was_said_of_another(
        self, header: str, value: str, make_porter: Callable[..., Porter]
    ) -> None:
        raws = [spell(), spell(**{header.replace("_", "-"): value}), spell()]
        answers = make_porter().answer([Visitor(None, read(raw)) for raw in raws])
        assert [answer is not None for answer in answers] == [True, False, True]


class TestTheConnection:
    @pytest.fixture
    def looked(self, monkeypatch: pytest.MonkeyPatch) -> Mock:
        looked = Mock()
        monkeypatch.setattr(porters, "close_old_connections", looked)
        return looked

    def test_is_looked_at_once_in_a_while(self, make_porter: Callable[..., Porter], looked: Mock) -> None:
        porter = make_porter()
        for _ in range(3):
            porter._look_after_connection()
        assert looked.call_count == 1

    def test_is_looked_at_after_a_failure(self, make_porter: Callable[..., Porter], looked: Mock) -> None:
        porter = make_porter(Mock(side_effect=LookupError))
        porter._look_after_connection()
        assert porter._try([Visitor(None, read(spell()))]) == [None]
        porter._look_after_connection()
        assert looked.call_count == 2

    def test_that_cannot_be_left_keeps_nobody(self, make_porter: Callable[..., Porter], looked: Mock) -> None:
        looked.side_effect = LookupError
        porter, have_left = make_porter(), threading.Event()
        left: list[tuple[Any, EarlyRefusal | None]] = []

        def leave(visitors: Sequence[tuple[Any, EarlyRefusal | None]]) -> None:
            left.extend(visitors)
            have_left.set()

        porter.bring(1, read(spell()))
        porter.begin(leave=leave)
        assert have_left.wait(ANSWER_S)
        assert left == [(1, None)]
