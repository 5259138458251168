"""The API as its clients see it: real requests, and every answer held against the OpenAPI document.

An answer whose status, media type, members, codes or required headers the document does not name fails the test that
asked for it, whatever else the test is about.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

import orjson
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from oauth2_provider.models import get_access_token_model, get_application_model

from apps.accounts import api as accounts
from tests.factories.accounts import PASSWORD
from tests.support import NOON
from tradecore import clock

Document = dict[str, Any]

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path of the document."""

    path: str
    method: str
    document: Document

    @property
    def name(self) -> str:
        return str(self.document["operationId"])

    @property
    def schemes(self) -> set[str]:
        """The kinds of token that it takes."""
        return {name for requirement in self.document.get("security", []) for name in requirement}

    @property
    def example(self) -> Any:
        """The first example of its body; an empty object where it takes one without members; None where none."""
        content = self.document.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            return None
        examples = list(content.get("examples", {}).values())
        return examples[0]["value"] if examples else {}

    @property
    def takes_key(self) -> bool:
        return "Idempotency-Key" in self._parameters("header")

    @property
    def needs_key(self) -> bool:
        return bool(self._parameters("header").get("Idempotency-Key", {}).get("required"))

    @property
    def needs_if_match(self) -> bool:
        return "If-Match" in self._parameters("header")

    @property
    def is_page(self) -> bool:
        return "page_token" in self._parameters("query")

    @property
    def is_html(self) -> bool:
        """Whether what it answers is a page."""
        return "text/html" in self.document["responses"].get("200", {}).get("content", {})

    @property
    def path_ids(self) -> set[str]:
        """The names of the ids in its path."""
        return set(re.findall(r"{(\w+)}", self.path))

    def _parameters(self, place: str) -> dict[str, Document]:
        return {item["name"]: item for item in self.document.get("parameters", []) if item["in"] == place}

    def at(self, ids: Mapping[str, int | str]) -> str:
        """The path with ids in it."""
        return re.sub(r"{(\w+)}", lambda match: str(ids[match.group(1)]), self.path)


@dataclass
class Api:
    """Somebody who calls, with a token or without one."""

    token: str | None = None
    client: Client = field(default_factory=lambda: Client(raise_request_exception=True))

    def get(self, path: str, **options: Any) -> Any:
        return self.call("get", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.call("post", path, body=body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.call("put", path, body=body, **options)

    def patch(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.call("patch", path, body=body, **options)

    def delete(self, path: str, **options: Any) -> Any:
        return self.call("delete", path, **options)

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        raw: bytes | None = None,
        key: str | None = None,
        if_match: str | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send a request and check that its answer is documented. `raw` is a body as it stands."""
        sent = {
            "Authorization": f"Bearer {self.token}" if self.token else None,
            "Idempotency-Key": key,
            "If-Match": if_match,
            **(headers or {}),
        }
        response: Any = self.client.generic(
            method.upper(),
            path,
            data=raw if raw is not None else b"" if body is None else dump(body),
            content_type=sent.pop("Content-Type", None) or "application/json",
            headers={name: value for name, value in sent.items() if value is not None},
            query_params=query or {},
        )
        check_documented(method, path, response)
        return response


#: Bodies that no route takes, whatever its form.
MALFORMED_BODIES = {
    "not JSON": b"{",
    "a duplicate key": b'{"zzz": 1, "zzz": 1}',
    "NaN": b'{"zzz": NaN}',
    "infinity": b'{"zzz": -Infinity}',
    "an exponent": b'{"zzz": 1e3}',
    "a fraction": b'{"zzz": 1.5}',
    "a number of 20 digits": b'{"zzz": 12345678901234567890}',
    "not UTF-8": b'{"zzz": "\xff"}',
    "a lone surrogate": b'{"zzz": "\\ud800"}',
    "too deep": b"[" * 100_000,
    "a list": b"[]",
    "null": b"null",
    "a string": b'"zzz"',
}

#: What resembles a whole number and is none.
NO_WHOLE_NUMBERS = ("true", "null", "1e3", "1.0", "NaN", '"1"', '"1_000"', '"\uff11"', "[1]", "10000000000000000000")

#: What resembles an amount and is none.
NO_AMOUNTS = (
    "1",
    "true",
    "null",
    '""',
    '"1e3"',
    '"1_000"',
    '"\uff11"',
    '"NaN"',
    '"1,00"',
    '"+1.00"',
    '"01.00"',
    '"1.001"',
)

_PLACE = "@here@"


def wrong_numbers(body: Any) -> Iterator[bytes]:
    """The body with each of its whole numbers, and each of its amounts, replaced by what is none."""
    for place in _places(body):
        wrong = NO_AMOUNTS if place[-1:] == ("amount",) else NO_WHOLE_NUMBERS
        marked = orjson.dumps(_replaced(body, place)).decode()
        for text in wrong:
            yield marked.replace(f'"{_PLACE}"', text).encode()


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in a body there are whole numbers and amounts."""
    if type(value) is int or (path[-1:] == ("amount",) and isinstance(value, str)):
        yield path
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _places(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _places(item, (*path, index))


def _replaced(value: Any, path: tuple[Any, ...]) -> Any:
    if not path:
        return _PLACE
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _replaced(value[path[0]], path[1:])
    return copy


def user_token(user: Any) -> str:
    """An access token of the user."""
    pair = accounts.sign_in(email=user.email, password=PASSWORD, network="", now=NOON)
    return pair.access_token


def machine_token(*, scope: str) -> str:
    """A token that another system got for itself, by client credentials."""
    application = get_application_model().objects.create(
        name="warehouse", client_type="confidential", authorization_grant_type="client-credentials"
    )
    get_access_token_model().objects.create(
        application=application,
        token="machine",
        token_checksum=hashlib.sha256(b"machine").hexdigest(),
        expires=clock.real_now() + timedelta(hours=1),
        scope=scope,
    )
    return "machine"


def dump(body: Any) -> bytes:
    """The body of a request."""
    return orjson.dumps(body)


def read(response: Any) -> Any:
    """The body of an answer."""
    return orjson.loads(response.content)


def code_of(response: Any) -> str:
    """The code of a refusal."""
    return str(read(response)["code"])


def pointers_of(response: Any) -> set[str]:
    """Which members of the body a refusal points to."""
    return {error["pointer"] for error in read(response)["errors"]}


@cache
def openapi_document() -> Document:
    """The document as it is published."""
    document: Document = orjson.loads(orjson.dumps(SchemaGenerator().get_schema(request=None, public=True)))
    return document


@cache
def list_operations(prefix: str) -> tuple[Operation, ...]:
    """Every operation below a prefix of the path."""
    return tuple(
        Operation(path=path, method=method, document=document)
        for path, methods in openapi_document()["paths"].items()
        if path.startswith(prefix)
        for method, document in methods.items()
        if method in METHODS
    )


def check_documented(method: str, path: str, response: Any) -> None:
    """Fail unless the document says that this operation may answer like that."""
    operation = _find_operation(method, path.partition("?")[0])
    if operation is None:
        assert response.status_code in {404, 405}, f"{method} {path} is not documented"
        return
    status = str(response.status_code)
    said = resolve(operation.document["responses"].get(status))
    assert said is not None, f"{operation.name} does not document {status}: {response.content[:300]!r}"
    for name, header in said.get("headers", {}).items():
        assert not resolve(header).get("required") or name in response.headers, f"{operation.name}: no {name}"
    media_type = response.headers.get("Content-Type", "").partition(";")[0]
    content = said.get("content", {})
    if not content:
        assert response.content == b"", f"{operation.name} answers {status} with an undocumented body"
        return
    assert media_type in content, f"{operation.name} answers {status} as {media_type}"
    if media_type == "text/html":
        return
    errors = list(_errors(content[media_type]["schema"], read(response)))
    assert not errors, f"{operation.name} {status}: {errors[:3]}"


def _errors(schema: Document, body: Any) -> Iterator[str]:
    whole = {**_strict(schema), "components": _strict_components()}
    for error in Draft202012Validator(whole).iter_errors(body):
        yield f"{error.json_path}: {error.message[:200]}"


@cache
def _strict_components() -> Document:
    schemas = openapi_document()["components"]["schemas"]
    return {"schemas": {name: _strict(schema, whole=name != "Problem") for name, schema in schemas.items()}}


def _strict(schema: Any, *, whole: bool = True) -> Any:
    """The schema, but members that it does not name are errors."""
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "allOf" in schema:
        return {**schema, "unevaluatedProperties": False}
    strict = {key: _strict(value) for key, value in schema.items()}
    if whole and "properties" in schema and "additionalProperties" not in schema:
        strict["additionalProperties"] = False
    return strict


def _find_operation(method: str, path: str) -> Operation | None:
    """The one of that path as it is routed: a path of the document that names it goes before one with ids in it."""
    at_path = [
        operation for operation in list_operations("/") if re.fullmatch(re.sub(r"{\w+}", "[^/]+", operation.path), path)
    ]
    routed = min((operation.path for operation in at_path), key=lambda found: found.count("{"), default=None)
    return next((found for found in at_path if (found.path, found.method) == (routed, method)), None)


def resolve(item: Any) -> Any:
    """What a reference of the document stands for; anything else stands for itself."""
    if isinstance(item, dict) and "$ref" in item:
        found: Any = openapi_document()
        for part in item["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return found
    return item
