"""`manage.py timers`: the deadlines that wait, and firing those that are due."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from config.subscriptions import TIMERS
from tradecore import clock, timers
from tradecore.arguments import an_id, whole_number
from tradecore.models import Timer

LIST_HELP = "list timers that have not fired, earliest first; parked ones say why"
FIRE_HELP = "fire what is due now, as a sweeper does: safe beside running sweepers, and safe to run again"
REVIVE_HELP = "give parked timers another round of attempts"


class Command(BaseCommand):
    help = "List the timers that wait, fire those that are due, revive those that were parked."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        listing = actions.add_parser("list", help=LIST_HELP, description=LIST_HELP)
        listing.add_argument("--kind", choices=sorted(TIMERS), help="only timers of this kind")
        listing.add_argument("--clock", help="only timers of this clock (default: all)")
        listing.add_argument("--limit", type=whole_number(1), default=50, help="how many at most (default: 50)")
        fire = actions.add_parser("fire", help=FIRE_HELP, description=FIRE_HELP)
        fire.add_argument("--limit", type=whole_number(1), default=1000, help="how many at most (default: 1000)")
        revive = actions.add_parser("revive", help=REVIVE_HELP, description=REVIVE_HELP)
        revive.add_argument("ids", nargs="*", type=an_id, help="ids of timers (default: every parked one)")
        for action in (listing, fire, revive):
            action.add_argument("--json", action="store_true", help="write JSON for scripts")

    def handle(self, *, action: str, **options: Any) -> None:
        match action:
            case "list":
                rows = timers.list_pending(limit=options["limit"], kind=options["kind"], clock_name=options["clock"])
                self._list(rows, as_json=options["json"])
            case "fire":
                fired = timers.sweep(handlers=TIMERS, now=clock.now(), limit=options["limit"])
                self._count("fired", fired, as_json=options["json"])
            case "revive":
                revived = timers.revive_dead(ids=options["ids"] or None)
                self._count("revived", revived, as_json=options["json"])

    def _list(self, rows: list[Timer], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps([_describe(row) for row in rows], indent=2))
            return
        if not rows:
            self.stdout.write("no timer waits")
            return
        self.stdout.write(f"{'due (UTC)':<21}{'kind':<22}{'subject':<21}{'clock':<10}state")
        for row in rows:
            state = f"parked: {row.last_error}" if row.dead_at else f"{row.attempts} attempts"
            self.stdout.write(f"{row.due_at:%Y-%m-%d %H:%M:%S}  {row.kind:<22}{row.subject:<21}{row.clock:<10}{state}")

    def _count(self, what: str, count: int, *, as_json: bool) -> None:
        self.stdout.write(json.dumps({what: count}) if as_json else f"{what}: {count}")


def _describe(row: Timer) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "kind": row.kind,
        "subject": str(row.subject),
        "clock": row.clock,
        "due_at": row.due_at.isoformat(),
        "attempts": row.attempts,
        "dead_at": row.dead_at.isoformat() if row.dead_at else None,
        "last_error": row.last_error,
    }
