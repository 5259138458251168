"""`manage.py stock`: the counters of inventory beside the journal that explains them."""

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.inventory.contracts import Counters, Movement, StockDifference, StockLevel
from apps.inventory.selectors import list_levels, list_movements
from apps.inventory.services.rebuild import list_differences, repair
from tradecore import clock, wire
from tradecore.arguments import an_id, whole_number

REPAIR_BATCH = 100

SHOW_HELP = "show one SKU: its counters in each warehouse, and the latest rows of its journal"
REBUILD_HELP = "compare every counter with its journal, and with --apply put right what differs"

REBUILD_DESCRIPTION = """\
Add up the journal of every stock and compare the sums with the counters.

Without --apply nothing is changed: what differs is printed, and the exit status is 1. With --apply the counters are set
to what the journal says, a bounded batch at a time, each stock under its lock and with an audit entry; the exit status
is 1 only if something could not be put right, because its journal adds up to less than nothing. It is safe while the
shop is open, and safe to run again.
"""

JSON_EPILOG = "With --json one JSON document is written to standard output, and nothing else."


class Command(BaseCommand):
    help = "Show stock, or rebuild its counters from the journal of movements."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

        show = actions.add_parser("show", help=SHOW_HELP, description=SHOW_HELP, epilog=JSON_EPILOG)
        show.add_argument("sku_id", type=an_id, help="the id of the SKU")
        show.add_argument(
            "--movements", type=whole_number(1), default=20, metavar="N", help="rows of the journal (default: 20)"
        )

        rebuild = actions.add_parser(
            "rebuild",
            help=REBUILD_HELP,
            description=REBUILD_DESCRIPTION,
            epilog=JSON_EPILOG,
            formatter_class=RawDescriptionHelpFormatter,
        )
        rebuild.add_argument("--sku", type=an_id, metavar="ID", help="only this SKU")
        rebuild.add_argument("--apply", action="store_true", help="put right what differs")

        for action in (show, rebuild):
            action.add_argument("--json", action="store_true", help="write JSON for scripts")

    def handle(self, *, action: str, **options: Any) -> None:
        if action == "show":
            self._show(sku_id=options["sku_id"], movements=options["movements"], as_json=options["json"])
        else:
            self._rebuild(sku_id=options["sku"], apply=options["apply"], as_json=options["json"])

    def _show(self, *, sku_id: int, movements: int, as_json: bool) -> None:
        levels = list_levels(sku_ids=[sku_id])
        journal = list_movements(sku_id=sku_id, limit=movements)
        if not levels and not journal:
            raise CommandError(f"SKU {sku_id} has never had any stock")
        if as_json:
            self._write_json({"sku_id": sku_id, "levels": levels, "movements": journal})
            return
        self._write_lines([*_level_lines(levels), "", *_movement_lines(journal)])

    def _rebuild(self, *, sku_id: int | None, apply: bool, as_json: bool) -> None:
        differences = list(list_differences(sku_id=sku_id))
        repaired = _repair_all(differences) if apply else []
        if as_json:
            self._write_json({"differences": differences, "repaired": repaired})
        else:
            self._write_lines(_difference_lines(differences, repaired=repaired, apply=apply))
        left = len(differences) - len(repaired)
        if left:
            raise CommandError(f"{left} of {len(differences)} differences are left", returncode=1)

    def _write_lines(self, lines: Iterable[str]) -> None:
        self.stdout.write("\n".join(lines))

    def _write_json(self, document: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(wire.to_json(document), indent=2))


def _repair_all(differences: Iterable[StockDifference]) -> list[StockDifference]:
    repaired: list[StockDifference] = []
    for batch in _batches(differences):
        repaired += repair(differences=batch, actor="manage.py stock rebuild", reason="rebuilt", now=clock.now())
    return repaired


def _batches(differences: Iterable[StockDifference]) -> Iterator[Sequence[StockDifference]]:
    rest = iter(differences)
    while batch := list(islice(rest, REPAIR_BATCH)):
        yield batch


def _level_lines(levels: Iterable[StockLevel]) -> Iterator[str]:
    yield f"{'warehouse':<20}{'available':>12}{'held':>12}{'committed':>12}{'on hand':>12}"
    for level in levels:
        yield (
            f"{level.warehouse_code:<20}{level.available:>12,}{level.held:>12,}{level.committed:>12,}"
            f"{level.on_hand:>12,}"
        )


def _movement_lines(movements: Iterable[Movement]) -> Iterator[str]:
    yield f"{'moment (UTC)':<21}{'kind':<10}{'bucket':>6}{'available':>11}{'held':>8}{'committed':>11}  for"
    for each in movements:
        whom = f"{each.actor}: {each.reason}" if each.owner_ref is None else f"{each.owner_ref} {each.reason}"
        yield (
            f"{each.occurred_at:%Y-%m-%d %H:%M:%S}  {each.kind:<10}{each.bucket:>6}{each.available:>+11,}"
            f"{each.held:>+8,}{each.committed:>+11,}  {whom}"
        )


def _difference_lines(
    differences: Sequence[StockDifference], *, repaired: Sequence[StockDifference], apply: bool
) -> Iterator[str]:
    if not differences:
        yield "Every counter is what its journal adds up to."
        return
    mended = {(each.sku_id, each.warehouse_id, each.bucket) for each in repaired}
    for each in differences:
        is_mended = (each.sku_id, each.warehouse_id, each.bucket) in mended
        verdict = "rebuilt" if is_mended else "left alone" if apply else "differs"
        where = f" (bucket {each.bucket})" if each.bucket else ""
        yield f"SKU {each.sku_id} in warehouse {each.warehouse_id}{where}: {verdict}"
        yield f"    counted   {_counters(each.counted)}"
        yield f"    journal   {_counters(each.journal)}"


def _counters(counters: Counters) -> str:
    return f"available {counters.available:,}, held {counters.held:,}, committed {counters.committed:,}"
