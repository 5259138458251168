"""The public door of documents."""

from apps.documents.bill_order import bill_order
from apps.documents.contracts import Content, DocumentKind, DocumentSummary, DocumentView
from apps.documents.issue_receipts import issue_receipts
from apps.documents.page import render_page
from apps.documents.selectors import SHOPS_KINDS, get_document, list_order_documents, list_shop_documents
from apps.documents.trace import trace_order

__all__ = [
    "SHOPS_KINDS",
    "Content",
    "DocumentKind",
    "DocumentSummary",
    "DocumentView",
    "bill_order",
    "get_document",
    "issue_receipts",
    "list_order_documents",
    "list_shop_documents",
    "render_page",
    "trace_order",
]
