"""The process over HTTP: its routes, its pages and its webhooks."""

import http.client
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from apps.payments.provider import Operation, ProviderUnreachable, Said, Statement
from apps.payments.sandbox import courier
from apps.payments.sandbox import server as sandbox_server
from apps.payments.sandbox.behaviour import CERTAIN_BP, Behaviour
from apps.payments.sandbox.book import Book
from apps.payments.sandbox.http_provider import HttpSandboxProvider
from apps.payments.sandbox.messages import write_call
from apps.payments.sandbox.server import SandboxServer
from tests.payments.sandbox.support import SECRET, Receiver, make_call, wait_for
from tradecore import clock
from tradecore.money import Money

#: For so long a connection stays open on which nothing will be said, unless it is ended.
SILENCE_S = sandbox_server._SILENCE_S
#: Long enough for a webhook that should not come to have come.
QUIET_S = 0.08


def request(
    server: SandboxServer, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Status and text. A body that is neither bytes nor None is sent as JSON."""
    sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    try:
        connection.request(method, path, sent, dict(headers or {}))
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def request_json(server: SandboxServer, method: str, path: str, body: object = None) -> tuple[int, Any]:
    status, text = request(server, method, path, body)
    return status, json.loads(text)


def received(receiver: Receiver, client: HttpSandboxProvider, count: int) -> list[Statement]:
    """So many webhooks, verified, in the order in which they came, and no more than that."""
    wait_for(lambda: len(receiver.received) >= count)
    time.sleep(QUIET_S)
    now = clock.real_now()
    return [client.read_webhook(headers=each.headers, body=each.body, now=now) for each in receiver.received]


class TestCalls:
    @pytest.mark.parametrize(
        "change",
        [
            {"reference": 4711},
            {"reference": "0"},
            {"reference": "9" * 19},
            {"reference": "\u0664711"},
            {"operation": "steal"},
            {"operation": None},
            {"method": 7},
            {"method": "x" * 21},
            {"method_token": "4111 1111 1111 1111"},
            {"method_token": "tok_"},
            {"amount": "12.34"},
            {"amount": {"amount": "12.345", "currency": "GBP"}},
            {"amount": {"amount": "12.34", "currency": "gbp"}},
            {"instalments": True},
            {"instalments": "1"},
            {"about": 4711},
            {"tip": "1.00"},
        ],
    )
    def test_are_refused_when_they_cannot_be_read(self, server: SandboxServer, change: dict[str, object]) -> None:
        status, answer = request_json(server, "POST", "/v1/calls", write_call(make_call()) | change)
        assert (status, answer["code"]) == (400, "sandbox.unreadable")
        assert server.book.list_entries() == []

    @pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b"\xff", b'{"a":1,"a":2}', b"[" * 60_000])
    def test_are_json_objects(self, server: SandboxServer, body: bytes) -> None:
        status, answer = request_json(server, "POST", "/v1/calls", body)
        assert (status, answer["code"]) == (400, "sandbox.unreadable")

    def test_are_short(self, server: SandboxServer) -> None:
        """And the connection is closed: what was not read would be taken for the next request."""
        for headers in ({"Content-Length": "9" * 5000}, {"Content-Length": "-1"}, {"Transfer-Encoding": "chunked"}):
            status, _ = request(server, "POST", "/v1/calls", None, headers=headers)
            assert status == 400

    def test_keep_their_reference(self, server: SandboxServer) -> None:
        call = write_call(make_call())
        assert request(server, "POST", "/v1/calls", call)[0] == 200
        status, answer = request_json(server, "POST", "/v1/calls", call | {"instalments": 3})
        assert (status, answer["code"]) == (409, "sandbox.reference_reused")

    @pytest.mark.parametrize("path", ["/", "/v1", "/v1/calls/", "/v1/calls/1/2/3", "/v2/calls", "/v1/calls/../book"])
    def test_have_one_address(self, server: SandboxServer, path: str) -> None:
        assert request_json(server, "GET", path) == (404, {"code": "route_unknown"})

    def test_are_completed_with_a_word(self, server: SandboxServer) -> None:
        outcomes: list[object] = ["maybe", None, True, ["ok"], {}]
        for outcome in outcomes:
            status, answer = request_json(server, "POST", "/v1/calls/1/complete", {"outcome": outcome})
            assert (status, answer["reason"]) == (400, "outcome")


class TestBookRoute:
    def test_exports_every_call_and_what_they_come_to(self, server: SandboxServer, client: HttpSandboxProvider) -> None:
        client.send(charge := make_call(amount=Money(1000, "JPY")))
        client.send(refund := make_call(Operation.REFUND, about=charge, amount=Money(400, "JPY")))
        status, book = request_json(server, "GET", "/v1/book")
        assert status == 200
        assert book["account"] == client.account
        assert book["balances"] == {
            "JPY": {
                "captured": {"amount": "1000", "currency": "JPY"},
                "refunded": {"amount": "400", "currency": "JPY"},
            }
        }
        assert [(each["reference"], each["standing"], each["about"]) for each in book["calls"]] == [
            (str(charge.reference), "captured", None),
            (str(refund.reference), "refunded", str(charge.reference)),
        ]
        assert "method_token" not in book["calls"][0]

    def test_tells_the_truth_whatever_was_said(self, server: SandboxServer, client: HttpSandboxProvider) -> None:
        server.conduct.change(Behaviour(lie_amount_bp=CERTAIN_BP))
        said = client.send(call := make_call(token="tok_wrong_account"))
        assert said.amount != call.amount
        _, book = request_json(server, "GET", "/v1/book")
        assert book["calls"][0]["amount"] == {"amount": "12.34", "currency": "GBP"}


class TestBehaviourRoute:
    def test_changes_how_it_behaves(self, server: SandboxServer, client: HttpSandboxProvider) -> None:
        status, now = request_json(server, "PUT", "/v1/behaviour", {"error_500_bp": CERTAIN_BP, "seed": 3})
        assert (status, now["error_500_bp"], now["seed"], now["slow_bp"]) == (200, CERTAIN_BP, 3, 0)
        assert request_json(server, "GET", "/v1/behaviour") == (200, now)
        with pytest.raises(ProviderUnreachable):
            client.send(make_call())
        request(server, "PUT", "/v1/behaviour", {})
        assert client.send(make_call()).said is Said.CAPTURED

    def test_stays_as_it_was_when_told_nonsense(self, server: SandboxServer) -> None:
        status, answer = request_json(server, "PUT", "/v1/behaviour", {"html_bp": 0.5})
        assert (status, answer["code"]) == (400, "sandbox.unreadable")
        assert server.conduct.behaviour == Behaviour()


class TestChallengePage:
    def test_lets_the_buyer_decide(self, server: SandboxServer, client: HttpSandboxProvider) -> None:
        said = client.send(call := make_call(token="tok_3ds"))
        assert said.next_action is not None
        assert said.next_action["url"] == f"{server.url}/3ds/{call.reference}"
        status, page = request(server, "GET", f"/3ds/{call.reference}")
        assert (status, "12.34 GBP" in page, "Confirm" in page) == (200, True, True)
        status, page = request(server, "POST", f"/3ds/{call.reference}", b"outcome=ok")
        assert (status, "captured" in page) == (200, True)
        assert "Confirm" not in request(server, "GET", f"/3ds/{call.reference}")[1]
        assert request(server, "POST", f"/3ds/{call.reference}", b"outcome=failed")[0] == 409
        assert client.send(call).said is Said.CAPTURED

    def test_is_of_a_call_that_waits(self, server: SandboxServer) -> None:
        assert request(server, "GET", "/3ds/4711")[0] == 404
        assert request(server, "POST", "/3ds/4711", b"outcome=ok")[0] == 404
        assert request(server, "POST", "/3ds/4711", b"outcome=perhaps")[0] == 400
        assert request(server, "GET", "/3ds/<script>")[0] == 400


class TestWebhooks:
    def test_tell_what_was_answered_once(self, client: HttpSandboxProvider, receiver: Receiver) -> None:
        said = client.send(call := make_call())
        client.send(call)
        (event,) = received(receiver, client, 1)
        assert (event.said, event.reference, event.amount) == (said.said, said.reference, said.amount)
        assert event.event_id == f"evt_{call.reference}_captured"

    def test_tell_what_was_not_answered(self, client: HttpSandboxProvider, receiver: Receiver) -> None:
        with pytest.raises(ProviderUnreachable):
            client.send(make_call(token="tok_timeout"))
        (event,) = received(receiver, client, 1)
        assert event.said is Said.CAPTURED

    def test_tell_nothing_of_what_never_came(self, client: HttpSandboxProvider, receiver: Receiver) -> None:
        with pytest.raises(ProviderUnreachable):
            client.send(make_call(token="tok_timeout_lost"))
        assert received(receiver, client, 0) == []

    def test_come_again_until_they_are_accepted(
        self, client: HttpSandboxProvider, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(courier, "PAUSE_S", 0.01)
        receiver.statuses += [500, 429, 302]
        client.send(make_call())
        events = received(receiver, client, 4)
        assert len(events) == 4
        assert len({event.event_id for event in events}) == 1

    def test_are_given_up_in_the_end(
        self, client: HttpSandboxProvider, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(courier, "PAUSE_S", 0.001)
        monkeypatch.setattr(courier, "ATTEMPTS_MAX", 3)
        receiver.statuses += [500] * 10
        client.send(make_call())
        assert len(received(receiver, client, 3)) == 3

    def test_are_repeated_as_told(self, server: SandboxServer, client: HttpSandboxProvider, receiver: Receiver) -> None:
        server.conduct.change(Behaviour(webhook_repeat_bp=CERTAIN_BP, webhook_repeat_count=19))
        client.send(make_call())
        assert len(received(receiver, client, 20)) == 20

    def test_fall_silent_as_told(self, server: SandboxServer, client: HttpSandboxProvider, receiver: Receiver) -> None:
        server.conduct.change(Behaviour(webhook_lost_bp=CERTAIN_BP))
        client.send(make_call())
        assert received(receiver, client, 0) == []

    def test_come_out_of_order_as_told(
        self, server: SandboxServer, client: HttpSandboxProvider, receiver: Receiver
    ) -> None:
        server.conduct.change(Behaviour(seed=1, webhook_shuffle_bp=CERTAIN_BP, webhook_shuffle_ms=300))
        calls = [make_call() for _ in range(8)]
        for call in calls:
            client.send(call)
        references = [event.reference for event in received(receiver, client, 8)]
        assert references != [call.reference for call in calls]
        assert sorted(references) == [call.reference for call in calls]

    def test_come_before_the_answer_as_told(
        self, server: SandboxServer, client: HttpSandboxProvider, receiver: Receiver
    ) -> None:
        server.conduct.change(Behaviour(webhook_first_bp=CERTAIN_BP))
        for count in range(1, 6):
            client.send(make_call())
            assert len(receiver.received) == count

    def test_lie_as_told_under_a_genuine_signature(
        self, server: SandboxServer, client: HttpSandboxProvider, receiver: Receiver
    ) -> None:
        said = client.send(call := make_call(token="tok_3ds"))
        server.conduct.change(Behaviour(lie_amount_bp=CERTAIN_BP))
        client.complete_action(call.reference, "ok")
        server.conduct.change(Behaviour())
        event = received(receiver, client, 2)[1]
        assert (event.said, event.amount == said.amount) == (Said.CAPTURED, False)
        asked = client.ask(call.reference)
        assert asked is not None
        assert asked.amount == call.amount


class TestStop:
    def test_ends_what_hangs(self, receiver: Receiver) -> None:
        server = SandboxServer(port=0, book=Book(), secrets=[SECRET], webhook_url=receiver.url)
        server.start()
        client = HttpSandboxProvider(url=server.url, secrets=[SECRET], answer_timeout_s=0.1)
        server.conduct.change(Behaviour(mute_bp=CERTAIN_BP))
        with pytest.raises(ProviderUnreachable):
            client.send(make_call())
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < SILENCE_S / 2

    @pytest.mark.parametrize("url", ["https://shop.example/webhooks", "shop.example", "http://"])
    def test_sends_webhooks_to_a_url_of_http(self, url: str) -> None:
        with pytest.raises(ValueError, match="http://host:port/path"):
            SandboxServer(port=0, book=Book(), secrets=[SECRET], webhook_url=url)
