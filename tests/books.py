"""The books as they must be after anything: what payments, orders and ledger say of the same money agrees."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from apps.ledger import api as ledger
from apps.ledger.api import journals
from apps.ledger.models import Entry
from apps.orders.models import Order
from apps.payments.models import Capture, Dispute, PaymentIntent, ProviderCall, Refund, Tender
from apps.reconciliation import api as reconciliation
from apps.settlement.contracts import RESERVE_KINDS
from apps.settlement.models import Payout, SellerAccount, SettlementLine


def assert_books_agree() -> None:
    """Every currency adds up to nothing, and every clearing account holds what the facts say is on its way."""
    assert _trial_balance_sums() == {}
    assert _clearing("PSP_CLEARING.", side=ledger.Side.DEBIT) == _at_providers()
    assert _clearing("DISPUTED", side=ledger.Side.DEBIT) == _under_dispute()
    assert _clearing("BUYER_FUNDS") == _not_an_orders_yet()
    assert _clearing("BUYER_REFUND_CLEARING") == _on_the_way_back()
    assert _clearing("BUYER_FUNDS", is_pending=True) == _authorised()
    assert _clearing("PAYOUT_CLEARING") == _at_the_bank()
    assert _positions() == _converted()
    _assert_sellers_have_what_the_books_say()
    for order in Order.objects.all():
        _assert_dead_orders_earn_nothing(order)


def assert_invariants_hold(*, now: datetime) -> None:
    """Nothing is broken of what reconciliation knows to be always true of any table, at this moment of the test."""
    report = reconciliation.reconcile(suite=reconciliation.Suite.ALL, real_now=now)
    assert report.offences == (), report.offences


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


def _clearing(account: str, *, is_pending: bool = False, side: ledger.Side = ledger.Side.CREDIT) -> dict[int, int]:
    """What is left of an account for each thing that it is about, positive on its own side.

    What a provider has settled with us counts as if it were still there: payments does not know of it.
    """
    sign = 1 if side is ledger.Side.DEBIT else -1
    left: Counter[int] = Counter()
    entries = Entry.objects.filter(account__startswith=account, is_pending=is_pending)
    entries = entries.exclude(posting__kind__in=journals.PROVIDER_SETTLED.values())
    for about_ref, minor in entries.values_list("about_ref", "amount_minor"):
        left[about_ref] += sign * minor
    return {about_ref: minor for about_ref, minor in left.items() if minor}


def _at_providers() -> dict[int, int]:
    """By capture: what was captured less what providers have sent back, and less what chargebacks took of it.

    Less than nothing where a chargeback took what was sent back already.
    """
    gone: Counter[int] = Counter()
    for call in ProviderCall.objects.filter(operation="refund", status="SUCCEEDED").select_related("tender__capture"):
        gone[call.tender.capture.pk] += call.amount_minor
    for dispute in Dispute.objects.exclude(status="WON"):
        gone[dispute.capture_id] += dispute.amount_minor
    return _left((capture.pk, capture.amount_minor - gone[capture.pk]) for capture in Capture.objects.all())


def _under_dispute() -> dict[int, int]:
    """By dispute: what is with the buyers' banks; once it is lost, until it is posted whose loss it is."""
    losses = Entry.objects.filter(posting__kind__in=[journals.CHARGED_BACK, journals.CHARGEBACK_LOSS])
    posted = set(losses.filter(account="DISPUTED").values_list("about_ref", flat=True))
    waiting = Dispute.objects.exclude(status="WON").exclude(status="LOST", pk__in=posted)
    return _left(waiting.values_list("pk", "amount_minor"))


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
        for refund in Refund.objects.exclude(status="SUCCEEDED")
    )


def _at_the_bank() -> dict[int, int]:
    """By payout: what was approved, and is neither confirmed nor the seller's again."""
    return _left(Payout.objects.filter(status__in=["APPROVED", "SENT"]).values_list("pk", "pays_minor"))


def _positions() -> Counter[tuple[int, str]]:
    """By payout and currency: what is left of conversions, as a debit."""
    left: Counter[tuple[int, str]] = Counter()
    for about_ref, currency, minor in Entry.objects.filter(account="FX_POSITION").values_list(
        "about_ref", "currency", "amount_minor"
    ):
        left[about_ref, currency] += minor
    return Counter({key: minor for key, minor in left.items() if minor})


def _converted() -> Counter[tuple[int, str]]:
    """By payout and currency: what payouts in another currency that were not given back have moved."""
    moved: Counter[tuple[int, str]] = Counter()
    for row in Payout.objects.filter(status__in=["APPROVED", "SENT", "CONFIRMED"], rate_e6__isnull=False):
        moved[row.pk, row.currency] = -row.amount_minor
        moved[row.pk, row.pays_currency] = row.pays_minor
    return moved


def _assert_sellers_have_what_the_books_say() -> None:
    """Available and reserve of every seller are what their lines, and what the ledger, come to."""
    for seller in SellerAccount.objects.all():
        sums = Counter[str]()
        for kind, minor in SettlementLine.objects.filter(shop_id=seller.shop_id).values_list("kind", "amount_minor"):
            sums[kind] += minor
        counted = (seller.available_minor, seller.reserve_minor)
        assert counted == (sums.total(), -sum(sums[kind] for kind in RESERVE_KINDS)), seller
        accounts = ("SELLER_AVAILABLE", "SELLER_RESERVE")
        posted = [balance_of(code, owner=seller.shop_id, currency=seller.currency) for code in accounts]
        assert counted == tuple(posted), seller


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
