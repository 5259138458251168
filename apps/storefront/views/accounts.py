"""Accounts, sessions, and guests."""

from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import api as accounts
from apps.storefront import guesses
from apps.storefront.openapi import accounts as docs
from apps.storefront.principal import MemberEndpoint
from apps.storefront.public import PublicEndpoint
from apps.storefront.serializers import accounts as forms
from tradecore import clock, degradation, wire
from tradecore.http.networks import network_of


class Accounts(PublicEndpoint):
    """Open an account. The same request again is refused: the e-mail address is taken."""

    @docs.sign_up
    def post(self, request: Request) -> Response:
        form = self.read(forms.SignUpRequest)
        profile = accounts.sign_up(**form, now=clock.now())
        return Response(wire.to_json(profile), status=201)


class Sessions(PublicEndpoint):
    """Begin a session, or end one. Signing in again begins another session; signing out again changes nothing."""

    serves_in_read_only = True

    @docs.sign_in
    def post(self, request: Request) -> Response:
        form = self.read(forms.SignInRequest)
        pair = accounts.sign_in(**form, network=network_of(request), now=clock.now())
        return _secret(pair, status=201)

    @docs.sign_out
    def delete(self, request: Request) -> Response:
        accounts.sign_out(token=_bearer_token(request))
        return Response(status=204)


class SessionRefresh(PublicEndpoint):
    """Go on with a session: a new pair of tokens for the refresh token, which is used up.

    A refresh token that comes twice ends its session, because somebody has a copy: who has lost the answer signs in.
    """

    serves_in_read_only = True

    @docs.refresh
    def post(self, request: Request) -> Response:
        form = self.read(forms.RefreshRequest)
        return _secret(accounts.refresh_tokens(**form), status=200)


class PasswordResets(PublicEndpoint):
    """Ask for a letter with a way to a new password. The answer is the same whether anybody has the address.

    Asking again sends another letter, at most one a minute.
    """

    @docs.request_password_reset
    def post(self, request: Request) -> Response:
        form = self.read(forms.PasswordResetRequest)
        accounts.request_password_reset(**form, now=clock.now())
        return Response(status=202)


class PasswordResetConfirm(PublicEndpoint):
    """Set a new password by the token of a letter, and end every session. A token works once."""

    @docs.reset_password
    def post(self, request: Request) -> Response:
        form = self.read(forms.NewPasswordRequest)
        accounts.reset_password(**form, now=clock.now())
        return Response(status=204)


class Guests(PublicEndpoint):
    """Become a guest, who buys without an account. A guest is no row: the same request again makes another guest."""

    @docs.become_guest
    def post(self, request: Request) -> Response:
        self.read(forms.GuestRequest)
        degradation.refuse_if_guests_are_off()
        guesses.admit_guest(request, now=clock.now())
        # Tokens live by the real clock.
        return _secret(accounts.issue_guest_token(now=clock.real_now()), status=201)


class Me(MemberEndpoint):
    """Who the token speaks for."""

    @docs.get_me
    def get(self, request: Request) -> Response:
        return Response(wire.to_json(accounts.get_profile(user_id=self.principal.id)))


def _secret(contract: accounts.TokenPair | accounts.GuestToken, *, status: int) -> Response:
    """An answer with tokens in it, which no cache may keep (RFC 6749, 5.1)."""
    return Response(wire.to_json(contract), status=status, headers={"Cache-Control": "no-store"})


def _bearer_token(request: Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated("Send the access token of the session that is to end.")
    return token.strip()
