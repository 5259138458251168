"""OAuth2 for other applications: what the toolkit and oauthlib answer, with the rules of this marketplace.

# Note [Applications]
An operator registers an application in the admin. It asks in one of two ways. A third party's application asks a person
(authorization code, always with PKCE) and gets what that person may do as a buyer or as staff of a shop, never as an
operator. An internal client asks for itself (client credentials) and gets what machines are for: events, operations.
Everything else that the toolkit could do is not served, so nobody has to know whether it is safe.

The first-party application is not served here (Note [Tokens]). As there, whatever changes a person's tokens holds the
lock of the person's row: a new password ends every session, also one that is being refreshed at that moment.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from oauth2_provider.models import (
    get_access_token_model,
    get_application_model,
    get_grant_model,
    get_refresh_token_model,
)
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.settings import oauth2_settings
from oauthlib.common import Request
from oauthlib.oauth2 import (
    AuthorizationCodeGrant,
    AuthorizationEndpoint,
    BearerToken,
    ClientCredentialsGrant,
    RefreshTokenGrant,
    RevocationEndpoint,
    TokenEndpoint,
)

from apps.accounts.locking import lock_user
from apps.accounts.tokens import CLIENT_ID, token_checksum

_Application = get_application_model()

#: What an application may ask for, by how it asks; the first is what it gets when it names nothing.
SCOPES_BY_GRANT: Final[Mapping[str, tuple[str, ...]]] = {
    _Application.GRANT_AUTHORIZATION_CODE: ("store", "seller"),
    _Application.GRANT_CLIENT_CREDENTIALS: ("events", "ops"),
}


class ServedGrants(OAuth2Validator):
    """The toolkit's rules, narrowed to Note [Applications]."""

    def validate_scopes(
        self, client_id: str, scopes: Sequence[str], client: Any, request: Request, *_args: Any, **_options: Any
    ) -> bool:
        return set(scopes) <= set(SCOPES_BY_GRANT.get(client.authorization_grant_type, ()))

    def get_default_scopes(self, client_id: str, request: Request, *_args: Any, **_options: Any) -> list[str]:
        return list(SCOPES_BY_GRANT.get(request.client.authorization_grant_type, ())[:1])

    def validate_code(
        self, client_id: str, code: str, client: Any, request: Request, *args: Any, **options: Any
    ) -> bool:
        owner = get_grant_model().objects.filter(code=code, application=client).values_list("user_id", flat=True)
        return _lock_owner(owner) and bool(super().validate_code(client_id, code, client, request, *args, **options))

    def validate_refresh_token(
        self, refresh_token: str, client: Any, request: Request, *args: Any, **options: Any
    ) -> bool:
        owner = _owner_of(get_refresh_token_model(), refresh_token, client)
        return _lock_owner(owner) and bool(
            super().validate_refresh_token(refresh_token, client, request, *args, **options)
        )

    def revoke_token(self, token: str, token_type_hint: str, request: Request, *args: Any, **options: Any) -> None:
        for model in (get_access_token_model(), get_refresh_token_model()):
            _lock_owner(_owner_of(model, token, request.client))
        super().revoke_token(token, token_type_hint, request, *args, **options)

    def _load_application(self, client_id: str | None, request: Request) -> Any:
        return None if client_id in (None, CLIENT_ID) else super()._load_application(client_id, request)


class Server(AuthorizationEndpoint, TokenEndpoint, RevocationEndpoint):
    """The endpoints, with the grants that are served."""

    def __init__(self) -> None:
        rules = ServedGrants()
        bearer = BearerToken(rules, expires_in=oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS)
        code = AuthorizationCodeGrant(rules)
        AuthorizationEndpoint.__init__(
            self, default_response_type="code", response_types={"code": code}, default_token_type=bearer
        )
        TokenEndpoint.__init__(
            self,
            default_grant_type="authorization_code",
            grant_types={
                "authorization_code": code,
                "refresh_token": RefreshTokenGrant(rules),
                "client_credentials": ClientCredentialsGrant(rules),
            },
            default_token_type=bearer,
        )
        RevocationEndpoint.__init__(self, rules)


def _owner_of(model: Any, token: str, client: Any) -> Any:
    rows = model.objects.filter(token_checksum=token_checksum(token), application=client)
    return rows.values_list("user_id", flat=True)


def _lock_owner(owner: Any) -> bool:
    """Lock the person whom a grant or token is of; False where it is nobody's who may sign in."""
    user_id = owner.first()
    return user_id is not None and lock_user(user_id) is not None
