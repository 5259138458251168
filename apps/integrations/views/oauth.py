"""OAuth2 for other applications: the pages on which a person lets one in, and the endpoints that applications call.

These speak the words of RFC 6749 and not this API's own: forms in, and errors as `{"error": ...}`, because that is what
every OAuth2 client reads. What may be asked for is decided in accounts (Note [Applications]).
"""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import LoginView
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from apps.accounts import api as accounts
from tradecore import clock
from tradecore.attempts import TooManyAttempts
from tradecore.errors import NotFound
from tradecore.http.networks import network_of

_SEE_OTHER = 303  # never 307, which would send the person's form on to the application (RFC 9700, 4.12)


class SignIn(LoginView):
    """The page on which a person signs in for another page of this site, which `next` names: it has no other use.

    Wrong passwords are counted as everywhere (Note [Guesses]).
    """

    template_name = "integrations/oauth/sign_in.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not self.get_redirect_url():
            raise Http404
        return super().dispatch(request, *args, **kwargs)


@method_decorator(never_cache, name="dispatch")
class Authorize(LoginRequiredMixin, View):
    """The page on which a person lets an application act for them (RFC 6749, 4.1.1), or does not.

    Both methods read the request off the address and check it anew, so that no hidden field can say anything else.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        try:
            asked = accounts.consider_authorization(query=request.GET.dict(), issuer=_issuer(request))
        except accounts.AuthorizationInvalid as refusal:
            return _explain(request, refusal)
        if isinstance(asked, accounts.Redirect):
            return _send(asked)
        return render(request, "integrations/oauth/authorize.html", {"asked": asked})

    def post(self, request: HttpRequest) -> HttpResponse:
        assert request.user.pk is not None, "who is not signed in was sent to sign in"
        try:
            decided = accounts.decide_authorization(
                query=request.GET.dict(),
                user_id=request.user.pk,
                is_allowed=request.POST.get("decision") == "allow",
                issuer=_issuer(request),
            )
        except accounts.AuthorizationInvalid as refusal:
            return _explain(request, refusal)
        except NotFound as refusal:
            raise Http404 from refusal
        return _send(decided)


@csrf_exempt  # an application comes with a secret of its own, and without cookies
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """Tokens for a code, for a refresh token, or for an application itself (RFC 6749, 3.2)."""
    return _answer(request, accounts.give_token)


@csrf_exempt
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """End a session of an application, by either of its tokens (RFC 7009)."""
    return _answer(request, accounts.revoke_token)


@require_safe
def metadata(request: HttpRequest) -> JsonResponse:
    """What an application needs to know to begin (RFC 8414): also that PKCE is there, and which kind."""
    root = _issuer(request)
    return JsonResponse(
        {
            "issuer": root,
            "authorization_endpoint": root + reverse("oauth_authorize"),
            "token_endpoint": root + reverse("oauth_token"),
            "revocation_endpoint": root + reverse("oauth_revoke"),
            "scopes_supported": sorted(scope for scopes in accounts.SCOPES_BY_GRANT.values() for scope in scopes),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
    )


def _answer(request: HttpRequest, endpoint: Callable[..., accounts.OAuthAnswer]) -> HttpResponse:
    try:
        answer = endpoint(
            form=request.POST.dict(),
            authorization=request.headers.get("Authorization", ""),
            network=network_of(request),
            now=clock.now(),
        )
    except TooManyAttempts as refusal:
        body = {"error": "temporarily_unavailable", "error_description": refusal.title}
        return JsonResponse(body, status=429, headers={"Retry-After": str(refusal.retry_after)})
    headers = {"Cache-Control": "no-store", "WWW-Authenticate": answer.challenge}
    sent = {name: value for name, value in headers.items() if value}
    return JsonResponse(answer.body, status=answer.status, headers=sent)


def _send(redirect: accounts.Redirect) -> HttpResponse:
    return HttpResponse(status=_SEE_OTHER, headers={"Location": redirect.address})


def _explain(request: HttpRequest, refusal: accounts.AuthorizationInvalid) -> HttpResponse:
    """Nobody is sent to an address that nobody registered: the person is told here."""
    return render(request, "integrations/oauth/refused.html", {"refusal": refusal}, status=400)


def _issuer(request: HttpRequest) -> str:
    """The name of this marketplace, for applications that know several."""
    return request.build_absolute_uri("/").rstrip("/")
