"""A shop's invoices and credit notes."""

from functools import partial

from drf_spectacular.utils import OpenApiExample

from apps.documents import api as documents
from apps.seller_desk.serializers import documents as answers
from tradecore.errors import NotFound
from tradecore.http.answers import ID_SCHEMA, page_answer
from tradecore.http.openapi import CREATED_QUERY, MEMBER, PAGE_QUERY, Documented, query

_SUMMARY = {
    "id": "420069437939290131",
    "kind": "CREDIT_NOTE",
    "number": "GB-NORTH-WOOL-CRN-000002",
    "order_id": "420069437939290121",
    "shop_id": "420069437939290116",
    "net": {"amount": "16.66", "currency": "GBP"},
    "tax": {"amount": "3.33", "currency": "GBP"},
    "total": {"amount": "19.99", "currency": "GBP"},
    "issued_at": "2026-03-20T09:14:51.000Z",
}

_route = partial(Documented, tag="Selling: documents", by=MEMBER, refuses=[NotFound])

list_documents = _route(
    operation_id="list_shop_documents",
    summary="List my shop's documents",
    answers={200: page_answer(answers.SellerDocumentSummaryAnswer)},
    parameters=[
        query(
            "kind",
            {"type": "string", "enum": [kind.value for kind in documents.SHOPS_KINDS]},
            "Documents of this kind only.",
        ),
        query("order_id", ID_SCHEMA, "Documents of this order only."),
        *CREATED_QUERY,
        *PAGE_QUERY,
    ],
    examples=[OpenApiExample("answer", {"items": [_SUMMARY], "next_page_token": None}, response_only=True)],
)

get_document = _route(
    operation_id="get_shop_document",
    summary="Read a document of my shop",
    answers={200: answers.SellerDocumentAnswer},
)

get_document_page = _route(
    operation_id="get_shop_document_page",
    summary="Show or print a document of my shop",
    answers={200: None},
    is_page=True,
)
