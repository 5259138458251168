"""One effect per key, however often the request comes.

# Note [Idempotency]
Three steps. *Claim*: its own committed transaction, with a lease and a fence (inside the effect's transaction, equal
keys deadlock). *Recovery point*: commits with an effect that is not the last one, so that who takes over an expired
lease goes on from there. *Outcome*: commits with the last effect, and is rendered by the edge the first time and
every time. A refusal that the world may lift frees the key. The scope is (principal, route, key), compared byte for
byte by its hash. Beneath all of it natural unique keys hold for ever.
"""

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError

from tradecore import clock, db, prepared
from tradecore.card_numbers import looks_like_card_number
from tradecore.errors import Kind, Refusal
from tradecore.groups import Group, Member, NotTogether
from tradecore.models import IdempotencyRecord
from tradecore.prepared import Select
from tradecore.worlds import ByWorld

LEASE = timedelta(seconds=30)
KEY_LENGTH_MAX = 255


@dataclass
class KeyMissing(Refusal):
    """The route moves money, stock or an order, and the request carries no Idempotency-Key."""

    code = "idempotency.key_missing"
    kind = Kind.MALFORMED
    title = "This request needs an Idempotency-Key header."


@dataclass
class KeyInvalid(Refusal):
    """The key is empty, longer than 255 characters, not printable ASCII, or looks like a card number."""

    code = "idempotency.key_invalid"
    kind = Kind.MALFORMED
    title = "The Idempotency-Key header is empty, too long, not printable ASCII, or looks like a card number."


@dataclass
class KeyReused(Refusal):
    """The key was sent before with another body."""

    code = "idempotency.key_reused"
    kind = Kind.RULE
    title = "This Idempotency-Key was used for another request."


@dataclass
class StillRunning(Refusal):
    """The first request with this key has not ended yet."""

    code = "idempotency.still_running"
    kind = Kind.CONFLICT
    title = "The first request with this Idempotency-Key is still running."

    retry_after: int = 1


@dataclass
class ClaimLost(StillRunning):
    """The lease ran out and somebody else took the key over: this attempt rolls back, theirs answers."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was answered: a status and the JSON form of a contract."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on one key until the lease ends. The recovery point is empty on a first attempt."""

    scope_hash: str
    fence: int
    recovery_point: str = ""
    recovery_subject: int | None = None


def is_new(*, principal: str, route: str, key: str) -> bool:
    """Whether nobody has claimed the key, or it was given back: read, and claimed by nobody. Refuses: KeyInvalid."""
    return not list_claimed([scope_of(principal, route, key)])


def list_claimed(scopes: Iterable[str]) -> list[str]:
    """Those of the scopes (`scope_of`) that have been claimed, and not given back. One statement; none for none."""
    return _CLAIMED(scopes=frozenset(scopes))


_CLAIMED = Select(lambda scopes: IdempotencyRecord.objects.filter(pk__in=scopes).values_list("scope_hash", flat=True))


def claim(*, principal: str, route: str, key: str, body: bytes, together: bool = False) -> Claim | Outcome:
    """Take the key for this attempt, or return the outcome that it already has.

    `together` says that it may be claimed in one transaction with others.
    Refuses, in this order: KeyInvalid, KeyReused, StillRunning.
    """
    db.assert_no_transaction()
    scope_hash = scope_of(principal, route, key)
    fingerprint = _hash(body)
    if together:
        with suppress(NotTogether):
            return _CLAIMING.get().join((scope_hash, fingerprint))
    try:
        return _first_claim(scope_hash=scope_hash, fingerprint=fingerprint)
    except IntegrityError:
        return _later_claim(scope_hash=scope_hash, fingerprint=fingerprint)


@db.transaction_required
def reach(held: Claim, *, point: str, subject: int) -> None:
    """Record, with the effect that makes it true, from where a later attempt must go on. Raises ClaimLost; just before
    the commit, where the transaction gathers.
    """
    _write(held, recovery_point=point, recovery_subject=subject)


@db.transaction_required
def finish(held: Claim, outcome: Outcome) -> None:
    """Record the outcome with the last effect. Raises ClaimLost, as `reach` does."""
    _write(held, state=IdempotencyRecord.DONE, status=outcome.status, outcome=outcome.body)


@db.use_case
def finish_alone(held: Claim, outcome: Outcome) -> None:
    """Record an outcome that has no effect of its own to commit with, such as a terminal refusal."""
    finish(held, outcome)


@db.use_case
def free(held: Claim) -> None:
    """Give the key back: the world may lift what was refused. A claim that reached a recovery point only ends its
    lease.
    """
    mine = IdempotencyRecord.objects.filter(pk=held.scope_hash, fence=held.fence, state=IdempotencyRecord.STARTED)
    if not mine.filter(recovery_point="").delete()[0]:
        mine.update(locked_until=clock.real_now())


@db.use_case
def _first_claim(*, scope_hash: str, fingerprint: str) -> Claim:
    prepared.insert(_new_record(scope_hash, fingerprint))
    return Claim(scope_hash=scope_hash, fence=1)


@db.use_case
def _claim_all(members: Sequence[Member[tuple[str, str]]]) -> list[Claim]:
    """One key that is claimed already undoes the claims of all: each is then made alone. In the order of the keys."""
    prepared.insert(*(_new_record(*job) for job in sorted(member.job for member in members)))
    return [Claim(scope_hash=member.job[0], fence=1) for member in members]


_CLAIMING: ByWorld[Group[tuple[str, str], Claim]] = ByWorld(lambda: Group(_claim_all))


def _new_record(scope_hash: str, fingerprint: str) -> IdempotencyRecord:
    now = clock.real_now()
    return IdempotencyRecord(scope_hash=scope_hash, fingerprint=fingerprint, locked_until=now + LEASE, created_at=now)


@db.use_case
def _later_claim(*, scope_hash: str, fingerprint: str) -> Claim | Outcome:
    record = IdempotencyRecord.objects.filter(pk=scope_hash).first()
    if record is None:  # freed between the two statements
        raise StillRunning
    if record.fingerprint != fingerprint:
        raise KeyReused
    if record.state == IdempotencyRecord.DONE:
        assert record.status is not None
        return Outcome(status=record.status, body=record.outcome)
    now = clock.real_now()
    fence = record.fence + 1
    expired = IdempotencyRecord.objects.filter(
        pk=scope_hash, state=IdempotencyRecord.STARTED, fence=record.fence, locked_until__lte=now
    )
    if not expired.update(fence=fence, locked_until=now + LEASE):
        raise StillRunning
    return Claim(scope_hash, fence, record.recovery_point, record.recovery_subject)


def _write(held: Claim, **changes: Any) -> None:
    before = {"fence": held.fence, "state": IdempotencyRecord.STARTED}
    db.change(IdempotencyRecord, held.scope_hash, before=before, after=changes, refusal=ClaimLost)


def scope_of(principal: str, route: str, key: str) -> str:
    """What a key is compared by. Refuses: KeyInvalid."""
    if not 1 <= len(key) <= KEY_LENGTH_MAX or not (key.isascii() and key.isprintable()) or looks_like_card_number(key):
        raise KeyInvalid
    return _hash(principal.encode(), route.encode(), key.encode())


def _hash(*parts: bytes) -> str:
    """SHA-256 over the parts, each with its length before it, so that no two lists of parts look alike."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()
