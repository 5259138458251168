"""Sign in, stay signed in, sign out.

# Note [Guesses]
Wrong passwords are counted per e-mail address, and per network that they come from, in windows of a fixed length;
whoever has used up a window waits for the next. An unknown address is counted and hashed like a known one, so neither
the answer nor its time tells which it was. Guesses that run at the same moment are counted after all were checked, so
the limit can be passed by as many as the servers hash at once.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from apps.accounts.contracts import TokenPair
from apps.accounts.emails import canonical_email
from apps.accounts.errors import EmailInvalid, InvalidCredentials, RefreshTokenInvalid
from apps.accounts.locking import lock_user
from apps.accounts.models import User
from apps.accounts.passwords import is_password_of
from apps.accounts.tokens import find_session, issue_tokens, revoke_session, rotate_tokens
from tradecore import db
from tradecore.attempts import Limit, check_attempts, count_attempts

GUESSES_PER_EMAIL: Final = Limit(scope="sign_in_email", count=10, window=timedelta(minutes=15))
GUESSES_PER_NETWORK: Final = Limit(scope="sign_in_network", count=100, window=timedelta(minutes=15))


def sign_in(*, email: str, password: str, network: str, now: datetime) -> TokenPair:
    """Begin a session. `network` is empty where it is not known, which leaves the limit per e-mail address.

    Refuses, in this order: TooManyAttempts, InvalidCredentials.
    """
    return _begin_session(verify_credentials(email=email, password=password, network=network, now=now))


def verify_credentials(*, email: str, password: str, network: str, now: datetime) -> User:
    """The user whose e-mail address and password these are. See Note [Guesses].

    Refuses, in this order: TooManyAttempts, InvalidCredentials.
    """
    try:
        canonical = canonical_email(email)
    except EmailInvalid:
        raise InvalidCredentials from None  # no account has it, so there is nothing to guess
    guesses = list(_guesses(canonical, network))
    for limit, subject in guesses:
        check_attempts(limit=limit, subject=subject, now=now)
    user = User.objects.filter(email=canonical, is_active=True).first()
    if is_password_of(user, password) and user is not None:
        return user
    for limit, subject in guesses:
        count_attempts(limit=limit, subject=subject, now=now)
    raise InvalidCredentials


def refresh_tokens(*, refresh_token: str) -> TokenPair:
    """Go on with a session: a new pair for the refresh token, which is thereby used up.

    Refuses: RefreshTokenInvalid. A token that was used before ends its session as well.
    """
    pair = _continue_session(refresh_token)
    if pair is None:
        raise RefreshTokenInvalid
    return pair


@db.use_case
def sign_out(*, token: str) -> None:
    """End the session that the access or refresh token belongs to. An unknown token is no error (RFC 7009)."""
    session = find_session(token)
    if session is not None and lock_user(session.user_id):
        revoke_session(session)


@db.use_case
def _begin_session(verified: User) -> TokenPair:
    user = lock_user(verified.pk)
    if user is None or user.password != verified.password:
        raise InvalidCredentials  # the account was closed, or the password replaced, while we hashed
    return issue_tokens(user)


@db.use_case
def _continue_session(refresh_token: str) -> TokenPair | None:
    """None instead of a refusal, because the end of a session must be committed."""
    session = find_session(refresh_token)
    user = lock_user(session.user_id) if session is not None else None
    return rotate_tokens(user, refresh_token=refresh_token) if user else None


def _guesses(email: str, network: str) -> Iterator[tuple[Limit, str]]:
    yield GUESSES_PER_EMAIL, email
    if network:
        yield GUESSES_PER_NETWORK, network
