"""Four eyes: one person asks for an act, another one decides, and the decision does it.

# Note [Approvals]
A request says what is to be done as plain JSON, and never changes. The second person approves the hash of what they
have read, so that nobody changes it under their hands; the act is done in the transaction of their decision, so that an
approval cannot be used twice, and cannot be left without its act. That the two are two is a constraint of the row. What
nobody has decided in time can only be asked for anew: the world that it was asked in is gone.

What a guard rail stops (a price that falls too far) waits once, however often it is asked for: its `sole_key` is unique
among what waits. The use case that asks in place of doing returns AwaitsApproval.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError

from tradecore import audit, db, wire
from tradecore.errors import Kind, NotFound, Refusal
from tradecore.extensions import ExtensionPoint
from tradecore.locks import Rank, lock_row
from tradecore.models import Approval

LIFETIME = timedelta(days=3)

#: So many characters of the hash of what was read are typed by whoever approves it.
CODE_LENGTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """An act as two people have agreed on it, for whoever does it."""

    approval_id: int
    content: Mapping[str, Any]
    reason: str
    requested_by: str
    approved_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An act that a second person does not want, for whoever keeps a state of it."""

    approval_id: int
    content: Mapping[str, Any]
    reason: str
    requested_by: str
    rejected_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitsApproval:
    """An act that was not done: a second person decides, until `expires_at`, whether it will be."""

    approval_id: int
    kind: str
    expires_at: datetime

    def __str__(self) -> str:
        return f"A second person must approve this: request {self.approval_id}, until {self.expires_at:%Y-%m-%d %H:%M}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An act as it was asked for. `status` is PENDING, APPROVED, REJECTED, or EXPIRED: not decided in time."""

    id: int
    kind: str
    subject: str
    content: Mapping[str, Any]
    content_hash: str
    reason: str
    status: str
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    decided_by: str
    decided_at: datetime | None
    decision_reason: str

    @property
    def code(self) -> str:
        """The beginning of the hash: what whoever approves it types, to show that they have read it."""
        return code_of(self.content_hash)

    @property
    def awaits(self) -> AwaitsApproval:
        """What whoever has asked for it was told."""
        return AwaitsApproval(approval_id=self.id, kind=self.kind, expires_at=self.expires_at)


#: Does the act of one kind, in the transaction of its approval. What it refuses undoes the approval as well.
ApprovalHandler = Callable[[Approved, datetime], None]

#: Kind of act -> who does it. `config/extensions.py` fills it.
HANDLERS: ExtensionPoint[ApprovalHandler] = ExtensionPoint("approval handlers")

#: Is told that an act of one kind was rejected, in that transaction.
RejectionHandler = Callable[[Rejected, datetime], None]

#: Kind of act -> who is told, where somebody keeps a state of it. `config/extensions.py` fills it.
REJECTION_HANDLERS: ExtensionPoint[RejectionHandler] = ExtensionPoint("rejection handlers")


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
    row = _make_request(kind=kind, subject=subject, content=content, actor=actor, reason=reason, now=now)
    db.insert_later(row)
    _audit_request(row)
    return row.pk


@db.transaction_required
def request_once(
    *,
    kind: str,
    subject: str,
    content: Mapping[str, Any],
    actor: str,
    reason: str,
    now: datetime,
    told_apart_by: Collection[str] | None = None,
) -> AwaitsApproval:
    """Ask for an act, unless the same of the same subject waits already, whoever has asked for that.

    It is the same if its content is, or those members of it that `told_apart_by` names: what else stands there is how
    the world was when it was asked for.
    Refuses: Busy (the same was asked for, and decided, just now).
    """
    row = _make_request(kind=kind, subject=subject, content=content, actor=actor, reason=reason, now=now)
    names = row.content.keys() if told_apart_by is None else told_apart_by
    row.sole_key = hash_of(kind, {"subject": subject, "content": {name: row.content[name] for name in names}})
    waiting = _find_waiting(row.sole_key, now=now)
    if waiting is None and not _insert_once(row):
        waiting = _find_waiting(row.sole_key, now=now)
        if waiting is None:
            raise db.Busy
    asked = waiting or row
    return AwaitsApproval(approval_id=asked.pk, kind=kind, expires_at=asked.expires_at)


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
    """Say no. Whoever has asked may not decide that either; it runs out by itself, and nobody is told of that.

    Refuses, in this order: NotFound, AlreadyDecided, SamePerson. Locks: the request.
    """
    row = _lock_pending(approval_id, now=now)
    if actor == row.requested_by:
        raise SamePerson
    _decide(row, Approval.REJECTED, actor=actor, reason=reason, now=now)
    if row.kind in REJECTION_HANDLERS.names():
        rejected = Rejected(
            approval_id=row.pk, content=row.content, reason=reason, requested_by=row.requested_by, rejected_by=actor
        )
        REJECTION_HANDLERS.get(row.kind)(rejected, now)


def hash_of(kind: str, content: Mapping[str, Any]) -> str:
    """What an approval binds to: the hash of the act, in one spelling."""
    spelled = json.dumps([kind, content], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(spelled.encode()).hexdigest()


def code_of(content_hash: str) -> str:
    """What people type of a hash."""
    return content_hash[:CODE_LENGTH]


def spell_out(content: Any, *, indent: str = "") -> list[str]:
    """The content of a request for people: a line for each member, amounts as money."""
    if isinstance(content, Mapping):
        return [line for name, value in content.items() for line in _spell_member(f"{name}:", value, indent)]
    return [line for value in content for line in _spell_member("-", value, indent)]


def get_request(*, approval_id: int, now: datetime) -> Request:
    """Refuses: NotFound."""
    row = Approval.objects.filter(pk=approval_id).first()
    if row is None:
        raise NotFound(what="approval")
    return _view(row, now=now)


def list_pending(*, now: datetime, limit: int) -> list[Request]:
    """What waits for a second person, longest first."""
    rows = Approval.objects.filter(status=Approval.PENDING, expires_at__gt=now).order_by("id")[:limit]
    return [_view(row, now=now) for row in rows]


def list_pending_of(*, subject: str, kind: str, now: datetime) -> list[Request]:
    """What of one kind waits for a second person about one subject, such as `sku:1234`, longest first."""
    rows = Approval.objects.filter(subject=subject, kind=kind, status=Approval.PENDING, expires_at__gt=now)
    return [_view(row, now=now) for row in rows.order_by("id")]


def count_pending(*, now: datetime) -> int:
    """How many requests wait for a second person."""
    return Approval.objects.filter(status=Approval.PENDING, expires_at__gt=now).count()


def _spell_member(name: str, value: Any, indent: str) -> list[str]:
    if isinstance(value, Mapping) and value.keys() == {"amount", "currency"}:
        value = f"{value['amount']} {value['currency']}"
    if not isinstance(value, Mapping | list):
        return [f"{indent}{name} {value if value and isinstance(value, str) else json.dumps(value)}"]
    return [f"{indent}{name}", *spell_out(value, indent=f"{indent}  ")]


def _make_request(
    *, kind: str, subject: str, content: Mapping[str, Any], actor: str, reason: str, now: datetime
) -> Approval:
    plain = wire.to_json(content)
    return Approval(
        kind=kind,
        subject=subject,
        content=plain,
        content_hash=hash_of(kind, plain),
        reason=reason,
        requested_by=actor,
        requested_at=now,
        expires_at=now + LIFETIME,
    )


def _audit_request(row: Approval) -> None:
    audit.record(
        actor=row.requested_by,
        action=f"{row.kind}.requested",
        subject=row.subject,
        reason=row.reason,
        after=row.content,
        now=row.requested_at,
    )


def _find_waiting(sole_key: str, *, now: datetime) -> Approval | None:
    """The request that has the key. One that nobody has decided in time gives it up."""
    row = Approval.objects.filter(sole_key=sole_key).first()
    if row is None or now < row.expires_at:
        return row
    Approval.objects.filter(pk=row.pk, sole_key=sole_key).update(sole_key=None)
    return None


def _insert_once(row: Approval) -> bool:
    """Insert the request with its key; False if somebody else was faster."""
    try:
        with db.savepoint():
            row.save(force_insert=True)
    except IntegrityError:
        return False
    _audit_request(row)
    return True


def _view(row: Approval, *, now: datetime) -> Request:
    is_expired = row.status == Approval.PENDING and now >= row.expires_at
    return Request(
        id=row.pk,
        kind=row.kind,
        subject=row.subject,
        content=row.content,
        content_hash=row.content_hash,
        reason=row.reason,
        status="EXPIRED" if is_expired else row.status,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        expires_at=row.expires_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        decision_reason=row.decision_reason,
    )


def _lock_pending(approval_id: int, *, now: datetime) -> Approval:
    row = lock_row(Rank.APPROVAL, Approval, approval_id)
    if row is None:
        raise NotFound(what="approval")
    if row.status != Approval.PENDING or now >= row.expires_at:
        raise AlreadyDecided(approval_status=row.status if row.status != Approval.PENDING else "EXPIRED")
    return row


def _decide(row: Approval, status: str, *, actor: str, reason: str, now: datetime) -> None:
    pending = Approval.objects.filter(pk=row.pk, status=Approval.PENDING)
    moved = pending.update(status=status, decided_by=actor, decided_at=now, decision_reason=reason, sole_key=None)
    assert moved == 1, f"approval {row.pk} was decided under its lock"
    audit.record(
        actor=actor,
        action=f"{row.kind}.{status.lower()}",
        subject=row.subject,
        reason=reason or row.reason,
        after={"approval_id": row.pk, "content_hash": row.content_hash},
        now=now,
    )
