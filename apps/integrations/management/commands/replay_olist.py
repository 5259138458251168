"""`manage.py replay_olist`: live recorded orders through the public services."""

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import IO, Any, Final, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from apps.integrations.replay.buying import RecordContradicted
from apps.integrations.replay.fee_plan import DEFAULT_FILE, FeePlanUnfit, read_fee_plan
from apps.integrations.replay.files import FileMalformed
from apps.integrations.replay.living import SlipUnpayable
from apps.integrations.replay.paying_out import PayoutFailed
from apps.integrations.replay.run import replay
from apps.integrations.replay.screen import Terminal
from apps.integrations.replay.workers import WorkerFailed
from apps.settlement.api import PayoutsFrozen
from tradecore import clock
from tradecore.arguments import whole_number

#: Where nobody looks at a terminal, tables are not folded to the width of one.
_PIPE_WIDTH: Final = 120

_STOPS: Final = (
    FileMalformed,
    FeePlanUnfit,
    RecordContradicted,
    SlipUnpayable,
    PayoutFailed,
    WorkerFailed,
    OSError,
)

HELP = """\
Live the recorded orders of Olist, a Brazilian marketplace, through the public services of this one: list what was for
sale at the price of the day, quote, buy, pay by the recorded tenders, ship, deliver, complete or cancel, with the
recorded times as the clock. Then what was delivered settles under a fee plan, because what sellers were charged was not
recorded, and every seller is paid out. DIR holds the files as Olist published them, compressed with xz.

Safe to run again: what has been lived is found and passed over, so a run that was interrupted goes on where it stood,
and the report of a second run is the same as that of the first. Orders are taken by time of purchase; --limit takes the
first so many. One worker per core is fastest.

The sandbox pays, and its bank is told of the payouts. Each order is lived on a clock of its own, and no sweeper of a
real clock touches it. Run it on a database of its own all the same: it adds a market, thousands of shops and tens of
thousands of orders, under one fee plan.
"""


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="where the files lie")
        parser.add_argument("--limit", type=whole_number(1), metavar="N", help="live the first N orders only")
        parser.add_argument(
            "--fee-plan",
            type=Path,
            default=DEFAULT_FILE,
            metavar="FILE",
            help="the plan, of the form of those in apps/fees/data (default: 12 %% commission, 1.99 %% of the payment)",
        )
        parser.add_argument("--workers", type=whole_number(1), default=1, metavar="N", help="processes (default: 1)")
        parser.add_argument("--report", type=Path, metavar="FILE", help="write the report there, as JSON")

    def handle(
        self,
        *args: Any,
        folder: Path,
        fee_plan: Path,
        limit: int | None,
        workers: int,
        report: Path | None,
        **options: Any,
    ) -> None:
        self.stdout.ending = ""  # what is drawn brings its own ends of lines
        width = None if self.stdout.isatty() else _PIPE_WIDTH
        terminal = Terminal(Console(file=cast(IO[str], self.stdout), width=width, highlight=False))
        try:
            plan = read_fee_plan(fee_plan)
            found = replay(folder, plan=plan, limit=limit, workers=workers, audience=terminal, now=clock.now())
            if report is not None:
                report.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        except _STOPS as error:
            raise CommandError(str(error)) from error
        except PayoutsFrozen as refusal:
            raise CommandError(refusal.title) from refusal
        terminal.show(found)
        if found["disagreements"]:
            raise CommandError(f"the books differ from the record in {len(found['disagreements'])} places")
