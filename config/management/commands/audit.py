"""`manage.py audit`: prove that nobody has touched what stands in the audit, and seal it."""

import json
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tradecore import audit_seals, clock, wire
from tradecore.chain import Fault

VERIFY_HELP = """read the audit from its first entry to its last, and name every entry that is not the one that was
sealed, that was taken out, or that nobody has sealed; the exit status is 1 when there are any"""
SEAL_HELP = "seal what waits, as workers do every few seconds; it is safe beside them"


class Command(BaseCommand):
    help = "Verify and seal the audit: who did what, to what, and why."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        for name, says in (("verify", VERIFY_HELP), ("seal", SEAL_HELP)):
            action = actions.add_parser(name, help=says, description=says)
            action.add_argument("--json", action="store_true", help="write JSON for scripts")

    def handle(self, *, action: str, **options: Any) -> None:
        if action == "verify":
            self._verify(as_json=options["json"])
        else:
            self._seal(as_json=options["json"])

    def _verify(self, *, as_json: bool) -> None:
        faults = list(audit_seals.find_faults(real_now=clock.real_now()))
        self.stdout.write(json.dumps(wire.to_json({"faults": faults}), indent=2) if as_json else _tell(faults))
        if faults:
            raise CommandError(f"the audit has faults: {len(faults)}", returncode=1)

    def _seal(self, *, as_json: bool) -> None:
        total = 0
        while sealed := audit_seals.seal_entries(real_now=clock.real_now()):
            total += sealed
        self.stdout.write(json.dumps({"sealed": total}) if as_json else f"sealed: {total}")


def _tell(faults: Sequence[Fault]) -> str:
    return "\n".join(f"{fault.where}: {fault.what}" for fault in faults) or "The audit agrees with itself."
