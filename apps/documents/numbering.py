"""How a document gets its number.

# Note [Numbers without gaps]
The law wants the invoices of a seller numbered one after the other. So a number is not made: it is taken, from the one
row of the series, in the transaction that writes the document with it, and that row stays locked until the commit. A
transaction that fails puts the number back by failing; a sequence of the database, or a number that is taken in a
transaction of its own, would leave a gap. The series is the last lock that is taken, and documents are written behind
the events that call for them, so that nobody who buys, ships or refunds waits for a number.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError

from apps.documents.content import Draft, write_content
from apps.documents.contracts import DocumentKind
from apps.documents.models import Document, Series
from apps.orders.api import Sale
from tradecore import db, wire
from tradecore.ids import gene_of, new_id
from tradecore.locks import Rank, lock_row
from tradecore.prepared import Select

#: The part of a number that says what it is the number of.
_CODES: Final[Mapping[DocumentKind, str]] = {
    DocumentKind.RECEIPT: "RCT",
    DocumentKind.INVOICE: "INV",
    DocumentKind.CREDIT_NOTE: "CRN",
}


def open_series(*, sale: Sale, kind: DocumentKind) -> int:
    """The id of the series that a document of this kind about the order is numbered in.

    A new one is written in a transaction of its own, before that of its first document: two first documents at once
    would hold each other up otherwise.
    """
    return _find_series(sale, kind) or _open_series(sale, kind)


def _find_series(sale: Sale, kind: DocumentKind) -> int | None:
    return _SERIES.find(shop=sale.shop_id, market=sale.market, kind=kind.value)


_SERIES = Select(
    lambda shop, market, kind: Series.objects.filter(shop_id=shop, market=market, kind=kind).values_list(
        "pk", flat=True
    )
)


@db.use_case
def _open_series(sale: Sale, kind: DocumentKind) -> int:
    try:
        with db.savepoint():
            return Series.objects.create(shop_id=sale.shop_id, market=sale.market, kind=kind.value).pk
    except IntegrityError:
        found = _find_series(sale, kind)
        assert found is not None, "somebody else has just opened it"
        return found


@db.transaction_required
def issue(draft: Draft, *, series_id: int, now: datetime) -> bool:
    """Give a document the next number of its series and write it. False if it was issued before.

    Locks: the series, until the commit. See Note [Numbers without gaps].
    """
    series = lock_row(Rank.SERIES, Series, series_id)
    assert series is not None, "a series is never deleted"
    if _ISSUED(kind=draft.kind.value, subject=draft.subject_ref):
        return False
    _take_number(series)
    number = f"{series.market}-{draft.source.shop.handle.upper()}-{_CODES[draft.kind]}-{series.last_number:06d}"
    content: dict[str, Any] = wire.to_json(write_content(draft, number=number, now=now))
    db.insert_later(_make_row(draft, series, number=number, content=content, now=now))
    return True


_ISSUED = Select(
    lambda kind, subject: Document.objects.filter(kind=kind, subject_ref=subject).values_list("pk", flat=True)
)


def _take_number(series: Series) -> None:
    """The next number of a locked series is its last one."""
    before = series.last_number
    series.last_number += 1
    db.change(Series, series.pk, before={"last_number": before}, after={"last_number": series.last_number})


def hash_of(content: Mapping[str, Any]) -> str:
    """What proves that a content was not changed: the hash of it, in one spelling."""
    spelled = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(spelled.encode()).hexdigest()


def _make_row(draft: Draft, series: Series, *, number: str, content: Mapping[str, Any], now: datetime) -> Document:
    sale, bill = draft.source.sale, draft.bill
    return Document(
        id=new_id(gene_of(sale.order_id)),
        series=series,
        number=series.last_number,
        display_number=number,
        kind=draft.kind.value,
        subject_ref=draft.subject_ref,
        order_id=sale.order_id,
        shop_id=sale.shop_id,
        buyer_ref=sale.buyer_ref,
        gone_sequence=draft.gone_sequence,
        currency=sale.currency,
        net_minor=bill.net_minor,
        tax_minor=bill.tax_minor,
        payment_discount_minor=bill.payment_discount_minor,
        recorded_difference_minor=bill.recorded_difference_minor,
        total_minor=bill.total_minor,
        content=content,
        content_hash=hash_of(content),
        issued_at=now,
    )
