"""The arithmetic of proof: what is hashed of a posting, how hashes are chained, what a manifest signs.

# Note [Chain]
    hash(n) = SHA-256(hash(n-1) + "\n" + canonical(posting n, its entries by line))

canonical is JSON with sorted keys and no spaces: ids and amounts as decimal strings, moments in UTC to the microsecond.
A change of any row breaks every later hash. Whoever could rewrite all of them still has to match the manifests that
were signed each day and copied elsewhere.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from apps.ledger import models

GENESIS = "0" * 64
KEY_BYTES = 32

_POSTING = (
    *("id", "kind", "reference", "order_ref", "resolves_id", "outcome", "reverses_id"),
    *("reason", "actor", "request_id"),
)
_ENTRY = ("line_no", "account", "owner_ref", "currency", "amount_minor", "is_pending", "about_ref")

#: What a manifest's digest covers, in this order: everything but the digest and the signature over it.
_MANIFEST = ("day", "first_seal", "last_seal", "posting_count", "totals", "last_hash", "previous_digest")


def next_hash(previous: str, posting: models.Posting, entries: Sequence[models.Entry]) -> str:
    """The hash of a posting whose predecessor in the chain has the hash `previous`. See Note [Chain]."""
    content: dict[str, Any] = {name: _plain(getattr(posting, name)) for name in _POSTING}
    content["occurred_at"] = posting.occurred_at.astimezone(UTC).isoformat(timespec="microseconds")
    in_order = sorted(entries, key=lambda entry: entry.line_no)
    content["entries"] = [{name: _plain(getattr(entry, name)) for name in _ENTRY} for entry in in_order]
    return hashlib.sha256(f"{previous}\n{_canonical(content)}".encode()).hexdigest()


def digest(manifest: Mapping[str, Any]) -> str:
    """What is signed of a manifest: the hash of everything that it says."""
    return hashlib.sha256(_canonical({name: _plain(manifest[name]) for name in _MANIFEST}).encode()).hexdigest()


class Signer:
    """Signs digests with one Ed25519 key. `key` is base64 of its 32 bytes; a ValueError says that it is not."""

    def __init__(self, key: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(key, validate=True))
        self.public = base64.b64encode(self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

    @property
    def key_id(self) -> str:
        return key_id_of(self.public)

    def sign(self, digest_hex: str) -> str:
        return base64.b64encode(self._key.sign(digest_hex.encode())).decode()


def is_key(text: str) -> bool:
    """Whether the text is base64 of 32 bytes, as both halves of a key are."""
    try:
        return len(base64.b64decode(text, validate=True)) == KEY_BYTES
    except ValueError:
        return False


def key_id_of(public_key: str) -> str:
    """How a manifest names the key that signed it: the beginning of the hash of its public half."""
    return hashlib.sha256(public_key.encode()).hexdigest()[:16]


def is_signed(digest_hex: str, signature: str, *, public_key: str) -> bool:
    """Whether the signature is that of the public key's other half; no secret is needed to ask."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key))
    try:
        key.verify(base64.b64decode(signature), digest_hex.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _canonical(content: Any) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _plain(value: Any) -> Any:
    """Numbers as strings: no reader of JSON may round them."""
    if value is None or isinstance(value, str | bool | Mapping):
        return value
    return str(value)
