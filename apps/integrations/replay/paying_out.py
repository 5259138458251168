"""Sellers are paid out: one proposes, another one approves what was read, and the bank is told. Again is nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from apps.integrations.replay.market import ACTOR
from apps.settlement import api as settlement
from tradecore import approvals

PROPOSER: Final = ACTOR
APPROVER: Final = f"{ACTOR}:second"

_REASON: Final = "recorded orders have settled"
_EVERYTHING: Final = 1_000_000
_OPEN: Final = frozenset({"APPROVED", "SENT"})
_FAILED: Final = frozenset({"REJECTED", "RETURNED"})

#: How often the bank is told or asked before nobody waits for it any longer.
_ROUNDS: Final = 5

#: A statement is closed some time after its day is over.
_CLOSED_AFTER: Final = timedelta(days=2)
_STATEMENTS_AT_ONCE: Final = 200


class PayoutFailed(Exception):
    """The bank does not pay what was approved."""


def pay_out(*, market: str, now: datetime, on_progress: Callable[[int], object]) -> None:
    """Pay out what is available in a market, in as many runs as it takes, those that stand first.

    `on_progress` is told how many payouts there are. Raises PayoutFailed. Refuses: PayoutsFrozen.
    """
    paid = 0
    for run in reversed(settlement.list_payout_runs(limit=_EVERYTHING)):
        if run.market == market and run.status in {"PROPOSED", "APPROVED"}:
            paid += _carry_out(run, now=now)
            on_progress(paid)
    while (run_id := _propose(market, now=now)) is not None:
        paid += _carry_out(settlement.get_payout_run(run_id=run_id), now=now)
        on_progress(paid)


def close_statements(*, now: datetime) -> None:
    """Close every statement whose day is over once everybody was paid out `now`."""
    while settlement.close_statements(now=now + _CLOSED_AFTER, limit=_STATEMENTS_AT_ONCE):
        continue


def _propose(market: str, *, now: datetime) -> int | None:
    return settlement.propose_payouts(market=market, actor=PROPOSER, reason=_REASON, now=now)


def _carry_out(run: settlement.PayoutRunView, *, now: datetime) -> int:
    """Have a run approved, if it is not, and sent. Returns of how many payouts it is."""
    if run.status == "PROPOSED":
        request = approvals.get_request(approval_id=run.approval_id, now=now)
        approvals.approve(approval_id=run.approval_id, content_hash=request.content_hash, actor=APPROVER, now=now)
    for _ in range(_ROUNDS):
        unsent = [payout.id for payout in _list_payouts(run) if payout.status in _OPEN]
        if not unsent:
            break
        settlement.send_payouts(limit=len(unsent), now=now, payout_ids=unsent)
    for payout in _list_payouts(run):
        if payout.status in _OPEN | _FAILED:
            raise PayoutFailed(f"payout {payout.number} is {payout.status} {payout.reason}".rstrip())
    return run.payout_count


def _list_payouts(run: settlement.PayoutRunView) -> list[settlement.PayoutView]:
    return settlement.list_payouts(run_id=run.id, limit=_EVERYTHING)
