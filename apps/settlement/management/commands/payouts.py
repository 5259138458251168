"""`manage.py payouts`: propose what is available, see what became of it, and ask the bank now."""

import json
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.markets.api import list_markets
from apps.settlement import api as settlement
from apps.settlement.api import PayoutRunView, PayoutView
from apps.settlement.states import PAYOUT
from tradecore import clock, wire
from tradecore.arguments import an_id, whole_number
from tradecore.errors import NotFound, Refusal

PROPOSE_HELP = "propose what is available now, as one more run of the day: a second person approves it in the admin"
SEND_HELP = "tell the bank of what is approved and ask about what is open, as the workers do, until nothing is due"
RATE_HELP = "ask a second person for an exchange rate"
ACTOR = "manage.py payouts"

#: A rate has so many decimals: it is written like an amount of a currency that has them.
_RATE_DECIMALS = 6


class Command(BaseCommand):
    help = "Payouts to sellers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

        listed = actions.add_parser("list", help="list payouts, the newest first")
        listed.add_argument("--shop", type=an_id, metavar="ID", help="of this shop only")
        listed.add_argument("--status", choices=PAYOUT.states, help="that stand there only")
        listed.add_argument("--limit", type=whole_number(1), default=50, metavar="N", help="so many (default: 50)")
        listed.add_argument("--json", action="store_true", help="write JSON for scripts")

        show = actions.add_parser("show", help="show a payout, or a run with its payouts")
        show.add_argument("id", type=an_id, help="the id of a payout or of a run")
        show.add_argument("--json", action="store_true", help="write JSON for scripts")

        propose = actions.add_parser("propose", help=PROPOSE_HELP, description=PROPOSE_HELP)
        propose.add_argument("--market", metavar="CODE", help="in this market only")
        propose.add_argument("--reason", default="proposed by hand", help="what the second person reads")

        send = actions.add_parser("send", help=SEND_HELP, description=SEND_HELP)
        send.add_argument("--payout", type=an_id, metavar="ID", help="this one only, due or not")

        rate = actions.add_parser("rate", help=RATE_HELP, description=RATE_HELP)
        rate.add_argument("from_currency", metavar="FROM")
        rate.add_argument("to_currency", metavar="TO")
        rate.add_argument("rate", help="what one FROM is worth in TO, with six decimals at most: 0.006712")
        rate.add_argument("--valid-from", type=_moment, metavar="MOMENT", help="with its offset (default: now)")
        rate.add_argument("--reason", required=True, help="what the second person reads")

    def handle(self, *, action: str, **options: Any) -> None:
        try:
            getattr(self, f"_{action}")(**options)
        except Refusal as refusal:
            raise CommandError(refusal.title) from refusal

    def _list(self, *, shop: int | None, status: str | None, limit: int, json: bool, **_: Any) -> None:
        payouts = settlement.list_payouts(shop_id=shop, status=status, limit=limit)
        if json:
            self._write_json({"payouts": payouts})
            return
        self._write_lines(_lines(payouts) if payouts else ["There are no payouts."])

    def _show(self, *, json: bool, **options: Any) -> None:
        run, payouts = _find(options["id"])
        if json:
            self._write_json({"run": run, "payouts": payouts})
            return
        self._write_lines([*_run_lines(run), *_lines(payouts)])

    def _propose(self, *, market: str | None, reason: str, **_: Any) -> None:
        now = clock.now()
        for code in [market] if market else [each.code for each in list_markets(now=now)]:
            run_id = settlement.propose_payouts(market=code, actor=ACTOR, reason=reason, now=now)
            if run_id is None:
                self.stdout.write(f"{code}: nothing to pay out")
                continue
            run = settlement.get_payout_run(run_id=run_id)
            self.stdout.write(
                f"{code}: run {run.id} of {run.payout_count} payouts, {run.total}; approval {run.approval_id} waits"
            )

    def _send(self, *, payout: int | None, **_: Any) -> None:
        if payout is not None:
            settlement.send_payouts(limit=1, now=clock.now(), payout_ids=[payout])
            self._write_lines(_lines([settlement.get_payout(payout_id=payout)]))
            return
        looked_at = 0
        while count := settlement.send_payouts(limit=20, now=clock.now()):
            looked_at += count
        self.stdout.write(f"looked at: {looked_at}")

    def _rate(self, *, from_currency: str, to_currency: str, rate: str, reason: str, **options: Any) -> None:
        now = clock.now()
        approval_id = settlement.request_fx_rate(
            from_currency=from_currency,
            to_currency=to_currency,
            rate_e6=_rate_e6(rate),
            valid_from=options["valid_from"] or now,
            actor=ACTOR,
            reason=reason,
            now=now,
        )
        self.stdout.write(f"approval {approval_id} waits")

    def _write_lines(self, lines: Iterable[str]) -> None:
        self.stdout.write("\n".join(lines))

    def _write_json(self, document: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(wire.to_json(document), indent=2))


def _find(wanted_id: int) -> tuple[PayoutRunView, list[PayoutView]]:
    """The run of that id with its payouts, or the payout of that id with its run. Refuses: NotFound."""
    try:
        payout = settlement.get_payout(payout_id=wanted_id)
    except NotFound:
        run = settlement.get_payout_run(run_id=wanted_id)
        return run, settlement.list_payouts(limit=run.payout_count, run_id=run.id)
    return settlement.get_payout_run(run_id=payout.run_id), [payout]


def _run_lines(run: PayoutRunView) -> Iterator[str]:
    yield f"run {run.id}: {run.market} on {run.on}, number {run.number}, {run.status}"
    yield f"  {run.payout_count} payouts, {run.total}; proposed by {run.proposed_by}"
    decided = f"decided by {run.decided_by}" if run.decided_by else f"approval {run.approval_id}"
    yield f"  {decided}"


def _lines(payouts: Iterable[PayoutView]) -> Iterator[str]:
    for payout in payouts:
        sent = "" if payout.rate is None else f" as {payout.pays} at {payout.rate}"
        why = f" ({payout.reason})" if payout.reason else ""
        yield f"{payout.id}  shop {payout.shop_id}  {payout.amount}{sent} to {payout.account}  {payout.status}{why}"


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


def _rate_e6(text: str) -> int:
    """A rate in millionths. Raises CommandError."""
    whole, _, decimals = text.partition(".")
    if not (whole.isdecimal() and text.isascii() and len(decimals) <= _RATE_DECIMALS and (decimals or "0").isdecimal()):
        raise CommandError(f"{text} is not a rate of {_RATE_DECIMALS} decimals at most")
    return int(whole + decimals.ljust(_RATE_DECIMALS, "0"))
