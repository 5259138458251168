"""Chargebacks at the sandbox, in process and over HTTP alike."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from apps.payments.provider import DisputeFacts, Operation, Said, Statement, WebhookRefused
from apps.payments.sandbox.behaviour import CERTAIN_BP, Behaviour
from apps.payments.sandbox.errors import NotCompletable, NotDisputable
from apps.payments.sandbox.http_provider import HttpSandboxProvider
from apps.payments.sandbox.server import SandboxServer
from apps.payments.sandbox.webhooks import Secrets, make_webhook
from tests.payments.sandbox.support import PRICE, SECRET, Disputing, make_call, wait_for
from tests.payments.sandbox.test_server import request_json
from tests.support import NOON
from tradecore import clock
from tradecore.errors import NotFound
from tradecore.ids import new_id
from tradecore.money import Money

Event = Callable[[], Statement]

EVIDENCE = {"delivery": "Signed for on the 9th.", "größe": "ä" * 100}


def charge(provider: Disputing, next_event: Event, *, amount: Money = PRICE) -> int:
    """A captured charge; what the provider told of it is out of the way."""
    call = make_call(amount=amount)
    provider.send(call)
    drain(provider, next_event)
    return call.reference


def drain(provider: Disputing, next_event: Event) -> None:
    """Over HTTP a call that was sent is told by webhook as well; in process it is not."""
    if isinstance(provider, HttpSandboxProvider):
        next_event()


def contest(provider: Disputing, told: Statement, **parts: object) -> Statement:
    call = replace(
        make_call(Operation.CONTEST, about=told.reference, amount=told.amount),
        dispute_ref=told.provider_ref,
        evidence=EVIDENCE,
    )
    return provider.send(replace(call, **parts))  # type: ignore[arg-type]  # whatever a test changes


class TestOpening:
    def test_is_told_and_can_be_asked_about(self, provider: Disputing, next_event: Event) -> None:
        reference = charge(provider, next_event)
        before = clock.real_now()
        told = provider.open_dispute(reference, reason_code="10.4", time=timedelta(days=20))
        assert (told.said, told.reference, told.amount) == (Said.DISPUTED, reference, PRICE)
        assert told.account == provider.account
        assert told.dispute is not None
        assert told.dispute.reason_code == "10.4"
        assert abs(told.dispute.evidence_by - before - timedelta(days=20)) < timedelta(minutes=1)
        event = next_event()
        assert event.event_id == f"evt_{told.provider_ref}_disputed"
        assert replace(event, event_id=None) == replace(told, event_id=None)
        assert provider.ask_dispute(told.provider_ref) == replace(told, event_id=None)

    def test_takes_a_part_and_then_no_more_than_the_rest(self, provider: Disputing, next_event: Event) -> None:
        reference = charge(provider, next_event)
        first = provider.open_dispute(reference, amount=Money(1000, "GBP"), reason_code="10.4")
        with pytest.raises(NotDisputable):
            provider.open_dispute(reference, amount=Money(235, "GBP"), reason_code="10.4")
        second = provider.open_dispute(reference, reason_code="13.1")
        assert (first.amount.minor, second.amount.minor) == (1000, 234)
        assert first.provider_ref != second.provider_ref
        with pytest.raises(NotDisputable):
            provider.open_dispute(reference, reason_code="10.4")

    def test_is_not_kept_from_it_by_a_refund(self, provider: Disputing, next_event: Event) -> None:
        reference = charge(provider, next_event)
        provider.send(make_call(Operation.REFUND, about=reference))
        assert provider.open_dispute(reference, reason_code="10.4").amount == PRICE

    def test_of_what_was_captured_later_names_that_call(self, provider: Disputing, next_event: Event) -> None:
        provider.send(first := make_call(Operation.AUTHORISE))
        provider.send(capture := make_call(Operation.CAPTURE, about=first))
        with pytest.raises(NotDisputable) as refusal:
            provider.open_dispute(first.reference, reason_code="10.4")
        assert refusal.value.standing == "authorised"
        told = provider.open_dispute(capture.reference, reason_code="10.4")
        assert told.reference == capture.reference
        assert contest(provider, told, about=first.reference).said is Said.EVIDENCE_TAKEN

    def test_needs_a_call(self, provider: Disputing) -> None:
        with pytest.raises(NotFound):
            provider.open_dispute(new_id(), reason_code="10.4")
        assert provider.ask_dispute("dsp_1_1") is None
        assert provider.ask_dispute("../calls/1?x=ä") is None


class TestRefunds:
    def test_are_refused_while_the_money_is_disputed(self, provider: Disputing, next_event: Event) -> None:
        reference = charge(provider, next_event)
        told = provider.open_dispute(reference, amount=Money(1000, "GBP"), reason_code="10.4")
        said = provider.send(make_call(Operation.REFUND, about=reference, amount=Money(235, "GBP")))
        assert (said.said, said.decline_code) == (Said.FAILED, "charge_disputed")
        said = provider.send(make_call(Operation.REFUND, about=reference, amount=Money(234, "GBP")))
        assert said.said is Said.REFUNDED
        provider.decide_dispute(told.provider_ref, "won")
        said = provider.send(make_call(Operation.REFUND, about=reference, amount=Money(1000, "GBP")))
        assert said.said is Said.REFUNDED


class TestAnswers:
    def test_are_taken_once(self, provider: Disputing, next_event: Event) -> None:
        told = provider.open_dispute(charge(provider, next_event), reason_code="10.4")
        said = contest(provider, told)
        assert (said.said, said.amount, said.dispute) == (Said.EVIDENCE_TAKEN, PRICE, None)
        assert provider.ask(said.reference) == said
        stands = provider.ask_dispute(told.provider_ref)
        assert stands is not None
        assert stands.said is Said.EVIDENCE_TAKEN
        assert contest(provider, told).decline_code == "dispute_answered"

    def test_that_accept_lose_it(self, provider: Disputing, next_event: Event) -> None:
        told = provider.open_dispute(charge(provider, next_event), reason_code="10.4")
        said = contest(provider, told, operation=Operation.ACCEPT, evidence=None)
        assert said.said is Said.DISPUTE_LOST
        stands = provider.ask_dispute(told.provider_ref)
        assert stands is not None
        assert stands.said is Said.DISPUTE_LOST

    @pytest.mark.parametrize(
        ("parts", "code"),
        [
            ({"dispute_ref": "dsp_1_1"}, "dispute_unknown"),
            ({"amount": Money(1, "GBP")}, "amount_differs"),
            ({"evidence": None}, "evidence_missing"),
            ({"evidence": {}}, "evidence_missing"),
        ],
    )
    def test_are_refused_where_they_are_none(
        self, provider: Disputing, next_event: Event, parts: dict[str, object], code: str
    ) -> None:
        told = provider.open_dispute(charge(provider, next_event), reason_code="10.4")
        said = contest(provider, told, **parts)
        assert (said.said, said.decline_code) == (Said.FAILED, code)
        stands = provider.ask_dispute(told.provider_ref)
        assert stands is not None
        assert stands.said is Said.DISPUTED

    def test_are_refused_once_it_is_too_late(self, provider: Disputing, next_event: Event) -> None:
        told = provider.open_dispute(charge(provider, next_event), reason_code="10.4", time=timedelta(0))
        assert told.dispute is not None
        evidence_by = told.dispute.evidence_by
        wait_for(lambda: clock.real_now() > evidence_by + timedelta(milliseconds=5))
        assert contest(provider, told).decline_code == "evidence_too_late"
        assert contest(provider, told, operation=Operation.ACCEPT, evidence=None).said is Said.DISPUTE_LOST

    def test_are_refused_once_it_is_decided(self, provider: Disputing, next_event: Event) -> None:
        told = provider.open_dispute(charge(provider, next_event), reason_code="10.4")
        provider.decide_dispute(told.provider_ref, "won")
        assert contest(provider, told).decline_code == "dispute_decided"


class TestDecision:
    @pytest.mark.parametrize(("outcome", "said"), [("won", Said.DISPUTE_WON), ("lost", Said.DISPUTE_LOST)])
    def test_is_told_and_told_again(self, provider: Disputing, next_event: Event, outcome: str, said: Said) -> None:
        told = provider.open_dispute(charge(provider, next_event), reason_code="10.4")
        next_event()
        for _ in range(2):
            decided = provider.decide_dispute(told.provider_ref, outcome)  # type: ignore[arg-type]
            assert (decided.said, decided.provider_ref) == (said, told.provider_ref)
            assert next_event().event_id == f"evt_{told.provider_ref}_{said}"
        other = "lost" if outcome == "won" else "won"
        with pytest.raises(NotCompletable):
            provider.decide_dispute(told.provider_ref, other)  # type: ignore[arg-type]

    def test_needs_a_dispute(self, provider: Disputing) -> None:
        with pytest.raises(NotFound):
            provider.decide_dispute("dsp_1_1", "won")


class TestWebhooks:
    EVENT = Statement(
        said=Said.DISPUTED,
        reference=4711,
        provider_ref="dsp_4711_1",
        amount=PRICE,
        account="sandbox_merchant",
        event_id="evt_1",
        dispute=DisputeFacts("10.4", evidence_by=NOON),
    )

    @pytest.mark.parametrize("said", [Said.DISPUTED, Said.EVIDENCE_TAKEN, Said.DISPUTE_WON, Said.DISPUTE_LOST])
    def test_say_what_they_are_about(self, provider: Disputing, said: Said) -> None:
        event = replace(self.EVENT, said=said)
        webhook = make_webhook(event, secrets=Secrets([SECRET]), timestamp=int(NOON.timestamp()))
        assert b'"type": "dispute.' in webhook.body
        assert provider.read_webhook(headers=webhook.headers, body=webhook.body, now=NOON) == event

    @pytest.mark.parametrize(
        ("stood", "instead"),
        [
            (b"dispute.opened", b"dispute.won"),
            (b"dispute.opened", b"call.stated"),
            (b'"reason_code": "10.4"', b'"reason_code": ""'),
            (b'"reason_code": "10.4"', b'"reason_code": 7'),
            (b"2026-03-11T12:00:00.000Z", b"2026-03-11T12:00:00"),
            (b"2026-03-11T12:00:00.000Z", b"soon"),
        ],
    )
    def test_are_refused_where_they_contradict_themselves(
        self, provider: Disputing, stood: bytes, instead: bytes
    ) -> None:
        secrets, timestamp = Secrets([SECRET]), int(NOON.timestamp())
        webhook = make_webhook(self.EVENT, secrets=secrets, timestamp=timestamp)
        body = webhook.body.replace(stood, instead)
        assert body != webhook.body
        signature = secrets.sign(event_id="evt_1", timestamp=timestamp, body=body)
        headers = {**webhook.headers, "webhook-signature": signature}
        with pytest.raises(WebhookRefused) as refusal:
            provider.read_webhook(headers=headers, body=body, now=NOON)
        assert refusal.value.reason == "statement_unreadable"


class TestRoutes:
    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"reason_code": "", "evidence_seconds": 1},
            {"reason_code": "10.4"},
            {"reason_code": "10.4", "evidence_seconds": -1},
            {"reason_code": "10.4", "evidence_seconds": True},
            {"reason_code": "10.4", "evidence_seconds": 1, "amount": "1.00"},
        ],
    )
    def test_open_what_can_be_read(self, server: SandboxServer, client: HttpSandboxProvider, body: object) -> None:
        client.send(call := make_call())
        status, answer = request_json(server, "POST", f"/v1/calls/{call.reference}/disputes", body)
        assert (status, answer["code"]) == (400, "sandbox.unreadable")
        assert server.book.list_disputes() == []

    def test_decide_with_a_word(self, server: SandboxServer, client: HttpSandboxProvider) -> None:
        client.send(call := make_call())
        told = client.open_dispute(call.reference, reason_code="10.4")
        outcomes: list[object] = ["ok", None, ["won"]]
        for outcome in outcomes:
            status, _ = request_json(server, "POST", f"/v1/disputes/{told.provider_ref}/decide", {"outcome": outcome})
            assert status == 400

    @pytest.mark.parametrize(
        "change", [{"evidence": ["a"]}, {"evidence": {"a": 1}}, {"evidence": {str(n): "" for n in range(101)}}]
    )
    def test_take_evidence_that_is_texts(self, server: SandboxServer, change: dict[str, object]) -> None:
        call = make_call(Operation.CONTEST, about=1)
        document = {
            "reference": str(call.reference),
            "operation": "contest",
            "method": "card",
            "method_token": "tok_ok",
            "amount": {"amount": "12.34", "currency": "GBP"},
            "instalments": 1,
            "about": "1",
            "dispute_ref": "dsp_1_1",
            "evidence": {},
        }
        assert request_json(server, "POST", "/v1/calls", document)[0] == 200
        status, _ = request_json(server, "POST", "/v1/calls", document | {"reference": str(new_id())} | change)
        assert status == 400

    def test_export_disputes_without_the_evidence(self, server: SandboxServer, client: HttpSandboxProvider) -> None:
        client.send(call := make_call())
        told = client.open_dispute(call.reference, reason_code="10.4")
        contest(client, told)
        _, book = request_json(server, "GET", "/v1/book")
        (exported,) = book["disputes"]
        assert (exported["provider_ref"], exported["said"]) == (told.provider_ref, "evidence_taken")
        assert "Signed" not in str(book)

    def test_may_lie_as_every_answer(self, server: SandboxServer, client: HttpSandboxProvider) -> None:
        client.send(call := make_call())
        told = client.open_dispute(call.reference, reason_code="10.4")
        server.conduct.change(Behaviour(lie_amount_bp=CERTAIN_BP))
        lied = client.ask_dispute(told.provider_ref)
        assert lied is not None
        assert lied.amount != told.amount
