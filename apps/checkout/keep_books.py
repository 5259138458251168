"""Post what has become true of money, in the transaction in which it did. See the journals of ledger."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from apps.ledger import api as ledger
from apps.ledger.api import journals
from apps.orders import api as orders
from apps.payments.api import MoneyFact, MoneyMoved
from tradecore import db


@db.transaction_required
def book_facts(facts: Iterable[MoneyFact], *, now: datetime) -> None:
    """Post each fact once: payments names a fact in the transaction that makes it true, and never again."""
    for fact in facts:
        _BOOK[fact.kind](fact, now)


@db.transaction_required
def book_sales(paid: Iterable[orders.UnpaidOrder], *, payable_ref: int, now: datetime) -> None:
    """The orders of a purchase are paid just now: the buyer's money is theirs, with what the platform adds."""
    ledger.post(
        *(
            journals.sale(
                order_ref=order.id,
                payable_ref=payable_ref,
                shop_ref=order.shop_id,
                tax_payable_to=order.tax_payable_to,
                currency=order.total.currency,
                proceeds=order.proceeds,
            )
            for order in paid
        ),
        now=now,
    )


def _book_authorised(fact: MoneyFact, now: datetime) -> None:
    promise = journals.authorisation(
        tender_ref=fact.tender_ref, payable_ref=fact.payable_ref, provider=fact.provider, amount=fact.amount
    )
    ledger.post_pending(promise, now=now)


def _end_authorisation(outcome: ledger.Outcome) -> Callable[[MoneyFact, datetime], None]:
    def end(fact: MoneyFact, now: datetime) -> None:
        ledger.resolve(kind=journals.AUTHORISATION, reference=fact.tender_ref, outcome=outcome, now=now)

    return end


def _book_captured(fact: MoneyFact, now: datetime) -> None:
    """In the place of the authorisation that it came from, if it came from one."""
    capture = journals.capture(
        capture_ref=fact.reference, payable_ref=fact.payable_ref, provider=fact.provider, amount=fact.amount
    )
    in_its_place = fact.was_authorised and ledger.resolve(
        kind=journals.AUTHORISATION,
        reference=fact.tender_ref,
        outcome=ledger.Outcome.POSTED,
        posting=capture,
        now=now,
    )
    if not in_its_place:
        ledger.post(capture, now=now)


def _book_return(fact: MoneyFact, now: datetime) -> None:
    ledger.post(
        journals.late_money(refund_ref=fact.reference, payable_ref=fact.payable_ref, amount=fact.amount), now=now
    )


def _book_refunded(fact: MoneyFact, now: datetime) -> None:
    assert fact.refund_ref is not None, "money is sent back for a refund"
    assert fact.capture_ref is not None, "and from a capture"
    refund = journals.refund(
        call_ref=fact.reference,
        refund_ref=fact.refund_ref,
        capture_ref=fact.capture_ref,
        order_ref=fact.payable_ref if fact.order_ref is None else fact.order_ref,
        provider=fact.provider,
        amount=fact.amount,
    )
    ledger.post(refund, now=now)


def _book_disputed(fact: MoneyFact, now: datetime) -> None:
    assert fact.capture_ref is not None, "a chargeback takes the money of a capture"
    opened = journals.dispute_opened(
        dispute_ref=fact.reference,
        capture_ref=fact.capture_ref,
        payable_ref=fact.payable_ref,
        provider=fact.provider,
        amount=fact.amount,
    )
    ledger.post(opened, now=now)


def _book_dispute_won(fact: MoneyFact, now: datetime) -> None:
    assert fact.capture_ref is not None, "and brings it back there"
    won = journals.dispute_won(
        dispute_ref=fact.reference,
        capture_ref=fact.capture_ref,
        payable_ref=fact.payable_ref,
        provider=fact.provider,
        amount=fact.amount,
    )
    ledger.post(won, now=now)


_BOOK: Mapping[MoneyMoved, Callable[[MoneyFact, datetime], None]] = {
    MoneyMoved.AUTHORISED: _book_authorised,
    MoneyMoved.AUTHORISATION_VOIDED: _end_authorisation(ledger.Outcome.VOIDED),
    MoneyMoved.AUTHORISATION_LAPSED: _end_authorisation(ledger.Outcome.EXPIRED),
    MoneyMoved.CAPTURED: _book_captured,
    MoneyMoved.RETURN_OPENED: _book_return,
    MoneyMoved.REFUNDED: _book_refunded,
    MoneyMoved.DISPUTED: _book_disputed,
    MoneyMoved.DISPUTE_WON: _book_dispute_won,
}
