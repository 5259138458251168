"""How routes are documented: one decorator per method, and every refusal by the class that is raised.

A refusal's code, status and typed facts are read off its class, so the document cannot say anything else than the code
does. What every route of a kind refuses by itself (no token, no key, no JSON) is added here, once.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from http import HTTPStatus
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiSerializerExtension, OpenApiSerializerFieldExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS

from tradecore import db, degradation, idempotency, rate_limits
from tradecore.errors import Refusal
from tradecore.http import etags, problems
from tradecore.http.answers import MONEY_SCHEMA, Answer, ContractAnswer, Schema, members_of
from tradecore.http.fields import StrictSerializer, TextField
from tradecore.http.gate import Overloaded, TooLate
from tradecore.http.html import HTML
from tradecore.http.pages import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, ParameterInvalid

F = TypeVar("F", bound=Callable[..., Any])

ACCESS_TOKEN = "accessToken"  # noqa: S105 - the name of a scheme
GUEST_TOKEN = "guestToken"  # noqa: S105 - the name of a scheme

PROBLEM_SCHEMA: Schema = {
    "type": "object",
    "description": "A problem document (RFC 9457). `code` is stable; what else is known stands beside it, typed.",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
    },
    "required": ["type", "title", "status", "code"],
}


_REQUEST_ID_HEADER: Schema = {
    "description": "The id of the request: the one that was sent, or a new one.",
    "required": True,
    "schema": {"type": "string"},
}


#: On the answers to whatever is limited.
_RATE_LIMIT_HEADERS: Schema = {
    "RateLimit-Policy": {
        "description": "The limits that the request counts for: `q` requests per `w` seconds each.",
        "schema": {"type": "string", "examples": ['"quote.buyer";q=300;w=60, "quote.address";q=3000;w=60']},
    },
    "RateLimit": {
        "description": "The scarcest of them: `r` requests are left, and after `t` seconds all are there again.",
        "schema": {"type": "string", "examples": ['"quote.buyer";r=299;t=1']},
    },
}


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """One refusal as the document shows it. `facts` are schemas by member."""

    status: int
    code: str
    title: str
    facts: Mapping[str, Schema] = dataclasses.field(default_factory=dict)


#: What the framework refuses before our code is asked; the codes stand in `tradecore.http.problems`.
MALFORMED = Problem(400, "request.malformed", "The body is not JSON as the standard means it.")
UNAUTHENTICATED = (
    Problem(401, "authentication.required", "The route needs a token."),
    Problem(401, "authentication.invalid", "The token is not valid, or not any more."),
)
FORBIDDEN = Problem(403, "permission.denied", "The token speaks for somebody who may not do this.")
NOT_ACCEPTABLE = Problem(406, "request.not_acceptable", "Answers are JSON.")
NOT_ACCEPTABLE_PAGE = Problem(406, "request.not_acceptable", "The answer is a page of HTML.")
UNSUPPORTED = Problem(415, "request.unsupported_media_type", "Bodies are JSON.")


@dataclasses.dataclass(frozen=True, slots=True)
class Caller:
    """Who may call a route: with which kinds of token."""

    schemes: tuple[str, ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        return (*UNAUTHENTICATED, FORBIDDEN) if self.schemes else ()


ANYBODY = Caller(())
BUYER = Caller((ACCESS_TOKEN, GUEST_TOKEN))
MEMBER = Caller((ACCESS_TOKEN,))


class Key(Enum):
    """What a write does with an Idempotency-Key."""

    REQUIRED = "required"
    HONOURED = "honoured"


#: What every write that takes a key refuses.
_KEYED = (idempotency.KeyInvalid, idempotency.KeyReused, idempotency.StillRunning, db.OutcomeUnknown)

#: Refusals that may say when to come back.
_MAY_WAIT = frozenset({409, 429, 503})


def query(name: str, schema: Schema, description: str = "", *, required: bool = False) -> OpenApiParameter:
    """One query parameter."""
    return OpenApiParameter(name, schema, OpenApiParameter.QUERY, required=required, description=description)


PAGE_QUERY = (
    query(
        "page_size",
        {"type": "integer", "minimum": 1, "maximum": PAGE_SIZE_MAX, "default": PAGE_SIZE_DEFAULT},
        "How many items a page has at most.",
    ),
    query(
        "page_token",
        {"type": "string"},
        "`next_page_token` of the page before: of this list, this caller, these filters.",
    ),
)
CREATED_QUERY = (
    query("created_ge", {"type": "string", "format": "date-time"}, "Created at this moment or later."),
    query("created_lt", {"type": "string", "format": "date-time"}, "Created before this moment."),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Documented:
    """What the document says of one method of a view, put on it as a decorator. The view's docstring is its text.

    answers: the form of each success, by status (None: no body). refuses: what this route refuses beyond what every
    route of its kind does. key: whether an Idempotency-Key is taken. if_match: the route replaces what was read.
    etag: answers carry the ETag of what they show. in_read_only: the plan of that name does not stop it. is_page: what
    is answered is HTML, and has no other form.
    """

    operation_id: str
    summary: str
    tag: str
    by: Caller
    answers: Mapping[int, type[Answer] | None]
    takes: type[StrictSerializer] | None = None
    refuses: Sequence[type[Refusal] | Problem] = ()
    key: Key | None = None
    if_match: bool = False
    etag: bool = False
    in_read_only: bool = False
    is_page: bool = False
    parameters: Sequence[OpenApiParameter] = ()
    examples: Sequence[OpenApiExample] = ()

    def __call__(self, method: F) -> F:
        is_stopped = method.__name__.upper() not in SAFE_METHODS and not self.in_read_only
        stops = [degradation.ReadOnly] if is_stopped else []
        refused = _by_status([*self._common_problems(), *map(_problem_of, (*stops, *self.refuses))])
        successes: dict[Any, Any] = {
            (status, HTML) if self.is_page else status: OpenApiResponse(
                OpenApiTypes.STR if self.is_page else answer, description=HTTPStatus(status).phrase
            )
            for status, answer in self.answers.items()
        }
        refusals = {(status, problems.CONTENT_TYPE): _describe(group) for status, group in sorted(refused.items())}
        # A requirement per scheme; the stubs know scheme names only.
        auth: Any = [{scheme: []} for scheme in self.by.schemes]
        documented: F = extend_schema(
            operation_id=self.operation_id,
            summary=self.summary,
            tags=[self.tag],
            auth=auth,
            request=self.takes,
            responses=successes | refusals,
            parameters=[*self.parameters, *self._request_headers(), *self._response_headers(refused)],
            examples=list(self.examples),
        )(method)
        return documented

    def _common_problems(self) -> Iterator[Problem]:
        """What every route of this kind refuses."""
        yield from self.by.problems
        yield NOT_ACCEPTABLE_PAGE if self.is_page else NOT_ACCEPTABLE
        yield from map(_problem_of, (ParameterInvalid, problems.RequestTooLarge, problems.EncodingUnsupported, db.Busy))
        yield from map(_problem_of, (rate_limits.RateLimitsAway, rate_limits.RateLimitExceeded, Overloaded, TooLate))
        if self.takes:
            yield from (MALFORMED, UNSUPPORTED, _problem_of(problems.RequestInvalid))
        if self.key is Key.REQUIRED:
            yield _problem_of(idempotency.KeyMissing)
        if self.key:
            yield from map(_problem_of, _KEYED)
        if self.if_match:
            yield from map(_problem_of, (etags.IfMatchMissing, etags.IfMatchInvalid))

    def _request_headers(self) -> Iterator[OpenApiParameter]:
        if self.key:
            yield OpenApiParameter(
                "Idempotency-Key",
                {"type": "string", "minLength": 1, "maxLength": idempotency.KEY_LENGTH_MAX, "pattern": "^[ -~]+$"},
                OpenApiParameter.HEADER,
                required=self.key is Key.REQUIRED,
                description="The same key and body again has no further effect and gets the first outcome again.",
            )
        if self.if_match:
            yield OpenApiParameter(
                "If-Match",
                {"type": "string", "pattern": '^"[1-9][0-9]{0,8}"$', "examples": ['"3"']},
                OpenApiParameter.HEADER,
                required=True,
                description="The ETag of what was read. 412 if it has changed since.",
            )

    def _response_headers(self, refused: Iterable[int]) -> Iterator[OpenApiParameter]:
        yield _header("Retry-After", _MAY_WAIT & set(refused), "Seconds after which the request may succeed.")
        if self.key:
            statuses = {*self.answers, *refused}
            yield _header("Idempotent-Replayed", statuses, "`true` when an earlier outcome is answered again.")
        if self.etag:
            yield _header("ETag", self.answers, "The version that is shown.", required=True)


def add_components(result: Schema, **_context: Any) -> Schema:
    """Hook of drf-spectacular: what is referred to by name, and what every answer of every route has."""
    components = result["components"]
    components["schemas"] |= {"Money": MONEY_SCHEMA, "Problem": PROBLEM_SCHEMA}
    components["headers"] = {"X-Request-Id": _REQUEST_ID_HEADER, **_RATE_LIMIT_HEADERS}
    components["responses"] = {}
    for path in result["paths"].values():
        for operation in path.values():
            _share_responses(operation["responses"], components["responses"])
    return result


def _share_responses(responses: dict[str, Schema], shared: dict[str, Schema]) -> None:
    """Write each kind of refusal once, however many routes know it."""
    for status, response in responses.items():
        headers = response.setdefault("headers", {})
        for header in ("X-Request-Id", *_RATE_LIMIT_HEADERS):
            headers[header] = {"$ref": f"#/components/headers/{header}"}
        if problems.CONTENT_TYPE in response.get("content", {}):
            name = next((name for name, known in shared.items() if known == response), None)
            if name is None:
                name = f"Refusal{status}_{len(shared)}"
                shared[name] = response
            responses[status] = {"$ref": f"#/components/responses/{name}"}


class StrictSerializerSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Requests take no members that they do not know, and no more items of a list than it may have."""

    target_class = StrictSerializer
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Schema:
        schema: Schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)  # noqa: SLF001
        for name, field in self.target.fields.items():
            if isinstance(field, serializers.ListSerializer):
                schema["properties"][name] |= _bounds_of(field)
        return schema | {"additionalProperties": False}


class ContractAnswerSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """An answer that is a contract has the members of the contract, but for those that are declared instead."""

    target_class = ContractAnswer
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Schema:
        declared: Schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)  # noqa: SLF001
        whole = members_of(self.target.contract, without=self.target.without)
        properties = whole["properties"] | declared.get("properties", {})
        return whole | {"description": self.target.__doc__, "properties": properties, "required": list(properties)}


class TextFieldSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Text has no control characters. (That it may be empty, where it may, is said beside the pattern.)"""

    target_class = TextField
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Schema:
        schema: Schema = auto_schema._map_serializer_field(self.target, direction, bypass_extensions=True)  # noqa: SLF001
        return schema | {"pattern": r"^[^\u0000-\u001f\u007f]+$"}


def _bounds_of(listed: Any) -> Schema:
    """How many items a list may have, where its field says so. (The stubs of ListSerializer know neither bound.)"""
    bounds = {"minItems": listed.min_length, "maxItems": listed.max_length}
    return {word: bound for word, bound in bounds.items() if bound is not None}


def _problem_of(refusal: type[Refusal] | Problem) -> Problem:
    if isinstance(refusal, Problem):
        return refusal
    return Problem(refusal.kind.value, refusal.code, refusal.title, members_of(refusal)["properties"])


def _by_status(found: Iterable[Problem]) -> dict[int, dict[str, Problem]]:
    groups: dict[int, dict[str, Problem]] = {}
    for item in found:
        groups.setdefault(item.status, {})[item.code] = item
    return groups


def _describe(group: Mapping[str, Problem]) -> OpenApiResponse:
    """The refusals of one status: which codes, and which facts come with them."""
    facts = {name: schema for item in group.values() for name, schema in item.facts.items()}
    narrowed = {"type": "object", "properties": {"code": {"type": "string", "enum": sorted(group)}, **facts}}
    return OpenApiResponse(
        response={"allOf": [{"$ref": "#/components/schemas/Problem"}, narrowed]},
        description="\n".join(f"- `{item.code}`: {item.title}" for item in group.values()),
        examples=[
            OpenApiExample(item.code, problems.problem(status=item.status, code=item.code, title=item.title))
            for item in group.values()
        ],
    )


def _header(name: str, statuses: Iterable[int], description: str, *, required: bool = False) -> OpenApiParameter:
    return OpenApiParameter(
        name,
        str,
        OpenApiParameter.HEADER,
        required=required,
        description=description,
        response=[str(status) for status in sorted(statuses)],
    )
