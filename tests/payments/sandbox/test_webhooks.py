"""Webhooks: believed when signed and fresh, refused otherwise, and refused for a reason."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from apps.payments.provider import Said, Statement, WebhookRefused
from apps.payments.sandbox.entries import make_event
from apps.payments.sandbox.http_provider import HttpSandboxProvider
from apps.payments.sandbox.provider import SandboxProvider
from apps.payments.sandbox.webhooks import Secrets, Webhook, make_webhook
from tests.payments.sandbox.support import OTHER_SECRET, PRICE, SECRET, forge
from tests.support import NOON

# The published vector of the Standard Webhooks suite (Apache-2.0).
VECTOR_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
VECTOR_TIMESTAMP = 1614265330
VECTOR_BODY = b'{"test": 2432232314}'
VECTOR_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

EVENT = make_event(
    Statement(
        said=Said.CAPTURED,
        reference=4711,
        provider_ref="sbx_4711",
        amount=PRICE,
        account="sandbox_merchant",
    )
)


def sent_at(moment: datetime = NOON, *, secrets: tuple[str, ...] = (SECRET,), event: Statement = EVENT) -> Webhook:
    return make_webhook(event, secrets=Secrets(secrets), timestamp=int(moment.timestamp()))


def signed(body: bytes, *, moment: datetime = NOON) -> Webhook:
    """A genuine signature on any body at all."""
    timestamp = int(moment.timestamp())
    signature = Secrets([SECRET]).sign(event_id="evt_1", timestamp=timestamp, body=body)
    headers = {"webhook-id": "evt_1", "webhook-timestamp": str(timestamp), "webhook-signature": signature}
    return Webhook(headers=headers, body=body)


def read(webhook: Webhook, *, now: datetime = NOON, secrets: tuple[str, ...] = (SECRET,)) -> Statement:
    return SandboxProvider(secrets=secrets).read_webhook(headers=webhook.headers, body=webhook.body, now=now)


def reason_of(webhook: Webhook, *, now: datetime = NOON, secrets: tuple[str, ...] = (SECRET,)) -> str:
    with pytest.raises(WebhookRefused) as refusal:
        read(webhook, now=now, secrets=secrets)
    return refusal.value.reason


class TestSign:
    def test_equals_the_published_vector(self) -> None:
        signature = Secrets([VECTOR_SECRET]).sign(event_id=VECTOR_ID, timestamp=VECTOR_TIMESTAMP, body=VECTOR_BODY)
        assert signature == VECTOR_SIGNATURE

    def test_signs_with_every_live_secret(self) -> None:
        signature = Secrets([VECTOR_SECRET, OTHER_SECRET]).sign(event_id="a", timestamp=1, body=b"")
        assert [each[:3] for each in signature.split()] == ["v1,", "v1,"]

    @pytest.mark.parametrize(
        "secret", ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64"]
    )
    def test_refuses_what_is_no_secret(self, secret: str) -> None:
        with pytest.raises(ValueError, match="a webhook secret"):
            Secrets([secret])


class TestReadWebhook:
    def test_believes_the_published_vector(self) -> None:
        """Its body is no event of ours, so belief shows in the reason: the signature held."""
        headers = {
            "webhook-id": VECTOR_ID,
            "webhook-timestamp": str(VECTOR_TIMESTAMP),
            "webhook-signature": VECTOR_SIGNATURE,
        }
        moment = datetime.fromtimestamp(VECTOR_TIMESTAMP, tz=UTC)
        webhook = Webhook(headers=headers, body=VECTOR_BODY)
        assert reason_of(webhook, now=moment) == "event_unknown"
        assert reason_of(forge(webhook, body=VECTOR_BODY + b" "), now=moment) == "signature_wrong"

    def test_returns_what_was_stated(self) -> None:
        assert read(sent_at()) == EVENT

    def test_returns_a_next_action(self) -> None:
        event = make_event(replace(EVENT, said=Said.REQUIRES_ACTION, next_action={"kind": "redirect", "url": "/x"}))
        assert read(sent_at(event=event)) == event

    def test_is_the_same_over_http(self) -> None:
        webhook = sent_at()
        client = HttpSandboxProvider(url="http://127.0.0.1:1", secrets=[SECRET])
        assert client.read_webhook(headers=webhook.headers, body=webhook.body, now=NOON) == EVENT

    def test_finds_headers_in_any_case(self) -> None:
        webhook = sent_at()
        assert read(Webhook({name.title(): value for name, value in webhook.headers.items()}, webhook.body)) == EVENT

    def test_takes_either_of_two_live_secrets(self) -> None:
        assert read(sent_at(secrets=(SECRET,)), secrets=(OTHER_SECRET, SECRET)) == EVENT
        assert read(sent_at(secrets=(OTHER_SECRET,)), secrets=(OTHER_SECRET, SECRET)) == EVENT
        assert read(sent_at(secrets=(SECRET, OTHER_SECRET)), secrets=(OTHER_SECRET,)) == EVENT

    def test_refuses_a_secret_that_is_dead(self) -> None:
        assert reason_of(sent_at(secrets=(OTHER_SECRET,))) == "signature_wrong"
        assert reason_of(sent_at(), secrets=()) == "signature_wrong"

    @pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    def test_refuses_one_without_its_headers(self, name: str) -> None:
        webhook = sent_at()
        headers = {key: value for key, value in webhook.headers.items() if key != name}
        assert reason_of(Webhook(headers, webhook.body)) == "headers_missing"

    @pytest.mark.parametrize(
        "headers",
        [
            {"webhook-timestamp": ""},
            {"webhook-timestamp": "soon"},
            {"webhook-timestamp": "-1773230400"},
            {"webhook-timestamp": "1773230400.0"},
            {"webhook-timestamp": "\uff11773230400"},
            {"webhook-timestamp": "9" * 400},
            {"webhook-id": ""},
            {"webhook-id": "x" * 101},
            {"webhook-id": "évt"},
        ],
    )
    def test_refuses_headers_that_cannot_be_read(self, headers: dict[str, str]) -> None:
        assert reason_of(forge(sent_at(), headers=headers)) == "headers_unreadable"

    @pytest.mark.parametrize("seconds", [-300, 0, 300])
    def test_takes_what_is_fresh(self, seconds: int) -> None:
        assert read(sent_at(), now=NOON + timedelta(seconds=seconds)) == EVENT

    @pytest.mark.parametrize("seconds", [-301, 301, 86_400])
    def test_refuses_what_is_stale_or_from_the_future(self, seconds: int) -> None:
        assert reason_of(sent_at(), now=NOON + timedelta(seconds=seconds)) == "stale"

    def test_refuses_an_old_one_that_is_dated_anew(self) -> None:
        later = NOON + timedelta(hours=1)
        replayed = forge(sent_at(), headers={"webhook-timestamp": str(int(later.timestamp()))})
        assert reason_of(replayed, now=later) == "signature_wrong"

    def test_says_the_same_of_one_that_is_played_again(self) -> None:
        """Within its time a repetition is genuine: it has the same id, by which the caller knows it."""
        webhook = sent_at()
        assert read(webhook) == read(webhook, now=NOON + timedelta(seconds=60))

    @pytest.mark.parametrize(
        "signature",
        [
            "",
            "v1,",
            "v1",
            "v1,not base64",
            "v1,é",
            VECTOR_SIGNATURE,
            "v1a," + "A" * 86 + "==",
        ],
    )
    def test_refuses_a_wrong_signature(self, signature: str) -> None:
        assert reason_of(forge(sent_at(), headers={"webhook-signature": signature})) == "signature_wrong"

    def test_takes_the_right_one_among_others(self) -> None:
        webhook = sent_at()
        right = webhook.headers["webhook-signature"]
        assert read(forge(webhook, headers={"webhook-signature": f"v1a,AAAA v1,AAAA {right} v2,x"})) == EVENT

    def test_refuses_a_changed_body_id_or_version(self) -> None:
        webhook = sent_at()
        right = webhook.headers["webhook-signature"]
        for forged in (
            forge(webhook, body=webhook.body.replace(b"12.34", b"1.00")),
            forge(webhook, body=webhook.body + b"\n"),
            forge(webhook, headers={"webhook-id": "evt_4712_captured"}),
            forge(webhook, headers={"webhook-signature": right.replace("v1,", "v2,")}),
            forge(webhook, headers={"webhook-signature": right.lower()}),
        ):
            assert reason_of(forged) == "signature_wrong"

    def test_refuses_a_signature_by_the_secret_as_it_is_written(self) -> None:
        webhook = sent_at()
        content = f"{EVENT.event_id}.{int(NOON.timestamp())}.".encode() + webhook.body
        mac = base64.b64encode(hmac.new(SECRET.encode(), content, hashlib.sha256).digest()).decode()
        assert reason_of(forge(webhook, headers={"webhook-signature": f"v1,{mac}"})) == "signature_wrong"

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"[]",
            b"\xff",
            b'{"type": "a", "type": "b"}',
            b'{"type": NaN}',
            b'{"type": 1e400}',
            b"[" * 100_000,
        ],
    )
    def test_refuses_a_body_that_cannot_be_read(self, body: bytes) -> None:
        assert reason_of(signed(body)) == "body_unreadable"

    @pytest.mark.parametrize("document", [{}, {"type": "call.deleted"}, {"type": None}, {"type": 1}])
    def test_refuses_an_event_that_it_does_not_know(self, document: dict[str, object]) -> None:
        assert reason_of(signed(json.dumps(document).encode())) == "event_unknown"

    @pytest.mark.parametrize(
        ("member", "value"),
        [
            ("reference", 4711),
            ("reference", "0"),
            ("reference", "-1"),
            ("reference", "\uff14711"),
            ("reference", str(2**63)),
            ("reference", None),
            ("said", "unknown"),
            ("said", "CAPTURED"),
            ("said", None),
            ("said", []),
            ("provider_ref", None),
            ("provider_ref", "x" * 101),
            ("amount", None),
            ("amount", "12.34"),
            ("amount", {"amount": 12.34, "currency": "GBP"}),
            ("amount", {"amount": "12.345", "currency": "GBP"}),
            ("amount", {"amount": "12.34", "currency": "XXX"}),
            ("amount", {"amount": "1e3", "currency": "GBP"}),
            ("account", None),
            ("decline_code", 5),
            ("next_action", "redirect"),
        ],
    )
    def test_refuses_a_statement_that_cannot_be_read(self, member: str, value: object) -> None:
        document = json.loads(sent_at().body)
        document["data"][member] = value
        body = json.dumps(document).encode()
        if member == "amount" and isinstance(value, dict) and isinstance(value["amount"], float):
            assert reason_of(signed(body)) == "body_unreadable"
        else:
            assert reason_of(signed(body)) == "statement_unreadable"

    @pytest.mark.parametrize("data", [None, [], "captured", {}])
    def test_refuses_an_event_without_a_statement(self, data: object) -> None:
        body = json.dumps({"type": "call.stated", "data": data}).encode()
        assert reason_of(signed(body)) == "statement_unreadable"

    def test_passes_over_what_a_provider_may_add(self) -> None:
        document = json.loads(sent_at().body)
        document["data"]["network"] = "visa"
        document["api_version"] = "2"
        assert read(signed(json.dumps(document).encode())) == replace(EVENT, event_id="evt_1")
