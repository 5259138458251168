"""The few routes that answer a page of HTML: to be shown or printed by whoever has the token, and never run."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from tradecore.http.negotiation import JSON, takes

HTML = "text/html"

#: The page brings its own style and loads nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class HTMLNegotiation(DefaultContentNegotiation):
    """HTML for whoever takes it; 406 for anybody else. Refusals are problem documents here too."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        if not takes(request.headers.get("Accept", ""), HTML):
            raise NotAcceptable("The answer is a page of HTML.")
        (renderer,) = renderers
        return renderer, JSON


def html_page(text: str) -> Any:
    """The answer that shows a page."""
    return HttpResponse(text, content_type=f"{HTML}; charset=utf-8", headers={"Content-Security-Policy": _POLICY})
