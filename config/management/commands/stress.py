"""`manage.py stress`: how much the product carries, and what gives way first, without touching a real row."""

import json
import re
import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from rich.table import Table

from config.management.screen import open_screen
from config.stress.chart import draw
from config.stress.run import Findings, Plan, Recorded, StressRefused, stress
from config.stress.shadow import ShadowRefused, drop_shadow
from config.stress.shoppers import ADDRESSES
from config.stress.verdict import Step
from config.stress.web import Target, WebRefused, read_target
from tradecore.arguments import whole_number

DESCRIPTION = """\
Let marked shoppers come, more with every step, and say where the knee is and what gave way first. Or let recorded
orders come again, at many times their own speed.

What they do is done in the shadow: another database on the same server, made for this run with copies of what is for
sale, and dropped at its end. So locks, disk, processor and threads are the real ones, and stock, payments and orders
are not. Nobody is written to, and no provider is called. Afterwards every real table is compared with what it was, and
the books of the shadow are reconciled; the exit status is 1 when either is not as it should be.

Run it as the database user whom the tables belong to, who must be allowed to make the schema NAME_shadow. Without --url
it starts a web server itself, with the settings of this environment. With --url it stresses one that runs, which must
have the same STRESS_KEY; in production somebody must have allowed it: manage.py settings set stress.until. Real buyers
of that server wait behind those who do not exist: choose the hour.
"""

ACTS: Final = ("browse", "quote", "purchase", "cancel", "webhook")
RATE_MAX, STEPS_MAX, SECONDS_MAX, PARTS_MAX = 5_000, 20, 300, 1_000
_PART = re.compile(r"([a-z]+)=(\d{1,4})", re.ASCII)


class Command(BaseCommand):
    help = "Stress the product in a shadow of its database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.description, parser.formatter_class = DESCRIPTION, RawDescriptionHelpFormatter
        parser.add_argument("--url", help="the web server (default: one that is started here)")
        parser.add_argument("--i-own", default="", metavar="HOST", help="stress this host, which is not this machine")
        parser.add_argument(
            "--mix",
            type=_mix,
            default="browse=60,quote=25,purchase=10,cancel=3,webhook=2",
            metavar="ACT=PARTS,...",
            help=f"what shoppers do, of {', '.join(ACTS)} (default: %(default)s)",
        )
        parser.add_argument(
            "--steps",
            type=_rates,
            default="5,10,20,40,80,160,320",
            metavar="RATE,...",
            help="acts a second of each step; it ends soon after the first that is not carried (default: %(default)s)",
        )
        parser.add_argument(
            "--seconds", type=whole_number(1, SECONDS_MAX), default=15, help="of each step (default: %(default)s)"
        )
        parser.add_argument(
            "--p99-ms",
            type=whole_number(1, 60_000),
            default=1_000,
            help="how long the slowest hundredth of what is done may take (default: %(default)s)",
        )
        parser.add_argument("--market", choices=sorted(ADDRESSES), default="GB", help="(default: %(default)s)")
        parser.add_argument("--delivery", default="standard", help="the delivery option (default: %(default)s)")
        parser.add_argument(
            "--skus",
            type=whole_number(1, 10_000),
            default=200,
            help="how many are bought (default: %(default)s)",
        )
        parser.add_argument(
            "--pieces", type=whole_number(1, 1_000_000), default=100_000, help="of each (default: %(default)s)"
        )
        parser.add_argument(
            "--orders",
            type=Path,
            metavar="DIR",
            help="instead of a mix: buy the recorded orders of these files again, as replay_olist reads them",
        )
        parser.add_argument(
            "--speed", type=whole_number(1, 10_000_000), default=1_000, help="times their own (default: %(default)s)"
        )
        parser.add_argument(
            "--from", dest="since", type=_day, default="2016-01-01", metavar="DATE", help="(default: %(default)s)"
        )
        parser.add_argument(
            "--limit", type=whole_number(1, 100_000), default=1_000, help="so many orders (default: %(default)s)"
        )
        parser.add_argument("--chart", type=Path, help="write a chart to this SVG file")
        parser.add_argument("--json", action="store_true", help="write JSON for scripts")
        parser.add_argument("--keep", action="store_true", help="leave the shadow there, to look at; --drop ends it")
        parser.add_argument("--drop", action="store_true", help="only drop the shadow that is there")

    def handle(self, **options: Any) -> None:
        if options["drop"]:
            drop_shadow()
            self.stdout.write("there is no shadow")
            return
        try:
            with _ended_in_order():
                findings = stress(_plan(options), say=self._say)
        except (StressRefused, ShadowRefused, WebRefused) as error:
            raise CommandError(str(error)) from error
        if options["chart"]:
            title = f"Shoppers in the shadow, {findings.began:%Y-%m-%d %H:%M}"
            options["chart"].write_text(draw(findings.steps, findings.verdict, title=title))
        if options["json"]:
            self.stdout.write(json.dumps(describe(findings), indent=2))
        else:
            self._show(findings)
        if not findings.is_clean:
            raise CommandError("not as it should be: see above", returncode=1)

    def _say(self, words: str) -> None:
        """On the other stream: what is written for scripts stays alone."""
        self.stderr.write(words)

    def _show(self, findings: Findings) -> None:
        screen = open_screen(self.stdout)
        screen.print(_table(findings))
        for line in _words(findings):
            screen.print(line)


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let SIGTERM end the command as Ctrl-C does: with the shadow, and the processes that it has started."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def describe(findings: Findings) -> dict[str, Any]:
    """The report as JSON."""
    steps = [asdict(step) | {"offered": step.offered, "goodput": step.goodput} for step in findings.steps]
    return {
        "run": findings.run,
        "began": findings.began.isoformat(),
        "steps": steps,
        "knee": _knee(findings),
        "bottleneck": {"name": findings.verdict.bottleneck, "reason": findings.verdict.reason},
        "real_tables": {
            "compared": findings.proof.tables,
            "changed_by_others": list(findings.proof.changed),
            "rows_of_the_run": dict(findings.proof.strays),
        },
        "offences": list(findings.offences),
    }


def _knee(findings: Findings) -> dict[str, Any]:
    verdict = findings.verdict
    step = None if verdict.knee is None else findings.steps[verdict.knee]
    return {
        "is_reached": verdict.is_reached,
        "step": None if verdict.knee is None else verdict.knee + 1,
        "goodput": None if step is None else step.goodput,
        "p99_s": None if step is None else step.p99_s,
    }


def _plan(options: dict[str, Any]) -> Plan:
    """Raises WebRefused."""
    return Plan(
        target=_target(options),
        rates=options["steps"],
        seconds=float(options["seconds"]),
        mix=options["mix"],
        market=options["market"],
        delivery=options["delivery"],
        sku_count=options["skus"],
        pieces=options["pieces"],
        p99_max_s=options["p99_ms"] / 1000,
        recorded=_recorded(options),
        keep=options["keep"],
    )


def _target(options: dict[str, Any]) -> Target | None:
    return read_target(options["url"], owned=options["i_own"]) if options["url"] else None


def _recorded(options: dict[str, Any]) -> Recorded | None:
    if not options["orders"]:
        return None
    return Recorded(options["orders"], options["since"], options["limit"], float(options["speed"]))


def _table(findings: Findings) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    titles = ("step", "came/s", "done/s", "p50 ms", "p99 ms", "503", "429", "no answer", "wrong")
    machine = ("web", "database", "redis", "busy", "conns", "lock waits")
    for title in (*titles, *machine):
        table.add_column(title, justify="right", no_wrap=True)
    for number, step in enumerate(findings.steps):
        mark = "*" if number == findings.verdict.knee and findings.verdict.is_reached else ""
        table.add_row(f"{mark}{number + 1}", *_cells(step))
    return table


def _cells(step: Step) -> Iterator[str]:
    yield f"{step.offered:.1f}"
    yield f"{step.goodput:.1f}"
    yield f"{step.p50_s * 1000:.0f}"
    yield f"{step.p99_s * 1000:.0f}"
    for count in (step.shed, step.limited, step.unanswered + step.unsent, sum(step.wrong.values())):
        yield str(count)
    for name in ("web_cores", "database_cores", "redis_cores"):
        yield f"{step.figures[name]:.2f}"
    yield f"{step.figures['busy']:.0%}"
    for name in ("connections", "row_lock_waits"):
        yield f"{step.figures[name]:.0f}"


def _words(findings: Findings) -> Iterator[str]:
    yield ""
    yield _knee_words(findings)
    verdict = findings.verdict
    yield (
        f"First bottleneck: {verdict.bottleneck}, because {verdict.reason}."
        if verdict.bottleneck
        else (f"First bottleneck: none was found; {verdict.reason}.")
    )
    wrong = {what: count for step in findings.steps for what, count in step.wrong.items()}
    if wrong:
        yield f"Answers that were not expected: {', '.join(sorted(wrong))}."
    yield from _proof_words(findings)


def _knee_words(findings: Findings) -> str:
    knee, is_reached = findings.verdict.knee, findings.verdict.is_reached
    if knee is None:
        return "The knee is below the first step: not even that was carried."
    step = findings.steps[knee]
    words = (
        f"step {knee + 1}: {step.goodput:.1f}/s were done, the slowest hundredth in {step.p99_s * 1000:.0f} ms or more"
    )
    return f"The knee is at {words}." if is_reached else f"The knee was not reached; the last was {words}."


def _proof_words(findings: Findings) -> Iterator[str]:
    proof = findings.proof
    strays: Sequence[str] = [f"{table} ({count})" for table, count in proof.strays.items()]
    yield f"Rows of the run in the real tables: {', '.join(strays) or 'none'}."
    yield f"Real tables compared: {proof.tables}; " + (
        f"changed meanwhile, by others: {', '.join(proof.changed)}." if proof.changed else "none has changed."
    )
    yield "The books of the shadow: " + ("; ".join(findings.offences) or "every invariant holds") + "."


def _mix(text: str) -> dict[str, int]:
    parts = [_PART.fullmatch(part) for part in text.split(",")]
    mix = {part[1]: int(part[2]) for part in parts if part}
    if not all(parts) or len(mix) < len(parts) or not set(mix) <= set(ACTS) or not sum(mix.values()) >= 1:
        raise ArgumentTypeError(f"{text!r} is no mix such as browse=60,purchase=10")
    return {name: count for name, count in mix.items() if count}


def _day(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time.min, tzinfo=UTC)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a date such as 2017-11-24") from error


def _rates(text: str) -> list[float]:
    try:
        rates = [float(part) for part in text.split(",")]
    except ValueError:
        rates = []
    if not 1 <= len(rates) <= STEPS_MAX or not all(0 < rate <= RATE_MAX for rate in rates) or rates != sorted(rates):
        raise ArgumentTypeError(f"{text!r} are not 1 to {STEPS_MAX} rising rates up to {RATE_MAX}, such as 5,10,20")
    return rates
