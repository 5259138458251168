"""What a sibling of a row is: the row with its keys moved.

Ids hold the time in their high bits (`tradecore/ids.py`), so a whole world of purchases is moved into the past by
taking the same number from every id in it: relations stay relations, genes stay genes, and what was bought earlier has
the lower id. An id is known by its size: whatever is at least the first id of the world that was lived belongs to it,
and what is smaller (amounts, counts, shops, SKUs) was there before and stays. Moments that are over move as far as ids
do; those still to come (a deadline) stay.

In the SQL of this module `n.seq` is the number of the copy, and `n.back_ms` how far it lies in the past.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

#: See `tradecore/ids.py`: below the milliseconds.
ID_BITS_BELOW_MS: Final = 23
ID_EPOCH_MS: Final = 1_735_689_600_000

#: What is another value in each copy than its size would say.
_WORDS: Final[Mapping[tuple[str, str], str]] = {
    ("accounts_user", "email"): "CONCAT(n.seq, '.', email)",
    ("kernel_idempotency", "scope_hash"): "SHA2(CONCAT(n.seq, '.', scope_hash), 256)",
    ("kernel_outbox", "position"): "position + n.seq * {positions}",
    ("payments_capture", "provider_ref"): "CONCAT(n.seq, '.', provider_ref)",
    ("payments_answer", "event_id"): "CONCAT(n.seq, '.', event_id)",
    ("documents_document", "series_id"): "series_id",
    ("documents_document", "number"): "number + n.seq * (SELECT issued FROM lived.issued i WHERE i.id = series_id)",
    ("documents_document", "display_number"): "CONCAT(n.seq, '.', display_number)",
    ("oauth2_provider_accesstoken", "id"): "NULL",
    ("oauth2_provider_accesstoken", "token_checksum"): "SHA2(CONCAT(n.seq, '.', token_checksum), 256)",
    ("oauth2_provider_accesstoken", "source_refresh_token_id"): "NULL",
    ("oauth2_provider_refreshtoken", "id"): "NULL",
    ("oauth2_provider_refreshtoken", "token_checksum"): "SHA2(CONCAT(n.seq, '.', token_checksum), 256)",
    ("oauth2_provider_refreshtoken", "access_token_id"): "NULL",
}


def id_at(at_s: float) -> int:
    """The least id that can be made at that moment of the clock, or later."""
    return int(at_s * 1_000) - ID_EPOCH_MS << ID_BITS_BELOW_MS


@dataclass(frozen=True)
class Era:
    """What was lived. since: its first id. now: of the database, in UTC, when it was over. positions: of its events."""

    since: int
    now: datetime
    positions: int


def belongs(columns: Sequence[tuple[str, str]], since: int) -> str:
    """The condition that a row was lived; empty where its table can have none that was.

    columns: (name, type) of each. since: the first id.
    """
    return " OR ".join(f"`{name}` >= {since}" for name, kind in columns if kind == "bigint")


def moves(name: str, kind: str, era: Era) -> str:
    """The question whether a column has any value, in all of the rows, that is another one in a sibling."""
    if kind == "bigint":
        return f"MAX(`{name}`) >= {era.since}"
    if kind == "datetime":
        return f"MIN(`{name}`) <= {_moment(era)}"
    return "FALSE"


def sibling_value(table: str, name: str, kind: str, era: Era) -> str:
    """What a column has in a sibling. kind: its type; empty where nothing of it moves."""
    if (table, name) in _WORDS:
        return _WORDS[table, name].format(positions=era.positions)
    if kind == "bigint":
        return f"IF(`{name}` >= {era.since}, `{name}` - (n.back_ms << {ID_BITS_BELOW_MS}), `{name}`)"
    if kind == "datetime":
        return f"IF(`{name}` <= {_moment(era)}, `{name}` - INTERVAL n.back_ms * 1000 MICROSECOND, `{name}`)"
    return f"`{name}`"


def _moment(era: Era) -> str:
    return f"TIMESTAMP'{era.now}'"
