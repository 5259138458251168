"""A shop's money: its account, statements, settlements and payouts."""

from functools import partial

from drf_spectacular.utils import OpenApiExample

from apps.seller_desk.serializers import earnings as forms
from apps.settlement import api as settlement
from tradecore.errors import NotFound
from tradecore.http.answers import page_answer
from tradecore.http.openapi import MEMBER, PAGE_QUERY, Documented, Key
from tradecore.money import UnknownCurrency

_SHOP_ID = "420069437939290116"
_ORDER_ID = "420069437939290121"


def _gbp(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "GBP"}


_STATEMENT = {
    "id": "420069437939290131",
    "shop_id": _SHOP_ID,
    "on": "2026-03-20",
    "opening": _gbp("0.00"),
    "settled": _gbp("67.55"),
    "reserve": _gbp("0.00"),
    "paid_out": _gbp("-67.55"),
    "closing": _gbp("0.00"),
    "line_count": 4,
    "closed_at": "2026-03-21T00:01:12.000Z",
}
_LINE = {
    "id": "420069437939290132",
    "kind": "fee",
    "name": "commission",
    "order_id": _ORDER_ID,
    "payout_id": None,
    "amount": _gbp("-6.79"),
    "text": "Commission: 9 % of 75.44 GBP.",
    "statement_on": "2026-03-20",
    "occurred_at": "2026-03-20T12:00:00.000Z",
}
_SETTLED = {
    "order_id": _ORDER_ID,
    "number": "0420 0694 3793 9290 1215",
    "state": "SETTLED",
    "amount": _gbp("67.55"),
    "reserve": _gbp("0.00"),
    "settled_at": "2026-03-20T12:00:00.000Z",
    "reserve_until": None,
    "due_at": None,
    "holds": [],
    "lines": [_LINE],
}
_UPCOMING = {
    "order_id": _ORDER_ID,
    "number": "0420 0694 3793 9290 1215",
    "amount": _gbp("67.55"),
    "due_at": "2026-03-20T12:00:00.000Z",
    "holds": [],
}
_PAYOUT = {
    "id": "420069437939290133",
    "number": "0420 0694 3793 9290 1330",
    "shop_id": _SHOP_ID,
    "status": "CONFIRMED",
    "amount": _gbp("67.55"),
    "pays": _gbp("67.55"),
    "rate": None,
    "account": "…1234",
    "reason": "",
    "proposed_at": "2026-03-21T00:05:00.000Z",
    "approved_at": "2026-03-21T09:00:00.000Z",
    "sent_at": "2026-03-21T09:00:02.000Z",
    "confirmed_at": "2026-03-21T09:00:02.000Z",
    "ended_at": None,
}
_ACCOUNT = {
    "shop_id": _SHOP_ID,
    "version": 2,
    "current": {
        "id": "420069437939290134",
        "status": "CURRENT",
        "account": "…1234",
        "holder_name": "North Wool Ltd",
        "currency": "GBP",
        "created_at": "2026-03-11T12:00:00.000Z",
        "review_ends_at": None,
        "usable_from": "2026-03-11T12:00:00.000Z",
    },
    "proposed": None,
}
_NEW_ACCOUNT = {"holder_name": "North Wool Ltd", "account_number": "GB33BUKB20201555551234", "currency": "GBP"}

_route = partial(Documented, tag="Selling: money", by=MEMBER)

get_account = _route(
    operation_id="get_seller_account",
    summary="Read what my shop has",
    answers={200: forms.SellerAccountAnswer},
    refuses=[NotFound],
    examples=[
        OpenApiExample(
            "answer",
            {"shop_id": _SHOP_ID, "available": _gbp("67.55"), "reserve": _gbp("0.00")},
            response_only=True,
        )
    ],
)

list_statements = _route(
    operation_id="list_statements",
    summary="List my shop's statements",
    answers={200: page_answer(forms.StatementAnswer)},
    refuses=[NotFound],
    parameters=PAGE_QUERY,
    examples=[OpenApiExample("answer", {"items": [_STATEMENT], "next_page_token": None}, response_only=True)],
)

get_statement = _route(
    operation_id="get_statement",
    summary="Read the statement of a day",
    answers={200: forms.StatementAnswer},
    refuses=[NotFound],
    examples=[OpenApiExample("answer", _STATEMENT, response_only=True)],
)

list_statement_lines = _route(
    operation_id="list_statement_lines",
    summary="List the lines of a statement",
    answers={200: page_answer(forms.StatementLineAnswer)},
    refuses=[NotFound],
    parameters=PAGE_QUERY,
    examples=[OpenApiExample("answer", {"items": [_LINE], "next_page_token": None}, response_only=True)],
)

get_order_settlement = _route(
    operation_id="get_order_settlement",
    summary="Read what an order has come to, and why",
    answers={200: forms.OrderSettlementAnswer},
    refuses=[NotFound],
    examples=[OpenApiExample("answer", _SETTLED, response_only=True)],
)

list_upcoming = _route(
    operation_id="list_upcoming_settlements",
    summary="List what is to settle",
    answers={200: page_answer(forms.UpcomingSettlementAnswer)},
    refuses=[NotFound],
    parameters=PAGE_QUERY,
    examples=[OpenApiExample("answer", {"items": [_UPCOMING], "next_page_token": None}, response_only=True)],
)

list_payouts = _route(
    operation_id="list_payouts",
    summary="List my shop's payouts",
    answers={200: page_answer(forms.PayoutAnswer)},
    refuses=[NotFound],
    parameters=PAGE_QUERY,
    examples=[OpenApiExample("answer", {"items": [_PAYOUT], "next_page_token": None}, response_only=True)],
)

get_payout_account = _route(
    operation_id="get_payout_account",
    summary="Read where my shop is paid to",
    answers={200: forms.PayoutAccountAnswer},
    refuses=[NotFound],
    etag=True,
    examples=[OpenApiExample("answer", _ACCOUNT, response_only=True)],
)

set_payout_account = _route(
    operation_id="set_payout_account",
    summary="Have my shop paid to another account",
    takes=forms.PayoutAccountRequest,
    answers={200: forms.PayoutAccountAnswer},
    refuses=[
        NotFound,
        UnknownCurrency,
        settlement.PayoutAccountStale,
        settlement.PayoutAccountWaits,
        settlement.PayoutAccountUnusable,
        settlement.BankSilent,
    ],
    key=Key.HONOURED,
    if_match=True,
    etag=True,
    examples=[
        OpenApiExample("request", _NEW_ACCOUNT, request_only=True),
        OpenApiExample("answer", _ACCOUNT, response_only=True),
    ],
)
