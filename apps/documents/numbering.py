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
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError

from apps.documents.content import Draft, write_content
from apps.documents.contracts import DocumentKind
from apps.documents.models import Document, Series
from apps.orders.api import Sale
from tradecore import db, wire
from tradecore.ids import gene_of, new_id
from tradecore.locks import Rank, lock_rows
from tradecore.prepared import Select

#: The part of a number that says what it is the number of.
_CODES: Final[Mapping[DocumentKind, str]] = {
    DocumentKind.RECEIPT: "RCT",
    DocumentKind.INVOICE: "INV",
    DocumentKind.CREDIT_NOTE: "CRN",
}


#: The ids of series, by shop, market and kind.
OpenSeries = Mapping[tuple[int, str, DocumentKind], int]


def open_series(*, sales: Collection[Sale], kinds: Collection[DocumentKind]) -> OpenSeries:
    """The series that documents of these kinds about the sales are numbered in: in one statement, where all are open.

    A new one is written in a transaction of its own, before that of its first document: two first documents at once
    would hold each other up otherwise.
    """
    found = _find_series(sales, kinds)
    for sale in sales:
        for kind in kinds:
            if (sale.shop_id, sale.market, kind) not in found:
                found[sale.shop_id, sale.market, kind] = _open_series(sale, kind)
    return found


def _find_series(sales: Collection[Sale], kinds: Collection[DocumentKind]) -> dict[tuple[int, str, DocumentKind], int]:
    rows = _SERIES(
        shops={sale.shop_id for sale in sales},
        markets={sale.market for sale in sales},
        kinds={kind.value for kind in kinds},
    )
    return {(shop_id, market, DocumentKind(kind)): series_id for shop_id, market, kind, series_id in rows}


_SERIES = Select(
    lambda shops, markets, kinds: Series.objects.filter(
        shop_id__in=shops, market__in=markets, kind__in=kinds
    ).values_list("shop_id", "market", "kind", "pk")
)


@db.use_case
def _open_series(sale: Sale, kind: DocumentKind) -> int:
    try:
        with db.savepoint():
            return Series.objects.create(shop_id=sale.shop_id, market=sale.market, kind=kind.value).pk
    except IntegrityError:
        found = _find_series([sale], [kind])
        assert found, "somebody else has just opened it"
        return found[sale.shop_id, sale.market, kind]


@db.transaction_required
def issue(drafts: Sequence[Draft], series: OpenSeries, *, now: datetime) -> None:
    """Give each document that was not issued before the next number of its series, in the order given, and write it.

    Locks: their series, until the commit. See Note [Numbers without gaps].
    """
    if not drafts:
        return
    locked = {row.pk: row for row in lock_rows(Rank.SERIES, Series, {_series_of(draft, series) for draft in drafts})}
    before = {row.pk: row.last_number for row in locked.values()}
    issued = set(_ISSUED(kinds={each.kind.value for each in drafts}, subjects={each.subject_ref for each in drafts}))
    for draft in drafts:
        if (draft.kind.value, draft.subject_ref) not in issued:
            _write_next(draft, locked[_series_of(draft, series)], now)
    for row in locked.values():
        _keep_last_number(row, before=before[row.pk])


_ISSUED = Select(
    lambda kinds, subjects: Document.objects.filter(kind__in=kinds, subject_ref__in=subjects).values_list(
        "kind", "subject_ref"
    )
)


def _series_of(draft: Draft, series: OpenSeries) -> int:
    sale = draft.source.sale
    return series[sale.shop_id, sale.market, draft.kind]


def _write_next(draft: Draft, series: Series, now: datetime) -> None:
    """The next number of a locked series is its last one."""
    series.last_number += 1
    number = f"{series.market}-{draft.source.shop.handle.upper()}-{_CODES[draft.kind]}-{series.last_number:06d}"
    content: dict[str, Any] = wire.to_json(write_content(draft, number=number, now=now))
    db.insert_later(_make_row(draft, series, number=number, content=content, now=now))


def _keep_last_number(series: Series, *, before: int) -> None:
    if series.last_number != before:
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
