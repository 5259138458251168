"""Bad input on every write of the API: refused for what it is, and nothing is left behind.

The writes come from the OpenAPI document, so a new route is tried as soon as it is documented.
"""

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings

from tests.api import MALFORMED_BODIES, Api, Operation, code_of
from tests.attack.stage import Caller, Stage, make_stage
from tests.attack.writes import (
    KEYED,
    OPERATIONS,
    WITH_BODY,
    WRITES,
    caller_of,
    path_of,
    places,
    prepare,
    replaced,
    send,
    sound_body,
)
from tradecore.errors import Refusal
from tradecore.idempotency import KEY_LENGTH_MAX

pytestmark = pytest.mark.django_db

#: Tables that count guesses, sessions and keys: a refusal may leave its mark there.
_BESIDE = {"kernel_idempotency", "kernel_attempt_window", "kernel_worker_lease", "accounts_user"}

NO_IDS: tuple[Any, ...] = (
    1,
    True,
    None,
    "",
    "0",
    "01",
    "-1",
    "+1",
    "1.0",
    "1e3",
    "1_000",
    "\uff11\uff12\uff13",
    "x",
    str(2**63),
    "9" * 40,
    ["1"],
    {},
)
NO_NUMBERS: tuple[Any, ...] = (True, None, "1", "1_000", "\uff11\uff12\uff13", [1], {}, 10**18, -(10**18))
NO_TEXTS: tuple[Any, ...] = (1, True, None, ["x"], {}, "a\x00b", "a\x1fb", "x" * 50_000)
NO_SECRETS: tuple[Any, ...] = (1, True, None, ["x"], {}, "a\x00b", "x" * 50_000)
NO_FLAGS: tuple[Any, ...] = (1, 0, "true", None, [], {})
NO_CONTAINERS: tuple[Any, ...] = (1, "x", True, [1], {"zzz": 1}, [[]])
NO_MONEY: tuple[Any, ...] = (
    None,
    1,
    "1.00",
    [],
    {},
    {"amount": 1, "currency": "GBP"},
    {"amount": "1e3", "currency": "GBP"},
    {"amount": "NaN", "currency": "GBP"},
    {"amount": "Infinity", "currency": "GBP"},
    {"amount": "1_000", "currency": "GBP"},
    {"amount": "\uff11\uff12\uff13", "currency": "GBP"},
    {"amount": "1.001", "currency": "GBP"},
    {"amount": "9" * 40, "currency": "GBP"},
    {"amount": "1.00", "currency": "XXQ"},
    {"amount": "1.00", "currency": "gbp"},
    {"amount": "1.00", "currency": ""},
    {"amount": "1.00", "currency": ["GBP"]},
    {"amount": "1.00"},
    {"amount": "1.00", "currency": "GBP", "zzz": 1},
)
CARD_NUMBERS = (
    "4111 1111 1111 1111",
    "5500-0000-0000-0004",
    "my card is 4111111111111111 thanks",
    "4111.1111/1111_1111",
)

DEPTHS = (200, 900, 2000)

#: Kept as a hash and compared character by character: nothing is looked for in them.
_SECRETS = {"password", "new_password", "refresh_token", "token"}
#: The numbers that carriers and makers of goods give: one in ten would pass for the number of a card.
_CODES = {"tracking_number", "event_id", "gtin"}
_NULLABLE = {"free_from"}


@pytest.fixture
def stage() -> Stage:
    return make_stage()


def snapshot() -> dict[str, list[Any]]:
    """Every row of the product's own tables."""
    return {
        model._meta.db_table: list(model._default_manager.order_by("pk").values_list())
        for model in apps.get_models()
        if model._meta.app_label == "tradecore" or model.__module__.startswith("apps.")
        if model._meta.db_table not in _BESIDE
    }


class Refused:
    """Collects what was not refused as it should have been, so that one run names all of it."""

    def __init__(self) -> None:
        self.before = snapshot()
        self.wrong: list[str] = []

    def expect(self, response: Any, statuses: set[int], what: str) -> None:
        if response.status_code not in statuses:
            self.wrong.append(f"{what}: {response.status_code} {response.content[:120]!r}")

    def check(self) -> None:
        assert not self.wrong, "\n".join(self.wrong)
        after = snapshot()
        assert {table: rows for table, rows in after.items() if rows != self.before[table]} == {}


def objects_in(body: Any) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Every object of a body with fixed members, and where it stands."""
    yield (), body
    for path, value in places(body):
        if isinstance(value, dict) and path[-1] != "option_values":
            yield path, value


def wrong_values(path: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    """What resembles the value in that place and is none."""
    name = str(path[-1])
    if name in _SECRETS:
        return NO_SECRETS
    if isinstance(value, str):
        return NO_IDS if name == "id" or (name.endswith("_id") and value.isdigit()) else NO_TEXTS
    if isinstance(value, bool):
        return NO_FLAGS
    if isinstance(value, int):
        return NO_NUMBERS
    if isinstance(value, dict) and value.keys() == {"amount", "currency"}:
        return NO_MONEY[1:] if name in _NULLABLE else NO_MONEY
    return NO_CONTAINERS


class TestEveryWrite:
    def test_refuses_members_that_it_does_not_know(self, stage: Stage) -> None:
        refused = _setup(stage)
        for name, operation in WITH_BODY.items():
            body = sound_body(stage, operation)
            for path, value in objects_in(body):
                answer = send(stage, operation, body=replaced(body, path, {**value, "zzz": 1}))
                refused.expect(answer, {400}, f"{name} {path}")
        refused.check()

    def test_refuses_what_is_no_json_object(self, stage: Stage) -> None:
        refused = _setup(stage)
        for name, operation in WITH_BODY.items():
            for what, raw in MALFORMED_BODIES.items():
                if what == "nothing" and not operation.document["requestBody"].get("required"):
                    continue
                refused.expect(send(stage, operation, raw=raw), {400}, f"{name}: {what}")
        refused.check()

    @pytest.mark.slow
    def test_refuses_values_of_another_kind(self, stage: Stage) -> None:
        refused = _setup(stage)
        for name, operation in WITH_BODY.items():
            body = sound_body(stage, operation)
            for path, value in places(body):
                for wrong in wrong_values(path, value):
                    answer = send(stage, operation, raw=json.dumps(replaced(body, path, wrong)).encode())
                    refused.expect(answer, {400}, f"{name} {path} {str(wrong)[:40]}")
        refused.check()

    def test_refuses_values_however_deep(self, stage: Stage) -> None:
        refused = _setup(stage)
        for name, operation in WITH_BODY.items():
            body = sound_body(stage, operation)
            for path, _ in places(body):
                marked = json.dumps(replaced(body, path, "@here@"))
                for depth in DEPTHS:
                    raw = marked.replace('"@here@"', "[" * depth + "]" * depth).encode()
                    refused.expect(send(stage, operation, raw=raw), {400}, f"{name} {path} {depth} deep")
        refused.check()

    def test_refuses_lone_surrogates(self, stage: Stage) -> None:
        refused = _setup(stage)
        for name, operation in WITH_BODY.items():
            body = sound_body(stage, operation)
            for path, value in places(body):
                if isinstance(value, str):
                    raw = json.dumps(replaced(body, path, "@here@")).replace("@here@", "\\ud800").encode()
                    refused.expect(send(stage, operation, raw=raw), {400}, f"{name} {path}")
        refused.check()

    def test_refuses_card_numbers_in_text(self, stage: Stage) -> None:
        refused = _setup(stage)
        for name, operation in WITH_BODY.items():
            body = sound_body(stage, operation)
            for path, value in places(body):
                if isinstance(value, str) and path[-1] not in _SECRETS | _CODES:
                    for number in CARD_NUMBERS:
                        answer = send(stage, operation, body=replaced(body, path, number))
                        refused.expect(answer, {400, 422}, f"{name} {path}")
        refused.check()

    def test_refuses_other_media_types(self, stage: Stage) -> None:
        refused = _setup(stage)
        for name, operation in WITH_BODY.items():
            for media_type in (
                "text/plain",
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=x",
                "x",
            ):
                answer = send(stage, operation, headers={"Content-Type": media_type}, raw=b'{"a": 1}')
                refused.expect(answer, {415}, f"{name} {media_type}")
        refused.check()

    def test_refuses_bodies_that_are_too_large(self, stage: Stage) -> None:
        refused = _setup(stage)
        raw = b" " * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        for name, operation in WRITES.items():
            refused.expect(send(stage, operation, raw=raw), {413}, name)
        refused.check()


class TestEveryRefusal:
    def test_has_no_fact_named_as_a_member_that_every_problem_has(self) -> None:
        standard = {"type", "title", "status", "code", "detail", "instance"}
        found = {kind.__name__ for kind in _kinds_of(Refusal) if standard & {item.name for item in fields(kind)}}
        assert found == set()


class TestEveryKey:
    def test_is_asked_for_where_money_stock_or_an_order_moves(self, stage: Stage) -> None:
        refused = _setup(stage)
        needed = {name for name, operation in KEYED.items() if operation.needs_key}
        assert needed >= {"place_purchase", "pay_again", "cancel_order", "adjust_stock", "ship_order"}
        for name in needed:
            answer = send(stage, KEYED[name], key=None)
            refused.expect(answer, {400}, name)
            assert code_of(answer) == "idempotency.key_missing"
        refused.check()

    @pytest.mark.parametrize("key", ["", "k" * (KEY_LENGTH_MAX + 1), "clé", "a\tb", "\x7f"])
    def test_is_printable_and_bounded(self, stage: Stage, key: str) -> None:
        refused = _setup(stage)
        for name, operation in KEYED.items():
            answer = send(stage, operation, key=key)
            refused.expect(answer, {400}, name)
            assert code_of(answer) == "idempotency.key_invalid"
        refused.check()

    @pytest.mark.parametrize("name", sorted(KEYED))
    def test_has_one_effect_and_one_answer(self, stage: Stage, name: str) -> None:
        operation = KEYED[name]
        body = sound_body(stage, operation)
        raw = b"" if body is None else json.dumps(body).encode()
        caller = prepare(stage, operation)
        first = send(stage, operation, caller, raw=raw, key="once")
        after = snapshot()
        again = send(stage, operation, caller, raw=raw, key="once")
        other = send(stage, operation, caller, raw=raw + b" ", key="once")
        assert first.status_code in {200, 201, 202, 204}, first.content
        assert "Idempotent-Replayed" not in first.headers
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.headers.get("ETag") == first.headers.get("ETag")
        assert (other.status_code, code_of(other)) == (422, "idempotency.key_reused")
        assert snapshot() == after


class TestWhatIsSomebodyElses:
    def test_is_not_there(self, stage: Stage) -> None:
        refused = _setup(stage)
        for operation in OPERATIONS:
            if not operation.path_ids or not operation.schemes:
                continue
            for stranger in _strangers(stage, operation):
                owner = caller_of(stage, operation)
                answer = send(
                    stage, operation, Caller(stranger.name, stranger.token, owner.ids), **_body_of(stage, operation)
                )
                refused.expect(answer, {403, 404}, f"{operation.name} by {stranger.name}")
                may_enter = set(_schemes_of(stranger)) & operation.schemes and "/seller/" not in operation.path
                if may_enter:
                    refused.expect(answer, {404}, f"{operation.name} by {stranger.name}")
        refused.check()

    def test_is_not_there_below_what_is_ones_own(self, stage: Stage) -> None:
        refused = _setup(stage)
        for operation in OPERATIONS:
            if "shop_id" not in operation.path_ids or not operation.path_ids - {"shop_id", "option"}:
                continue
            ids = {**stage.seller.ids, "shop_id": stage.rival.ids["shop_id"]}
            answer = send(stage, operation, Caller("rival", stage.rival.token, ids), **_body_of(stage, operation))
            refused.expect(answer, {404}, operation.name)
        refused.check()

    def test_is_not_there_in_bodies(self, stage: Stage) -> None:
        quote = sound_body(stage, WRITES["place_purchase"])
        refused = _setup(stage)
        by_address = {name: part for name, part in sound_body(stage, WRITES["make_quote"]).items() if name != "address"}
        foreign = stage.other_buyer.ids
        cases = {
            "an address": ("make_quote", {**by_address, "address_id": foreign["address_id"]}, {404}),
            "a quote": ("place_purchase", quote, {422}),
            "a line": ("cancel_order", {"lines": [{"line_id": foreign["line_id"], "quantity": 1}]}, {422}),
            "a SKU": ("adjust_stock", _adjustment(stage, sku_id=stage.rival.ids["sku_id"]), {404}),
            "a warehouse": ("adjust_stock", _adjustment(stage, warehouse_id=stage.rival.ids["warehouse_id"]), {404}),
            "a line to ship": (
                "ship_order",
                {"carrier": "a", "tracking_number": "b", "lines": [{"line_id": foreign["line_id"], "quantity": 1}]},
                {422},
            ),
        }
        for what, (name, body, statuses) in cases.items():
            caller = stage.other_guest if what == "a quote" else None
            refused.expect(send(stage, WRITES[name], caller, body=body), statuses, what)
        refused.check()


class TestOtherMethods:
    @pytest.mark.slow
    def test_are_refused(self, stage: Stage) -> None:
        refused = _setup(stage)
        known = {(operation.path, operation.method) for operation in OPERATIONS}
        for operation in OPERATIONS:
            caller = caller_of(stage, operation)
            for method in ("get", "post", "put", "patch", "delete", "options", "trace"):
                if (operation.path, method) in known:
                    continue
                answer = Api(token=caller.token).call(method, path_of(stage, operation), key="other")
                refused.expect(answer, {405}, f"{method} {operation.path}")
                assert answer["Content-Type"] == "application/problem+json"
        refused.check()


def _kinds_of(refusal: type[Refusal]) -> Iterator[type[Refusal]]:
    """Every refusal there is."""
    for kind in refusal.__subclasses__():
        yield kind
        yield from _kinds_of(kind)


def _setup(stage: Stage) -> Refused:
    """Take the snapshot after whatever making a sound body leaves behind, which is nothing of ours."""
    for operation in WITH_BODY.values():
        sound_body(stage, operation)
    return Refused()


def _adjustment(stage: Stage, **ids: str) -> dict[str, Any]:
    return {**sound_body(stage, WRITES["adjust_stock"]), **ids}


def _body_of(stage: Stage, operation: Operation) -> dict[str, Any]:
    """A read has no body."""
    return {"body": None} if operation.method == "get" else {}


def _strangers(stage: Stage, operation: Operation) -> list[Caller]:
    if operation.path.startswith("/seller/"):
        return [stage.rival, stage.buyer, stage.guest]
    return [stage.other_buyer, stage.other_guest, stage.guest, stage.seller]


def _schemes_of(stranger: Caller) -> set[str]:
    """The kinds of token that they have."""
    return {"guestToken"} if stranger.name == "guest" else {"accessToken"}
