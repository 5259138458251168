"""Corrections by hand: asked for by one person, approved by another, and posted by their approval.

See Note [Approvals] in tradecore. Nothing of the book is changed: a wrong posting is mirrored, once, and what no
posting says yet is posted as an adjustment with its reason.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from apps.ledger import models
from apps.ledger.chart import Account
from apps.ledger.contracts import Entry, Posting
from apps.ledger.services.post import post, reverse
from tradecore import approvals, db
from tradecore.approvals import Approved
from tradecore.errors import NotFound
from tradecore.money import Money

#: The kinds of their approvals.
REVERSAL = "ledger.reversal"
ADJUSTMENT = "ledger.adjustment"

#: The kind of an adjustment's posting; its reference is the approval.
_POSTED_AS = "adjustment"


@db.use_case
def request_reversal(*, posting_id: int, actor: str, reason: str, now: datetime) -> int:
    """Ask a second person to have a posting mirrored. Returns the id of the request. Refuses: NotFound.

    Whether it can be reversed is decided when it is approved.
    """
    posting = models.Posting.objects.filter(pk=posting_id).first()
    if posting is None:
        raise NotFound(what="posting")
    content = {"posting_id": posting_id, "kind": posting.kind, "reference": str(posting.reference)}
    return approvals.request_approval(
        kind=REVERSAL, subject=f"posting:{posting_id}", content=content, actor=actor, reason=reason, now=now
    )


@db.use_case
def request_adjustment(
    *, entries: Sequence[Entry], order_ref: int | None, actor: str, reason: str, now: datetime
) -> int:
    """Ask a second person to have these entries posted. Returns the id of the request.

    Raises PostingUnbalanced for entries that do not add up to nothing.
    """
    Posting(kind=_POSTED_AS, reference=0, entries=tuple(entries), order_ref=order_ref)
    content = {"order_ref": order_ref, "entries": [_plain(entry) for entry in entries]}
    subject = "adjustment" if order_ref is None else f"order:{order_ref}"
    return approvals.request_approval(
        kind=ADJUSTMENT, subject=subject, content=content, actor=actor, reason=reason, now=now
    )


@db.transaction_required
def carry_out_reversal(approved: Approved, now: datetime) -> None:
    """The handler of approved reversals. Refuses what `reverse` refuses."""
    reverse(posting_id=int(approved.content["posting_id"]), reason=approved.reason, actor=approved.approved_by, now=now)


@db.transaction_required
def carry_out_adjustment(approved: Approved, now: datetime) -> None:
    """The handler of approved adjustments."""
    content = approved.content
    adjustment = Posting(
        kind=_POSTED_AS,
        reference=approved.approval_id,
        order_ref=None if content["order_ref"] is None else int(content["order_ref"]),
        entries=tuple(_entry(entry) for entry in content["entries"]),
        reason=approved.reason,
        actor=approved.approved_by,
    )
    post(adjustment, now=now)


def _plain(entry: Entry) -> dict[str, Any]:
    return {
        "account": entry.account.code,
        "owner_ref": entry.account.owner_ref,
        "amount": entry.amount,
        "about_ref": entry.about_ref,
    }


def _entry(content: Mapping[str, Any]) -> Entry:
    amount = content["amount"]
    return Entry(
        account=Account(content["account"], int(content["owner_ref"])),
        amount=Money.parse(amount["amount"], amount["currency"]),
        about_ref=int(content["about_ref"]),
    )
