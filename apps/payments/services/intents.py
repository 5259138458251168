"""Open an intent, give it other tenders, say that it is paid, close it."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from apps.payments.contracts import MoneyFact, MoneyMoved, Payment, Share, TenderRequest
from apps.payments.errors import (
    MethodTokenRefused,
    PaymentClosed,
    PaymentInProgress,
    ProviderUnknown,
    TendersDoNotAddUp,
)
from apps.payments.models import CaptureShare, PaymentIntent, ProviderCall, Tender
from apps.payments.provider import PROVIDERS, Call, Operation
from apps.payments.selectors import know_tenders, list_tenders, view_payment
from apps.payments.services import calls, refunds, rows, statements
from tradecore import db
from tradecore.card_numbers import looks_like_card_number
from tradecore.locks import Know
from tradecore.money import Money


@db.transaction_required
def open_intent(
    *, payable_ref: int, buyer_ref: int, amount: Money, tenders: Sequence[TenderRequest], now: datetime
) -> tuple[Payment, tuple[Call, ...], Know]:
    """Ask the buyer for `amount` and write down the first calls to the providers; none is sent here.

    Returns the payment, the calls that wait to be sent, and what lets the next transaction know all of it (Note [Just
    written] of the locks).

    A single tender is charged in one step; of several, all are authorised before any is captured. Nothing to pay needs
    no tender. Refuses, in this order: MethodTokenRefused, ProviderUnknown, TendersDoNotAddUp.
    """
    _check_tenders(tenders, amount)
    intent = PaymentIntent(
        payable_ref=payable_ref,
        buyer_ref=buyer_ref,
        currency=amount.currency,
        amount_minor=amount.minor,
        created_at=now,
    )
    new_tenders = _make_tenders(intent, tenders, first_position=1, now=now)
    first_calls = _first_calls(new_tenders, now=now)
    db.insert_later(intent, *new_tenders, *first_calls)
    know = partial(_know, intent, new_tenders, first_calls)
    return view_payment(intent, new_tenders), tuple(map(calls.describe_call, first_calls)), know


def _know(intent: PaymentIntent, tenders: Sequence[Tender], of_tenders: Sequence[ProviderCall]) -> None:
    """The intent compares its version and its state when it changes, tenders and calls compare their states."""
    db.change_in_order(PaymentIntent, Tender, ProviderCall)
    rows.INTENT_OF.know(intent.payable_ref, [intent])
    know_tenders(intent, tenders)
    for call in of_tenders:
        statements.CALL.know(call.pk, [call])


@db.transaction_required
def replace_tenders(
    *, payable_ref: int, tenders: Sequence[TenderRequest], now: datetime
) -> tuple[Payment, tuple[MoneyFact, ...]]:
    """Try again to pay an open intent: what is still authorised or waits for the buyer is voided, new calls are
    written.

    What has been captured on time stays, and the new tenders pay the rest. Returns the payment, and what has become
    true of money. Takes the lock of the payment.
    Refuses, in this order: MethodTokenRefused, PaymentClosed, PaymentInProgress, ProviderUnknown, TendersDoNotAddUp.
    """
    intent = rows.lock_intent(payable_ref=payable_ref)
    if intent.status != "OPEN":
        raise PaymentClosed(payment_status=intent.status)
    old_tenders = list(intent.tenders.order_by("position"))
    if _awaits_answer(intent):
        raise PaymentInProgress
    _check_tenders(tenders, _amount_due(intent))
    facts = _void_live_tenders(intent, now=now)
    db.insert_pending()  # the calls of old tenders, before tenders that further calls belong to
    new_tenders = _make_tenders(intent, tenders, first_position=len(old_tenders) + 1, now=now)
    db.insert_later(*new_tenders, *_first_calls(new_tenders, now=now))
    db.insert_pending()
    return view_payment(intent, [*old_tenders, *new_tenders]), tuple(facts)


@db.transaction_required
def get_amount_due(*, payable_ref: int) -> Money:
    """What is still to be paid: money that came too late and goes back pays nothing. Takes the lock of the payment."""
    return _amount_due(rows.lock_intent(payable_ref=payable_ref))


@db.transaction_required
def share_captures(*, payable_ref: int, shares: Sequence[Share], now: datetime) -> Payment:
    """Say what each order has of the captures of a paid intent. One that asks for nothing is paid by this.

    Takes the lock of the payment.
    """
    intent = rows.lock_intent(payable_ref=payable_ref)
    if intent.status == "OPEN" and intent.amount_minor == 0:
        rows.move(intent, "PAID", intent=intent, now=now)
        intent.paid_at = now
        rows.store(intent)
    assert intent.status == "PAID", "captures are shared once they cover the amount"
    db.insert_later(*(CaptureShare(intent=intent, order_ref=s.order_ref, amount_minor=s.amount.minor) for s in shares))
    return view_payment(intent, list_tenders(intent))


@db.transaction_required
def close_intent(*, payable_ref: int, now: datetime) -> tuple[MoneyFact, ...]:
    """Ask for nothing any more: void what is open, send back what was captured. A closed intent stays as it is.

    Returns what has become true of money. Takes the lock of the payment. Raises IllegalTransition for a paid one: its
    orders are cancelled and refunded.
    """
    intent = rows.lock_intent(payable_ref=payable_ref)
    if intent.status == "CLOSED":
        return ()
    rows.move(intent, "CLOSED", intent=intent, now=now)
    intent.closed_at = now
    facts = [*_void_live_tenders(intent, now=now), *refunds.return_captures(intent, now=now)]
    rows.store(intent)
    return tuple(facts)


def _amount_due(intent: PaymentIntent) -> Money:
    return Money(intent.amount_minor - rows.captured_on_time(intent), intent.currency)


def _check_tenders(tenders: Sequence[TenderRequest], amount: Money) -> None:
    for tender in tenders:
        if looks_like_card_number(tender.method_token):
            raise MethodTokenRefused
        if tender.provider not in PROVIDERS.names():
            raise ProviderUnknown(provider=tender.provider)
    # Of tenders in another currency nothing is worth anything here.
    fitting = [tender.amount for tender in tenders if tender.amount.currency == amount.currency]
    offered = sum(fitting, start=Money.zero(amount.currency))
    if offered != amount or len(fitting) < len(tenders) or any(part.minor <= 0 for part in fitting):
        raise TendersDoNotAddUp(expected=amount, offered=offered)


def _make_tenders(
    intent: PaymentIntent, requests: Sequence[TenderRequest], *, first_position: int, now: datetime
) -> list[Tender]:
    return [
        Tender(
            intent=intent,
            position=position,
            method=request.method,
            provider=request.provider,
            method_token=request.method_token,
            instalments=request.instalments,
            amount_minor=request.amount.minor,
            created_at=now,
        )
        for position, request in enumerate(requests, first_position)
    ]


def _first_calls(tenders: Sequence[Tender], *, now: datetime) -> list[ProviderCall]:
    """One call per tender. The poller takes them up should this process die before it sends them."""
    operation = Operation.CHARGE if len(tenders) == 1 else Operation.AUTHORISE
    return [calls.make_call(tender, operation, now=now, send_here=True) for tender in tenders]


def _awaits_answer(intent: PaymentIntent) -> bool:
    """Whether a call of a live tender was sent, or may have been, whose answer we do not have.

    Waiting for the buyer is not that, nor is waiting for a person who looks at a suspicion.
    """
    unanswered = ProviderCall.objects.filter(tender__intent=intent, status__in=calls.OPEN_CALLS)
    paying = unanswered.filter(operation__in=calls.PAYING_OPERATIONS)
    return paying.filter(tender__status__in=["CREATED", "AUTHORISED"]).exists()


def _void_live_tenders(intent: PaymentIntent, *, now: datetime) -> list[MoneyFact]:
    """Give up every tender that is not captured; what a provider may hold for it is voided by a call, always.

    See Note [Sent or not]: what may have been sent is asked about until the void has succeeded.
    """
    facts = []
    for tender in intent.tenders.filter(status__in=calls.LIVE_TENDERS).order_by("position"):
        if tender.status == "AUTHORISED":
            facts.append(rows.fact(MoneyMoved.AUTHORISATION_VOIDED, tender.pk, tender, tender.amount_minor))
        for call in tender.calls.filter(status="CREATED"):
            rows.move(call, "UNKNOWN", intent=intent, now=now)
        if tender.status != "SUSPECT":
            rows.move(tender, "VOIDED", intent=intent, now=now)
        db.insert_later(calls.make_call(tender, Operation.VOID, now=now))
    return facts
