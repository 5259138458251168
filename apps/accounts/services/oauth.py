"""What other applications ask for. See Note [Applications] of `apps.accounts.authorization_server`.

Parameters come as they were sent. Those that OAuth2 does not know are not looked at, and one that is longer than any
that this marketplace gave out is refused before a table is asked.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from oauth2_provider.models import get_application_model
from oauthlib.common import add_params_to_uri, urlencode
from oauthlib.oauth2 import AccessDeniedError, FatalClientError, OAuth2Error

from apps.accounts.authorization_server import Server
from apps.accounts.contracts import Consent, OAuthAnswer, Redirect
from apps.accounts.errors import AuthorizationInvalid
from apps.accounts.locking import lock_user
from apps.accounts.services.sessions import GUESSES_PER_NETWORK
from tradecore import db
from tradecore.attempts import check_attempts, count_attempts
from tradecore.errors import NotFound

#: The parameters that mean something, and how long each may be.
_AUTHORIZATION: Final = {
    "response_type": 20,
    "client_id": 255,
    "redirect_uri": 2000,
    "scope": 200,
    "state": 1000,
    "code_challenge": 128,
    "code_challenge_method": 10,
}
_TOKEN: Final = {
    "grant_type": 60,
    "client_id": 255,
    "client_secret": 255,
    "code": 255,
    "redirect_uri": 2000,
    "code_verifier": 128,
    "refresh_token": 255,
    "scope": 200,
    "token": 255,
    "token_type_hint": 20,
}

#: oauthlib reads parameters off an address; which host it is makes no difference.
_ADDRESS: Final = "https://oauth.invalid/"

_UNAUTHENTICATED: Final = 401


def consider_authorization(*, query: Mapping[str, str], issuer: str) -> Consent | Redirect:
    """What a person is to be asked; or, where the application asked wrongly, where it is told so.

    Refuses: AuthorizationInvalid (an unknown application or address: nobody is sent anywhere).
    """
    try:
        scopes, credentials = Server().validate_authorization_request(_authorization_address(query))
    except FatalClientError as error:
        raise AuthorizationInvalid(error=str(error.error)) from error
    except OAuth2Error as error:
        return _redirect(error.in_uri(error.redirect_uri), issuer)
    application = get_application_model().objects.get(client_id=credentials["client_id"])
    described = settings.OAUTH2_PROVIDER["SCOPES"]
    return Consent(application=application.name, may=tuple(described[scope] for scope in scopes))


@db.use_case
def decide_authorization(*, query: Mapping[str, str], user_id: int, is_allowed: bool, issuer: str) -> Redirect:
    """What the person decided, on its way to the application: with a code that is good once, or with a refusal.

    Refuses, in this order: NotFound (a person who may not sign in), AuthorizationInvalid.
    """
    user = lock_user(user_id)
    if user is None:
        raise NotFound(what="user")
    address = _authorization_address(query)
    try:
        scopes, credentials = Server().validate_authorization_request(address)
        if not is_allowed:
            raise AccessDeniedError(request=credentials["request"])
        headers, _, _ = Server().create_authorization_response(
            address, scopes=scopes, credentials=_credentials(credentials) | {"user": user}
        )
    except FatalClientError as error:
        raise AuthorizationInvalid(error=str(error.error)) from error
    except OAuth2Error as error:
        return _redirect(error.in_uri(error.redirect_uri), issuer)
    return _redirect(headers["Location"], issuer)


def give_token(*, form: Mapping[str, str], authorization: str, network: str, now: datetime) -> OAuthAnswer:
    """Answer the token endpoint (RFC 6749, 3.2). By the header `authorization` an application may say who it is.

    Wrong secrets count as wrong passwords of the network do (Note [Guesses]). Refuses: TooManyAttempts.
    """
    return _counted(_give_token, form, authorization, network=network, now=now)


def revoke_token(*, form: Mapping[str, str], authorization: str, network: str, now: datetime) -> OAuthAnswer:
    """Answer the revocation endpoint (RFC 7009): an unknown token, and somebody else's, is no error.

    Refuses: TooManyAttempts.
    """
    return _counted(_revoke_token, form, authorization, network=network, now=now)


@db.use_case
def _give_token(body: str, headers: Mapping[str, str]) -> Any:
    """In one transaction, which also holds the lock that the rules take."""
    return Server().create_token_response(_ADDRESS, "POST", body, headers)


@db.use_case
def _revoke_token(body: str, headers: Mapping[str, str]) -> Any:
    return Server().create_revocation_response(_ADDRESS, "POST", body, headers)


def _counted(answer: Any, form: Mapping[str, str], authorization: str, *, network: str, now: datetime) -> OAuthAnswer:
    if network:
        check_attempts(limit=GUESSES_PER_NETWORK, subject=network, now=now)
    try:
        body = urlencode(list(_known(form, _TOKEN).items()))
    except AuthorizationInvalid as refusal:
        return OAuthAnswer(status=400, body={"error": refusal.error})
    # What is not ASCII is no header of ours, and oauthlib would stumble over it.
    sent = {"HTTP_AUTHORIZATION": authorization} if authorization and authorization.isascii() else {}
    headers, text, status = answer(body, sent)
    if status == _UNAUTHENTICATED and network:
        count_attempts(limit=GUESSES_PER_NETWORK, subject=network, now=now)
    challenge = headers.get("WWW-Authenticate", "")
    return OAuthAnswer(status=status, body=json.loads(text) if text else {}, challenge=challenge)


def _authorization_address(query: Mapping[str, str]) -> str:
    return f"{_ADDRESS}?{urlencode(list(_known(query, _AUTHORIZATION).items()))}"


def _known(sent: Mapping[str, str], lengths: Mapping[str, int]) -> dict[str, str]:
    """Refuses: AuthorizationInvalid (a parameter that is too long)."""
    known = {name: value for name, value in sent.items() if name in lengths and value}
    if any(len(value) > lengths[name] for name, value in known.items()):
        raise AuthorizationInvalid(error="invalid_request")
    return known


def _credentials(credentials: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in credentials.items() if name != "request"}


def _redirect(address: str, issuer: str) -> Redirect:
    """With the name of who answers, so that an application of several marketplaces mixes none up (RFC 9207)."""
    return Redirect(address=add_params_to_uri(address, [("iss", issuer)]))
