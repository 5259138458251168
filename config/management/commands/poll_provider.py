"""`manage.py poll_provider`: ask providers about calls that have no final answer."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.checkout.api import poll_provider_calls
from apps.payments.api import list_known_calls, revive_answers
from tradecore import clock
from tradecore.arguments import an_id, whole_number

DESCRIPTION = """Send the calls to payment providers that nobody has sent, and ask about those whose answer did not
come, by our own reference. What they say is applied as always. Safe beside running workers, and safe to run again."""


class Command(BaseCommand):
    help = DESCRIPTION

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "references", nargs="*", type=an_id, help="our references of calls (default: all that are due)"
        )
        parser.add_argument("--limit", type=whole_number(1), default=100, help="how many at most (default: 100)")
        parser.add_argument(
            "--revive", action="store_true", help="first give answers that were parked another round of attempts"
        )
        parser.add_argument("--json", action="store_true", help="write JSON for scripts")

    def handle(self, **options: Any) -> None:
        unknown = sorted(set(options["references"]) - list_known_calls(references=options["references"]))
        if unknown:
            raise CommandError(f"there is no call {', '.join(map(str, unknown))}")
        revived = revive_answers() if options["revive"] else 0
        polled = poll_provider_calls(limit=options["limit"], now=clock.now(), references=options["references"] or None)
        done = {"polled": polled, "revived": revived}
        self.stdout.write(json.dumps(done) if options["json"] else f"polled: {polled}, revived: {revived}")
