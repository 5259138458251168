"""`manage.py reconcile`: whether the books agree with one another, and where they do not."""

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.reconciliation.contracts import Offence, RunReport, Suite
from apps.reconciliation.invariants import INVARIANTS
from apps.reconciliation.services.run import reconcile
from tradecore import clock, wire
from tradecore.money import Money

DESCRIPTION = """\
Ask every invariant in one snapshot, write down what is broken, and freeze what it is about. Nothing is repaired.

The exit status is 1 when anything is broken. With --suite recent only what was made within the last hours is read, as
the workers do twice a minute; everything is read once a day. Safe beside running workers, and safe to run again.
"""


class Command(BaseCommand):
    help = "Find where the books contradict themselves."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.description, parser.formatter_class = DESCRIPTION, RawDescriptionHelpFormatter
        parser.add_argument("--suite", choices=[suite.value for suite in Suite], default=Suite.ALL.value)
        parser.add_argument(
            "--only", nargs="+", choices=sorted(INVARIANTS), metavar="NAME", help="only these invariants, such as I01"
        )
        parser.add_argument("--list", action="store_true", help="say what is always true, and ask nothing")
        parser.add_argument("--json", action="store_true", help="write JSON for scripts")

    def handle(self, **options: Any) -> None:
        if options["list"]:
            self._list(as_json=options["json"])
            return
        report = reconcile(suite=Suite(options["suite"]), names=options["only"], real_now=clock.real_now())
        self.stdout.write(json.dumps(wire.to_json(report), indent=2) if options["json"] else "\n".join(_lines(report)))
        if report.offences:
            raise CommandError(f"{len(report.offences)} rows break an invariant", returncode=1)

    def _list(self, *, as_json: bool) -> None:
        titles = {name: invariant.title for name, invariant in INVARIANTS.items()}
        lines = [f"{name:<6}{title}" for name, title in titles.items()]
        self.stdout.write(json.dumps(titles, indent=2) if as_json else "\n".join(lines))


def _lines(report: RunReport) -> list[str]:
    if not report.offences:
        return [f"Every invariant holds ({report.suite})."]
    return [
        f"{offence.invariant:<6}{offence.ref:<20}{_at_risk(offence):>16}  {offence.what}" for offence in report.offences
    ]


def _at_risk(offence: Offence) -> str:
    return str(Money(offence.at_risk_minor, offence.currency)) if offence.currency else ""
