"""The document of the API, and that it says of itself what it says of the routes."""

import re
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.api import METHODS, Operation, list_operations, openapi_document, resolve

OPERATIONS = list_operations("/")


def bodies_of(operation: Operation) -> list[tuple[str, Any, Any]]:
    """Every body that the document shows for an operation: where it stands, its schema, its examples."""
    responses = {status: resolve(response) for status, response in operation.document["responses"].items()}
    places = [("request", operation.document.get("requestBody", {})), *responses.items()]
    return [
        (place, content["schema"], content.get("examples", {}))
        for place, body in places
        for content in body.get("content", {}).values()
    ]


class TestDocument:
    def test_names_each_operation_once(self) -> None:
        names = [operation.name for operation in OPERATIONS]
        assert len(names) == len(set(names)) > 50

    @pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
    def test_shows_examples_that_are_true(self, operation: Operation) -> None:
        components = openapi_document()["components"]
        for place, schema, examples in bodies_of(operation):
            validator = Draft202012Validator({**schema, "components": components})
            for name, example in examples.items():
                errors = [error.message for error in validator.iter_errors(example["value"])]
                assert not errors, f"{operation.name} {place} {name}: {errors[:2]}"

    @pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
    def test_says_what_each_operation_is(self, operation: Operation) -> None:
        assert operation.document["summary"]
        assert operation.document["description"]
        assert operation.document["tags"]
        if operation.document.get("requestBody", {}).get("required"):
            assert operation.example, "a body that is needed has an example"

    def test_says_how_each_kind_of_token_is_had(self) -> None:
        schemes = openapi_document()["components"]["securitySchemes"]
        named = {name for operation in OPERATIONS for name in operation.schemes}
        assert named == schemes.keys() == {"accessToken", "guestToken"}
        assert all(scheme["type"] == "http" and scheme["scheme"] == "bearer" for scheme in schemes.values())
        assert "/store/v1/sessions" in schemes["accessToken"]["description"]
        assert "/store/v1/guests" in schemes["guestToken"]["description"]

    def test_introduces_itself_with_buying_first(self) -> None:
        tags = [tag["name"] for tag in openapi_document()["tags"]]
        assert tags[0] == "Buying"
        assert sorted(tags) == sorted({tag for operation in OPERATIONS for tag in operation.document["tags"]})
        introduction = openapi_document()["info"]["description"]
        routes = re.findall(r"`[A-Z]+ (/store/[a-z0-9/]+)`", introduction)
        assert set(routes) <= {operation.path for operation in OPERATIONS}
        for word in ("Idempotency-Key", "quote_token", "next_page_token", "If-Match", "RFC 9457"):
            assert word in introduction

    def test_lets_requests_have_no_other_members(self) -> None:
        requests = [
            schema
            for name, schema in openapi_document()["components"]["schemas"].items()
            if name.endswith(("Request", "RequestForm", "CancelUnits"))
        ]
        assert len(requests) > 20
        assert all(schema["additionalProperties"] is False for schema in requests)

    def test_takes_a_key_with_every_write_of_somebody(self) -> None:
        # Quotes write nothing, of a basket and of a case; who signs out a second time changes nothing.
        keyless = {"make_quote", "quote_case", "sign_out"}
        missing = {
            operation.name
            for operation in OPERATIONS
            if operation.method != "get" and operation.schemes and not operation.takes_key
        }
        assert missing == keyless


class TestServing:
    @pytest.mark.django_db
    def test_publishes_the_document_and_a_page_that_needs_no_network(self) -> None:
        client = Client()
        schema = client.get("/api/schema/")
        page = client.get("/api/docs/")
        assert (schema.status_code, page.status_code) == (200, 200)
        assert b"https://" not in page.content.replace(b"https://github.com", b"")

    def test_says_nothing_that_it_is_not_sure_of(self, capsys: pytest.CaptureFixture[str]) -> None:
        SchemaGenerator().get_schema(request=None, public=True)
        assert capsys.readouterr().err == ""


class TestOtherMethods:
    @pytest.mark.django_db
    @pytest.mark.parametrize("path", sorted({operation.path for operation in OPERATIONS if not operation.path_ids}))
    def test_are_problem_documents(self, path: str) -> None:
        """405, or 401 where even that is told to nobody."""
        known = {operation.method for operation in OPERATIONS if operation.path == path}
        for method in {*METHODS, "options"} - known:
            answer = Client().generic(method.upper(), path)
            assert answer.status_code in {401, 405}, method
            assert answer["Content-Type"] == "application/problem+json"


class TestUnknownPaths:
    @pytest.mark.parametrize(
        "path",
        [
            "/store/v1/nothing",
            "/store/v1/products/0",
            "/store/v1/products/01",
            "/store/v1/products/-1",
            "/store/v1/products/1.0",
            "/store/v1/products/\uff11",
            "/store/v1/products/9223372036854775808",
            "/store/v1/products/99999999999999999999",
            "/store/v1/products/x",
        ],
    )
    def test_are_problem_documents(self, path: str) -> None:
        answer = Client().get(path, {"market": "GB"})
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
        assert answer.json()["code"] == "not_found"
