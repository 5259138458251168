"""Webhooks, signed and verified as Standard Webhooks says (https://www.standardwebhooks.com).

The signature is HMAC-SHA256 over `id.timestamp.body`, in base64 behind `v1,`; several may stand in the header,
separated by spaces, and several secrets may be live, so that a secret can be replaced without losing a webhook.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from apps.payments.provider import Said, Statement, WebhookRefused
from apps.payments.sandbox.errors import Unreadable
from apps.payments.sandbox.messages import read_object, read_statement, write_statement

#: Older or newer than this, a webhook is refused: whoever recorded it cannot play it again later.
TOLERANCE_S: Final = 300

#: The kind of event that says something of a call, and those that say something of a chargeback.
EVENT_KIND: Final = "call.stated"
DISPUTE_EVENT_KINDS: Final[Mapping[Said, str]] = {
    Said.DISPUTED: "dispute.opened",
    Said.EVIDENCE_TAKEN: "dispute.evidence_taken",
    Said.DISPUTE_WON: "dispute.won",
    Said.DISPUTE_LOST: "dispute.lost",
}

_ID: Final = "webhook-id"
_TIMESTAMP: Final = "webhook-timestamp"
_SIGNATURE: Final = "webhook-signature"

_ID_LENGTH_MAX: Final = 100
_PREFIX: Final = "whsec_"
_KEY_BYTES_MIN: Final = 24
_SECONDS: Final = re.compile(r"[0-9]{1,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Webhook:
    """One delivery: headers and body."""

    headers: Mapping[str, str]
    body: bytes


class Secrets:
    """The secrets that are live: `whsec_` and base64, each. Raises ValueError for anything else."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = tuple(_read_secret(secret) for secret in secrets)

    def sign(self, *, event_id: str, timestamp: int, body: bytes) -> str:
        """The signatures of all live secrets, as the header has them."""
        signed = f"{event_id}.{timestamp}.".encode() + body
        return " ".join("v1," + _mac(key, signed) for key in self._keys)

    def match(self, signatures: str, *, event_id: str, timestamp: str, body: bytes) -> bool:
        """Whether any of the signatures is by any live secret. The time it takes does not tell which."""
        signed = f"{event_id}.{timestamp}.".encode() + body
        versions = (signature.partition(",") for signature in signatures.split())
        offered = [value.encode() for version, _, value in versions if version == "v1"]
        expected = [_mac(key, signed).encode() for key in self._keys]
        matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in offered]
        return any(matches)


def make_webhook(event: Statement, *, secrets: Secrets, timestamp: int) -> Webhook:
    """The webhook that tells an event (a statement that has an id), signed at that second of the epoch."""
    assert event.event_id is not None
    body = json.dumps({"type": _kind_of(event), "data": write_statement(event)}).encode()
    headers = {
        "content-type": "application/json",
        _ID: event.event_id,
        _TIMESTAMP: str(timestamp),
        _SIGNATURE: secrets.sign(event_id=event.event_id, timestamp=timestamp, body=body),
    }
    return Webhook(headers=headers, body=body)


def read_webhook(*, headers: Mapping[str, str], body: bytes, now: datetime, secrets: Secrets) -> Statement:
    """The statement in a webhook whose signature and freshness hold.

    Refuses WebhookRefused, whose `reason` is, in this order: headers_missing, headers_unreadable, stale,
    signature_wrong, body_unreadable, event_unknown, statement_unreadable.
    """
    event_id = _verify(headers=headers, body=body, now=now, secrets=secrets)
    document = _read_body(body)
    if document.get("type") not in (EVENT_KIND, *DISPUTE_EVENT_KINDS.values()):
        raise WebhookRefused(reason="event_unknown")
    data = document.get("data")
    try:
        statement = read_statement(data if isinstance(data, dict) else {}, event_id=event_id)
    except Unreadable as error:
        raise WebhookRefused(reason="statement_unreadable") from error
    if document["type"] != _kind_of(statement):
        raise WebhookRefused(reason="statement_unreadable")
    return statement


def _kind_of(event: Statement) -> str:
    """The kind of an event; empty for what is said of no chargeback."""
    return EVENT_KIND if event.dispute is None else DISPUTE_EVENT_KINDS.get(event.said, "")


def _verify(*, headers: Mapping[str, str], body: bytes, now: datetime, secrets: Secrets) -> str:
    """The id of the webhook, once headers, freshness and signature hold."""
    by_name = {name.lower(): value for name, value in headers.items()}
    try:
        event_id, timestamp, signatures = by_name[_ID], by_name[_TIMESTAMP], by_name[_SIGNATURE]
    except KeyError as error:
        raise WebhookRefused(reason="headers_missing") from error
    if not (_SECONDS.fullmatch(timestamp) and 0 < len(event_id) <= _ID_LENGTH_MAX and event_id.isascii()):
        raise WebhookRefused(reason="headers_unreadable")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_S:
        raise WebhookRefused(reason="stale")
    if not secrets.match(signatures, event_id=event_id, timestamp=timestamp, body=body):
        raise WebhookRefused(reason="signature_wrong")
    return event_id


def _read_body(body: bytes) -> dict[str, Any]:
    try:
        return read_object(body)
    except Unreadable as error:
        raise WebhookRefused(reason="body_unreadable") from error


def _read_secret(secret: str) -> bytes:
    if not secret.startswith(_PREFIX):
        raise ValueError(f"a webhook secret begins with {_PREFIX}")
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError(f"a webhook secret is {_PREFIX} and base64") from error
    if len(key) < _KEY_BYTES_MIN:
        raise ValueError(f"a webhook secret has at least {_KEY_BYTES_MIN} bytes")
    return key


def _mac(key: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
