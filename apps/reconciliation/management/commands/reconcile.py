"""`manage.py reconcile`: whether the books agree with one another, and where they do not."""

import json
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.payments.api import ProviderUnreachable
from apps.reconciliation.contracts import FilesReport, Offence, RunReport, Source, Suite
from apps.reconciliation.invariants import INVARIANTS
from apps.reconciliation.services.files import reconcile_files
from apps.reconciliation.services.run import reconcile
from apps.settlement.api import BankUnreachable
from tradecore import clock, wire
from tradecore.errors import Refusal
from tradecore.money import Money

DESCRIPTION = """\
Ask every invariant in one snapshot, write down what is broken, and freeze what it is about. Nothing is repaired.

The exit status is 1 when anything is broken. With --suite recent only what was made within the last hours is read, as
the workers do twice a minute; everything is read once a day. Safe beside running workers, and safe to run again.

With --provider the file of a day of that provider and the statement of our bank of that day are fetched and compared
with what we know, and so is every day between it and those that were fetched before. What agrees is posted to the
ledger; the same file again changes nothing. The workers do so once a day for the day before.
"""


class Command(BaseCommand):
    help = "Find where the books contradict themselves."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.description, parser.formatter_class = DESCRIPTION, RawDescriptionHelpFormatter
        parser.add_argument("--suite", choices=[suite.value for suite in Suite], default=Suite.ALL.value)
        parser.add_argument(
            "--since",
            type=_moment,
            metavar="DATE",
            help="read what was made since then (UTC), as the workers read what is recent",
        )
        parser.add_argument(
            "--only", nargs="+", choices=sorted(INVARIANTS), metavar="NAME", help="only these invariants, such as I01"
        )
        parser.add_argument("--provider", metavar="NAME", help="fetch and compare the file of this provider")
        parser.add_argument(
            "--on", type=_day, metavar="DATE", help="the day of the file, by the provider's clock (default: yesterday)"
        )
        parser.add_argument("--list", action="store_true", help="say what is always true, and ask nothing")
        parser.add_argument("--json", action="store_true", help="write JSON for scripts")

    def handle(self, **options: Any) -> None:
        if options["list"]:
            self._list(as_json=options["json"])
            return
        if options["provider"]:
            self._compare(options["provider"], on=options["on"], as_json=options["json"])
            return
        suite = Suite(options["suite"]) if options["since"] is None else Suite.RECENT
        report = reconcile(suite=suite, names=options["only"], since=options["since"], real_now=clock.real_now())
        self.stdout.write(json.dumps(wire.to_json(report), indent=2) if options["json"] else "\n".join(_lines(report)))
        _end_with(report.offences)

    def _compare(self, provider: str, *, on: date | None, as_json: bool) -> None:
        real_now = clock.real_now()
        named = ((Source.PROVIDER, provider), (Source.BANK, settings.PAYOUT_BANK))
        try:
            report = reconcile_files(named=named, on=on or real_now.date() - timedelta(days=1), real_now=real_now)
        except Refusal as refusal:
            raise CommandError(refusal.title) from refusal
        except (ProviderUnreachable, BankUnreachable) as error:
            raise CommandError(f"no answer: {error}") from error
        self.stdout.write(json.dumps(wire.to_json(report), indent=2) if as_json else "\n".join(_file_lines(report)))
        _end_with(report.offences)

    def _list(self, *, as_json: bool) -> None:
        titles = {name: invariant.title for name, invariant in INVARIANTS.items()}
        lines = [f"{name:<6}{title}" for name, title in titles.items()]
        self.stdout.write(json.dumps(titles, indent=2) if as_json else "\n".join(lines))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a date such as 2026-03-11") from error


def _moment(text: str) -> datetime:
    return datetime.combine(_day(text), time.min, tzinfo=UTC)


def _end_with(offences: Iterable[Offence]) -> None:
    count = len(list(offences))
    if count:
        raise CommandError(f"{count} rows break an invariant", returncode=1)


def _lines(report: RunReport) -> list[str]:
    return _offence_lines(report.offences) or [f"Every invariant holds ({report.suite})."]


def _file_lines(report: FilesReport) -> Iterator[str]:
    for file in report.files:
        yield f"{file.source} {file.name} {file.on}: {file.line_count} lines, {file.new_count} of them new"
    yield (
        ", ".join(f"{count} {state.lower().replace('_', ' ')}" for state, count in report.states.items()) or "no lines"
    )
    yield from _offence_lines(report.offences)


def _offence_lines(offences: Iterable[Offence]) -> list[str]:
    return [f"{offence.invariant:<6}{offence.ref:<20}{_at_risk(offence):>16}  {offence.what}" for offence in offences]


def _at_risk(offence: Offence) -> str:
    return str(Money(offence.at_risk_minor, offence.currency)) if offence.currency else ""
