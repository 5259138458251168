"""The audit is chained, as the books are: an act that was taken out of it, changed or slipped in is missed.

A round of the sealer, and the proof. See Note [Chain] and Note [Sealing].
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from tradecore import chain, db
from tradecore.chain import BATCH, Fault, Place
from tradecore.models import AuditEntry, AuditSeal, AuditSealer

_CONTENT = ("id", "actor", "action", "subject", "reason", "before", "after", "request_id", "occurred_at")


@db.use_case
def seal_entries(*, real_now: datetime, limit: int = BATCH) -> int:
    """Give up to `limit` committed entries their place in the chain. Returns how many. For any number of processes."""
    sealer = chain.lock_sealer(AuditSealer)
    entries = list(chain.take_waiting(AuditEntry.objects.all(), sealer, real_now=real_now)[:limit])
    for entry in entries:
        previous = chain.give_number(sealer, _content_of(entry))
        seal = AuditSeal(
            number=sealer.last_number,
            entry=entry,
            previous_hash=previous,
            hash=sealer.last_hash,
            sealed_at=real_now,
        )
        db.insert_later(seal)
    is_swept = len(entries) < limit and chain.sweep(sealer, real_now=real_now)
    if entries or is_swept:
        sealer.save(update_fields=["last_number", "last_hash", "swept_below"])
    return len(entries)


def find_faults(*, real_now: datetime) -> Iterator[Fault]:
    """Everything in which the audit does not agree with its chain. Nothing is written.

    The chain is read to its end first, without a lock; then the sealer waits while what it has added is read.
    """
    place = Place()
    yield from _chain_faults(place)
    yield from _end_faults(place)
    for entry in chain.passed_by(AuditEntry.objects.all(), real_now=real_now)[:BATCH]:
        yield Fault(what="an entry was never sealed", where=f"entry {entry.pk} ({entry})")


def _chain_faults(place: Place) -> Iterator[Fault]:
    """Of every sealed entry after `place`. Moves `place` to the end."""
    while batch := _read_seals(after=place.number):
        for seal in batch:
            where = f"seal {seal.number}, entry {seal.entry_id} ({seal.entry})"
            yield from place.move_to(seal, _content_of(seal.entry), where=where, what="entry")


@db.use_case
def _end_faults(read: Place) -> list[Fault]:
    """What was sealed after `read`, which is left as it is: a use case may start again."""
    sealer = chain.lock_sealer(AuditSealer)
    place = replace(read)
    return [*_chain_faults(place), *place.end_at(sealer)]


def _read_seals(*, after: int) -> Sequence[AuditSeal]:
    return list(AuditSeal.objects.filter(number__gt=after).select_related("entry").order_by("number")[:BATCH])


def _content_of(entry: AuditEntry) -> dict[str, Any]:
    """What is hashed of an entry."""
    return {name: chain.plain(getattr(entry, name)) for name in _CONTENT}
