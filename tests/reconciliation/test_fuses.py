"""Fuses: what leaves its bounds stops everything of its kind, until a person has looked."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from apps.checkout import api as checkout
from apps.integrations.letters import write_letters
from apps.payments.models import Capture, PaymentIntent, ProviderCall, Refund, Tender
from apps.reconciliation import api as reconciliation
from apps.reconciliation.api import Limits
from apps.reconciliation.fuses import limits_of_settings
from apps.reconciliation.models import Break
from apps.settlement.models import Payout, PayoutRun
from tests.factories.accounts import UserFactory
from tests.factories.checkout import ShopFloor, buy, make_shop_floor
from tests.factories.payouts import give_account
from tradecore import clock, freezes
from tradecore.ids import new_id
from tradecore.models import Freeze, OutboxEvent
from tradecore.outbox import DeliveredEvent

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

LIMITS = Limits(
    refund_times=10,
    refund_floors_minor={"GBP": 1_000},
    payout_times=5,
    payout_floors_minor={"GBP": 1_000},
    payout_max_minor={"GBP": 50_000},
    late_money_bp=2_000,
    late_money_count=3,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    return clock.real_now()


def make_intent(currency: str = "GBP") -> PaymentIntent:
    return PaymentIntent.objects.create(
        payable_ref=new_id(), buyer_ref=new_id(), currency=currency, amount_minor=10**9, created_at=clock.real_now()
    )


def refund(minor: int, *, at: datetime, currency: str = "GBP") -> int:
    """Money that is on its way back, opened at that moment."""
    row = Refund.objects.create(
        intent=make_intent(currency), client_ref=str(new_id()), reason="test", amount_minor=minor, created_at=at
    )
    return int(row.pk)


def capture(*, at: datetime, is_late: bool = False) -> int:
    tender = Tender.objects.create(
        intent=make_intent(),
        position=1,
        provider="scripted",
        method="card",
        method_token="tok_ok",
        amount_minor=700,
        created_at=at,
    )
    row = Capture.objects.create(
        tender=tender,
        provider="scripted",
        provider_ref=str(new_id()),
        amount_minor=700,
        is_late=is_late,
        captured_at=at,
    )
    return int(row.pk)


def propose(minor: int, *, at: datetime, status: str = "PROPOSED", number: int = 1) -> PayoutRun:
    """A run with one payout of so much."""
    decided = {"decided_by": "user:2", "decided_at": at} if status == "APPROVED" else {}
    run = PayoutRun.objects.create(
        market="GB",
        currency="GBP",
        on=at.date(),
        number=number,
        status=status,
        payout_count=1,
        total_minor=minor,
        approval_id=new_id(),
        proposed_by="user:1",
        proposed_at=at,
        expires_at=at + DAY,
        **decided,
    )
    shop_id = new_id()
    is_open = status == "PROPOSED"
    Payout.objects.create(
        run=run,
        account=give_account(shop_id),
        shop_id=shop_id,
        currency="GBP",
        amount_minor=minor,
        pays_currency="GBP",
        pays_minor=minor,
        status="PROPOSED" if is_open else "CONFIRMED",
        in_flight_of=shop_id if is_open else None,
        proposed_at=at,
    )
    return run


def check(now: datetime, **limits: Any) -> list[tuple[str, int]]:
    blown = reconciliation.check_fuses(real_now=now, limits=replace(LIMITS, **limits))
    return [(offence.invariant, offence.ref) for offence in blown]


def frozen() -> set[str]:
    return set(Freeze.objects.filter(subject=freezes.EVERYBODY).values_list("kind", flat=True))


def lift(kind: str, *, now: datetime) -> None:
    freezes.lift_freeze(kind=kind, subject=freezes.EVERYBODY, reason="a recall", actor="user:1", now=now)


class TestRefunds:
    def test_of_an_hour_beyond_what_is_usual_stop_all_refunds(self, now: datetime) -> None:
        for days in range(1, 7):
            refund(1_680, at=now - days * DAY)  # 60 an hour
        refund(700, at=now - timedelta(minutes=50))
        last = refund(700, at=now - timedelta(minutes=1))
        assert check(now) == [("F01", last)]
        assert frozen() == {freezes.ALL_REFUNDS}
        broken = Break.objects.get()
        assert (broken.invariant, broken.row_ref, broken.at_risk_minor, broken.currency) == ("F01", last, 1_400, "GBP")
        assert broken.what == "14.00 GBP of refunds in an hour; usual are 0.60 GBP"
        assert broken.is_contained

    def test_that_are_many_times_nothing_but_little_are_not_unusual(self, now: datetime) -> None:
        refund(1_000, at=now)
        assert check(now) == []
        assert not Break.objects.exists()
        assert frozen() == set()

    def test_that_are_much_but_usual_are_not_unusual(self, now: datetime) -> None:
        for days in range(1, 7):
            refund(168_000, at=now - days * DAY)  # 6000 an hour
        refund(59_000, at=now)
        assert check(now) == []
        refund(2_000, at=now)
        assert len(check(now)) == 1

    def test_are_measured_by_currency(self, now: datetime) -> None:
        for _ in range(4):
            refund(900, at=now)
            refund(900, at=now, currency="JPY")
        assert [(name, Break.objects.get().currency) for name, _ in check(now)] == [("F01", "GBP")]

    def test_of_a_currency_without_a_floor_have_the_common_one(self, now: datetime) -> None:
        refund(1_000_000, at=now, currency="JPY")
        assert check(now) == []
        refund(1, at=now, currency="JPY")
        assert len(check(now)) == 1

    def test_of_a_replay_are_of_another_time(self, now: datetime) -> None:
        refund(10**8, at=now - timedelta(days=3000))
        assert check(now) == []


class TestPayouts:
    def usual(self, now: datetime, *, days: int = 3) -> None:
        for day in range(2, 2 + days):
            propose(1_000, at=now - day * DAY, status="APPROVED")

    def test_of_a_day_beyond_what_is_usual_stop_all_payouts(self, now: datetime) -> None:
        self.usual(now)
        propose(3_000, at=now - HOUR)
        last = propose(2_001, at=now, number=2)
        assert check(now) == [("F02", last.pk)]
        assert frozen() == {freezes.ALL_PAYOUTS}
        assert Break.objects.get().what == "50.01 GBP proposed to be paid out in a day; usual are 10.00 GBP"

    def test_that_are_usual_go_on(self, now: datetime) -> None:
        self.usual(now)
        propose(5_000, at=now)
        assert check(now) == []

    def test_that_nobody_wanted_do_not_count(self, now: datetime) -> None:
        self.usual(now)
        run = propose(9_000, at=now)
        PayoutRun.objects.filter(pk=run.pk).update(status="CANCELLED")
        assert check(now) == []

    def test_are_not_unusual_before_there_is_anything_usual(self, now: datetime) -> None:
        self.usual(now, days=2)
        propose(49_000, at=now)
        assert check(now) == []

    def test_of_more_than_the_bound_stop_all_payouts(self, now: datetime) -> None:
        propose(50_000, at=now)
        assert check(now) == []
        large = propose(50_001, at=now, number=2).payouts.get()
        assert check(now) == [("F03", large.pk)]
        assert frozen() == {freezes.ALL_PAYOUTS}
        assert Break.objects.get().what == "one payout of 500.01 GBP; the bound is 500.00 GBP"

    def test_that_are_over_are_nobodys_business(self, now: datetime) -> None:
        propose(99_000, at=now, status="APPROVED")
        assert check(now) == []


class TestLateMoney:
    def test_that_is_no_exception_any_more_stops_all_refunds(self, now: datetime) -> None:
        for _ in range(11):
            capture(at=now)
        capture(at=now - 2 * HOUR, is_late=True)
        late = [capture(at=now, is_late=True) for _ in range(3)]
        assert check(now) == [("F04", late[-1])]
        assert frozen() == {freezes.ALL_REFUNDS}
        assert Break.objects.get().what == "3 of 14 captures in an hour came too late"
        assert Break.objects.get().at_risk_minor == 2_100

    def test_that_is_seldom_does_not(self, now: datetime) -> None:
        for _ in range(12):
            capture(at=now)
        for _ in range(3):
            capture(at=now, is_late=True)
        assert check(now) == []

    def test_of_a_quiet_hour_does_not(self, now: datetime) -> None:
        capture(at=now, is_late=True)
        capture(at=now, is_late=True)
        assert check(now) == []


class TestABlownFuse:
    @pytest.fixture
    def blown(self, now: datetime) -> int:
        ref = refund(5_000, at=now)
        assert check(now) == [("F01", ref)]
        return ref

    def test_is_told_once_and_to_the_administrators(self, blown: int, now: datetime) -> None:
        UserFactory(is_superuser=True, is_staff=True, email="ada@example.com")
        refund(9_000, at=now)
        assert check(now) == []
        event = OutboxEvent.objects.get(kind="reconciliation.break_found")
        (letter,) = write_letters(
            DeliveredEvent(
                id=event.pk,
                kind=event.kind,
                aggregate=event.aggregate,
                aggregate_id=event.aggregate_id,
                sequence=event.sequence,
                shop_id=None,
                payload=event.payload,
                occurred_at=event.occurred_at,
            )
        )
        assert letter.to == "ada@example.com"
        assert letter.subject == "The books break F01"
        assert "Refunds of an hour stay near what is usual" in letter.body
        assert "50.00 GBP" in letter.body

    def test_is_reset_by_whoever_lifts_the_freeze(self, blown: int, now: datetime) -> None:
        lift(freezes.ALL_REFUNDS, now=now + timedelta(minutes=1))
        assert check(now + timedelta(minutes=2)) == []
        assert Break.objects.get().closed_at is not None
        assert OutboxEvent.objects.filter(kind="reconciliation.break_closed").count() == 1

    def test_is_not_blown_again_by_what_was_looked_at(self, blown: int, now: datetime) -> None:
        lift(freezes.ALL_REFUNDS, now=now + timedelta(minutes=1))
        check(now + timedelta(minutes=2))
        assert check(now + timedelta(minutes=3)) == []
        assert frozen() == set()

    def test_blows_again_by_what_comes_after(self, blown: int, now: datetime) -> None:
        lift(freezes.ALL_REFUNDS, now=now + timedelta(minutes=1))
        check(now + timedelta(minutes=2))
        later = refund(60_000, at=now + timedelta(minutes=5))
        assert check(now + timedelta(minutes=6)) == [("F01", later)]
        assert frozen() == {freezes.ALL_REFUNDS}

    def test_freezes_once_more_where_a_process_died_before_it_did(self, blown: int, now: datetime) -> None:
        Freeze.objects.all().delete()
        Break.objects.update(is_contained=False)
        assert check(now) == []
        assert frozen() == {freezes.ALL_REFUNDS}
        assert Break.objects.get().is_contained
        assert Break.objects.get().closed_at is None

    def test_is_not_closed_by_a_run_of_everything(self, blown: int, now: datetime) -> None:
        Refund.objects.all().delete()
        reconciliation.reconcile(suite=reconciliation.Suite.ALL, real_now=now)
        assert Break.objects.get(invariant="F01").closed_at is None


class TestTheLimits:
    def test_are_the_settings(self, settings: Any) -> None:
        settings.FUSE_REFUND_TIMES = 7
        settings.FUSE_PAYOUT_MAX_MINOR = {"GBP": 5}
        assert limits_of_settings().refund_times == 7
        assert limits_of_settings().payout_max_minor == {"GBP": 5}

    def test_as_they_are_shipped_bound_everything(self) -> None:
        shipped = limits_of_settings()
        assert shipped.refund_times > 1
        assert shipped.payout_times > 1
        assert 0 < shipped.late_money_bp < 10_000


class TestFrozenRefunds:
    @pytest.fixture
    def floor(self) -> ShopFloor:
        return make_shop_floor()

    @pytest.fixture
    def purchase_id(self, floor: ShopFloor) -> int:
        """Paid and cancelled: its money is to go back."""
        now = clock.now()
        bought = buy((floor.add_sku(), 1), now=now)
        (order,) = bought.purchase.orders
        checkout.cancel_lines(order_id=order.id, units=None, initiator="buyer", reason="changed_mind", now=now)
        return bought.purchase.id

    def freeze(self) -> None:
        freezes.place_freeze(
            kind=freezes.ALL_REFUNDS, subject=freezes.EVERYBODY, reason="test", actor="user:1", now=clock.now()
        )

    def poll(self) -> int:
        ProviderCall.objects.filter(ask_at__isnull=False).update(ask_at=clock.real_now() - timedelta(seconds=1))
        return checkout.poll_provider_calls(limit=10, now=clock.now())

    def sent(self, floor: ShopFloor) -> list[str]:
        return [call.operation.value for call in floor.provider.calls]

    def test_are_not_sent_by_the_poller_until_the_freeze_is_lifted(self, floor: ShopFloor, purchase_id: int) -> None:
        self.freeze()
        assert self.poll() == 0
        assert self.sent(floor) == ["charge"]
        assert Refund.objects.get().status == "REQUESTED"
        lift(freezes.ALL_REFUNDS, now=clock.now())
        assert self.poll() == 1
        assert self.sent(floor) == ["charge", "refund"]
        assert Refund.objects.get().status == "SUCCEEDED"

    def test_are_not_sent_by_whoever_collects_a_payment(self, floor: ShopFloor, purchase_id: int) -> None:
        self.freeze()
        checkout.collect_payment(purchase_id=purchase_id, now=clock.now())
        assert self.sent(floor) == ["charge"]

    def test_that_may_have_been_sent_are_asked_about_and_not_sent_again(
        self, floor: ShopFloor, purchase_id: int
    ) -> None:
        ProviderCall.objects.filter(operation="refund").update(status="UNKNOWN")
        self.freeze()
        assert self.poll() == 1
        assert self.sent(floor) == ["charge"]
        assert ProviderCall.objects.get(operation="refund").status == "UNKNOWN"
        lift(freezes.ALL_REFUNDS, now=clock.now())
        self.poll()
        assert self.sent(floor) == ["charge", "refund"]

    def test_let_buyers_pay(self, floor: ShopFloor, purchase_id: int) -> None:
        self.freeze()
        assert buy((floor.add_sku(), 1), now=clock.now()).purchase.status == "PAID"
