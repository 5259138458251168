"""`manage.py poll_provider`: ask providers about calls that have no final answer."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from apps.checkout.api import poll_provider_calls
from tradecore import clock

DESCRIPTION = """Send the calls to payment providers that nobody has sent, and ask about those whose answer did not
come, by our own reference. What they say is applied as always. Safe beside running workers, and safe to run again."""


class Command(BaseCommand):
    help = DESCRIPTION

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "references", nargs="*", type=int, help="our references of calls (default: all that are due)"
        )
        parser.add_argument("--limit", type=int, default=100, help="how many at most (default: 100)")
        parser.add_argument("--json", action="store_true", help="write JSON for scripts")

    def handle(self, **options: Any) -> None:
        polled = poll_provider_calls(limit=options["limit"], now=clock.now(), references=options["references"] or None)
        self.stdout.write(json.dumps({"polled": polled}) if options["json"] else f"polled: {polled}")
