"""Who a bearer token speaks for: a registered user's OAuth2 access token, or a guest's signed token.

Surfaces share it, and it knows nothing that is not about accounts: so it stands here.
"""

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from apps.accounts.errors import GuestTokenInvalid
from apps.accounts.selectors import find_bearer
from apps.accounts.services.guests import read_guest_token
from tradecore import clock
from tradecore.http.principals import Principal, PrincipalKind

_SCHEME = "bearer"
_TOKEN_LENGTH_MAX = 300


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`. No header is nobody; a token that speaks for nobody is refused."""

    def authenticate(self, request: Request) -> tuple[Principal, frozenset[str]] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        token = token.strip()
        if scheme.lower() != _SCHEME or not token or len(token) > _TOKEN_LENGTH_MAX or not token.isascii():
            raise AuthenticationFailed("This is not a bearer token.")
        # A guest's token is signed, and the signature follows a colon, which access tokens do not have.
        return _guest(token) if ":" in token else _user(token)

    def authenticate_header(self, request: Request | HttpRequest) -> str:
        return 'Bearer realm="tradecore"'


def _guest(token: str) -> tuple[Principal, frozenset[str]]:
    try:
        guest_id = read_guest_token(token=token, now=clock.real_now())
    except GuestTokenInvalid as error:
        raise AuthenticationFailed("This guest token is not valid any more.") from error
    return Principal(PrincipalKind.GUEST, guest_id), frozenset({"store"})


def _user(token: str) -> tuple[Principal, frozenset[str]]:
    bearer = find_bearer(access_token=token)
    if bearer is None:
        raise AuthenticationFailed("This access token is not valid any more.")
    if bearer.user_id is None:  # another system's own token, by client credentials
        return Principal(PrincipalKind.CLIENT, bearer.application_id), bearer.scopes
    app_id = None if bearer.is_ours else bearer.application_id
    user = Principal(PrincipalKind.BUYER, bearer.user_id, email=bearer.email, is_staff=bearer.is_staff, app_id=app_id)
    return user, bearer.scopes
