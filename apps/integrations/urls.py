"""Routes of integrations, by prefix of their own."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from apps.integrations.views import oauth
from apps.integrations.views.events import Events
from apps.integrations.views.health import healthz, readyz
from apps.integrations.views.metrics import tell_metrics
from apps.integrations.views.webhooks import PaymentWebhooks

urlpatterns = [
    path("payments/v1/webhooks/<slug:provider>", PaymentWebhooks.as_view()),
    path("events/v1", Events.as_view()),
    path("oauth/authorize", oauth.Authorize.as_view(), name="oauth_authorize"),
    path("oauth/token", oauth.token, name="oauth_token"),
    path("oauth/revoke", oauth.revoke, name="oauth_revoke"),
    path("oauth/sign-in", oauth.SignIn.as_view(), name="oauth_sign_in"),
    path("oauth/sign-out", LogoutView.as_view(next_page="oauth_sign_in"), name="oauth_sign_out"),
    path(".well-known/oauth-authorization-server", oauth.metadata),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", tell_metrics),
]
