"""A way back in for who has forgotten the password."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.auth.tokens import default_token_generator
from django.db.models import F

from apps.accounts.errors import ResetTokenInvalid
from apps.accounts.events import AGGREGATE, PasswordChanged, PasswordResetRequested
from apps.accounts.locking import lock_user
from apps.accounts.models import User
from apps.accounts.passwords import hash_password
from apps.accounts.selectors import find_user_id
from apps.accounts.tokens import revoke_tokens
from tradecore import db, outbox
from tradecore.errors import NotFound
from tradecore.outbox import Event

RESET_PAUSE: Final = timedelta(minutes=1)

_ID_DIGITS_MAX: Final = 19


@db.use_case
def request_password_reset(*, email: str, now: datetime) -> None:
    """Publish PasswordResetRequested, at most once in RESET_PAUSE, if somebody who may sign in has the address.

    Answers the same whether anybody has.
    """
    user_id = find_user_id(email=email)
    user = lock_user(user_id) if user_id is not None else None
    if user is None or (user.reset_requested_at is not None and now - user.reset_requested_at < RESET_PAUSE):
        return
    _record(PasswordResetRequested(user_id=user.pk), user, now=now, reset_requested_at=now)


def make_reset_token(*, user_id: int) -> str:
    """A token that sets a new password once, within PASSWORD_RESET_TIMEOUT and until the password or e-mail changes.

    It is for the letter alone: whoever has it has the account. Refuses: NotFound.
    """
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        raise NotFound(what="user")
    return f"{user.pk}-{default_token_generator.make_token(user)}"


def reset_password(*, token: str, new_password: str, now: datetime) -> None:
    """Give the user of the token a new password, end every session of theirs and publish PasswordChanged.

    Refuses, in this order: ResetTokenInvalid, PasswordTooWeak.
    """
    user_id, proof = _parse(token)
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None or not default_token_generator.check_token(user, proof):
        raise ResetTokenInvalid
    _replace_password(user_id, proof, encoded=hash_password(new_password, user=user), now=now)


@db.use_case
def _replace_password(user_id: int, proof: str, *, encoded: str, now: datetime) -> None:
    user = lock_user(user_id)
    if user is None or not default_token_generator.check_token(user, proof):
        raise ResetTokenInvalid  # used by somebody else while we hashed
    revoke_tokens(user)
    _record(PasswordChanged(user_id=user.pk), user, now=now, password=encoded)


def _record(fact: Event, user: User, *, now: datetime, **changes: Any) -> None:
    """Change the locked user and publish the fact as the next of their sequence."""
    User.objects.filter(pk=user.pk).update(version=F("version") + 1, **changes)
    outbox.publish(fact, aggregate=AGGREGATE, aggregate_id=user.pk, sequence=user.version + 1, now=now)


def _parse(token: str) -> tuple[int, str]:
    digits, _, proof = token.partition("-")
    if not (token.isascii() and digits.isdigit() and len(digits) <= _ID_DIGITS_MAX):
        raise ResetTokenInvalid
    return int(digits), proof
