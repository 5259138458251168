"""Payouts that are approved are sent to the bank, and the bank is asked what became of them.

# Note [Sent once]
A payout is SENT before the bank is told, in a transaction of its own: the bank may have it from then on, whatever
happens to the process. From then on it is asked about, by our reference; only where the bank says that it never had it
is it sent again, under the same reference, which the bank carries out once. A silent bank tells nothing, and nothing is
concluded: the money stays on PAYOUT_CLEARING, and is asked about until the bank says what became of it.

A payment that has left may come back days later, so one that is confirmed is asked about for a while still.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db.models import F, Q

from apps.ledger import api as ledger
from apps.ledger.api import seller_journals as journals
from apps.settlement.bank.port import BANK_CIRCUITS, BANKS, BankAnswer, BankSaid, BankUnreachable, PayoutInstruction
from apps.settlement.contracts import LineKind, NewLine
from apps.settlement.events import PayoutConfirmed, PayoutReturned, PayoutSent, PayoutSuspected
from apps.settlement.models import Payout
from apps.settlement.services.lines import lock_account, write_lines
from apps.settlement.services.payouts import amount_of, move_payout, pays_of, publish_payout
from apps.settlement.stops import are_payouts_stopped
from tradecore import clock, db, freezes
from tradecore.locks import Rank, lock_row
from tradecore.origins import working_on

log = structlog.get_logger()

#: How long whoever has taken a payout up has it for itself.
OWN_TIME = timedelta(seconds=30)
ASK_FIRST_S = 5
ASK_LIMIT_S = 300
#: A confirmed one is asked about after so long, twice as late each time up to a day, and so often.
WATCH_FIRST_S = 60
WATCH_LIMIT_S = 24 * 3600
WATCH_COUNT = 24

_SENDABLE = frozenset({"APPROVED", "SENT"})
_ASKED_ABOUT = frozenset({"APPROVED", "SENT", "CONFIRMED"})

#: (status, what the bank says) -> what follows, in this order. What is not here is old news.
_STEPS: Mapping[tuple[str, BankSaid], Sequence[str]] = {
    ("SENT", BankSaid.CONFIRMED): ("CONFIRMED",),
    ("SENT", BankSaid.REJECTED): ("REJECTED",),
    ("SENT", BankSaid.RETURNED): ("CONFIRMED", "RETURNED"),
    ("CONFIRMED", BankSaid.RETURNED): ("RETURNED",),
}

#: What the bank cannot say any more, having said the other.
_CONTRADICTIONS = frozenset(
    {
        ("REJECTED", BankSaid.CONFIRMED),
        ("REJECTED", BankSaid.RETURNED),
        ("CONFIRMED", BankSaid.REJECTED),
        ("RETURNED", BankSaid.REJECTED),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claimed:
    """A payout that this process has taken up. `is_new`: nobody has told the bank of it."""

    instruction: PayoutInstruction
    status: str
    is_new: bool


def send_payouts(*, limit: int, now: datetime, payout_ids: Sequence[int] | None = None) -> int:
    """Tell the bank of payouts that nobody has told it of, and ask about those whose outcome is open.

    With `payout_ids` those of them that are open, due or not. Any number of processes may do so at once. Returns how
    many were looked at.
    """
    claimed = _claim(limit=limit, payout_ids=payout_ids, now=now)
    for each in claimed:
        with working_on("payout", each.instruction.reference):
            try:
                _tell_or_ask(each, now=now)
            except Exception:
                # One payout that cannot be told of or recorded must not keep the others from being sent.
                log.exception("payout_not_sent")
                _put_off(each.instruction.reference)
    return len(claimed)


@db.use_case
def record_answer(*, payout_id: int, answer: BankAnswer, now: datetime) -> None:
    """What the bank says of a payout: confirmed, or the money is the seller's again. The same again is nothing.

    What contradicts the payout, or what was said before, changes nothing and is told to the administrators.
    Locks, in this order: payout, account.
    """
    payout = lock_row(Rank.SETTLEMENT, Payout, payout_id)
    assert payout is not None, "a payout is never deleted"
    contradiction = _contradiction_in(payout, answer)
    if contradiction:
        _suspect(payout, contradiction, now=now)
        return
    steps = _STEPS.get((payout.status, answer.said), ())
    for after in steps:
        _take_step(payout, after, answer, now=now)
    if not steps:
        _put_off(payout.pk)


@db.use_case
def _claim(*, limit: int, payout_ids: Sequence[int] | None, now: datetime) -> list[_Claimed]:
    real_now = clock.real_now()
    due = Payout.objects.filter(status__in=_ASKED_ABOUT)
    due = due.filter(ask_at__lte=real_now) if payout_ids is None else due.filter(pk__in=payout_ids)
    due = due.exclude(_held_back())
    rows = list(due.order_by("ask_at").select_for_update(skip_locked=True)[:limit])
    claimed = []
    for row in rows:
        is_new = row.status == "APPROVED"
        if is_new:
            _mark_sent(row, now=now)
        claimed.append(_Claimed(instruction=_instruction(row), status=row.status, is_new=is_new))
    Payout.objects.filter(pk__in=[row.pk for row in rows]).update(ask_at=real_now + OWN_TIME)
    return claimed


def _held_back() -> Q:
    """What is frozen is not sent; what may have been sent is asked about all the same."""
    if are_payouts_stopped():
        return Q(status="APPROVED")
    return Q(status="APPROVED", shop_id__in=freezes.read_frozen(kind=freezes.SHOP_PAYOUTS))


def _mark_sent(payout: Payout, *, now: datetime) -> None:
    event = PayoutSent(
        payout_id=payout.pk,
        shop_id=payout.shop_id,
        amount=amount_of(payout),
        pays=pays_of(payout),
        account=payout.account.masked,
    )
    move_payout(payout, "SENT", event=event, sent_at=now, asked_count=0, now=now)


def _instruction(payout: Payout) -> PayoutInstruction:
    assert payout.execute_on is not None, "it is approved"
    return PayoutInstruction(
        reference=payout.pk,
        bank=payout.account.bank,
        account_token=payout.account.token,
        amount=pays_of(payout),
        execute_on=payout.execute_on,
    )


def _tell_or_ask(claimed: _Claimed, *, now: datetime) -> None:
    """See Note [Sent once]."""
    db.assert_no_transaction()
    instruction = claimed.instruction
    bank = BANKS.get(instruction.bank)
    try:
        with BANK_CIRCUITS.to(instruction.bank).calling(BankUnreachable):
            answer = bank.send(instruction) if claimed.is_new else bank.ask(instruction.reference)
            if answer is None and _may_be_sent(instruction.reference):
                answer = bank.send(instruction)
    except BankUnreachable as error:
        log.warning("bank_silent", bank=instruction.bank, payout_id=instruction.reference, error=str(error))
        answer = None
    if answer is None:
        _put_off(instruction.reference)
    else:
        record_answer(payout_id=instruction.reference, answer=answer, now=now)


def _may_be_sent(payout_id: int) -> bool:
    """Whether the bank, which never had it, is told again: not while it is frozen."""
    if are_payouts_stopped():
        return False
    frozen = freezes.read_frozen(kind=freezes.SHOP_PAYOUTS)
    return Payout.objects.filter(pk=payout_id, status__in=_SENDABLE).exclude(shop_id__in=frozen).exists()


def _contradiction_in(payout: Payout, answer: BankAnswer) -> str:
    """In what the bank does not agree with us, or with itself; empty if it does."""
    if answer.reference != payout.pk:
        return "reference"
    if answer.amount != pays_of(payout):
        return "amount"
    return f"{answer.said}_after_{payout.status.lower()}" if (payout.status, answer.said) in _CONTRADICTIONS else ""


def _suspect(payout: Payout, contradiction: str, *, now: datetime) -> None:
    _put_off(payout.pk)
    if payout.contradiction == contradiction:
        return
    Payout.objects.filter(pk=payout.pk).update(contradiction=contradiction)
    event = PayoutSuspected(payout_id=payout.pk, shop_id=payout.shop_id, contradiction=contradiction)
    publish_payout(payout, event, now=now)


def _take_step(payout: Payout, after: str, answer: BankAnswer, *, now: datetime) -> None:
    if after == "CONFIRMED":
        _confirm(payout, answer, now=now)
    else:
        _give_back(payout, after, answer, now=now)


def _confirm(payout: Payout, answer: BankAnswer, *, now: datetime) -> None:
    event = PayoutConfirmed(
        payout_id=payout.pk,
        shop_id=payout.shop_id,
        amount=amount_of(payout),
        pays=pays_of(payout),
        account=payout.account.masked,
    )
    move_payout(
        payout,
        "CONFIRMED",
        event=event,
        bank_ref=answer.bank_ref,
        contradiction="",
        confirmed_at=now,
        ask_at=clock.real_now() + timedelta(seconds=WATCH_FIRST_S),
        asked_count=0,
        now=now,
    )
    ledger.post(journals.payout_confirmed(payout_ref=payout.pk, pays=pays_of(payout)), now=now)


def _give_back(payout: Payout, after: str, answer: BankAnswer, *, now: datetime) -> None:
    """The money did not leave, or came back: it is the seller's to be paid out again."""
    was_confirmed = payout.status == "CONFIRMED"
    amount, pays = amount_of(payout), pays_of(payout)
    event = PayoutReturned(
        payout_id=payout.pk,
        shop_id=payout.shop_id,
        amount=amount,
        pays=pays,
        account=payout.account.masked,
        was_confirmed=was_confirmed,
        reason=answer.code[:40],
    )
    move_payout(
        payout,
        after,
        event=event,
        reason=answer.code[:40],
        bank_ref=answer.bank_ref,
        contradiction="",
        ended_at=now,
        ask_at=None,
        now=now,
    )
    postings = journals.payout_returned(
        payout_ref=payout.pk, shop_ref=payout.shop_id, amount=amount, pays=pays, was_confirmed=was_confirmed
    )
    ledger.post(*postings, now=now)
    db.insert_pending()
    account = lock_account(shop_id=payout.shop_id, market=payout.run.market, currency=payout.currency)
    details = {"was_confirmed": was_confirmed, "reason": answer.code[:40]}
    line = NewLine(
        kind=LineKind.PAYOUT_RETURNED, amount_minor=payout.amount_minor, reference=payout.pk, details=details
    )
    write_lines(account, [line], now=now)


def _put_off(payout_id: int) -> None:
    """Ask again later: twice as late each time. One that was confirmed so long ago that it stays is asked no more."""
    row = Payout.objects.get(pk=payout_id)
    is_confirmed = row.status == "CONFIRMED"
    first_s, limit_s = (WATCH_FIRST_S, WATCH_LIMIT_S) if is_confirmed else (ASK_FIRST_S, ASK_LIMIT_S)
    pause = timedelta(seconds=min(first_s << min(row.asked_count, 20), limit_s))
    is_over = row.status not in _ASKED_ABOUT or (is_confirmed and row.asked_count >= WATCH_COUNT)
    Payout.objects.filter(pk=payout_id).update(
        ask_at=None if is_over else clock.real_now() + pause, asked_count=F("asked_count") + 1
    )
