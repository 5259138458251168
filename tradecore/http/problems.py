"""Refusals leave as RFC 9457 problem documents, from one table: the kind of a refusal is its status."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError
from django.http import Http404, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from tradecore import db, refused_writes, wire
from tradecore.degradation import ReadOnly
from tradecore.errors import Kind, NotFound, Refusal

CONTENT_TYPE = "application/problem+json"

#: What the framework refuses before our code is asked: code by exception.
_FRAMEWORK: tuple[tuple[type[exceptions.APIException], str, int], ...] = (
    (exceptions.ParseError, "request.malformed", 400),
    (exceptions.AuthenticationFailed, "authentication.invalid", 401),
    (exceptions.NotAuthenticated, "authentication.required", 401),
    (exceptions.PermissionDenied, "permission.denied", 403),
    (exceptions.MethodNotAllowed, "request.method_not_allowed", 405),
    (exceptions.NotAcceptable, "request.not_acceptable", 406),
    (exceptions.UnsupportedMediaType, "request.unsupported_media_type", 415),
    (exceptions.Throttled, "request.throttled", 429),
)


@dataclass
class RequestInvalid(Refusal):
    """The request does not have the form that the route documents. `errors` point into the body."""

    code = "request.invalid"
    kind = Kind.MALFORMED
    title = "The request does not have the documented form."

    errors: tuple[Mapping[str, str], ...]


@dataclass
class EncodingUnsupported(Refusal):
    """The body is compressed, or encoded in another way."""

    code = "request.unsupported_content_encoding"
    kind = Kind.UNSUPPORTED
    title = "Bodies come as they are: without a Content-Encoding."


@dataclass
class RequestTooLarge(Refusal):
    """The body is larger than the route takes."""

    code = "request.too_large"
    kind = Kind.TOO_LARGE
    title = "The request body is too large."


def describe_refusal(refusal: Refusal) -> dict[str, Any]:
    """The problem document of a refusal."""
    return problem(status=refusal.kind.value, code=refusal.code, title=refusal.title, facts=show_facts(refusal))


@singledispatch
def show_facts(refusal: Refusal) -> Mapping[str, Any]:
    """The typed fields of a refusal in their JSON form. A surface registers those that it shows its own way."""
    facts: Mapping[str, Any] = wire.to_json(refusal.facts())
    return facts


def problem(*, status: int, code: str, title: str, facts: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A problem document; `facts` are the typed fields beside the standard ones."""
    return {"type": f"urn:tradecore:problem:{code}", "title": title, "status": status, "code": code, **(facts or {})}


def handle_exception(error: Exception, _context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler: the answer to what our code or the framework refuses; None for a defect."""
    refusal = _as_refusal(error)
    if refusal is not None:
        return problem_response(describe_refusal(refusal))
    for kind, code, status in _FRAMEWORK:
        if isinstance(error, kind):
            return problem_response(problem(status=status, code=code, title=str(error.detail)))
    return None


def problem_response(document: Mapping[str, Any]) -> Response:
    response = Response(document, status=document["status"], content_type=CONTENT_TYPE)
    if "retry_after" in document:
        response["Retry-After"] = str(document["retry_after"])
    if document["status"] == Kind.UNAUTHENTICATED.value:
        response["WWW-Authenticate"] = 'Bearer realm="tradecore"'
    return response


def plain_problem(status: int, code: str, title: str) -> HttpResponse:
    """A problem document outside DRF: for handler404 and handler500."""
    return JsonResponse(problem(status=status, code=code, title=title), status=status, content_type=CONTENT_TYPE)


def plain_refusal(refusal: Refusal) -> HttpResponse:
    """The problem document of a refusal, outside DRF."""
    document = describe_refusal(refusal)
    headers = {"Retry-After": str(document["retry_after"])} if "retry_after" in document else {}
    return JsonResponse(document, status=document["status"], content_type=CONTENT_TYPE, headers=headers)


def _as_refusal(error: Exception) -> Refusal | None:
    match error:
        case Refusal():
            return error
        case exceptions.ValidationError():
            return RequestInvalid(errors=tuple(_pointers(error.detail)))
        case Http404() | exceptions.NotFound():
            return NotFound(what="resource")
        case RequestDataTooBig():
            return RequestTooLarge()
        case DatabaseError():
            return _as_refusal_of_the_database(error)
    return None


def _as_refusal_of_the_database(error: DatabaseError) -> Refusal | None:
    if db.is_passing(error):
        return db.Busy()
    return ReadOnly(retry_after=1) if refused_writes.are_meant(error) else None


def _pointers(detail: Any, path: str = "") -> Iterator[Mapping[str, str]]:
    """DRF's nested error detail as a flat list of JSON pointers (RFC 6901) and words."""
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            own = path if key == "non_field_errors" else f"{path}/{escape_name(str(key))}"
            yield from _pointers(inner, own)
    elif isinstance(detail, Sequence) and not isinstance(detail, str):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list)
            yield from _pointers(inner, f"{path}/{index}" if nested else path)
    else:
        yield {"pointer": path, "detail": str(detail)}


def escape_name(key: str) -> str:
    """A member's name in a pointer. What is sent as a name may be anything."""
    return key.replace("~", "~0").replace("/", "~1")
