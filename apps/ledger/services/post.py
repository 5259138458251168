"""Post: the only way into the book.

# Note [Balanced three times]
A posting is balanced when it is built (`Posting`), when the database has it (`_check_stored`, read back before the
commit), and for as long as it stands (`ledger verify`, and the invariant I01 of whoever watches the books).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import IntegrityError
from django.db.models import Count, Sum

from apps.ledger import models
from apps.ledger.contracts import Outcome, Posting
from apps.ledger.errors import AlreadyReversed, NotReversible, PostingUnbalanced
from tradecore import audit, db
from tradecore.errors import NotFound
from tradecore.ids import gene_of, new_id
from tradecore.origins import origin_now
from tradecore.prepared import Select

ENTRIES_MIN = 2

REVERSAL = "reversal"


@db.transaction_required
def post(*postings: Posting | None, now: datetime) -> None:
    """Write postings in the transaction of their facts; None is a fact that moves no money.

    A (kind, reference) that is posted already violates `ledger_posting_once` when the rows are inserted: the flow
    decides first whether its fact is new.
    """
    for posting in postings:
        if posting is not None:
            row = _make_row(posting, now=now)
            _write(row, _make_entries(row, posting))


@db.transaction_required
def post_pending(posting: Posting, *, now: datetime) -> None:
    """Write a promise: its entries are pending until `resolve`."""
    row = _make_row(posting, now=now)
    _write(row, _make_entries(row, posting, is_pending=True))


@db.transaction_required
def resolve(*, kind: str, reference: int, outcome: Outcome, now: datetime, posting: Posting | None = None) -> bool:
    """End the pending posting of (kind, reference): take its entries back, and post `posting` in its place.

    Only POSTED has a `posting`. False, and nothing written, where there is no such posting or it is resolved already;
    of two that resolve it at once the database refuses the later one (`resolves` is unique).
    """
    assert (posting is not None) == (outcome is Outcome.POSTED), "what is posted comes in the place of the promise"
    pending = models.Posting.objects.filter(kind=kind, reference=reference, resolution__isnull=True)
    promise = pending.prefetch_related("entries").first()
    if promise is None:
        return False
    if posting is None:
        row = _resolution(promise, outcome, now=now)
        _write(row, _taken_back(row, promise, first_line=1))
        return True
    row = _make_row(posting, now=now)
    row.resolves, row.outcome = promise, outcome.value
    entries = _make_entries(row, posting)
    _write(row, [*entries, *_taken_back(row, promise, first_line=len(entries) + 1)])
    return True


@db.transaction_required
def reverse(*, posting_id: int, reason: str, actor: str, now: datetime) -> int:
    """Correct a posting by its mirror image, once. Returns the id of the reversal; what is right is posted anew.

    Refuses, in this order: NotFound, NotReversible, AlreadyReversed.
    """
    wrong = models.Posting.objects.filter(pk=posting_id).prefetch_related("entries").first()
    if wrong is None:
        raise NotFound(what="posting")
    if wrong.resolves_id is not None or any(entry.is_pending for entry in wrong.entries.all()):
        raise NotReversible(posting_id=posting_id)
    if models.Posting.objects.filter(reverses=wrong).exists():
        raise AlreadyReversed(posting_id=posting_id)
    row = _new_row(REVERSAL, wrong.pk, order_ref=wrong.order_ref, reason=reason, actor=actor, now=now)
    row.reverses = wrong
    _write(row, [_mirror(row, entry, line_no=entry.line_no) for entry in _in_order(wrong)])
    try:
        with db.savepoint():
            db.insert_pending()
    except IntegrityError as error:  # `reverses` is unique: somebody else was a moment earlier
        raise AlreadyReversed(posting_id=posting_id) from error
    audit.record(actor=actor, action="posting.reversed", subject=f"posting:{wrong.pk}", reason=reason, now=now)
    return row.pk


def _make_row(posting: Posting, *, now: datetime) -> models.Posting:
    return _new_row(
        posting.kind,
        posting.reference,
        order_ref=posting.order_ref,
        reason=posting.reason,
        actor=posting.actor,
        now=now,
    )


def _new_row(
    kind: str, reference: int, *, order_ref: int | None, now: datetime, reason: str = "", actor: str = ""
) -> models.Posting:
    return models.Posting(
        id=new_id(gene_of(order_ref or 0)),
        kind=kind,
        reference=reference,
        order_ref=order_ref,
        reason=reason,
        actor=actor,
        request_id=origin_now(),
        occurred_at=now,
    )


def _make_entries(row: models.Posting, posting: Posting, *, is_pending: bool = False) -> list[models.Entry]:
    return [
        models.Entry(
            id=new_id(gene_of(row.pk)),
            posting=row,
            line_no=line_no,
            account=entry.account.code,
            owner_ref=entry.account.owner_ref,
            currency=entry.amount.currency,
            amount_minor=entry.amount.minor,
            is_pending=is_pending,
            about_ref=entry.about_ref,
        )
        for line_no, entry in enumerate(posting.entries, 1)
    ]


def _resolution(promise: models.Posting, outcome: Outcome, *, now: datetime) -> models.Posting:
    kind = f"{promise.kind}_{outcome}"
    row = _new_row(kind, promise.reference, order_ref=promise.order_ref, now=now)
    row.resolves, row.outcome = promise, outcome.value
    return row


def _taken_back(row: models.Posting, promise: models.Posting, *, first_line: int) -> list[models.Entry]:
    return [_mirror(row, entry, line_no=line_no) for line_no, entry in enumerate(_in_order(promise), first_line)]


def _in_order(posting: models.Posting) -> list[models.Entry]:
    return sorted(posting.entries.all(), key=lambda entry: entry.line_no)


def _mirror(row: models.Posting, entry: models.Entry, *, line_no: int) -> models.Entry:
    return models.Entry(
        id=new_id(gene_of(row.pk)),
        posting=row,
        line_no=line_no,
        account=entry.account,
        owner_ref=entry.owner_ref,
        currency=entry.currency,
        amount_minor=-entry.amount_minor,
        is_pending=entry.is_pending,
        about_ref=entry.about_ref,
    )


def _write(row: models.Posting, entries: Iterable[models.Entry]) -> None:
    db.insert_later(row, *entries)
    db.check_inserted(_STORED, row.pk)


_SUMS = Select(
    lambda postings: (
        models.Entry.objects.filter(posting__id__in=postings)
        .order_by()
        .values_list("posting_id", "currency", "is_pending")
        .annotate(total=Sum("amount_minor"), count=Count("pk"))
    )
)


def _check_stored(posting_ids: Sequence[int], sums: Sequence[tuple[int, str, bool, int, int]]) -> None:
    """Raise PostingUnbalanced unless each of the postings stands in the database as it should: balanced, whole."""
    balanced = set()
    for posting_id, currency, _, total, count in sums:
        if total or count < ENTRIES_MIN:
            raise PostingUnbalanced(f"posting {posting_id}: {count} entries add up to {total} {currency}")
        balanced.add(posting_id)
    if missing := set(posting_ids) - balanced:
        raise PostingUnbalanced(f"postings without entries: {sorted(missing)}")


_STORED = db.Check(lambda posting_ids: _SUMS.of(postings=set(posting_ids)), _check_stored)
