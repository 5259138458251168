"""Rows that are written once, in a chain: whoever changes one, or takes one out, breaks every hash after it.

# Note [Chain]
    hash(n) = SHA-256(hash(n-1) + "\\n" + canonical(content n))

canonical is JSON with sorted keys and no spaces: ids and amounts as decimal strings, moments in UTC to the microsecond.
What the content of a row is says whoever chains it. A chain alone does not stop somebody who can rewrite all of it:
what was signed of it and is kept elsewhere does.

# Note [Sealing]
A row does not chain itself: a hash that each commit must wait for would make all commits wait for one another. One
sealer at a time, under the lock of its one row, takes committed rows that have no seal, in the order of their ids and
once they are older than LAG, so that few are passed by; a row that commits later than its neighbours is sealed later,
and that is all. Ids carry the moment when they were made, and no transaction outlives LATEST_COMMIT, so nothing
unsealed is left below `swept_below` and no round reads the table from its beginning.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol, TypeVar

from django.db import models
from django.db.models import Q, QuerySet

from tradecore import db
from tradecore.ids import first_id_at
from tradecore.locks import Rank, lock_row
from tradecore.models import SealerModel

GENESIS: Final = "0" * 64
LAG: Final = timedelta(seconds=5)
#: The longest time between making an id and committing its row: the server ends an idle transaction long before.
LATEST_COMMIT: Final = timedelta(minutes=10)
BATCH: Final = 500

_ROW = 1


SealerT = TypeVar("SealerT", bound=SealerModel)
RowT = TypeVar("RowT", bound=models.Model)


class Sealed(Protocol):
    """A seal: its place in the chain, and the hash there."""

    number: Any
    hash: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something in which a chain, or what is chained, does not agree with itself: where, and what."""

    what: str
    where: str


@dataclass
class Place:
    """How far a chain was read: the last seal, and its hash."""

    number: int = 0
    hash: str = GENESIS

    def move_to(self, seal: Sealed, content: Mapping[str, Any], *, where: str, what: str) -> Iterator[Fault]:
        """Read the next seal, of a row with this content; yield in what it does not follow.

        The chain goes on from the hash that is stored, so that one changed row is one fault and not a million.
        """
        if seal.number != self.number + 1:
            yield Fault(what="seals are missing", where=f"between seal {self.number} and seal {seal.number}")
        if seal.hash != next_hash(self.hash, content):
            yield Fault(what=f"the {what} is not the one that was sealed", where=where)
        self.number, self.hash = seal.number, seal.hash

    def end_at(self, sealer: SealerModel) -> Iterator[Fault]:
        """Yield whether the chain, read to its end, ends where its sealer left it."""
        if (self.number, self.hash) != (sealer.last_number, sealer.last_hash or GENESIS):
            where = f"after seal {self.number}, where the sealer gave number {sealer.last_number}"
            yield Fault(what="the chain ends elsewhere than the sealer left it", where=where)


@db.transaction_required
def lock_sealer(sealers: type[SealerT]) -> SealerT:
    """Whoever holds this row has its chain for itself."""
    sealers._default_manager.get_or_create(pk=_ROW)  # noqa: SLF001 - documented
    sealer = lock_row(Rank.ACCOUNT, sealers, _ROW)
    assert sealer is not None, "made above, and never deleted"
    return sealer


def take_waiting(rows: QuerySet[RowT], sealer: SealerModel, *, real_now: datetime) -> QuerySet[RowT]:
    """What the sealer comes to now, in the order of the chain. The rows' seal is their `seal`."""
    unsealed = rows.filter(pk__gte=sealer.swept_below, pk__lt=first_id_at(real_now - LAG), seal__isnull=True)
    return unsealed.order_by("pk")


def passed_by(rows: QuerySet[RowT], *, real_now: datetime) -> QuerySet[RowT]:
    """Rows that no sealer has come to in LATEST_COMMIT, or comes to in as long: there should be none."""
    is_late = Q(pk__lt=first_id_at(real_now - LATEST_COMMIT))
    is_of_the_future = Q(pk__gte=first_id_at(real_now + LATEST_COMMIT))
    return rows.filter(is_late | is_of_the_future, seal__isnull=True).order_by("pk")


def give_number(sealer: SealerModel, content: Mapping[str, Any]) -> str:
    """The next place in the chain, for a row with this content: `last_number` and `last_hash` of the sealer are its.

    Returns the hash before it.
    """
    previous = sealer.last_hash or GENESIS
    sealer.last_number += 1
    sealer.last_hash = next_hash(previous, content)
    return previous


def sweep(sealer: SealerModel, *, real_now: datetime) -> bool:
    """Move the place in the table, by whole minutes: a round that finds nothing has nothing to write."""
    swept_below = first_id_at((real_now - LATEST_COMMIT).replace(second=0, microsecond=0))
    is_ahead = swept_below > sealer.swept_below
    sealer.swept_below = max(sealer.swept_below, swept_below)
    return is_ahead


def next_hash(previous: str, content: Mapping[str, Any]) -> str:
    """The hash of a row whose predecessor in the chain has the hash `previous`. See Note [Chain]."""
    return hashlib.sha256(f"{previous}\n{canonical(content)}".encode()).hexdigest()


def canonical(content: Any) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def plain(value: Any) -> Any:
    """A column as it is hashed. Numbers as strings: no reader of JSON may round them."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if value is None or isinstance(value, str | bool | Mapping | list):
        return value
    return str(value)
