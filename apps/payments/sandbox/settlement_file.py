"""The file that the provider publishes of each day: CSV in UTF-8, written from its book, and read on our side.

One row per movement (`line`), and after those of one transfer its `total`, which counts them. Amounts are decimals of
their currency, negative where the provider took money back; moments are RFC 3339. A file that ends before its totals
was cut off, and nothing of it is believed.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Final

from apps.payments.provider import ProviderSettlement, SettledKind, SettlementLine
from apps.payments.sandbox.errors import Unreadable
from apps.payments.sandbox.messages import read_reference
from tradecore.errors import Refusal
from tradecore.money import Money

COLUMNS: Final = (
    "row",
    "transfer",
    "account",
    "day",
    "currency",
    "kind",
    "our_reference",
    "provider_reference",
    "gross",
    "fee",
    "net",
    "at",
    "count",
)
_LINE: Final = "line"
_TOTAL: Final = "total"
_PROVIDER_REF_LENGTH_MAX: Final = 100

Row = Mapping[str, str]


def write_settlements(settlements: Iterable[ProviderSettlement]) -> bytes:
    """The file of a day."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for settlement in settlements:
        writer.writerows(_line_row(settlement, line) for line in settlement.lines)
        writer.writerow(_total_row(settlement))
    return text.getvalue().encode()


def read_settlements(body: bytes) -> tuple[ProviderSettlement, ...]:
    """The settlements in a file. Whether a total is the sum of its lines is not for its reader to say.

    Refuses Unreadable, whose `reason` says in which row, or that the file is cut off.
    """
    try:
        rows = csv.DictReader(io.StringIO(body.decode(), newline=""), strict=True)
        if tuple(rows.fieldnames or ()) != COLUMNS:
            raise Unreadable(reason="columns")
        return tuple(_read_transfers(enumerate(rows, 2)))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Unreadable(reason="not CSV") from error


def _read_transfers(rows: Iterable[tuple[int, Row]]) -> list[ProviderSettlement]:
    transfers: list[ProviderSettlement] = []
    lines: list[SettlementLine] = []
    names: set[str] = set()
    for number, row in rows:
        try:
            names.add(row["transfer"])
            if row["row"] == _LINE:
                lines.append(_read_line(row))
            else:
                transfers.append(_read_total(row, lines, names))
                lines, names = [], set()
        except (ValueError, TypeError, Refusal) as error:
            raise Unreadable(reason=f"row {number}") from error
    if lines:
        raise Unreadable(reason="cut off")
    return transfers


def _line_row(settlement: ProviderSettlement, line: SettlementLine) -> dict[str, str]:
    return _row(_LINE, settlement, gross=line.gross, fee=line.fee, net=line.net) | {
        "kind": line.kind.value,
        "our_reference": str(line.reference),
        "provider_reference": line.provider_ref,
        "at": line.at.astimezone(UTC).isoformat(timespec="milliseconds"),
    }


def _total_row(settlement: ProviderSettlement) -> dict[str, str]:
    total = _row(_TOTAL, settlement, gross=settlement.gross, fee=settlement.fee, net=settlement.transfer)
    return total | {"count": str(len(settlement.lines))}


def _row(kind: str, settlement: ProviderSettlement, *, gross: Money, fee: Money, net: Money) -> dict[str, str]:
    return {
        "row": kind,
        "transfer": settlement.provider_ref,
        "account": settlement.account,
        "day": settlement.on.isoformat(),
        "currency": gross.currency,
        "gross": gross.amount,
        "fee": fee.amount,
        "net": net.amount,
    }


def _read_line(row: Row) -> SettlementLine:
    at = datetime.fromisoformat(row["at"])
    line = SettlementLine(
        kind=SettledKind(row["kind"]),
        reference=read_reference(row["our_reference"]),
        provider_ref=_read_name(row["provider_reference"]),
        gross=Money.parse(row["gross"], row["currency"]),
        fee=Money.parse(row["fee"], row["currency"]),
        at=at,
    )
    if at.tzinfo is None or line.net != Money.parse(row["net"], row["currency"]):
        raise ValueError("no moment, or no net")
    return line


def _read_total(row: Row, lines: list[SettlementLine], names: set[str]) -> ProviderSettlement:
    currency = row["currency"]
    is_whole = row["count"] == str(len(lines)) and len(names) == 1
    if row["row"] != _TOTAL or not is_whole or {line.gross.currency for line in lines} - {currency}:
        raise ValueError("not the total of the lines above it")
    return ProviderSettlement(
        provider_ref=_read_name(row["transfer"]),
        account=_read_name(row["account"]),
        on=date.fromisoformat(row["day"]),
        gross=Money.parse(row["gross"], currency),
        fee=Money.parse(row["fee"], currency),
        transfer=Money.parse(row["net"], currency),
        lines=tuple(lines),
    )


def _read_name(text: str) -> str:
    if not 0 < len(text) <= _PROVIDER_REF_LENGTH_MAX:
        raise ValueError("no name")
    return text
