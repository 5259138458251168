"""From a purchase to the provider's transfer, with a provider in a process of its own: over HTTP, by webhooks."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from apps.checkout import api as checkout
from apps.ledger import api as ledger
from apps.ledger.api import journals
from apps.payments import api as payments
from apps.payments.api import ProviderSettlement, SettledKind
from apps.payments.models import Capture, Dispute, ProviderCall
from apps.payments.sandbox.book import Book
from apps.payments.sandbox.http_provider import HttpSandboxProvider
from apps.payments.sandbox.server import SandboxServer
from tests.books import assert_books_agree, balance_of
from tests.factories.checkout import ShopFloor, buy, make_shop_floor
from tests.payments.sandbox.support import SECRET, Receiver, wait_for
from tests.support import in_use_case
from tradecore import clock
from tradecore.ids import new_id
from tradecore.money import Money

pytestmark = pytest.mark.django_db(transaction=True)

PROVIDER = "over_http"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def server(receiver: Receiver) -> Iterator[SandboxServer]:
    server = SandboxServer(port=0, book=Book(), secrets=[SECRET], webhook_url=receiver.url)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def provider(server: SandboxServer) -> HttpSandboxProvider:
    provider = HttpSandboxProvider(url=server.url, secrets=[SECRET])
    payments.PROVIDERS.register(PROVIDER, provider)
    return provider


@pytest.fixture
def floor(transactional_db: None) -> ShopFloor:
    return make_shop_floor()


@pytest.fixture
def paid(floor: ShopFloor, provider: HttpSandboxProvider) -> checkout.PaymentProgress:
    tenders = (checkout.TenderWish(provider=PROVIDER, method="card", method_token="tok_ok"),)
    return buy((floor.add_sku(price_minor=1999), 2), tenders=tenders, now=clock.now())


def hear(receiver: Receiver, provider: HttpSandboxProvider) -> None:
    """Take in what the provider has told, as the edge does, and apply it."""
    now = clock.now()
    while receiver.received:
        webhook = receiver.received.pop(0)
        statement = provider.read_webhook(headers=webhook.headers, body=webhook.body, now=now)
        payments.store_webhook(provider=PROVIDER, statement=statement, now=now)
    checkout.apply_stored_answers(limit=50, now=now)


def poll() -> None:
    ProviderCall.objects.filter(ask_at__isnull=False).update(ask_at=clock.real_now() - timedelta(seconds=1))
    checkout.poll_provider_calls(limit=50, now=clock.now())


def fetch() -> ProviderSettlement:
    (settlement,) = payments.fetch_provider_settlement(provider=PROVIDER, on=clock.real_now().date())
    return settlement


def post(settlement: ProviderSettlement, *, settlement_ref: int) -> None:
    """Post every line of a settlement, as reconciliation does with a file that agrees."""
    subjects = payments.list_line_subjects(provider=PROVIDER, lines=settlement.lines)
    for line, subject in zip(settlement.lines, subjects, strict=True):
        assert subject is not None
        assert subject.amount == line.gross
        posting = journals.provider_settled(
            line=line.kind.value,
            reference=subject.reference,
            settlement_ref=settlement_ref,
            capture_ref=subject.capture_ref,
            payable_ref=subject.payable_ref,
            provider=PROVIDER,
            gross=line.gross,
            fee=line.fee,
        )
        in_use_case(lambda posting=posting: ledger.post(posting, now=clock.now()))  # type: ignore[misc]


class TestAProvidersDay:
    def test_comes_to_the_transfer_and_leaves_nothing_with_the_provider(
        self, floor: ShopFloor, paid: checkout.PaymentProgress, provider: HttpSandboxProvider, receiver: Receiver
    ) -> None:
        order = paid.purchase.orders[0]
        in_use_case(
            lambda: payments.open_refund(
                payable_ref=paid.purchase.id,
                order_ref=order.id,
                amount=Money(397, "GBP"),
                reason="test",
                client_ref="test",
                now=clock.now(),
            )
        )
        poll()
        reference = ProviderCall.objects.get(operation="charge").pk
        wait_for(lambda: len(receiver.received) >= 2)
        told = provider.open_dispute(reference, amount=Money(1000, "GBP"), reason_code="13.1")
        wait_for(lambda: len(receiver.received) >= 3)
        hear(receiver, provider)
        provider.decide_dispute(told.provider_ref, "won")
        wait_for(lambda: bool(receiver.received))
        hear(receiver, provider)
        assert Dispute.objects.get().status == "WON"

        provider.settle_now()
        settlement = fetch()
        # 43.97 was paid: 1.5 % are 65.955, and 20 are fixed.
        assert (settlement.gross.minor, settlement.fee.minor, settlement.transfer.minor) == (4000, 86, 3914)
        assert [line.kind for line in settlement.lines] == list(SettledKind)
        settlement_ref = new_id()
        post(settlement, settlement_ref=settlement_ref)
        assert balance_of(f"PSP_CLEARING.{PROVIDER}") == 0
        assert balance_of("DISPUTED") == 0
        assert balance_of("PLATFORM_EXPENSE.provider_fee") == 86
        assert balance_of("BANK") == settlement.transfer.minor

    def test_that_is_contested_and_lost_leaves_the_loss_to_be_posted(
        self, floor: ShopFloor, paid: checkout.PaymentProgress, provider: HttpSandboxProvider, receiver: Receiver
    ) -> None:
        reference = ProviderCall.objects.get(operation="charge").pk
        told = provider.open_dispute(reference, reason_code="10.4")
        wait_for(lambda: len(receiver.received) >= 2)
        hear(receiver, provider)
        found = Dispute.objects.get()
        assert (found.reason_code, found.uncovered_minor) == ("10.4", 0)
        in_use_case(
            lambda: payments.send_evidence(
                dispute_id=found.pk,
                evidence={"delivery": "Signed for."},
                actor="user:1",
                reason="delivered",
                now=clock.now(),
            )
        )
        poll()
        found.refresh_from_db()
        assert found.status == "EVIDENCE_SENT"
        provider.decide_dispute(told.provider_ref, "lost")
        wait_for(lambda: any(b"dispute.lost" in webhook.body for webhook in receiver.received))
        hear(receiver, provider)
        found.refresh_from_db()
        assert found.status == "LOST"
        assert_books_agree()
        provider.settle_now()
        post(fetch(), settlement_ref=new_id())
        assert balance_of(f"PSP_CLEARING.{PROVIDER}") == 0
        assert balance_of("DISPUTED") == paid.purchase.total.minor
        assert_books_agree()


class TestFetching:
    def test_finds_nothing_of_a_day_that_is_not_published(self, provider: HttpSandboxProvider) -> None:
        assert payments.fetch_provider_settlement(provider=PROVIDER, on=date(2020, 1, 1)) == ()

    def test_refuses_a_provider_that_is_none(self) -> None:
        with pytest.raises(payments.ProviderUnknown):
            payments.fetch_provider_settlement(provider="nobody", on=date(2020, 1, 1))

    def test_holds_no_transaction_open(self, provider: HttpSandboxProvider) -> None:
        with pytest.raises(AssertionError, match="a use case is open"):
            in_use_case(lambda: payments.fetch_provider_settlement(provider=PROVIDER, on=date(2020, 1, 1)))

    def test_raises_where_the_provider_is_silent(self, server: SandboxServer, provider: HttpSandboxProvider) -> None:
        server.stop()
        try:
            with pytest.raises(payments.ProviderUnreachable):
                payments.fetch_provider_settlement(provider=PROVIDER, on=date(2020, 1, 1))
        finally:
            server.stop = lambda: None  # type: ignore[method-assign]  # the fixture's would be the second


class TestSubjects:
    def test_are_none_where_we_know_of_no_such_thing(
        self, paid: checkout.PaymentProgress, provider: HttpSandboxProvider, django_assert_num_queries: object
    ) -> None:
        provider.settle_now()
        (line,) = fetch().lines
        unknown = [
            payments.SettlementLine(
                kind=kind, reference=new_id(), provider_ref="unknown", gross=line.gross, fee=line.fee, at=line.at
            )
            for kind in SettledKind
        ]
        with django_assert_num_queries(3):  # type: ignore[operator]  # a fixture without types
            subjects = payments.list_line_subjects(provider=PROVIDER, lines=[line, *unknown, line])
        assert subjects == [subjects[0], None, None, None, None, subjects[0]]
        assert subjects[0] is not None
        assert subjects[0].reference == subjects[0].capture_ref == Capture.objects.get().pk
        assert payments.list_line_subjects(provider="scripted", lines=[line]) == [None]
