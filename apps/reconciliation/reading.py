"""Ask the invariants: in one snapshot, read-only, and without a word of what they are about."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from apps.reconciliation.contracts import Invariant, Offence, Suite
from tradecore import db
from tradecore.ids import first_id_at

#: How far back a run of RECENT reads: what was made longer ago is read by the daily run of everything.
RECENT = timedelta(hours=2)
#: What still waits after this long is stuck.
LATE = timedelta(minutes=2)
#: What has had no outcome for so long is looked at by a person.
STALE = timedelta(days=3)
#: So many offences of one invariant are told; what breaks more rows than this breaks all of them.
OFFENCES_MAX = 1000

_RECENT = re.compile(r"\{(recent|recently):([a-z_.]+)\}")
_JOINED = re.compile(r"\{joined:([^{}]+)\}")


def find_offences(
    invariants: Iterable[Invariant], *, suite: Suite, real_now: datetime, since: datetime | None = None
) -> list[Offence]:
    """Every row that breaks one of the invariants, as of one moment. What is not for RECENT is left out of it.

    What is recent was made since `since`, or within the last hours.
    """
    asked = [invariant for invariant in invariants if suite is Suite.ALL or invariant.is_for_recent]
    since = since or real_now - RECENT
    with db.read_only_snapshot():
        return [
            offence for invariant in asked for offence in _ask(invariant, suite=suite, since=since, real_now=real_now)
        ]


def _ask(invariant: Invariant, *, suite: Suite, since: datetime, real_now: datetime) -> list[Offence]:
    condition = r"\2 >= %(\1)s" if suite is Suite.RECENT else "1 = 1"
    sql = _JOINED.sub(_join, _RECENT.sub(condition, invariant.sql))
    parameters: dict[str, int | datetime] = {
        "recent": first_id_at(since),
        "recently": since,
        "late": real_now - LATE,
        "late_id": first_id_at(real_now - LATE),
        "stale_id": first_id_at(real_now - STALE),
    }
    with connection.cursor() as cursor:
        # SQLite knows the names of what a statement uses, and refuses the others.
        cursor.execute(sql, {name: value for name, value in parameters.items() if f"%({name})s" in sql})
        return [_offence(invariant, row) for row in cursor.fetchmany(OFFENCES_MAX)]


def _join(joined: re.Match[str]) -> str:
    """SQLite learned CONCAT late, and to MariaDB || is an OR."""
    return f"CONCAT({joined[1]})" if connection.vendor == "mysql" else f"({joined[1].replace(', ', ' || ')})"


def _offence(invariant: Invariant, row: tuple[Any, ...]) -> Offence:
    ref, currency, at_risk_minor, what, subject = row
    return Offence(
        invariant=invariant.name,
        ref=int(ref),
        currency=currency or "",
        at_risk_minor=max(0, int(at_risk_minor or 0)),
        what=what,
        subject=None if subject is None else int(subject),
    )
