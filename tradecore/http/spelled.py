"""Refusals as they go over the wire, for whoever answers without Django, with all that middleware and endpoint say."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus

import orjson
from django.conf import settings

from tradecore.errors import Refusal
from tradecore.http.problems import CONTENT_TYPE, describe_refusal
from tradecore.http.request_ids import HEADER


@dataclass(frozen=True, slots=True)
class Spelled:
    """An answer but for the id of its request, which stands between the two."""

    before_id: bytes
    after_id: bytes

    def to(self, request_id: str) -> bytes:
        return b"%b%b%b" % (self.before_id, request_id.encode(), self.after_id)


def spell(refusal: Refusal, *, method: str, is_secure: bool) -> Spelled:
    """The answer of an `Endpoint` that takes this method, for a refusal that does not say when to come back.

    It is one of this second, for whoever is refused alike.
    """
    body = orjson.dumps(describe_refusal(refusal))
    status = HTTPStatus(refusal.kind.value)
    before = {
        "Content-Type": CONTENT_TYPE,
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization",
        "Allow": method,
        "X-Frame-Options": settings.X_FRAME_OPTIONS,
        "Content-Length": str(len(body)),
    }
    after = {
        **(_strict_transport() if is_secure else {}),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
        "Date": formatdate(usegmt=True),
    }
    first = f"HTTP/1.1 {status.value} {status.phrase}\r\n"
    return Spelled(
        f"{first}{_lines(before)}{HEADER}: ".encode(),
        f"\r\n{_lines(after)}\r\n".encode() + body,
    )


def _lines(headers: Mapping[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


def _strict_transport() -> dict[str, str]:
    if not settings.SECURE_HSTS_SECONDS:
        return {}
    parts = [f"max-age={settings.SECURE_HSTS_SECONDS}"]
    parts += ["includeSubDomains"] * settings.SECURE_HSTS_INCLUDE_SUBDOMAINS + [
        "preload"
    ] * settings.SECURE_HSTS_PRELOAD
    return {"Strict-Transport-Security": "; ".join(parts)}
