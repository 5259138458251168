"""The papers of a buyer's orders."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.documents import api as documents
from apps.orders import api as orders
from apps.storefront.openapi import documents as docs
from apps.storefront.principal import BuyerEndpoint
from tradecore import wire
from tradecore.http.html import HTMLNegotiation, html_page
from tradecore.http.queries import read_query, whole_list


class OrderDocuments(BuyerEndpoint):
    """The receipt of an order, its invoice once it is on its way, and what was taken back of that; oldest first."""

    @docs.list_order_documents
    def get(self, request: Request, order_id: int) -> Response:
        read_query(request.query_params)
        orders.get_order(order_id=order_id, buyer_ref=self.principal.id)
        return Response(whole_list(documents.list_order_documents(order_id=order_id, buyer_ref=self.principal.id)))


class Document(BuyerEndpoint):
    """One document, with all that it says."""

    @docs.get_document
    def get(self, request: Request, document_id: int) -> Response:
        read_query(request.query_params)
        return Response(wire.to_json(documents.get_document(document_id=document_id, buyer_ref=self.principal.id)))


class DocumentPage(BuyerEndpoint):
    """One document as a page to be shown or printed."""

    content_negotiation_class = HTMLNegotiation

    @docs.get_document_page
    def get(self, request: Request, document_id: int) -> Any:
        read_query(request.query_params)
        document = documents.get_document(document_id=document_id, buyer_ref=self.principal.id)
        return html_page(documents.render_page(document))
