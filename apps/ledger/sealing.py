"""The arithmetic of proof: what is hashed of a posting, what a manifest signs.

What is chained is a posting with its entries by line. See Note [Chain] in tradecore. Whoever could rewrite all of it
still has to match the manifests that were signed each day and copied elsewhere.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from apps.ledger import models
from tradecore.chain import canonical, plain

KEY_BYTES = 32

_POSTING = (
    *("id", "kind", "reference", "order_ref", "resolves_id", "outcome", "reverses_id"),
    *("reason", "actor", "request_id", "occurred_at"),
)
_ENTRY = ("line_no", "account", "owner_ref", "currency", "amount_minor", "is_pending", "about_ref")

#: What a manifest's digest covers, in this order: everything but the digest and the signature over it.
_MANIFEST = ("day", "first_seal", "last_seal", "posting_count", "totals", "last_hash", "previous_digest")


def content_of(posting: models.Posting, entries: Sequence[models.Entry]) -> dict[str, Any]:
    """What is hashed of a posting."""
    content: dict[str, Any] = {name: plain(getattr(posting, name)) for name in _POSTING}
    in_order = sorted(entries, key=lambda entry: entry.line_no)
    content["entries"] = [{name: plain(getattr(entry, name)) for name in _ENTRY} for entry in in_order]
    return content


def digest(manifest: Mapping[str, Any]) -> str:
    """What is signed of a manifest: the hash of everything that it says."""
    return hashlib.sha256(canonical({name: plain(manifest[name]) for name in _MANIFEST}).encode()).hexdigest()


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
