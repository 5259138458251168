"""Refusals as they go over the wire, for whoever answers without Django, with all that middleware and endpoint say."""

from email.utils import formatdate
from http import HTTPStatus

import orjson
from django.conf import settings

from tradecore.errors import Refusal
from tradecore.http.problems import CONTENT_TYPE, describe_refusal
from tradecore.http.request_ids import HEADER


def spell(refusal: Refusal, *, request_id: str, method: str, is_secure: bool) -> bytes:
    """The answer of an `Endpoint` that takes this method, for a refusal that does not say when to come back."""
    body = orjson.dumps(describe_refusal(refusal))
    status = HTTPStatus(refusal.kind.value)
    headers = {
        "Content-Type": CONTENT_TYPE,
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization",
        "Allow": method,
        "X-Frame-Options": settings.X_FRAME_OPTIONS,
        "Content-Length": str(len(body)),
        HEADER: request_id,
        **(_strict_transport() if is_secure else {}),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
        "Date": formatdate(usegmt=True),
    }
    said = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return b"HTTP/1.1 %d %b\r\n%b\r\n%b" % (status.value, status.phrase.encode(), said.encode(), body)


def _strict_transport() -> dict[str, str]:
    if not settings.SECURE_HSTS_SECONDS:
        return {}
    parts = [f"max-age={settings.SECURE_HSTS_SECONDS}"]
    parts += ["includeSubDomains"] * settings.SECURE_HSTS_INCLUDE_SUBDOMAINS + [
        "preload"
    ] * settings.SECURE_HSTS_PRELOAD
    return {"Strict-Transport-Security": "; ".join(parts)}
