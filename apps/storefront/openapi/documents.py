"""Receipts, invoices and credit notes."""

from functools import partial
from typing import Any

from drf_spectacular.utils import OpenApiExample

from apps.storefront.serializers import documents as answers
from tradecore.errors import NotFound
from tradecore.http.answers import page_answer
from tradecore.http.openapi import BUYER, Documented


def _gbp(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "GBP"}


_SUMMARY = {
    "id": "420069437939290131",
    "kind": "INVOICE",
    "number": "GB-NORTH-WOOL-INV-000017",
    "order_id": "420069437939290121",
    "shop_id": "420069437939290116",
    "buyer_ref": "420069437939290112",
    "net": _gbp("57.87"),
    "tax": _gbp("11.57"),
    "total": _gbp("69.44"),
    "issued_at": "2026-03-12T17:31:04.000Z",
}

_CONTENT: dict[str, Any] = {
    "kind": "INVOICE",
    "number": "GB-NORTH-WOOL-INV-000017",
    "issued_at": "2026-03-12T17:31:04.000Z",
    "issued_on": "2026-03-12",
    "market": "GB",
    "currency": "GBP",
    "seller": {
        "shop_id": "420069437939290116",
        "name": "North Wool",
        "handle": "north-wool",
        "legal_name": "North Wool Ltd",
        "tax_number": "GB123456789",
    },
    "customer": {
        "name": "Robin Buyer",
        "line1": "10 Downing Street",
        "line2": "",
        "city": "London",
        "region": "",
        "postal_code": "SW1A 2AA",
        "country": "GB",
    },
    "order_number": "0420-0694-3793-9290-1215",
    "paid_at": "2026-03-11T12:00:04.000Z",
    "lines": [
        {
            "line_no": 1,
            "title": "Scarf",
            "sku_code": "SCARF-RED",
            "quantity": 4,
            "unit_price": _gbp("17.36"),
            "list_price": _gbp("79.96"),
            "seller_discount": _gbp("10.52"),
            "platform_discount": _gbp("0.00"),
            "price": _gbp("69.44"),
            "tax_rate_e5": 20000,
            "tax": _gbp("11.57"),
            "duty": _gbp("0.00"),
        }
    ],
    "charges": [],
    "taxes": [{"tax_rate_e5": 20000, "net": _gbp("57.87"), "tax": _gbp("11.57")}],
    "tax_terms": {
        "prices_include_tax": True,
        "is_before_platform_discount": False,
        "remitted_by": "SELLER",
        "jurisdiction": "",
    },
    "totals": {
        "net": _gbp("57.87"),
        "tax": _gbp("11.57"),
        "payment_discount": _gbp("0.00"),
        "recorded_difference": _gbp("0.00"),
        "total": _gbp("69.44"),
    },
    "payment": None,
    "corrects": None,
}
_DOCUMENT = _SUMMARY | {"content": _CONTENT, "content_hash": "3f" * 32}

_route = partial(Documented, tag="Documents", by=BUYER, refuses=[NotFound])

list_order_documents = _route(
    operation_id="list_order_documents",
    summary="List the documents of an order",
    answers={200: page_answer(answers.DocumentSummaryAnswer)},
    examples=[OpenApiExample("answer", {"items": [_SUMMARY], "next_page_token": None}, response_only=True)],
)

get_document = _route(
    operation_id="get_document",
    summary="Read a document",
    answers={200: answers.DocumentAnswer},
    examples=[OpenApiExample("answer", _DOCUMENT, response_only=True)],
)

get_document_page = _route(
    operation_id="get_document_page",
    summary="Show or print a document",
    answers={200: None},
    is_page=True,
)
