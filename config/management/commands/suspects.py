"""`manage.py suspects`: what providers contradicted themselves about, and asking for an end of the suspicion."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.checkout.api import settle_suspect
from apps.payments.api import SuspectView, list_suspects
from config.management.operators import AS_HELP, actor_named
from tradecore import clock, wire
from tradecore.arguments import an_id, whole_number
from tradecore.errors import Refusal

LIST_HELP = "list the tenders that wait for a person, oldest first, with everything that their providers said"
SETTLE_HELP = """say what the provider really did, after asking it: with --accept it took what it said last, and that
goes back to the buyer; with --reject it took nothing. It is done once a second person approves it (`manage.py
approvals`)"""


class Command(BaseCommand):
    help = "List tenders whose provider contradicted what was asked, or have the suspicion ended."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        listing = actions.add_parser("list", help=LIST_HELP, description=LIST_HELP)
        listing.add_argument("--limit", type=whole_number(1), default=50, help="how many at most (default: 50)")
        settle = actions.add_parser("settle", help=SETTLE_HELP, description=SETTLE_HELP)
        settle.add_argument("tender", type=an_id, help="the id of the tender")
        verdict = settle.add_mutually_exclusive_group(required=True)
        verdict.add_argument("--accept", action="store_true", help="the provider took what it said last")
        verdict.add_argument("--reject", action="store_true", help="the provider took nothing")
        settle.add_argument("--reason", required=True, help="how that is known; the audit keeps it")
        settle.add_argument("--as", dest="email", required=True, metavar="EMAIL", help=AS_HELP)
        for action in (listing, settle):
            action.add_argument("--json", action="store_true", help="write JSON for scripts")

    def handle(self, *, action: str, **options: Any) -> None:
        if action == "list":
            self._list(limit=options["limit"], as_json=options["json"])
        else:
            self._settle(options)

    def _settle(self, options: dict[str, Any]) -> None:
        try:
            waits = settle_suspect(
                tender_id=options["tender"],
                accept=options["accept"],
                actor=actor_named(options["email"]),
                reason=options["reason"],
                now=clock.now(),
            )
        except Refusal as refusal:
            raise CommandError(refusal.title) from refusal
        self.stdout.write(json.dumps(wire.to_json(waits)) if options["json"] else str(waits))

    def _list(self, *, limit: int, as_json: bool) -> None:
        suspects = list_suspects(limit=limit)
        if as_json:
            self.stdout.write(json.dumps(wire.to_json(suspects), indent=2))
            return
        if not suspects:
            self.stdout.write("nothing is suspect")
        for suspect in suspects:
            self.stdout.write("\n".join(_lines(suspect)))


def _lines(suspect: SuspectView) -> list[str]:
    tender = suspect.tender
    asked = f"{tender.id}  {tender.provider} {tender.method}, asked for {tender.amount}, of {suspect.payable_ref}"
    said = [
        f"    {answer.received_at:%Y-%m-%d %H:%M:%S}  {answer.source}: {answer.said} {answer.amount}  {answer.verdict}"
        for answer in suspect.answers
    ]
    return [asked, *said]
