"""Apply what a provider says of one of our calls. Browser, webhook and poll all end here.

# Note [Confirming together]
Of hot SKUs, the purchases whose providers have just said that they have the money are marked paid in one transaction
(Note [Groups] of `tradecore.groups`): locked and read for all of them with a few statements, or known (Note [Just
placed]), applied one by one by the same steps as ever, written with a few statements. Whatever is not that straight
(late, another sum, promotions) is left out before anything is changed for it, and applied alone: who pays in two parts
must not undo what others pay in one. What is found out only then (a hold that is gone, a row that is not as it was
written) undoes the group.

# Note [Just placed]
Most purchases are paid in the request that places them: what it has just written is then known, and neither locked nor
read again (Note [Just written] of `tradecore.locks`). All that changes is compared with what was written: purchase and
orders by their versions, the payment by version and state, tender, call and stock hold by their states, the lines of
the hold by what was given back of them. Every flow that changes what is known of an unpaid purchase moves one of these;
deadlines alone move none, and are not looked at.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import IntegrityError

from apps.checkout import keep_books
from apps.checkout.contracts import PaymentProgress
from apps.checkout.expire_purchase import close_unpaid
from apps.inventory import api as inventory
from apps.markets.api import Market, deadline, get_market
from apps.orders import api as orders
from apps.payments import api as payments
from apps.promotions import api as promotions
from tradecore import db, prepared
from tradecore.errors import Refusal
from tradecore.groups import Group, Member, NotTogether
from tradecore.locks import JustWritten
from tradecore.timers import Deadline, cancelling, set_timers
from tradecore.worlds import ByWorld

log = structlog.get_logger()


class NotAsWritten(Exception):
    """What was written of a purchase is not what is there, or its payment is not as straight as it seemed."""


class HoldGone(Exception):
    """The stock or the promotions of the purchase are not held any more: what was captured is late money."""


def apply_statement(
    *,
    statement: payments.Statement,
    provider: str,
    source: str | None,
    now: datetime,
    answer_id: int | None = None,
    purchase_id: int | None = None,
) -> PaymentProgress | None:
    """Record what a provider says and whatever follows from it, in one transaction. None if the call is not ours.

    `source` is "reply" or "poll"; a webhook that is stored already has none, and names its `answer_id`. The purchase is
    looked up where the caller, who sent the call, does not name it.
    """
    purchase_id = purchase_id or payments.find_payable_ref(call_reference=statement.reference)
    if purchase_id is None:
        log.warning("statement_of_unknown_call", provider=provider, reference=statement.reference)
        if answer_id is not None:
            _dismiss(answer_id=answer_id, now=now)
        return None
    try:
        return _apply(
            purchase_id=purchase_id,
            statement=statement,
            provider=provider,
            source=source,
            answer_id=answer_id,
            now=now,
        )
    except HoldGone:
        log.exception("hold_gone_before_capture", purchase_id=purchase_id)
        return _apply(
            purchase_id=purchase_id,
            statement=statement,
            provider=provider,
            source=source,
            answer_id=answer_id,
            hold_is_gone=True,
            now=now,
        )


def apply_to_just_written(
    *, statement: payments.Statement, provider: str, purchase_id: int, known: JustWritten, now: datetime
) -> PaymentProgress:
    """Apply the reply that the only call of a purchase has succeeded, to what was written when it was placed.

    See Note [Just placed]. Raises NotAsWritten, and has changed nothing, where somebody has been there since, where the
    reply contradicts what was asked, and where the first attempt was discarded.
    """
    try:
        return _apply_known(purchase_id, statement, provider, known, now)
    except (db.RowMoved, HoldGone, IntegrityError) as error:
        log.info("purchase_not_as_written", purchase_id=purchase_id, error=repr(error))
        raise NotAsWritten from error


@db.use_case
def _apply_known(
    purchase_id: int, statement: payments.Statement, provider: str, known: JustWritten, now: datetime
) -> PaymentProgress:
    """Locks, by its changes and in this order: purchase, its orders, payment, promotions, stock hold, stock."""
    if not known.become_known():
        raise NotAsWritten
    db.gather()
    unpaid = orders.lock_unpaid_purchase(purchase_id=purchase_id)
    assert unpaid is not None, "a purchase is written as one that awaits payment"
    applied = payments.apply_statement(
        payable_ref=purchase_id, statement=statement, provider=provider, source="reply", now=now
    )
    if not applied.is_covered:
        raise NotAsWritten
    keep_books.book_facts(applied.facts, now=now)
    return _mark_paid(unpaid, now=now) if unpaid.uses_promotions else _mark_known_paid(unpaid, now=now)


def _mark_known_paid(unpaid: orders.UnpaidPurchase, *, now: datetime) -> PaymentProgress:
    """The same as `_mark_paid`, in one round trip. Raises HoldGone."""
    paid = _settle(unpaid, now=now)
    if not inventory.post_known(owner_refs=[unpaid.id], now=now, also=[_cancelling([unpaid.id])]):
        raise HoldGone(unpaid.id)
    return paid


@db.use_case
def _apply(
    *,
    purchase_id: int,
    statement: payments.Statement,
    provider: str,
    source: str | None,
    answer_id: int | None,
    now: datetime,
    hold_is_gone: bool = False,
) -> PaymentProgress:
    """Locks, in this order: purchase, its orders, payment, promotions, their uses, stock hold, stock.

    Where the hold is gone the purchase is given up first, so that what was captured is late money and goes back.
    """
    if hold_is_gone:
        close_unpaid(purchase_id=purchase_id, status="EXPIRED", initiator="system", reason="hold_gone", now=now)
    unpaid = orders.lock_unpaid_purchase(purchase_id=purchase_id)
    if unpaid is not None and statement.said is payments.Said.CAPTURED:
        # Most likely the purchase is paid by this: then nothing is read that was changed, and all of it can wait.
        db.gather()
        payments.lock_payments(payable_refs=[purchase_id], call_references=[statement.reference])
    applied = payments.apply_statement(
        payable_ref=purchase_id, statement=statement, provider=provider, source=source, now=now
    )
    keep_books.book_facts(applied.facts, now=now)
    if answer_id is not None:
        payments.close_answer(answer_id=answer_id, verdict=applied.verdict, now=now)
    if applied.is_covered:
        assert unpaid is not None, "an open payment belongs to a purchase that awaits it"
        return _mark_paid(unpaid, now=now)
    db.insert_pending()  # whatever else comes next reads it
    if applied.all_authorised:
        payments.prepare_captures(payable_ref=purchase_id, now=now)
        return progress_of(purchase_id, is_final=False)
    return progress_of(purchase_id, is_final=not payments.list_unsent_calls(payable_ref=purchase_id))


@dataclass(frozen=True, slots=True)
class _Reply:
    """What a provider has replied of the first call of a purchase."""

    purchase_id: int
    statement: payments.Statement
    provider: str
    now: datetime
    known: JustWritten | None = None


def apply_reply_together(
    *, statement: payments.Statement, provider: str, purchase_id: int, known: JustWritten | None, now: datetime
) -> PaymentProgress:
    """Apply the reply to a call of ours in company; see Note [Confirming together]. Raises NotTogether."""
    if statement.said is not payments.Said.CAPTURED:
        raise NotTogether
    return _CONFIRMING.get().join(_Reply(purchase_id, statement, provider, now, known))


@db.use_case
def _confirm_all(members: Sequence[Member[_Reply]]) -> list[PaymentProgress | Refusal | NotTogether]:
    """Locks, in this order: purchases, orders, payments, stock holds, stock; of all of them."""
    db.gather()
    is_known = _become_known([member.job for member in members])
    purchase_ids = [member.job.purchase_id for member in members]
    orders.lock_purchases(purchase_ids=purchase_ids)
    payments.lock_payments(
        payable_refs=purchase_ids, call_references=[member.job.statement.reference for member in members]
    )
    confirmed: list[PaymentProgress | Refusal | NotTogether] = [_confirm(member) for member in members]
    paid_ids = [result.purchase.id for result in confirmed if isinstance(result, PaymentProgress)]
    if not _post_all(paid_ids, is_known=is_known, now=max(member.job.now for member in members)):
        raise NotTogether
    return confirmed


def _become_known(replies: Iterable[_Reply]) -> bool:
    """Whether the rows of all of them are known now: those of none, where one of them is not just placed."""
    known = [reply.known for reply in sorted(replies, key=lambda reply: reply.purchase_id)]
    just_written = [each for each in known if each is not None]
    return len(just_written) == len(known) and all(each.become_known() for each in just_written)


def _post_all(purchase_ids: Collection[int], *, is_known: bool, now: datetime) -> bool:
    if is_known:
        return inventory.post_known(owner_refs=purchase_ids, now=now, also=[_cancelling(purchase_ids)])
    _write_paid(purchase_ids)
    return inventory.post_all(owner_refs=purchase_ids, now=now)


def _confirm(member: Member[_Reply]) -> PaymentProgress | NotTogether:
    """Raises NotTogether, for the whole group: the locked rows are as this has left them."""
    reply = member.job
    with member.in_its_name():
        unpaid = orders.lock_unpaid_purchase(purchase_id=reply.purchase_id)
        if unpaid is None or not _is_straight(unpaid, reply.statement):
            return NotTogether()
        applied = payments.apply_statement(
            payable_ref=reply.purchase_id,
            statement=reply.statement,
            provider=reply.provider,
            source="reply",
            now=reply.now,
        )
        keep_books.book_facts(applied.facts, now=reply.now)
        if not applied.is_covered:
            raise NotTogether
        return _settle(unpaid, now=reply.now)


def _is_straight(unpaid: orders.UnpaidPurchase, statement: payments.Statement) -> bool:
    """Whether it is to be seen before anything is changed that the statement is all that the purchase waits for."""
    totals = [order.total for order in unpaid.orders]
    return not unpaid.uses_promotions and statement.amount == sum(totals[1:], start=totals[0])


_CONFIRMING: ByWorld[Group[_Reply, PaymentProgress]] = ByWorld(lambda: Group(_confirm_all))


@db.use_case
def confirm_free_purchase(purchase_id: int, now: datetime) -> PaymentProgress:
    """A total of 0.00 is paid without a provider. Nothing if it no longer awaits payment.

    Also the timer `confirm_free_purchase`, for a process that died between placing and this.
    """
    unpaid = orders.lock_unpaid_purchase(purchase_id=purchase_id)
    return progress_of(purchase_id, is_final=True) if unpaid is None else _mark_paid(unpaid, now=now)


def _mark_paid(unpaid: orders.UnpaidPurchase, *, now: datetime) -> PaymentProgress:
    """Everything that is true once a purchase is paid, true together. Raises HoldGone."""
    paid = _settle(unpaid, now=now)
    _write_paid([unpaid.id])
    if unpaid.uses_promotions and not promotions.post(owner_ref=unpaid.id, now=now):
        raise HoldGone(unpaid.id)
    if not inventory.post(owner_ref=unpaid.id, now=now):
        raise HoldGone(unpaid.id)
    return paid


def _settle(unpaid: orders.UnpaidPurchase, *, now: datetime) -> PaymentProgress:
    """What is true of orders, money and deadlines once a purchase is paid."""
    market = get_market(unpaid.market, now=now)
    schedules = {order.id: _schedule(market, now=now) for order in unpaid.orders}
    purchase = orders.mark_paid(purchase_id=unpaid.id, schedules=schedules, now=now)
    shares = [payments.Share(order.id, order.total) for order in unpaid.orders]
    payment = payments.share_captures(payable_ref=unpaid.id, shares=shares, now=now)
    keep_books.book_sales(unpaid.orders, payable_ref=unpaid.id, now=now)
    set_timers(timer for order_id, schedule in schedules.items() for timer in _timers(order_id, schedule))
    return PaymentProgress(purchase=purchase, payment=payment, is_final=True)


def _write_paid(purchase_ids: Collection[int]) -> None:
    """The last before what many wait for is locked."""
    db.insert_pending(_cancelling(purchase_ids))


def _cancelling(purchase_ids: Collection[int]) -> prepared.Statement:
    """Nothing of a purchase falls due that has been paid."""
    return cancelling(subjects=purchase_ids, kinds=["expire_purchase", "confirm_free_purchase"])


def progress_of(purchase_id: int, *, is_final: bool) -> PaymentProgress:
    """Where the purchase and its payment stand."""
    return PaymentProgress(
        purchase=orders.get_purchase(purchase_id=purchase_id),
        payment=payments.get_payment(payable_ref=purchase_id),
        is_final=is_final,
    )


def _schedule(market: Market, *, now: datetime) -> orders.Schedule:
    held_until = deadline(market=market, clock="remorse", start=now)
    return orders.Schedule(
        held_until=held_until if held_until > now else None,
        ship_by=deadline(market=market, clock="ship_by", start=now),
        ship_cancel_at=deadline(market=market, clock="ship_cancel", start=now),
    )


def _timers(order_id: int, schedule: orders.Schedule) -> list[Deadline]:
    timers = [Deadline("cancel_unshipped", order_id, schedule.ship_cancel_at)]
    if schedule.held_until is not None:
        timers.append(Deadline("end_remorse", order_id, schedule.held_until))
    return timers


@db.use_case
def _dismiss(*, answer_id: int, now: datetime) -> None:
    payments.close_answer(answer_id=answer_id, verdict="unknown_reference", now=now)
