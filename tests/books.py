"""The books as they must be after anything: what payments, orders and ledger say of the same money agrees."""

from collections import Counter
from collections.abc import Iterable

from apps.ledger import api as ledger
from apps.ledger.models import Entry
from apps.orders.models import Order
from apps.payments.models import Capture, PaymentIntent, ProviderCall, Refund, Tender


def assert_books_agree() -> None:
    """Every currency adds up to nothing, and every clearing account holds what the facts say is on its way."""
    assert _trial_balance_sums() == {}
    assert _clearing("PSP_CLEARING.") == _at_providers()
    assert _clearing("BUYER_FUNDS") == _not_an_orders_yet()
    assert _clearing("BUYER_REFUND_CLEARING") == _on_the_way_back()
    assert _clearing("BUYER_FUNDS", is_pending=True) == _authorised()
    for order in Order.objects.all():
        _assert_dead_orders_earn_nothing(order)


def balance_of(code: str, *, owner: int = 0, currency: str = "GBP") -> int:
    """What an account comes to in minor units, positive on its own side."""
    account = ledger.Account(code, owner)
    minor = ledger.get_balance(account, currency=currency).posted.minor
    return minor if account.side is ledger.Side.DEBIT else -minor


def _trial_balance_sums() -> dict[str, int]:
    sums: Counter[str] = Counter()
    for line in ledger.trial_balance():
        sign = 1 if line.side is ledger.Side.DEBIT else -1
        sums[line.balance.currency] += sign * line.balance.minor
    return {currency: minor for currency, minor in sums.items() if minor}


def _clearing(account: str, *, is_pending: bool = False) -> dict[int, int]:
    """What is left of an account for each thing that it is about, without its sign."""
    left: Counter[int] = Counter()
    entries = Entry.objects.filter(account__startswith=account, is_pending=is_pending)
    for about_ref, minor in entries.values_list("about_ref", "amount_minor"):
        left[about_ref] += minor
    return {about_ref: abs(minor) for about_ref, minor in left.items() if minor}


def _at_providers() -> dict[int, int]:
    """By capture: what was captured less what providers have sent back."""
    sent_back: Counter[int] = Counter()
    for call in ProviderCall.objects.filter(operation="refund", status="SUCCEEDED").select_related("tender__capture"):
        sent_back[call.tender.capture.pk] += call.amount_minor
    return _left((capture.pk, capture.amount_minor - sent_back[capture.pk]) for capture in Capture.objects.all())


def _not_an_orders_yet() -> dict[int, int]:
    """By payable: what was captured on time for a payment that is still open."""
    return _left(
        (
            intent.payable_ref,
            sum(
                Capture.objects.filter(tender__intent=intent, is_late=False, refunded_minor=0).values_list(
                    "amount_minor", flat=True
                )
            ),
        )
        for intent in PaymentIntent.objects.filter(status="OPEN")
    )


def _on_the_way_back() -> dict[int, int]:
    """By refund: what providers have not sent back yet."""
    return _left(
        (
            refund.pk,
            refund.amount_minor - sum(refund.calls.filter(status="SUCCEEDED").values_list("amount_minor", flat=True)),
        )
        for refund in Refund.objects.all()
    )


def _authorised() -> dict[int, int]:
    """By payable: what providers hold for us."""
    held: Counter[int] = Counter()
    for tender in Tender.objects.filter(status="AUTHORISED").select_related("intent"):
        held[tender.intent.payable_ref] += tender.amount_minor
    return _left(held.items())


def _left(amounts: Iterable[tuple[int, int]]) -> dict[int, int]:
    return {reference: minor for reference, minor in amounts if minor}


def _assert_dead_orders_earn_nothing(order: Order) -> None:
    if order.status != "CANCELLED" or any(line.collected for line in order.lines.all()):
        return
    about = Entry.objects.filter(about_ref=order.pk, is_pending=False)
    left: Counter[str] = Counter()
    for account, minor in about.values_list("account", "amount_minor"):
        left[account] += minor
    assert {account: minor for account, minor in left.items() if minor} == {}
