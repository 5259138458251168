"""An order's invoice and its credit notes are brought up to what its facts say.

# Note [Billing]
The supply is taxed when the goods leave, so the invoice is issued once the first parcel of the order is on its way; it
bills everything that has not gone back by then, in that parcel or not. From then on each thing that goes back has a
credit note of its own. What went back before is in neither: there was no invoice to correct.

The events that say so, a parcel's and the order's, come in any order and late. So they are only read as a sign that
something has happened: the facts are read under the order's lock, which whatever ships or gives back holds as well, and
`gone_sequence` of the invoice says how far it left out what went back. Whatever the order of the events, each thing
that went back is left out of the invoice or has its credit note, and never both.
"""

from datetime import date, datetime

from apps.documents.bill import gone_of_sale, last_sequence, left_of_sale
from apps.documents.content import Draft, Source, read_source
from apps.documents.contracts import Correction, DocumentKind
from apps.documents.models import Document
from apps.documents.numbering import OpenSeries, issue, open_series
from apps.orders import api as orders
from apps.orders.api import GoneEntry
from tradecore import db, inbox


def bill_order(*, order_id: int, event_id: int, now: datetime) -> None:
    """A parcel of the order is on its way, or something went back of it, says this event: issue what is due.

    Nothing before the carrier has a parcel. Refuses: NotFound. Locks: purchase, order, a series.
    """
    order = orders.get_order(order_id=order_id)
    if not order.facts.collected:
        return  # what it says later, another event says
    sale = orders.get_sale(order_id=order_id)
    series = open_series(sales=[sale], kinds=[DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE])
    _bill(order_id, series, event_id=event_id, now=now)


@db.use_case
def _bill(order_id: int, series: OpenSeries, *, event_id: int, now: datetime) -> None:
    if not inbox.first_time(consumer="documents.bill_order", event_id=event_id, now=now):
        return
    orders.lock_order(order_id=order_id)
    source = read_source(order_id)
    invoice = Document.objects.filter(kind=DocumentKind.INVOICE.value, subject_ref=order_id).first()
    due = [_draft_invoice(source)] if invoice is None else _draft_credit_notes(source, invoice)
    issue([draft for draft in due if not draft.bill.is_nothing], series, now=now)


def _draft_invoice(source: Source) -> Draft:
    """What is left of the order. Where nothing is (the only parcel was lost at once), nothing is invoiced."""
    return Draft(
        kind=DocumentKind.INVOICE,
        subject_ref=source.sale.order_id,
        source=source,
        bill=left_of_sale(source.sale),
        gone_sequence=last_sequence(source.sale),
    )


def _draft_credit_notes(source: Source, invoice: Document) -> list[Draft]:
    """Everything that went back since the invoice and has no credit note yet, oldest first."""
    since = [entry for entry in source.sale.gone if entry.sequence > invoice.gone_sequence]
    kind = DocumentKind.CREDIT_NOTE
    noted = Document.objects.filter(kind=kind.value, subject_ref__in=[entry.id for entry in since])
    issued = set(noted.values_list("subject_ref", flat=True))
    return [_draft_credit_note(source, invoice, entry) for entry in since if entry.id not in issued]


def _draft_credit_note(source: Source, invoice: Document, entry: GoneEntry) -> Draft:
    return Draft(
        kind=DocumentKind.CREDIT_NOTE,
        subject_ref=entry.id,
        source=source,
        bill=gone_of_sale(entry),
        gone_sequence=entry.sequence,
        corrects=Correction(
            invoice_id=invoice.pk,
            invoice_number=invoice.display_number,
            invoice_issued_on=date.fromisoformat(invoice.content["issued_on"]),
            how=entry.kind.value,
            reason=entry.reason,
        ),
    )
