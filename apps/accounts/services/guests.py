"""Buyers without an account. A guest is an id in a signed token and a row nowhere."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from django.core import signing

from apps.accounts.contracts import GuestToken
from apps.accounts.errors import GuestTokenInvalid
from apps.accounts.principals import new_principal_id
from tradecore import worker_leases, worlds

GUEST_LIFETIME: Final = timedelta(days=30)

_SALT: Final = "accounts.guest"
_TOKEN_LENGTH_MAX: Final = 200
#: How many tokens a process remembers as opened.
_OPEN_MAX: Final = 4096


def issue_guest_token(*, now: datetime) -> GuestToken:
    """Make a new guest, who is one for GUEST_LIFETIME. Called outside transactions."""
    worker_leases.ensure()
    guest_id = new_principal_id()
    expires_at = (now + GUEST_LIFETIME).replace(microsecond=0)
    token = signing.Signer(salt=worlds.marked(_SALT)).sign_object([guest_id, int(expires_at.timestamp())])
    return GuestToken(guest_id=guest_id, token=token, expires_at=expires_at)


def read_guest_token(*, token: str, now: datetime) -> int:
    """The id of the guest whose token it is.

    Refuses: GuestTokenInvalid (not made here, or expired).
    """
    if not token.isascii() or len(token) > _TOKEN_LENGTH_MAX:
        raise GuestTokenInvalid
    guest_id, expires_at = _open(token, worlds.marked(_SALT))
    if now.timestamp() >= expires_at:
        raise GuestTokenInvalid
    return guest_id


@lru_cache(maxsize=_OPEN_MAX)
def _open(token: str, salt: str) -> tuple[int, int]:
    """Who it is, and until when, in seconds since 1970. Opened once for all that a guest asks for in a visit.

    Refuses: GuestTokenInvalid.
    """
    try:
        guest_id, expires_at = signing.Signer(salt=salt).unsign_object(token)
    except signing.BadSignature:
        raise GuestTokenInvalid from None
    return int(guest_id), int(expires_at)
