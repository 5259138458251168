"""Buyers without an account. A guest is an id in a signed token and a row nowhere."""

from datetime import datetime, timedelta
from typing import Final

from django.core import signing

from apps.accounts.contracts import GuestToken
from apps.accounts.errors import GuestTokenInvalid
from apps.accounts.principals import new_principal_id
from tradecore import worker_leases, worlds

GUEST_LIFETIME: Final = timedelta(days=30)

_SALT: Final = "accounts.guest"
_TOKEN_LENGTH_MAX: Final = 200


def issue_guest_token(*, now: datetime) -> GuestToken:
    """Make a new guest, who is one for GUEST_LIFETIME. Called outside transactions."""
    worker_leases.ensure()
    guest_id = new_principal_id()
    expires_at = (now + GUEST_LIFETIME).replace(microsecond=0)
    token = _signer().sign_object([guest_id, int(expires_at.timestamp())])
    return GuestToken(guest_id=guest_id, token=token, expires_at=expires_at)


def read_guest_token(*, token: str, now: datetime) -> int:
    """The id of the guest whose token it is.

    Refuses: GuestTokenInvalid (not made here, or expired).
    """
    if not token.isascii() or len(token) > _TOKEN_LENGTH_MAX:
        raise GuestTokenInvalid
    try:
        guest_id, expires_at = _signer().unsign_object(token)
    except signing.BadSignature:
        raise GuestTokenInvalid from None
    if now.timestamp() >= expires_at:
        raise GuestTokenInvalid
    return int(guest_id)


def _signer() -> signing.Signer:
    return signing.Signer(salt=worlds.marked(_SALT))
