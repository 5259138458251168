"""`manage.py drill`: whether the product would notice if its books were broken."""

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.table import Table

from apps.reconciliation import api as reconciliation
from config.drill import drill_world
from config.management.screen import open_screen
from tradecore import clock

DESCRIPTION = """\
Make a scratch copy of the books, live a few orders in it, break every invariant once and blow every fuse, and see that
exactly that is found, by its row, and contained; and that healthy books raise nothing.

The copy is a database of its own, made here and dropped at the end: a file in a temporary folder where there is SQLite,
a schema named from the configured one on MariaDB or MySQL, where the user must be allowed to create it. The configured
database is not read and not written. The exit status is 1 when anything is not as it should be.
"""


#: Of what an invariant says: enough of it to know which it is.
WIDTH_MAX = 56


class Command(BaseCommand):
    help = "Break a scratch copy of the books on purpose, and see that it is found."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.description, parser.formatter_class = DESCRIPTION, RawDescriptionHelpFormatter
        parser.add_argument(
            "--only",
            nargs="+",
            choices=sorted(reconciliation.TAMPERINGS),
            metavar="NAME",
            help="only these invariants or fuses, such as I01",
        )
        parser.add_argument("--json", action="store_true", help="write JSON for scripts")

    def handle(self, *, only: list[str] | None, **options: Any) -> None:
        try:
            with reconciliation.make_scratch() as scratch, reconciliation.entered(scratch):
                offences, trials = _drill(only)
        except reconciliation.ScratchRefused as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(_described(offences, trials), indent=2))
        else:
            self._show(offences, trials)
        wrong = [trial.name for trial in trials if not trial.is_right]
        if offences or wrong:
            raise CommandError(f"not as it should be: {', '.join(wrong) or 'healthy books raise breaks'}", returncode=1)

    def _show(self, offences: Sequence[reconciliation.Offence], trials: Sequence[reconciliation.Trial]) -> None:
        screen = open_screen(self.stdout)
        for offence in offences:
            screen.print(f"healthy books raise {offence.invariant} {offence.ref}: {offence.what}")
        if not offences:
            screen.print("Healthy books raise nothing.")
        screen.print(_table(trials))
        right = sum(trial.is_right for trial in trials)
        screen.print(f"{right} of {len(trials)} were found, alone, named and contained.")


def _drill(only: list[str] | None) -> tuple[list[reconciliation.Offence], list[reconciliation.Trial]]:
    with drill_world(now=clock.real_now()) as world:
        life = reconciliation.live(world)
        reconciliation.tear_down_triggers()
        return reconciliation.look_at_health(life), list(reconciliation.try_all(life, names=only))


def _table(trials: Sequence[reconciliation.Trial]) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("invariant", no_wrap=True, overflow="ellipsis", max_width=WIDTH_MAX)
    for title in ("broken row", "detected", "named", "contained"):
        table.add_column(title, no_wrap=True)
    table.add_column("ms", justify="right")
    for trial in trials:
        table.add_row(
            f"{trial.name:<5} {trial.title}",
            str(trial.row_ref),
            _detected(trial),
            "yes" if trial.is_named else "NO",
            _contained(trial),
            f"{trial.took_ms:.0f}",
        )
    return table


def _detected(trial: reconciliation.Trial) -> str:
    if not trial.is_found:
        return "NO"
    return f"with {', '.join(trial.others)}" if trial.others else f"yes ({trial.suite})"


def _contained(trial: reconciliation.Trial) -> str:
    """A dash where there is nothing to freeze."""
    return {None: "-", True: "yes", False: "NO"}[trial.is_contained]


def _described(offences: Sequence[reconciliation.Offence], trials: Sequence[reconciliation.Trial]) -> dict[str, Any]:
    return {
        "healthy": [f"{offence.invariant} {offence.ref}: {offence.what}" for offence in offences],
        "trials": [
            {
                "invariant": trial.name,
                "title": trial.title,
                "row_ref": str(trial.row_ref),
                "suite": trial.suite,
                "is_found": trial.is_found,
                "is_named": trial.is_named,
                "is_contained": trial.is_contained,
                "others": list(trial.others),
                "took_ms": round(trial.took_ms),
                "is_right": trial.is_right,
            }
            for trial in trials
        ],
    }
