"""A shop's own papers: its invoices and credit notes."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.documents import api as documents
from apps.seller_desk.openapi import documents as docs
from apps.seller_desk.principal import ShopEndpoint
from apps.seller_desk.serializers.documents import BUYERS_OWN
from tradecore import wire
from tradecore.http.html import HTMLNegotiation, html_page
from tradecore.http.pages import moment, page_of, read_page
from tradecore.http.queries import one_of, read_id, read_query

_FILTERS = {
    "kind": one_of([kind.value for kind in documents.SHOPS_KINDS]),
    "order_id": read_id,
    "created_ge": moment,
    "created_lt": moment,
}


class Documents(ShopEndpoint):
    """The shop's invoices and credit notes, newest first."""

    @docs.list_documents
    def get(self, request: Request, shop_id: int) -> Response:
        page = read_page(request, filters=_FILTERS)
        rows = documents.list_shop_documents(shop_id=shop_id, limit=page.size + 1, before=page.before, **page.filters)
        return Response(page_of([_render(row) for row in rows], page, key=lambda row: int(row["id"])))


class Document(ShopEndpoint):
    """One document, with all that it says; whom it is made out to as well, which the law has a shop keep."""

    @docs.get_document
    def get(self, request: Request, shop_id: int, document_id: int) -> Response:
        read_query(request.query_params)
        return Response(_render(documents.get_document(document_id=document_id, shop_id=shop_id)))


class DocumentPage(ShopEndpoint):
    """One document as a page to be shown or printed."""

    content_negotiation_class = HTMLNegotiation

    @docs.get_document_page
    def get(self, request: Request, shop_id: int, document_id: int) -> Any:
        read_query(request.query_params)
        return html_page(documents.render_page(documents.get_document(document_id=document_id, shop_id=shop_id)))


def _render(document: documents.DocumentSummary) -> dict[str, Any]:
    return {name: value for name, value in wire.to_json(document).items() if name not in BUYERS_OWN}
