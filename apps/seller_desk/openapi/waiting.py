"""How the document shows what waits for a second person."""

from drf_spectacular.utils import OpenApiExample

EXPIRES_AT = "2026-03-14T12:00:00.000Z"
APPROVAL_ID = "420069437939290130"


def waits(kind: str) -> OpenApiExample:
    """The example of such an answer."""
    body = {"approval_id": APPROVAL_ID, "kind": kind, "expires_at": EXPIRES_AT}
    return OpenApiExample("waits for an operator", body, response_only=True, status_codes=[202])
