"""Four eyes: one person asks for an act, another one decides, and the decision does it.

# Note [Approvals]
A request says what is to be done as plain JSON, and never changes. The second person approves the hash of what they
have read, so that nobody changes it under their hands; the act is done in the transaction of their decision, so that an
approval cannot be used twice, and cannot be left without its act. That the two are two is a constraint of the row. What
nobody has decided in time can only be asked for anew: the world that it was asked in is gone.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tradecore import audit, db, wire
from tradecore.errors import Kind, NotFound, Refusal
from tradecore.extensions import ExtensionPoint
from tradecore.locks import Rank, lock_row
from tradecore.models import Approval

LIFETIME = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """An act as two people have agreed on it, for whoever does it."""

    approval_id: int
    content: Mapping[str, Any]
    reason: str
    requested_by: str
    approved_by: str


#: Does the act of one kind, in the transaction of its approval. What it refuses undoes the approval as well.
ApprovalHandler = Callable[[Approved, datetime], None]

#: Kind of act -> who does it. `config/extensions.py` fills it.
HANDLERS: ExtensionPoint[ApprovalHandler] = ExtensionPoint("approval handlers")


@dataclass
class AlreadyDecided(Refusal):
    """Somebody has approved or rejected it before, or nobody has in time."""

    code = "approvals.already_decided"
    kind = Kind.CONFLICT
    title = "This request has been decided already, or is too old to be decided."

    approval_status: str


@dataclass
class SamePerson(Refusal):
    """Whoever asks for it cannot approve it."""

    code = "approvals.same_person"
    kind = Kind.FORBIDDEN
    title = "What you have asked for yourself, somebody else must approve."


@dataclass
class ContentChanged(Refusal):
    """What was read is not what would be approved."""

    code = "approvals.content_changed"
    kind = Kind.CONFLICT
    title = "This is not what you have read. Read it again."


@db.transaction_required
def request_approval(
    *, kind: str, subject: str, content: Mapping[str, Any], actor: str, reason: str, now: datetime
) -> int:
    """Ask for an act: `content` is all that its handler will be told. Returns the id of the request."""
    plain = wire.to_json(content)
    row = Approval(
        kind=kind,
        subject=subject,
        content=plain,
        content_hash=hash_of(kind, plain),
        reason=reason,
        requested_by=actor,
        requested_at=now,
        expires_at=now + LIFETIME,
    )
    db.insert_later(row)
    audit.record(actor=actor, action=f"{kind}.requested", subject=subject, reason=reason, after=plain, now=now)
    return row.pk


@db.use_case
def approve(*, approval_id: int, content_hash: str, actor: str, now: datetime) -> None:
    """Approve what has this hash, and do it.

    Refuses, in this order: NotFound, AlreadyDecided, SamePerson, ContentChanged, and what the handler of the kind
    refuses. Locks: the request, then what the handler locks.
    """
    row = _lock_pending(approval_id, now=now)
    if actor == row.requested_by:
        raise SamePerson
    if content_hash != row.content_hash or row.content_hash != hash_of(row.kind, row.content):
        raise ContentChanged
    _decide(row, Approval.APPROVED, actor=actor, reason="", now=now)
    approved = Approved(
        approval_id=row.pk, content=row.content, reason=row.reason, requested_by=row.requested_by, approved_by=actor
    )
    HANDLERS.get(row.kind)(approved, now)


@db.use_case
def reject(*, approval_id: int, actor: str, reason: str, now: datetime) -> None:
    """Say no. Whoever has asked may not decide that either; it runs out by itself.

    Refuses, in this order: NotFound, AlreadyDecided, SamePerson.
    """
    row = _lock_pending(approval_id, now=now)
    if actor == row.requested_by:
        raise SamePerson
    _decide(row, Approval.REJECTED, actor=actor, reason=reason, now=now)


def hash_of(kind: str, content: Mapping[str, Any]) -> str:
    """What an approval binds to: the hash of the act, in one spelling."""
    spelled = json.dumps([kind, content], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(spelled.encode()).hexdigest()


def count_pending(*, now: datetime) -> int:
    """How many requests wait for a second person."""
    return Approval.objects.filter(status=Approval.PENDING, expires_at__gt=now).count()


def _lock_pending(approval_id: int, *, now: datetime) -> Approval:
    row = lock_row(Rank.APPROVAL, Approval.objects.all(), approval_id)
    if row is None:
        raise NotFound(what="approval")
    if row.status != Approval.PENDING or now >= row.expires_at:
        raise AlreadyDecided(approval_status=row.status if row.status != Approval.PENDING else "EXPIRED")
    return row


def _decide(row: Approval, status: str, *, actor: str, reason: str, now: datetime) -> None:
    pending = Approval.objects.filter(pk=row.pk, status=Approval.PENDING)
    moved = pending.update(status=status, decided_by=actor, decided_at=now, decision_reason=reason)
    assert moved == 1, f"approval {row.pk} was decided under its lock"
    audit.record(
        actor=actor,
        action=f"{row.kind}.{status.lower()}",
        subject=row.subject,
        reason=reason or row.reason,
        after={"approval_id": row.pk, "content_hash": row.content_hash},
        now=now,
    )
