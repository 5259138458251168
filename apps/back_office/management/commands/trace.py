"""`manage.py trace`: everything that happened to one order, in one line of time."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand

from apps.back_office.named_order import get_named_order
from apps.back_office.tracing import trace_order
from tradecore import wire
from tradecore.traces import Step

DESCRIPTION = "Show everything that happened to one order, with the request or the work that did it."


class Command(BaseCommand):
    help = DESCRIPTION

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("order", help="the order's number (5049-...) or its id")
        parser.add_argument("--json", action="store_true", help="write JSON for scripts")

    def handle(self, *, order: str, **options: Any) -> None:
        found = get_named_order(order)
        steps = trace_order(found)
        if options["json"]:
            self.stdout.write(json.dumps(wire.to_json({"order": found.id, "steps": steps}), indent=2))
            return
        self.stdout.write(f"Order {found.number} ({found.id})  {found.status}, {len(steps)} steps (UTC)")
        for line in _lines(steps):
            self.stdout.write(line)


def _lines(steps: list[Step]) -> Iterator[str]:
    """A step per line; the id of who did it where it is another one than that of the step before."""
    origin = ""
    for step in steps:
        if step.request_id != origin:
            origin = step.request_id
            yield f"  -- {origin or 'nobody has said who'}"
        yield f"  {step.at:%Y-%m-%d %H:%M:%S.%f}  {step.what:<40}  {step.about:<28}  {step.detail}".rstrip()
