"""Every address of the product."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path, register_converter

from tradecore.http.converters import IdConverter
from tradecore.http.problems import plain_problem

register_converter(IdConverter, "id")

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/back-office/", include("apps.back_office.urls")),
    path("admin/", admin.site.urls),
    path("store/v1/", include("apps.storefront.urls")),
    path("seller/v1/", include("apps.seller_desk.urls")),
    path("api/", include("config.openapi")),
    path("", include("apps.integrations.urls")),
]
if not settings.IN_PRODUCTION:
    urlpatterns.append(path("", include("config.demo.urls")))


def _handler(status: int, code: str, title: str) -> Callable[..., HttpResponse]:
    def answer(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's
        return plain_problem(status, code, title)

    return answer


handler400 = _handler(400, "request.malformed", "The request is not acceptable.")
handler404 = _handler(404, "not_found", "There is no such thing here.")
handler500 = _handler(500, "internal", "Something went wrong here. It has been logged.")
