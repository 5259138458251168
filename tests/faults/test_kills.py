"""A refund, a settlement and a payout are killed at every statement and every outside call: one effect, equal books."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from apps.aftersales import api as aftersales
from apps.aftersales.api import CaseState
from apps.aftersales.models import Case
from apps.checkout import api as checkout
from apps.ledger import api as ledger
from apps.payments import api as payments
from apps.payments.models import ProviderCall, Refund
from apps.payments.sandbox import make_sandbox_provider
from apps.payments.sandbox.provider import SandboxProvider
from apps.settlement import api as settlement
from apps.settlement.api import BankSaid
from apps.settlement.bank import make_sandbox_bank
from apps.settlement.models import Payout, Settlement, SettlementLine
from tests.books import assert_books_agree
from tests.factories.aftersales import ask_refund, make_delivered_order, open_case
from tests.factories.checkout import ShopFloor, make_shop_floor
from tests.factories.fulfilment import READY
from tests.factories.payouts import make_seller, propose
from tests.factories.settlement import DAY
from tests.faults.killing import Outsider, kill_points
from tests.support import NOON
from tradecore import approvals
from tradecore.models import Approval

#: Every statement is two points; an act of fewer than so many would not be what it says.
POINTS_MIN = 40
MINOR = 6755

pytestmark = [pytest.mark.race, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def provider(tmp_path: Path) -> Outsider:
    """The sandbox in the scripted provider's place: its book is a file, and outlives whoever is killed."""
    sandbox = make_sandbox_provider(url="", webhook_secrets=(), book=tmp_path / "provider.sqlite3")
    assert isinstance(sandbox, SandboxProvider)
    return Outsider(sandbox, calls=frozenset({"send", "ask"}))


@pytest.fixture
def floor(provider: Outsider) -> ShopFloor:
    floor = make_shop_floor()
    payments.PROVIDERS.register("scripted", provider)
    return floor


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Outsider]:
    outsider = Outsider(make_sandbox_bank(book=tmp_path / "bank.sqlite3"), calls=frozenset({"send", "ask"}))
    settlement.BANKS.register("sandbox", outsider)
    yield outsider
    settlement.BANKS.register("sandbox", make_sandbox_bank(book=django_settings.SANDBOX_BANK_BOOK))


def kinds_posted(order_id: int) -> list[str]:
    """What the ledger has of an order, in order."""
    return [posting.kind for posting in ledger.list_postings(order_refs=[order_id])]


class TestKillOfARefund:
    def test_ends_with_one_refund_at_every_point(self, floor: ShopFloor, provider: Outsider) -> None:
        self.floor = floor
        self.open()
        for at in kill_points(self.refund, outsiders=(provider,)):
            self.refund()
            (refund,) = Refund.objects.filter(order_ref=self.case.order_id)
            assert (refund.status, refund.amount_minor) == ("SUCCEEDED", 1399), f"point {at}"
            (call,) = refund.calls.all()
            assert (call.status, provider.inner.ask(call.pk).amount.minor) == ("SUCCEEDED", 1399)
            assert kinds_posted(self.case.order_id) == ["sale", "units_gone", "refund"], f"point {at}"
            self.open()
        assert at > POINTS_MIN
        assert_books_agree()

    def open(self) -> None:
        """Another case to be killed in."""
        self.case = open_case(ask_refund(make_delivered_order(self.floor)))

    def refund(self) -> None:
        """Approve the case, unless it is, and have the money sent: what a client and a worker do again."""
        if Case.objects.get(pk=self.case.id).state == CaseState.REQUEST_PENDING:
            aftersales.approve_case(case_id=self.case.id, version=None, buyer_keeps_goods=False, comment="", now=READY)
        calls = ProviderCall.objects.filter(refund__order_ref=self.case.order_id).exclude(status="SUCCEEDED")
        while references := list(calls.values_list("pk", flat=True)):
            checkout.poll_provider_calls(limit=5, now=READY, references=references)


class TestKillOfASettlement:
    def test_ends_with_one_settlement_at_every_point(self, floor: ShopFloor) -> None:
        self.order_id = make_delivered_order(floor).id
        for at in kill_points(self.settle, outsiders=()):
            self.settle()
            assert Settlement.objects.filter(order_id=self.order_id).count() == 1, f"point {at}"
            assert SettlementLine.objects.filter(order_id=self.order_id, kind="sale").count() == 1
            assert kinds_posted(self.order_id) == ["sale", "settlement"], f"point {at}"
            self.order_id = make_delivered_order(floor).id
        assert at > POINTS_MIN
        assert_books_agree()

    def settle(self) -> None:
        settlement.settle_order(self.order_id, READY + 30 * DAY)


class TestKillOfAPayout:
    def test_ends_with_one_payment_at_every_point(self, floor: ShopFloor, bank: Outsider) -> None:
        self.propose()
        for at in kill_points(self.pay_out, outsiders=(bank,)):
            self.pay_out()
            (payout,) = Payout.objects.filter(shop_id=self.shop_id)
            assert payout.status == "CONFIRMED", f"point {at}"
            assert bank.inner.ask(payout.pk).said == BankSaid.CONFIRMED
            assert settlement.get_account(shop_id=self.shop_id, currency="GBP").available.minor == 0
            for kind in ("payout", "payout_confirmed"):
                assert ledger.find_posting(kind=kind, reference=payout.pk) is not None
            self.propose()
        assert at > POINTS_MIN
        sent = [each for each in bank.inner.list_movements(on=NOON.date()) if each.amount.minor == -MINOR]
        assert len({each.reference for each in sent}) == len(sent) == at
        assert_books_agree()

    def propose(self) -> None:
        """Another seller who is to be paid out."""
        self.shop_id = make_seller(MINOR)
        run = settlement.get_payout_run(run_id=propose())
        self.approval = Approval.objects.get(pk=run.approval_id)

    def pay_out(self) -> None:
        """Approve the run, unless it is, and have it sent: what a person and a worker do again."""
        if Approval.objects.get(pk=self.approval.pk).status == Approval.PENDING:
            content_hash = self.approval.content_hash
            approvals.approve(approval_id=self.approval.pk, content_hash=content_hash, actor="user:2", now=NOON)
        payouts = Payout.objects.filter(shop_id=self.shop_id).exclude(status="CONFIRMED")
        while ids := list(payouts.values_list("pk", flat=True)):
            settlement.send_payouts(limit=5, now=NOON, payout_ids=ids)
