"""Seal what was committed: chain it, fold it into the balances, and close each day with a signed manifest.

# Note [Days of the chain]
Postings are sealed by Note [Sealing] in tradecore. Whatever the clocks of the sealers' machines say, the moments of
seals never go back and never into a day that has its manifest: the days of the chain are ranges of numbers, one after
the other.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Max, Min, QuerySet

from apps.ledger import models
from apps.ledger.sealing import Signer, content_of, digest
from apps.ledger.selectors import add_up_absolute
from tradecore import chain, db
from tradecore.chain import BATCH, GENESIS

AccountKey = tuple[int, str, str, bool]


@db.use_case
def seal_postings(*, real_now: datetime, limit: int = BATCH) -> int:
    """Give up to `limit` committed postings their place in the chain. Returns how many. For any number of processes."""
    sealer = lock_sealer()
    waiting = chain.take_waiting(models.Posting.objects.all(), sealer, real_now=real_now)[:limit]
    postings = list(waiting.prefetch_related("entries"))
    if postings:
        _chain(sealer, postings, sealed_at=max(real_now, *_moments_taken(sealer)))
        _fold(entry for posting in postings for entry in posting.entries.all())
    is_swept = len(postings) < limit and chain.sweep(sealer, real_now=real_now)
    if postings or is_swept:
        sealer.save(update_fields=["last_number", "last_hash", "swept_below"])
    return len(postings)


@db.use_case
def close_days(*, signer: Signer, real_now: datetime) -> list[date]:
    """Write the manifest of every day before today (UTC) on which something was sealed. Returns the days.

    With nothing to close, which is nearly always, it asks two questions and locks nothing.
    """
    midnight = real_now.replace(hour=0, minute=0, second=0, microsecond=0)
    if not _is_any_open(midnight):
        return []
    lock_sealer()
    last = _last_manifest()
    manifests = []
    previous = last.digest if last is not None else GENESIS
    for day, seals in _by_day(_open_seals(last).filter(sealed_at__lt=midnight)):
        manifest = _make_manifest(day, seals, previous=previous, signer=signer)
        previous = manifest.digest
        manifests.append(manifest)
    db.insert_later(*manifests)
    return [manifest.day for manifest in manifests]


@db.transaction_required
def lock_sealer() -> models.Sealer:
    """Whoever holds this row has the chain and the balances for itself."""
    return chain.lock_sealer(models.Sealer)


def _chain(sealer: models.Sealer, postings: Iterable[models.Posting], *, sealed_at: datetime) -> None:
    for posting in postings:
        chain.give_number(sealer, content_of(posting, list(posting.entries.all())))
        seal = models.Seal(number=sealer.last_number, posting=posting, hash=sealer.last_hash, sealed_at=sealed_at)
        db.insert_later(seal)


def _moments_taken(sealer: models.Sealer) -> Iterator[datetime]:
    """The moment of the last seal, and the end of the last day that is closed. See Note [Days of the chain]."""
    yield from models.Seal.objects.filter(pk=sealer.last_number).values_list("sealed_at", flat=True)
    last = _last_manifest()
    yield datetime.combine(date.min if last is None else last.day + timedelta(days=1), time.min, tzinfo=UTC)


def _fold(entries: Iterable[models.Entry]) -> None:
    """Add entries to the balances of their accounts. Only the sealer does, under its lock, so it may read first."""
    deltas: Counter[AccountKey] = Counter()
    for entry in entries:
        deltas[entry.owner_ref, entry.account, entry.currency, entry.is_pending] += entry.amount_minor
    known = {key_of(row): row for row in _balances_of(deltas)}
    changed = [known[key] for key in deltas if key in known]
    for row in changed:
        row.amount_minor += deltas[key_of(row)]
    models.Balance.objects.bulk_update(changed, ["amount_minor"], batch_size=BATCH)
    db.insert_later(*(_new_balance(key, delta) for key, delta in deltas.items() if key not in known))


def _balances_of(keys: Collection[AccountKey]) -> QuerySet[models.Balance]:
    return models.Balance.objects.filter(owner_ref__in={key[0] for key in keys}, account__in={key[1] for key in keys})


def key_of(row: models.Balance) -> AccountKey:
    """What tells one balance from another."""
    return row.owner_ref, row.account, row.currency, row.is_pending


def _new_balance(key: AccountKey, amount_minor: int) -> models.Balance:
    owner_ref, account, currency, is_pending = key
    return models.Balance(
        owner_ref=owner_ref, account=account, currency=currency, is_pending=is_pending, amount_minor=amount_minor
    )


def _last_manifest() -> models.DayManifest | None:
    return models.DayManifest.objects.order_by("-day").first()


def _open_seals(last: models.DayManifest | None) -> QuerySet[models.Seal]:
    """The seals that no manifest covers, `last` being the last one."""
    return models.Seal.objects.filter(number__gt=0 if last is None else last.last_seal)


def _is_any_open(midnight: datetime) -> bool:
    """Whether the first seal without a manifest is of a day that is over: moments of seals never go back."""
    first = _open_seals(_last_manifest()).order_by("number").first()
    return first is not None and first.sealed_at < midnight


def _by_day(seals: QuerySet[models.Seal]) -> list[tuple[date, QuerySet[models.Seal]]]:
    """Seals are given under one lock, so their moments never go back and each day is a range of numbers."""
    days = seals.order_by().values_list("sealed_at__date").annotate(first=Min("number"), last=Max("number"))
    return [
        (day, models.Seal.objects.filter(number__gte=first, number__lte=last))
        for day, first, last in sorted(days, key=lambda row: row[1])
    ]


def _make_manifest(day: date, seals: QuerySet[models.Seal], *, previous: str, signer: Signer) -> models.DayManifest:
    bounds = seals.aggregate(first=Min("number"), last=Max("number"), count=Count("number"))
    said: dict[str, Any] = {
        "day": day,
        "first_seal": bounds["first"],
        "last_seal": bounds["last"],
        "posting_count": bounds["count"],
        "totals": add_up_absolute(first_seal=bounds["first"], last_seal=bounds["last"]),
        "last_hash": seals.get(number=bounds["last"]).hash,
        "previous_digest": previous,
    }
    digest_hex = digest(said)
    return models.DayManifest(**said, digest=digest_hex, key_id=signer.key_id, signature=signer.sign(digest_hex))
