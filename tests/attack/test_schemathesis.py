"""The OpenAPI document against the routes: thousands of generated requests, alone and in chains, as every caller.

Whatever is sent, the answer is one that the document names, in the form that it gives, and never a server error. The
seed is fixed, so that a run that fails fails again.
"""

import copy
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from config.wsgi import application
from tests.api import Document, list_operations, openapi_document
from tests.attack.stage import COUPON, EMAIL, Caller, make_stage

pytestmark = [pytest.mark.slow, pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

SEED = 20261121
SIGN_OUT = "sign_out"
CASES_MIN = 500
EXAMPLES_PER_OPERATION = 8
CHAINS = 60
CHAIN_LENGTH = 6

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
)

OPERATIONS = {operation.name: operation for operation in list_operations("/")}

#: The bodies that the document shows, by operation.
EXAMPLES = {
    name: [
        example["value"]
        for content in operation.document.get("requestBody", {}).get("content", {}).values()
        for example in content.get("examples", {}).values()
    ]
    for name, operation in OPERATIONS.items()
}

_ID = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)

#: Words that open doors, by the member of a path or a body that they stand in.
WORDS: Mapping[str, tuple[str, ...]] = {
    "market": ("GB",),
    "delivery_option": ("standard",),
    "option": ("standard",),
    "currency": ("GBP",),
    "country": ("GB",),
    "provider": ("scripted",),
    "method": ("card", "voucher"),
    "method_token": ("tok_ok", "tok_3ds", "tok_declined"),
    "coupon_codes": (COUPON,),
    "email": (EMAIL,),
    "line1": ("10 Downing Street",),
    "region": ("",),
    "postal_code": ("SW1A 2AA",),
    "starts_at": ("2026-01-01T00:00:00Z",),
    "ends_at": ("2099-01-01T00:00:00Z",),
}

_CARD = {"provider": "scripted", "method_token": "tok_ok"}
_QUOTED = {"quote_token": "$response.body#/quote_token", "expected_total": "$response.body#/total", "email": EMAIL}
_SHOP = {"path.shop_id": "$request.path.shop_id"}
_VERSION = {"header.If-Match": "$response.header.ETag"}


def _one(name: str, **more: str) -> dict[str, str]:
    """The path parameter of what was answered."""
    return {f"path.{name}": "$response.body#/id", **more}


#: What may follow on an answer: (operation, status) to (operation, parameters, body).
LINKS: Mapping[tuple[str, int], tuple[tuple[str, dict[str, str], Any], ...]] = {
    ("make_quote", 200): (
        ("place_purchase", {}, {**_QUOTED, "payment": _CARD}),
        ("place_purchase", {}, {**_QUOTED, "payment": {**_CARD, "method_token": "tok_3ds"}}),
        ("place_purchase", {}, {**_QUOTED, "payment": {**_CARD, "method_token": "tok_declined"}}),
    ),
    ("place_purchase", 201): (
        ("get_purchase", {"path.purchase_id": "$response.body#/purchase_id"}, None),
        ("get_order", {"path.order_id": "$response.body#/orders/0/id"}, None),
        ("cancel_order", {"path.order_id": "$response.body#/orders/0/id"}, None),
        ("confirm_receipt", {"path.order_id": "$response.body#/orders/0/id"}, None),
    ),
    ("place_purchase", 202): (
        ("pay_again", {"path.purchase_id": "$response.body#/purchase_id"}, {"payment": _CARD}),
        ("cancel_purchase", {"path.purchase_id": "$response.body#/purchase_id"}, None),
    ),
    ("cancel_order", 202): (("withdraw_cancel_request", {"path.order_id": "$response.body#/id"}, None),),
    ("list_orders", 200): (("get_order", {"path.order_id": "$response.body#/items/0/id"}, None),),
    ("add_address", 201): (
        ("get_address", _one("address_id"), None),
        ("edit_address", _one("address_id", **_VERSION), None),
        ("remove_address", _one("address_id", **_VERSION), None),
    ),
    ("create_product", 201): (
        ("get_own_product", _one("product_id", **_SHOP), None),
        ("edit_product", _one("product_id", **_SHOP, **_VERSION), None),
        ("add_sku", _one("product_id", **_SHOP), None),
        ("publish_product", _one("product_id", **_SHOP), None),
        ("deactivate_product", _one("product_id", **_SHOP), None),
    ),
    ("add_sku", 201): (
        ("get_own_sku", _one("sku_id", **_SHOP), None),
        ("edit_sku", _one("sku_id", **_SHOP, **_VERSION), None),
        ("set_price", _one("sku_id", **_SHOP), None),
        ("get_sku_stock", _one("sku_id", **_SHOP), None),
    ),
    ("create_promotion", 201): (
        ("get_promotion", _one("promotion_id", **_SHOP), None),
        ("publish_promotion", _one("promotion_id", **_SHOP), None),
        ("deactivate_promotion", _one("promotion_id", **_SHOP), None),
    ),
    ("list_shop_orders", 200): (
        ("ship_order", {"path.order_id": "$response.body#/items/0/id", **_SHOP}, None),
        ("cancel_shop_order", {"path.order_id": "$response.body#/items/0/id", **_SHOP}, None),
        ("approve_cancel_request", {"path.order_id": "$response.body#/items/0/id", **_SHOP}, None),
        ("reject_cancel_request", {"path.order_id": "$response.body#/items/0/id", **_SHOP}, None),
    ),
    ("ship_order", 201): (
        ("get_package", _one("package_id", **_SHOP), None),
        ("report_tracking", _one("package_id", **_SHOP), None),
    ),
}


def linked_document() -> Document:
    """The document, with the links that make chains of requests."""
    document = copy.deepcopy(openapi_document())
    for (source, status), targets in LINKS.items():
        operation = OPERATIONS[source]
        responses = document["paths"][operation.path][operation.method]["responses"]
        responses[str(status)]["links"] = {
            f"{source}_{status}_{number}_{target}": {"operationId": target, "parameters": parameters}
            | ({} if body is None else {"requestBody": body})
            for number, (target, parameters, body) in enumerate(targets)
        }
    return document


def make_config(caller: Caller) -> SchemathesisConfig:
    """Everything that bounds a run."""
    return SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "headers": {"Authorization": f"Bearer {caller.token}"} if caller.token else {},
            "continue-on-failure": True,
            "workers": 1,
            "generation": {"deterministic": True, "no-shrink": True, "with-security-parameters": False},
            "checks": {"enabled": False, **{name: {"enabled": True} for name in CHECKS}},
            "phases": {
                "coverage": {"enabled": False},
                "fuzzing": {"generation": {"max-examples": EXAMPLES_PER_OPERATION}},
                "stateful": {"max-steps": CHAIN_LENGTH, "generation": {"max-examples": CHAINS}},
            },
        }
    )


class Doors:
    """Turns generated requests into ones that get further: with ids and words that are known on the stage.

    What is malformed stays so, and what is replaced depends on what was generated alone: so a run can be repeated.
    """

    def __init__(self, caller: Caller) -> None:
        self.known = {**WORDS, **{name: (value,) for name, value in caller.ids.items()}}

    def open(self, case: Any) -> Any:
        """The case with known ids in its path and, where it is sound, with known words in its body."""
        case.path_parameters = self._replace(case.path_parameters)
        if isinstance(case.body, dict) and case.meta is not None and case.meta.generation.mode.is_positive:
            case.body = self._replace(self._example_of(case) or case.body)
        return case

    def _example_of(self, case: Any) -> dict[str, Any] | None:
        """For half of the bodies, an example of the document to take their place."""
        chance = crc32(repr(case.body).encode())
        examples = EXAMPLES[case.operation.definition.raw["operationId"]]
        if chance % 2 or not examples:
            return None
        example = copy.deepcopy(examples[chance // 2 % len(examples)])
        return example | ({"code": f"CODE-{chance}"} if "code" in example else {})

    def _replace(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: self._replace(item, key) for key, item in value.items()}
        if isinstance(value, list):
            return [self._replace(item, name) for item in value]
        if not (isinstance(value, str) and name in self.known and value.isprintable() and value):
            return value
        if name.endswith("_id") and not _ID.fullmatch(value):
            return value
        chance = crc32(value.encode())
        words = self.known[name]
        return value if chance % 8 == 0 else words[chance // 8 % len(words)]


def run(caller: Caller) -> Iterator[Any]:
    """Every event of a run as this caller, who stays signed in."""
    schema: Any = schemathesis.openapi.from_dict(linked_document(), config=make_config(caller))
    schema = schema.exclude(operation_id=[SIGN_OUT]) if caller.token else schema
    schema.app = application
    doors = Doors(caller)

    @schema.hook
    def map_case(context: Any, case: Any) -> Any:
        return doors.open(case)

    return iter(from_schema(schema).execute())


@dataclass
class Findings:
    """What a run found: how often each operation answered with which status, and the first failure of each kind."""

    answered: Counter[tuple[str, int]] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)

    def read(self, event: Any) -> None:
        """Take in what an event of the run says."""
        if isinstance(event, events.FatalError):
            raise event.exception
        if isinstance(event, events.NonFatalError):
            self.failures.setdefault(event.label, f"{event.value!r}")
        if isinstance(event, events.ScenarioFinished):
            self._read_scenario(event.recorder)

    def _read_scenario(self, recorder: Any) -> None:
        for case_id, interaction in recorder.interactions.items():
            label = recorder.cases[case_id].value.operation.label
            self.answered[label, interaction.response.status_code] += 1
        for case_id, checks in recorder.checks.items():
            for check in filter(lambda check: check.failure_info, checks):
                label, found = recorder.cases[case_id].value.operation.label, check.failure_info
                self.failures.setdefault(f"{label}: {found.failure.title}", f"{found.failure}\n{found.code_sample}")


@pytest.mark.parametrize("name", ["buyer", "seller", "guest", "nobody"])
def test_every_answer_is_one_that_the_document_names(name: str) -> None:
    findings = Findings()
    for event in run(make_stage().caller(name)):
        findings.read(event)
    assert findings.failures == {}
    assert findings.answered.total() >= CASES_MIN
    assert {operation for operation, _ in findings.answered} >= {
        f"{operation.method.upper()} {operation.path}"
        for operation in OPERATIONS.values()
        if operation.name != SIGN_OUT
    }
