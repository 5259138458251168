"""Editable resources have versions: `ETag` names the one that was read, `If-Match` the one that is to be replaced.

Whether it is stale is decided below the edge, in the transaction of the edit; here it is only read and written.
"""

import re
from dataclasses import dataclass

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import is_success

from tradecore.errors import Kind, Refusal

_ETAG = re.compile(r'"([1-9][0-9]{0,8})"', re.ASCII)


@dataclass
class IfMatchMissing(Refusal):
    """The route replaces what somebody has read, and the request does not say what that was."""

    code = "request.if_match_missing"
    kind = Kind.MALFORMED
    title = "This request needs an If-Match header with the ETag of what was read."


@dataclass
class IfMatchInvalid(Refusal):
    """The header is not one ETag of this API. Lists of them and `*` would replace what nobody has read."""

    code = "request.if_match_invalid"
    kind = Kind.MALFORMED
    title = "The If-Match header is not an ETag of this API."


def read_if_match(request: Request) -> int:
    """The version that the request names. Refuses, in this order: IfMatchMissing, IfMatchInvalid."""
    header = request.headers.get("If-Match")
    if header is None:
        raise IfMatchMissing
    match = _ETAG.fullmatch(header.strip())
    if match is None:
        raise IfMatchInvalid
    return int(match.group(1))


def with_etag(response: Response) -> Response:
    """The response, with the version that its body shows as its ETag. A refusal has none."""
    if is_success(response.status_code):
        response["ETag"] = f'"{response.data["version"]}"'
    return response
