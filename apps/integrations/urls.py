"""Routes of integrations, by prefix of their own."""

from django.urls import path

from apps.integrations.views.events import Events
from apps.integrations.views.health import healthz, readyz
from apps.integrations.views.webhooks import PaymentWebhooks

urlpatterns = [
    path("payments/v1/webhooks/<slug:provider>", PaymentWebhooks.as_view()),
    path("events/v1", Events.as_view()),
    path("healthz", healthz),
    path("readyz", readyz),
]
