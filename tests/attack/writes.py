"""Every write of the API in a form that is accepted: what a bad one differs from in one place."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from apps.orders import api as orders
from tests.api import Api, Operation, list_operations, read
from tests.attack.stage import ADDRESS, COUPON, Caller, Stage, purchase_body, quote_body
from tests.factories.accounts import PASSWORD
from tests.factories.aftersales import stage as stage_case
from tradecore import clock
from tradecore.ids import format_number

OPERATIONS = list_operations("/")
WRITES = {operation.name: operation for operation in OPERATIONS if operation.method != "get"}

#: Those that take a JSON body of ours.
WITH_BODY = {name: operation for name, operation in WRITES.items() if "requestBody" in operation.document}
KEYED = {name: operation for name, operation in WRITES.items() if operation.takes_key}

_CARD = {"payment": {"provider": "scripted", "method": "card", "method_token": "tok_ok", "instalments": 1}}
_MONEY = {"amount": "1.00", "currency": "GBP"}
_EVIDENCE = {"text": "See for yourself.", "images": ["https://pictures.example/1.jpg"]}


def caller_of(stage: Stage, operation: Operation) -> Caller:
    """Who may do it."""
    return stage.seller if operation.path.startswith("/seller/") else stage.buyer


def path_of(stage: Stage, operation: Operation, caller: Caller | None = None) -> str:
    """The path to what is the caller's own."""
    owned = (caller or caller_of(stage, operation)).ids
    ids = {"option": "standard", "provider": "scripted", "on": "2026-11-20"} | dict(owned)
    if operation.name == "confirm_receipt":
        ids["order_id"] = ids["delivered_order_id"]
    if "/cancel-request/" in operation.path:
        ids["order_id"] = ids["asked_order_id"]
    if operation.name == "refund_shop_order":
        ids["order_id"] = ids["returned_order_id"]
    return operation.at(ids)


def prepare(stage: Stage, operation: Operation) -> Caller:
    """Who may do it, to what it is accepted for: a case has to wait for what is done with it."""
    caller = caller_of(stage, operation)
    if "case_id" not in operation.path_ids:
        return caller
    order = orders.get_order(order_id=int(stage.buyer.ids["returned_order_id"]))
    case = stage_case(operation.name, order, now=clock.now())
    return Caller(caller.name, caller.token, {**caller.ids, "case_id": str(case.id)})


def send(stage: Stage, operation: Operation, caller: Caller | None = None, **options: Any) -> Any:
    """Send the write as it is accepted, unless the options say otherwise."""
    caller = caller or caller_of(stage, operation)
    sent: dict[str, Any] = {
        "key": f"key-{operation.name}" if operation.needs_key else None,
        # An offer is in the second version of its case.
        "if_match": ('"2"' if operation.name == "accept_offer" else '"1"') if operation.needs_if_match else None,
    }
    if not {"body", "raw"} & options.keys():
        sent["body"] = sound_body(stage, operation)
    return Api(token=caller.token).call(operation.method, path_of(stage, operation, caller), **sent | options)


def sound_body(stage: Stage, operation: Operation) -> Any:
    """A body that the route accepts; None where it takes none."""
    make = BODIES.get(operation.name)
    if make is not None:
        return make(stage)
    return {} if operation.name in WITH_BODY else None


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every member and item of a body, however deep: where it stands and what it is."""
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield (*path, name), item
        yield from places(item, (*path, name))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy of the body with another value in that place."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


def _quote(stage: Stage) -> Any:
    return read(Api(token=stage.buyer.token).post("/store/v1/quotes", quote_body(stage.buyer.ids["sku_id"])))


def _cancelled_line(caller: Caller) -> list[dict[str, Any]]:
    return [{"line_id": caller.ids["line_id"], "quantity": 1}]


def _promotion(stage: Stage) -> dict[str, Any]:
    return {
        "kind": "SELLER_COUPON",
        "title": "Spring coupon",
        "code": "SPRING8",
        "amount_off": _MONEY,
        "targets": [{"kind": "SHOP", "id": stage.seller.ids["shop_id"]}],
        "starts_at": "2027-01-01T00:00:00Z",
        "ends_at": "2027-02-01T00:00:00Z",
        "min_spend": {"amount": "60.00", "currency": "GBP"},
        "uses_cap": 500,
        "uses_per_buyer_cap": 1,
        "budget": {"amount": "500.00", "currency": "GBP"},
    }


def _returned(stage: Stage, **parts: Any) -> dict[str, Any]:
    return {"line_id": stage.buyer.ids["returned_line_id"], **(parts or {"quantity": 1})}


def _asked(stage: Stage) -> dict[str, Any]:
    lines = [_returned(stage)]
    return {"kind": "REFUND_ONLY", "lines": lines, "reason": "defective"}


def _tokens(stage: Stage) -> Any:
    return read(Api().post("/store/v1/sessions", {"email": "robin@example.com", "password": PASSWORD}))


BODIES: Mapping[str, Callable[[Stage], Any]] = {
    "sign_up": lambda _: {
        "email": "new@example.com",
        "password": "an unusual sentence",
        "full_name": "New",
        "locale": "en-GB",
    },
    "sign_in": lambda _: {"email": "robin@example.com", "password": PASSWORD},
    "refresh_session": lambda stage: {"refresh_token": _tokens(stage)["refresh_token"]},
    "request_password_reset": lambda _: {"email": "robin@example.com"},
    "reset_password": lambda _: {"token": "made-up", "new_password": "an unusual sentence"},
    "add_address": lambda _: {**ADDRESS, "is_default": True},
    "edit_address": lambda _: {**ADDRESS, "is_default": True},
    "make_quote": lambda stage: quote_body(stage.buyer.ids["sku_id"], coupon_codes=[COUPON], payment_method="card"),
    "place_purchase": lambda stage: purchase_body(_quote(stage)),
    "pay_again": lambda _: _CARD,
    "cancel_order": lambda stage: {"reason": "changed_mind", "lines": _cancelled_line(stage.buyer)},
    "find_guest_order": lambda stage: {
        "number": format_number(int(stage.guest.ids["order_id"])),
        "email": "robin@example.com",
    },
    "quote_case": lambda stage: {"order_id": stage.buyer.ids["returned_order_id"], **_asked(stage)},
    "open_case": lambda stage: {
        "order_id": stage.buyer.ids["returned_order_id"],
        **_asked(stage),
        "comment": "It does not work.",
        "evidence": _EVIDENCE,
    },
    "edit_case": lambda stage: {**_asked(stage), "comment": "It does not work.", "evidence": _EVIDENCE},
    "add_evidence": lambda _: _EVIDENCE,
    "withdraw_case": lambda _: {"comment": "I keep it."},
    "ship_case": lambda _: {"carrier": "royal-mail", "tracking_number": "RT1"},
    "refuse_offer": lambda _: {"comment": "That is too little."},
    "escalate_case": lambda _: {"comment": "The pictures show it.", "evidence": _EVIDENCE},
    "refund_shop_order": lambda stage: {"lines": [_returned(stage)], "reason": "shops_mistake", "comment": "Sorry."},
    "approve_case": lambda _: {"buyer_keeps_goods": True, "comment": "Keep it."},
    "reject_case": lambda _: {"reason": "as_described", "comment": "It is.", "evidence": _EVIDENCE},
    "make_offer": lambda _: {"amount": _MONEY, "comment": "Keep it."},
    "receive_case": lambda stage: {"lines": [_returned(stage, good=1, damaged=0)], "comment": "It is here."},
    "refuse_return": lambda _: {"reason": "parcel_empty", "comment": "It was.", "evidence": _EVIDENCE},
    "ship_replacement": lambda _: {"carrier": "royal-mail", "tracking_number": "RM1"},
    "refund_instead": lambda _: {"comment": "It is sold out."},
    "add_shop_evidence": lambda _: _EVIDENCE,
    "edit_own_shop": lambda _: {"name": "North Wool", "contact_email": "shop@example.com"},
    "set_delivery_rate": lambda _: {"base": _MONEY, "per_kg": _MONEY, "included_grams": 100, "free_from": _MONEY},
    "reject_cancel_request": lambda _: {"reason": "packed_already"},
    "cancel_shop_order": lambda stage: {"reason": "out_of_stock", "lines": _cancelled_line(stage.buyer)},
    "ship_order": lambda stage: {
        "carrier": "royal-mail",
        "tracking_number": "RM1",
        "lines": _cancelled_line(stage.buyer),
    },
    "report_tracking": lambda _: {
        "event_id": "scan-1",
        "status": "IN_TRANSIT",
        "occurred_at": "2026-11-20T12:00:00Z",
    },
    "create_product": lambda stage: {
        "category_id": stage.seller.ids["category_id"],
        "title": "Scarf",
        "description": "Warm.",
        "tax_category": "standard",
    },
    "edit_product": lambda _: {"title": "Scarf, red"},
    "add_sku": lambda _: {
        "code": "SCARF-BLUE",
        "weight_grams": 250,
        "option_values": {"colour": "blue"},
        "hs6": "620000",
        "is_active": True,
    },
    "edit_sku": lambda _: {"weight_grams": 300, "option_values": {"colour": "green"}, "is_active": True},
    "set_price": lambda _: {"market": "GB", "amount": _MONEY, "valid_from": "2027-01-01T00:00:00Z"},
    "adjust_stock": lambda stage: {
        "sku_id": stage.seller.ids["sku_id"],
        "warehouse_id": stage.seller.ids["warehouse_id"],
        "delta": 5,
        "reason": "counted again",
    },
    "create_warehouse": lambda _: {"code": "LEEDS", "name": "Leeds", "priority": 1},
    "create_promotion": _promotion,
    "deactivate_promotion": lambda _: {"reason": "Sold out."},
    "set_payout_account": lambda _: {
        "holder_name": "North Wool Ltd",
        "account_number": "GB29NWBK60161331926819",
        "currency": "GBP",
    },
}
