"""`manage.py refunds`: refunds that a provider refused, and asking for them again."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.payments.api import RefundView, list_failed_refunds, list_payable_refs, retry_refund
from tradecore import clock, wire
from tradecore.arguments import whole_number
from tradecore.errors import Refusal
from tradecore.ids import find_id, format_number

REASON_LENGTH_MAX = 300

LIST_HELP = "list the refunds that a provider refused, oldest first: their buyers wait for money that nobody sends"
RETRY_HELP = """ask the provider again, under new references, for what it refused of a refund; the poller sends it, and
what was sent back already is not sent twice. It is audited"""


class Command(BaseCommand):
    help = "List refunds that a provider refused to make, or have one of them asked for again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        listing = actions.add_parser("list", help=LIST_HELP, description=LIST_HELP)
        listing.add_argument("--limit", type=whole_number(1), default=50, help="how many at most (default: 50)")
        retry = actions.add_parser("retry", help=RETRY_HELP, description=RETRY_HELP)
        retry.add_argument("refund", type=_id, metavar="ID", help="the id of the refund")
        retry.add_argument(
            "--reason", type=_reason, required=True, metavar="TEXT", help="why it can be made now; the audit keeps it"
        )
        for action in (listing, retry):
            action.add_argument("--json", action="store_true", help="write JSON for scripts")

    def handle(self, *, action: str, **options: Any) -> None:
        if action == "list":
            self._list(limit=options["limit"], as_json=options["json"])
        else:
            self._retry(refund_id=options["refund"], reason=options["reason"], as_json=options["json"])

    def _list(self, *, limit: int, as_json: bool) -> None:
        refunds = list_failed_refunds(limit=limit)
        if as_json:
            described = [wire.to_json(refund) | {"purchase": _purchase_of(refund)} for refund in refunds]
            self.stdout.write(json.dumps(described, indent=2))
            return
        self.stdout.write("\n".join(_lines(refunds)))

    def _retry(self, *, refund_id: int, reason: str, as_json: bool) -> None:
        try:
            retry_refund(refund_id=refund_id, actor="manage.py refunds", reason=reason, now=clock.now())
        except Refusal as refusal:
            raise CommandError(refusal.title) from refusal
        done = {"retried": str(refund_id)}
        self.stdout.write(json.dumps(done) if as_json else f"asked for again: {refund_id}")


def _id(text: str) -> int:
    number = find_id(text)
    if number is None:
        raise ArgumentTypeError(f"{text!r} is not an id")
    return number


def _reason(text: str) -> str:
    if not 1 <= len(text.strip()) <= REASON_LENGTH_MAX:
        raise ArgumentTypeError(f"1 to {REASON_LENGTH_MAX} characters")
    return text.strip()


def _purchase_of(refund: RefundView) -> str:
    """The number of the purchase that the money is of."""
    (payable_ref,) = list_payable_refs(reference=str(refund.id))
    return format_number(payable_ref)


def _lines(refunds: list[RefundView]) -> Iterator[str]:
    if not refunds:
        yield "no refund has failed"
    for refund in refunds:
        yield (
            f"{refund.id}  {refund.created_at:%Y-%m-%d %H:%M:%S}  {refund.amount!s:>14}  "
            f"purchase {_purchase_of(refund)}  {refund.reason}"
        )
