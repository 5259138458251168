"""Verify: the book is read from its first posting to its last, and has to agree with itself.

Nothing here writes. What is found is a list of faults, and no fault hides another one: the chain goes on from the hash
that is stored, so that one changed row is one fault and not a million.

# Note [Verifying a book that is written in]
The sealer goes on while the book is read, and a balance that it has moved meanwhile would look like a fault. So the
chain is read to its end first, without a lock; then the sealer waits, for as long as it takes to read what it has added
since, and its balances are compared with the entries up to there.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db.models import Exists, OuterRef

from apps.ledger import models
from apps.ledger.contracts import Manifest, check_balanced
from apps.ledger.errors import PostingUnbalanced
from apps.ledger.sealing import content_of, digest, is_signed, key_id_of
from apps.ledger.selectors import add_up_absolute, view_manifest
from apps.ledger.services.seal import AccountKey, key_of, lock_sealer
from tradecore import chain, db
from tradecore.chain import GENESIS, Fault
from tradecore.money import Money

_BATCH = 1000


@dataclass
class _Place(chain.Place):
    """How far the chain was read, and what the entries up to there add up to."""

    folded: Counter[AccountKey] = field(default_factory=Counter)


def find_faults(
    *, public_keys: Collection[str], copies: Collection[Manifest] = (), real_now: datetime
) -> Iterator[Fault]:
    """Everything in which the ledger does not agree with itself, with its manifests, or with copies of them.

    public_keys: base64, of everybody who may have signed. copies: manifests that were kept elsewhere. See Note
    [Verifying a book that is written in].
    """
    place = _Place()
    yield from _chain_faults(place)
    yield from _end_faults(place)
    yield from _unsealed_faults(real_now)
    yield from _manifest_faults(public_keys)
    yield from _copy_faults(copies)


def _chain_faults(place: _Place) -> Iterator[Fault]:
    """Of every sealed posting after `place`: its number, its hash, its balance. Moves `place` to the end."""
    while batch := _read_seals(after=place.number):
        for seal in batch:
            entries = list(seal.posting.entries.all())
            yield from place.move_to(seal, content_of(seal.posting, entries), where=_where(seal), what="posting")
            yield from _posting_faults(seal.posting, entries)
            for entry in entries:
                place.folded[entry.owner_ref, entry.account, entry.currency, entry.is_pending] += entry.amount_minor


@db.use_case
def _end_faults(read: _Place) -> list[Fault]:
    """What was sealed after `read`, the end of the chain, and the balances, while the sealer waits.

    `read` is left as it is: a use case may start again.
    """
    sealer = lock_sealer()
    place = replace(read, folded=Counter(read.folded))
    return [*_chain_faults(place), *place.end_at(sealer), *_balance_faults(place.folded)]


def _read_seals(*, after: int) -> Sequence[models.Seal]:
    seals = models.Seal.objects.filter(number__gt=after).select_related("posting").order_by("number")
    return list(seals.prefetch_related("posting__entries")[:_BATCH])


def _where(seal: models.Seal) -> str:
    return f"seal {seal.number}, posting {seal.posting_id} ({seal.posting})"


def _posting_faults(posting: models.Posting, entries: Sequence[models.Entry]) -> Iterator[Fault]:
    """Posted entries balance, pending ones balance, and there is at least one of the two kinds."""
    where = f"posting {posting.pk} ({posting})"
    if not entries:
        yield Fault(what="a posting has no entries", where=where)
    for is_pending in sorted({entry.is_pending for entry in entries}):
        amounts = [Money(entry.amount_minor, entry.currency) for entry in entries if entry.is_pending == is_pending]
        try:
            check_balanced("entries", amounts)
        except PostingUnbalanced as error:
            yield Fault(what=str(error), where=where)


def _unsealed_faults(real_now: datetime) -> Iterator[Fault]:
    """What stands outside the chain: postings that no sealer comes to, and entries without a posting."""
    for posting in chain.passed_by(models.Posting.objects.all(), real_now=real_now)[:_BATCH]:
        yield Fault(what="a posting was never sealed", where=f"posting {posting.pk} ({posting})")
    its_posting = models.Posting.objects.filter(pk=OuterRef("posting_id"))
    for entry in models.Entry.objects.filter(~Exists(its_posting)).order_by("pk")[:_BATCH]:
        yield Fault(what="an entry belongs to no posting", where=f"entry {entry.pk} ({entry})")


def _balance_faults(folded: Counter[AccountKey]) -> Iterator[Fault]:
    stored = {key_of(row): row.amount_minor for row in models.Balance.objects.all()}
    for key in sorted(stored.keys() | folded.keys()):
        if stored.get(key, 0) != folded[key]:
            owner_ref, account, currency, is_pending = key
            where = f"{account}:{owner_ref} {currency}{' pending' if is_pending else ''}"
            yield Fault(what=f"a balance of {stored.get(key, 0)} whose entries add up to {folded[key]}", where=where)


def _manifest_faults(public_keys: Collection[str]) -> Iterator[Fault]:
    keys = {key_id_of(key): key for key in public_keys}
    previous, next_seal = GENESIS, 1
    for row in models.DayManifest.objects.order_by("day"):
        manifest, where = view_manifest(row), f"manifest of {row.day}"
        if manifest.previous_digest != previous or manifest.first_seal != next_seal:
            yield Fault(what="the manifest does not follow the one before it", where=where)
        if manifest.digest != _digest_of(manifest):
            yield Fault(what="the manifest is not what its digest says", where=where)
        if not _is_signed_by(keys.get(manifest.key_id), manifest):
            yield Fault(what="no known key has signed the manifest", where=where)
        yield from _book_faults(manifest, where)
        previous, next_seal = manifest.digest, manifest.last_seal + 1


def _is_signed_by(public_key: str | None, manifest: Manifest) -> bool:
    return public_key is not None and is_signed(manifest.digest, manifest.signature, public_key=public_key)


def _book_faults(manifest: Manifest, where: str) -> Iterator[Fault]:
    """Whether the book still is what the manifest says of it."""
    seals = models.Seal.objects.filter(number__gte=manifest.first_seal, number__lte=manifest.last_seal)
    if seals.count() != manifest.posting_count:
        yield Fault(what="the book has another number of postings", where=where)
    last = seals.filter(number=manifest.last_seal).first()
    if last is None or last.hash != manifest.last_hash:
        yield Fault(what="the chain ends in another hash", where=where)
    totals = add_up_absolute(first_seal=manifest.first_seal, last_seal=manifest.last_seal)
    if totals != dict(manifest.totals):
        yield Fault(what="the book has other sums", where=where)


def _digest_of(manifest: Manifest) -> str:
    return digest({name: getattr(manifest, name) for name in Manifest.__dataclass_fields__})


def _copy_faults(copies: Collection[Manifest]) -> Iterator[Fault]:
    """A book that somebody has rewritten, manifests and all, still differs from a copy that was kept elsewhere."""
    stored = {row.day: row.digest for row in models.DayManifest.objects.all()}
    for copy in copies:
        where = f"copy of the manifest of {copy.day}"
        if _digest_of(copy) != copy.digest:
            yield Fault(what="the copy is not what its digest says", where=where)
        if stored.get(copy.day) != copy.digest:
            yield Fault(what="the book has another manifest than the copy", where=where)
