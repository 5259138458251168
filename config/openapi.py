"""The document of the API and the page that shows it, and how tokens look in it."""

from typing import Any

from django.urls import path
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from tradecore.http.openapi import ACCESS_TOKEN, GUEST_TOKEN


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Both kinds of token come in the same header; who they speak for differs."""

    target_class = "apps.accounts.authentication.BearerAuthentication"
    name = [ACCESS_TOKEN, GUEST_TOKEN]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return [
            {
                "type": "http",
                "scheme": "bearer",
                "description": "The OAuth2 access token of a registered user: from `POST /store/v1/sessions`.",
            },
            {
                "type": "http",
                "scheme": "bearer",
                "description": "The token of a guest: from `POST /store/v1/guests`.",
            },
        ]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[str]]]:
        return [{ACCESS_TOKEN: []}, {GUEST_TOKEN: []}]


urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
]
