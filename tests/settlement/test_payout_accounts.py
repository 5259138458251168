"""Where a shop is paid to. See Note [A stolen shop]."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from apps.settlement import api as settlement
from apps.settlement.api import PayoutAccounts, PayoutAccountStale, PayoutAccountUnusable, PayoutAccountWaits
from apps.settlement.models import PayoutAccount
from tests.factories.payouts import APPROVER, ASKER, WatchedBank, earn, open_bank, payout_of, propose
from tests.support import NOON
from tradecore import approvals, ids, worker_leases
from tradecore.approvals import SamePerson
from tradecore.ids import new_id
from tradecore.models import Approval, AuditEntry, OutboxEvent, WorkerLease

pytestmark = pytest.mark.django_db

NUMBER = "GB33BUKB20201555551234"
OTHER = "GB33BUKB20201555559876"


@pytest.fixture(autouse=True)
def bank(db: None) -> WatchedBank:
    return open_bank()


@pytest.fixture
def shop() -> int:
    return new_id()


def set_account(shop_id: int, number: str = NUMBER, *, version: int = 1, **parts: Any) -> PayoutAccounts:
    return settlement.set_payout_account(
        **{
            "shop_id": shop_id,
            "version": version,
            "holder_name": "North Wool Ltd",
            "account_number": number,
            "currency": "GBP",
            "actor": ASKER,
            "now": NOON,
            **parts,
        }
    )


def decide(accounts: PayoutAccounts, *, actor: str = APPROVER, approves: bool = True) -> None:
    assert accounts.proposed is not None
    approval_id = PayoutAccount.objects.get(pk=accounts.proposed.id).approval_id
    assert approval_id is not None
    request = approvals.get_request(approval_id=approval_id, now=NOON)
    if approves:
        approvals.approve(approval_id=request.id, content_hash=request.content_hash, actor=actor, now=NOON)
    else:
        approvals.reject(approval_id=request.id, actor=actor, reason="the shop did not ask for it", now=NOON)


def current_of(shop_id: int) -> str | None:
    current = settlement.get_payout_accounts(shop_id=shop_id).current
    return None if current is None else current.account


class TestTheFirst:
    def test_is_used_at_once(self, shop: int) -> None:
        assert settlement.get_payout_accounts(shop_id=shop).version == 1
        accounts = set_account(shop)
        assert accounts.current is not None
        assert (accounts.current.account, accounts.current.usable_from, accounts.version) == ("…1234", NOON, 2)
        assert accounts.proposed is None
        assert not Approval.objects.exists()
        assert OutboxEvent.objects.get(aggregate="payout_account").payload["account"] == "…1234"

    def test_may_be_the_first_thing_that_a_process_does(self, shop: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """It then has no worker number yet, and makes an id before it opens a transaction."""
        monkeypatch.setattr(ids, "_generator", None)
        monkeypatch.setattr(worker_leases, "_held", None)
        assert set_account(shop).current is not None
        assert WorkerLease.objects.count() == 1

    def test_is_kept_without_its_number(self, shop: int, bank: WatchedBank) -> None:
        set_account(shop)
        set_account(shop, OTHER, version=2)
        assert bank.opened == [NUMBER, OTHER]
        for table in connection.introspection.table_names():
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
                kept = str(cursor.fetchall())
            assert "20201555" not in kept, table
            assert "55551234" not in kept, table

    def test_refuses_what_the_bank_cannot_pay_to(self, shop: int) -> None:
        with pytest.raises(PayoutAccountUnusable):
            set_account(shop, "12-34")
        assert not PayoutAccount.objects.exists()

    def test_refuses_what_was_changed_after_it_was_read(self, shop: int, bank: WatchedBank) -> None:
        set_account(shop)
        with pytest.raises(PayoutAccountStale) as caught:
            set_account(shop, OTHER)
        assert caught.value.version == 2
        assert (current_of(shop), len(bank.opened)) == ("…1234", 1)


class TestAChange:
    def test_waits_for_a_second_person_and_then_rests(self, shop: int) -> None:
        earn(6755, shop_id=shop)
        set_account(shop)
        accounts = set_account(shop, OTHER, version=2)
        assert (current_of(shop), accounts.proposed and accounts.proposed.account) == ("…1234", "…9876")
        decide(accounts)
        changed = settlement.get_payout_accounts(shop_id=shop)
        assert changed.current is not None
        assert (changed.current.account, changed.proposed) == ("…9876", None)
        assert changed.current.usable_from == NOON + timedelta(hours=24)
        assert changed.version > accounts.version
        almost = NOON + timedelta(hours=24) - timedelta(seconds=1)
        assert settlement.propose_payouts(market="GB", actor=ASKER, reason="weekly", now=almost) is None
        propose(now=NOON + timedelta(hours=24))
        assert payout_of(shop).account == "…9876"

    def test_is_never_approved_by_who_asked(self, shop: int) -> None:
        set_account(shop)
        accounts = set_account(shop, OTHER, version=2)
        with pytest.raises(SamePerson):
            decide(accounts, actor=ASKER)
        assert current_of(shop) == "…1234"

    def test_tells_the_second_person_no_number(self, shop: int) -> None:
        set_account(shop)
        set_account(shop, OTHER, version=2)
        content = Approval.objects.get().content
        assert (content["account"], content["replaces"]["account"]) == ("…9876", "…1234")
        assert content["fingerprint"] != content["replaces"]["fingerprint"]
        assert "North" not in str(content)
        assert "North" not in str(list(AuditEntry.objects.values_list("after", flat=True)))

    def test_that_is_rejected_leaves_the_old_one(self, shop: int) -> None:
        set_account(shop)
        decide(set_account(shop, OTHER, version=2), approves=False)
        accounts = settlement.get_payout_accounts(shop_id=shop)
        assert (current_of(shop), accounts.proposed) == ("…1234", None)
        set_account(shop, OTHER, version=accounts.version)

    def test_waits_alone(self, shop: int) -> None:
        set_account(shop)
        accounts = set_account(shop, OTHER, version=2)
        with pytest.raises(PayoutAccountWaits):
            set_account(shop, OTHER, version=accounts.version)
        assert PayoutAccount.objects.count() == 2

    def test_makes_way_once_nobody_can_decide_it_any_more(self, shop: int) -> None:
        set_account(shop)
        accounts = set_account(shop, OTHER, version=2)
        again = set_account(shop, NUMBER, version=accounts.version, now=NOON + approvals.LIFETIME)
        assert again.proposed is not None
        assert again.proposed.account == "…1234"
        assert list(PayoutAccount.objects.order_by("number").values_list("status", flat=True)) == [
            "CURRENT",
            "DROPPED",
            "PROPOSED",
        ]
