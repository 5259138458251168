"""The reads of documents. Whoever asks says for whom: a buyer's reads name the buyer, a shop's the shop."""

from datetime import datetime
from typing import Any, Final

from apps.documents.contracts import DocumentKind, DocumentSummary, DocumentView
from apps.documents.models import Document
from apps.documents.numbering import hash_of
from tradecore.errors import NotFound
from tradecore.money import Money

#: What a shop sees: its own papers. How its buyers pay, and what else they have bought, is not for it.
SHOPS_KINDS: Final = (DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE)


class ContentAltered(AssertionError):
    """The stored content of a document is not what was issued: somebody has gone around every wall."""


def list_order_documents(*, order_id: int, buyer_ref: int) -> list[DocumentSummary]:
    """The documents of a buyer's order, oldest first."""
    rows = Document.objects.filter(order_id=order_id, buyer_ref=buyer_ref).order_by("id").defer("content")
    return [_summarise(row) for row in rows]


def list_shop_documents(
    *,
    shop_id: int,
    limit: int,
    before: int | None = None,
    kind: str | None = None,
    order_id: int | None = None,
    created_ge: datetime | None = None,
    created_lt: datetime | None = None,
) -> list[DocumentSummary]:
    """A shop's own documents, newest first, in one statement."""
    filters: dict[str, Any] = {
        "pk__lt": before,
        "kind": kind,
        "order_id": order_id,
        "issued_at__gte": created_ge,
        "issued_at__lt": created_lt,
    }
    rows = Document.objects.filter(shop_id=shop_id, kind__in=[kind.value for kind in SHOPS_KINDS])
    rows = rows.filter(**{name: value for name, value in filters.items() if value is not None})
    return [_summarise(row) for row in rows.order_by("-id").defer("content")[:limit]]


def get_document(*, document_id: int, buyer_ref: int | None = None, shop_id: int | None = None) -> DocumentView:
    """A document, of this buyer or of this shop only when one is named; a shop has only SHOPS_KINDS.

    Refuses: NotFound. Raises ContentAltered.
    """
    row = Document.objects.filter(pk=document_id).first()
    if row is None or not _is_of(row, buyer_ref=buyer_ref, shop_id=shop_id):
        raise NotFound(what="document")
    if hash_of(row.content) != row.content_hash:
        raise ContentAltered(f"document {row.display_number} is not what was issued")
    return DocumentView(**_facts(row), content=row.content, content_hash=row.content_hash)


def _is_of(row: Document, *, buyer_ref: int | None, shop_id: int | None) -> bool:
    if buyer_ref is not None and row.buyer_ref != buyer_ref:
        return False
    return shop_id is None or (row.shop_id == shop_id and row.kind in SHOPS_KINDS)


def _summarise(row: Document) -> DocumentSummary:
    return DocumentSummary(**_facts(row))


def _facts(row: Document) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": DocumentKind(row.kind),
        "number": row.display_number,
        "order_id": row.order_id,
        "shop_id": row.shop_id,
        "buyer_ref": row.buyer_ref,
        "net": Money(row.net_minor, row.currency),
        "tax": Money(row.tax_minor, row.currency),
        "total": Money(row.total_minor, row.currency),
        "issued_at": row.issued_at,
    }
