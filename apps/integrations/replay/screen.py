"""A replay as somebody watches it: bars while it runs, and the report as tables."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from apps.integrations.replay.statements import SUSPENSE
from tradecore.money import Money

_REDRAW_EVERY_S: Final = 0.2
_IDS_SHOWN: Final = 3


class Terminal:
    """Draws on a console, and only when it is told something: a thread of its own would not survive a fork."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def follow(self, what: str, total: int) -> Iterator[Callable[[int], object]]:
        """A bar, while the block runs."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, TimeRemainingColumn(), console=self._console, auto_refresh=False) as progress:
            task = progress.add_task(what, total=total)
            drawn_at_s = 0.0

            def tell(done: int) -> None:
                nonlocal drawn_at_s
                progress.update(task, completed=done)
                if done == total or time.monotonic() - drawn_at_s > _REDRAW_EVERY_S:
                    progress.refresh()
                    drawn_at_s = time.monotonic()

            yield tell

    def show(self, report: Mapping[str, Any]) -> None:
        """The report as tables; ids are cut short, the JSON has all of them."""
        for table in (
            _orders_table(report),
            _sums_table(report),
            _tenders_table(report),
            _settlement_table(report),
            _trial_balance_table(report),
            _oddities_table(report),
            _missed_table(report),
            _clocks_table(report),
        ):
            self._console.print(table)
        for what, differences in report["disagreements"].items():
            self._console.print(f"[red]{what}[/red]: {'; '.join(differences)}")


def _orders_table(report: Mapping[str, Any]) -> Table:
    table = _table("Orders", "Recorded as", "Ended as", counts="Orders")
    for recorded, ended in report["final_statuses"]["by_recorded_status"].items():
        for status, count in ended.items():
            table.add_row(recorded, status, f"{count:,}")
    for why, count in _count(unlived["why"] for unlived in report["not_lived"]).items():
        table.add_row("", f"not lived: {why}", f"{count:,}")
    table.add_section()
    table.add_row("", "of which lived", f"{report['orders']['lived']:,}")
    table.add_row("", "all", f"{report['orders']['considered']:,}")
    return table


def _sums_table(report: Mapping[str, Any]) -> Table:
    sums, currency = report["sums"], report["market"]["currency"]
    table = _table("Sums of what was lived", "What", counts=currency)
    for name in ("items", "freight", "difference", "total", "captured", "refunded"):
        table.add_row(name, Money(sums[f"{name}_minor"], currency).amount)
    return table


def _tenders_table(report: Mapping[str, Any]) -> Table:
    currency = report["market"]["currency"]
    table = _table("Tenders", "Recorded as", "Lived as", "Tenders", counts=currency)
    for type_, sums in report["tenders"].items():
        table.add_row(type_, sums["method"], f"{sums['count']:,}", Money(sums["amount_minor"], currency).amount)
    return table


def _settlement_table(report: Mapping[str, Any]) -> Table:
    found, currency = report["settlement"], report["market"]["currency"]
    title = f"Settlement of {found['orders']:,} orders of {len(found['sellers']):,} sellers"
    table = _table(title, "What", counts=currency)
    fees = {f"fee: {name}": -minor for name, minor in found["fees_minor"].items()}
    of_orders = {
        "items and freight": found["sale_minor"],
        "refunded": -found["refunds_minor"],
        **fees,
        "tax on fees": -found["fee_tax_minor"],
        "sellers' own": found["net_minor"],
    }
    of_sellers = {
        f"paid out to {found['sellers_paid']:,} sellers, in {found['payouts']:,} payouts": found["paid_out_minor"],
        "available": found["available_minor"],
        "kept back": found["reserve_minor"],
    }
    for sums in (of_orders, of_sellers):
        for what, minor in sums.items():
            table.add_row(what, Money(minor, currency).amount)
        table.add_section()
    return table


def _trial_balance_table(report: Mapping[str, Any]) -> Table:
    """Suspense stands there too: by order it is in the JSON."""
    table = _table("Trial balance (a debit is positive)", "Account", "Currency", counts="Amount")
    for currency, found in report["trial_balance"].items():
        for account, minor in found["accounts"].items():
            of_orders = f", of {len(report['suspense']):,} orders" if account == SUSPENSE else ""
            table.add_row(f"{account}{of_orders}", currency, Money(minor, currency).amount)
        table.add_section()
        table.add_row("all accounts", currency, Money(found["sum_minor"], currency).amount)
        table.add_section()
    return table


def _oddities_table(report: Mapping[str, Any]) -> Table:
    table = _table("What does not add up", "What", "Such as", counts="Orders")
    without_time = {
        f"{act} without a recorded time": found.get("order_ids", [""] * found["count"])
        for act, found in report["without_time"].items()
    }
    kinds: dict[str, list[str]] = {
        **report["impossible_order"],
        **without_time,
        **report["lived_otherwise"],
        "tenders_differ_from_items_and_freight": list(report["differences"]),
        "tenders_not_opened": [tender["order_id"] for tender in report["tenders_not_opened"]],
    }
    for kind, order_ids in kinds.items():
        table.add_row(kind.replace("_", " "), " ".join(order_ids[:_IDS_SHOWN]).strip(), f"{len(order_ids):,}")
    return table


def _missed_table(report: Mapping[str, Any]) -> Table:
    table = _table(
        "Deadlines of the standard market that would have been missed", "Clock", "Which means", counts="Orders"
    )
    for clock, found in report["missed_defaults"].items():
        table.add_row(clock, found["means"], f"{found['orders']:,}")
    return table


def _clocks_table(report: Mapping[str, Any]) -> Table:
    market = report["market"]
    table = _table(f"Clocks of the replay's market {market['code']}", "Clock", "Counts", counts="Amount")
    for rule in market["clocks"]:
        table.add_row(rule["clock"], rule["unit"], f"{rule['amount']:,}")
    return table


def _table(title: str, *headings: str, counts: str) -> Table:
    """A table whose last column is of numbers."""
    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading)
    table.add_column(counts, justify="right")
    return table


def _count(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items()))
