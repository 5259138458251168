"""Access and refresh tokens of the first-party application, kept as django-oauth-toolkit itself keeps them.

# Note [Tokens]
The rows are the toolkit's, written by its own validator: its setting of token storage decides what lies in the table (a
checksum and no token), and its endpoints and clean-up know these tokens like any other. Refresh tokens rotate, and one
that is used twice ends the session, because somebody has a copy. The first-party application has no way in of its own:
its grant type is one that the toolkit refuses (RFC 9700), so that passwords are taken in one place, under one limit.

Whatever changes a user's tokens holds the lock of the user's row. Lifetimes take the real clock, as the toolkit does.
"""

import hashlib
from typing import Any, Final

from oauth2_provider.models import (
    get_access_token_model,
    get_application_model,
    get_grant_model,
    get_refresh_token_model,
)
from oauth2_provider.settings import oauth2_settings
from oauthlib.common import Request
from oauthlib.oauth2 import BearerToken

from apps.accounts.contracts import TokenPair
from apps.accounts.models import User
from tradecore import clock, db

CLIENT_ID: Final = "tradecore-first-party"


def token_checksum(token: str) -> str:
    """What a token is found by. Tokens are ASCII; a text that is not is the checksum of no token."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


@db.transaction_required
def issue_tokens(user: User) -> TokenPair:
    """Begin a session of the user, whose row is locked."""
    return _save_pair(_token_request(user, grant_type="password"))


@db.transaction_required
def rotate_tokens(user: User, *, refresh_token: str) -> TokenPair | None:
    """Replace the pair of the refresh token; None when it may not be used. A reused one ends its session."""
    request = _token_request(user, grant_type="refresh_token")
    is_usable = _validator().validate_refresh_token(refresh_token, request.client, request)
    return _save_pair(request) if is_usable else None


@db.transaction_required
def revoke_tokens(user: User) -> None:
    """End every session of the user, with every application."""
    now = clock.real_now()
    get_refresh_token_model().objects.filter(user=user, revoked=None).update(revoked=now, updated=now)
    get_access_token_model().objects.filter(user=user).delete()
    get_grant_model().objects.filter(user=user).delete()


@db.transaction_required
def revoke_session(session: Any) -> None:
    """End one session: every token that came of its sign-in. The user's row is locked."""
    get_refresh_token_model().revoke_family(session.token_family)


def find_session(token: str) -> Any | None:
    """The refresh token row that an access or refresh token of the first-party application belongs to."""
    checksum = token_checksum(token)
    sessions = get_refresh_token_model().objects.filter(application__client_id=CLIENT_ID)
    return (
        sessions.filter(token_checksum=checksum).first()
        or sessions.filter(access_token__token_checksum=checksum).first()
    )


def _token_request(user: User, *, grant_type: str) -> Request:
    request = Request("")
    request.grant_type = grant_type
    request.client = _first_party_application()
    request.user = user
    request.scopes = _scopes_of(user)
    return request


def _save_pair(request: Request) -> TokenPair:
    bearer = BearerToken(_validator(), expires_in=oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS)
    token = bearer.create_token(request, refresh_token=True)
    _validator().save_bearer_token(token, request)
    return TokenPair(
        access_token=token["access_token"],
        refresh_token=token["refresh_token"],
        expires_in=token["expires_in"],
        scope=token["scope"],
    )


def _validator() -> Any:
    return oauth2_settings.OAUTH2_VALIDATOR_CLASS()


def _scopes_of(user: User) -> list[str]:
    """Everybody buys; who works for a shop sells; who is staff operates. Which shop is asked at each request."""
    scopes = ["store"]
    if user.shops.exists():
        scopes += ["seller", "events"]
    if user.is_staff:
        scopes += ["ops"]
    return scopes


def _first_party_application() -> Any:
    applications = get_application_model()
    application, _ = applications.objects.get_or_create(
        client_id=CLIENT_ID,
        defaults={
            "name": "tradecore",
            "client_type": applications.CLIENT_PUBLIC,
            "authorization_grant_type": applications.GRANT_PASSWORD,
            "client_secret": "",
            "hash_client_secret": False,
        },
    )
    return application
