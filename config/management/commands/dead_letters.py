"""`manage.py dead_letters`: events that could not be delivered, and trying again."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from tradecore import outbox
from tradecore.arguments import an_id, whole_number

LIST_HELP = "list the parked events, oldest first, with what went wrong"
REPLAY_HELP = """give parked events another round of attempts; the relay delivers them, and after them the later events
of the same aggregate that wait behind them"""


class Command(BaseCommand):
    help = "List events that were parked after too many failures, or have them delivered again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        listing = actions.add_parser("list", help=LIST_HELP, description=LIST_HELP)
        listing.add_argument("--limit", type=whole_number(1), default=50, help="how many at most (default: 50)")
        replay = actions.add_parser("replay", help=REPLAY_HELP, description=REPLAY_HELP)
        replay.add_argument("ids", nargs="*", type=an_id, help="ids of events (default: every parked one)")
        for action in (listing, replay):
            action.add_argument("--json", action="store_true", help="write JSON for scripts")

    def handle(self, *, action: str, **options: Any) -> None:
        if action == "replay":
            replayed = outbox.replay_dead(ids=options["ids"] or None)
            self.stdout.write(json.dumps({"replayed": replayed}) if options["json"] else f"replayed: {replayed}")
            return
        self._list(limit=options["limit"], as_json=options["json"])

    def _list(self, *, limit: int, as_json: bool) -> None:
        rows = outbox.list_dead(limit=limit)
        if as_json:
            described = [
                {"id": str(row.pk), "kind": row.kind, "attempts": row.attempts, "last_error": row.last_error}
                for row in rows
            ]
            self.stdout.write(json.dumps(described, indent=2))
            return
        if not rows:
            self.stdout.write("there are no dead letters")
        for row in rows:
            self.stdout.write(f"{row.pk}  {row.kind:<32}{row.attempts:>3} attempts  {row.last_error}")
