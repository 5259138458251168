"""A few recorded orders are lived, settled and paid out; what the books say then is what the record comes to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from apps.integrations.replay import keys
from apps.integrations.replay.earnings import Earnings, expect_earnings
from apps.integrations.replay.fee_plan import DEFAULT_FILE, read_fee_plan
from apps.integrations.replay.listing import ListedShop, list_categories, list_shop, plan_listings
from apps.integrations.replay.lives import Life, plan_life
from apps.integrations.replay.living import live
from apps.integrations.replay.market import Stage, set_stage
from apps.integrations.replay.outcomes import Outcome, read_outcome
from apps.integrations.replay.paying_out import APPROVER, PROPOSER, PayoutFailed, close_statements, pay_out
from apps.integrations.replay.records import RecordedOrder
from apps.integrations.replay.settling import SellerDue, all_over_at, plan_settlements, settle_seller
from apps.integrations.replay.statements import (
    SellerOutcome,
    compare_suspense,
    expect_suspense,
    list_seller_disagreements,
    read_seller,
    read_suspense,
    read_trial_balance,
)
from apps.reconciliation.api import Suite, reconcile
from apps.settlement import api as settlement
from apps.settlement.models import Payout, PayoutAccount, PayoutRun, SettlementLine
from tests.integrations.replay.recorded import DAY, PURCHASED, WINDOW, item, order, tender
from tests.support import NOON
from tradecore import approvals, audit_seals, clock, freezes
from tradecore.models import Timer

pytestmark = pytest.mark.django_db

REFUSED: dict[str, Any] = {"status": "canceled", "delivered_at": None}
CANCELLED: dict[str, Any] = {**REFUSED, "handed_over_at": None}

#: Delivered on the twelfth of March, settled a week later.
DELIVERED = PURCHASED + 5 * DAY
DUE = DELIVERED + 7 * DAY
OVER = DUE + 30 * DAY


@dataclass(frozen=True, slots=True)
class Lived:
    """Orders that were lived and settled."""

    stage: Stage
    lives: Sequence[Life]
    outcomes: Sequence[Outcome]
    due: Sequence[SellerDue]

    def settle(self) -> None:
        for seller in self.due:
            settle_seller(seller, plan=self.stage.plan)

    def pay(self, *, now: datetime = OVER) -> list[int]:
        told: list[int] = []
        pay_out(market="OLIST", now=now, on_progress=told.append)
        return told

    def read(self) -> dict[str, SellerOutcome]:
        """The sellers, none of whom may be in disagreement with the record."""
        expected = expect_earnings(self.lives, self.stage.plan)
        found = {seller.seller_id: read_seller(seller) for seller in self.due}
        for seller_id, outcome in found.items():
            assert list(list_seller_disagreements(expected.get(seller_id, Earnings()), outcome)) == []
        assert compare_suspense(expect_suspense(self.lives, self.outcomes), read_suspense(self.outcomes)) == {}
        assert {sum(accounts.values()) for accounts in read_trial_balance().values()} <= {0}
        return found


def live_all(*recorded: RecordedOrder, stage: Stage) -> Lived:
    """Live them, and settle nothing."""
    listings = plan_listings(recorded, {})
    category_ids = list_categories(listings, now=PURCHASED)
    shops: dict[str, ListedShop] = {
        listing.seller_id: list_shop(listing, stage=stage, category_ids=category_ids) for listing in listings
    }
    lives = [plan_life(each, window=WINDOW) for each in recorded]
    outcomes = [read_outcome(life, purchase_id=live(life, shops=shops, stage=stage)) for life in lives]
    return Lived(stage, lives, outcomes, plan_settlements(lives, outcomes, shops, plan=stage.plan))


Settle = Callable[..., Lived]


@pytest.fixture
def settle(stage: Stage) -> Settle:
    """Live some orders, and settle what is over."""

    def settle(*recorded: RecordedOrder) -> Lived:
        lived = live_all(*recorded, stage=stage)
        lived.settle()
        return lived

    return settle


class TestSettling:
    def test_gives_a_seller_items_and_freight_less_the_fees_so_long_after_the_delivery(self, settle: Settle) -> None:
        found = settle(order()).read()["seller"]
        assert found.earned == Earnings(orders=1, sale_minor=1150, fees_minor={"commission": 120, "transaction": 23})
        assert (found.available_minor, found.paid_out_minor) == (1007, 0)
        assert {line.occurred_at for line in SettlementLine.objects.all()} == {DUE}

    def test_puts_each_order_on_the_statement_of_its_day(self, settle: Settle) -> None:
        """Also one that was bought first, and delivered last."""
        late = order(id="late", delivered_at=DELIVERED + 3 * DAY)
        lived = settle(late, order(id="early", purchased_at=PURCHASED + timedelta(hours=1)))
        statements = settlement.list_statements(shop_id=lived.due[0].shop_id, limit=9)
        assert [(each.on, each.opening.minor, each.closing.minor) for each in statements] == [
            (date(2018, 3, 22), 1007, 2014),
            (date(2018, 3, 19), 0, 1007),
        ]

    def test_gives_each_seller_of_an_order_their_part(self, settle: Settle) -> None:
        items = (item(seller="a"), item(seller="a"), item(seller="b", product="else"))
        found = settle(order(items=items, tenders=(tender(value_minor=3450),))).read()
        assert {seller: each.earned.sale_minor for seller, each in found.items()} == {"a": 2300, "b": 1150}

    def test_leaves_the_freight_of_what_was_refused_on_its_way(self, settle: Settle) -> None:
        lived = settle(order(**REFUSED, tenders=(tender(value_minor=1200),)))
        found = lived.read()["seller"]
        assert (found.earned.sale_minor, found.earned.refunds_minor) == (150, 0)
        (stands,) = read_suspense(lived.outcomes).values()
        assert 0 < stands < 50

    @pytest.mark.parametrize("parts", [CANCELLED, {"status": "shipped", "delivered_at": None}])
    def test_settles_nothing_of_what_was_cancelled_or_is_not_over(self, parts: dict[str, Any], settle: Settle) -> None:
        assert settle(order(**parts)).read()["seller"].earned == Earnings()
        assert not SettlementLine.objects.exists()

    def test_changes_nothing_when_it_is_settled_already(self, settle: Settle) -> None:
        lived = settle(order(), order(id="other", **REFUSED))
        before = list(SettlementLine.objects.order_by("id").values())
        lived.settle()
        assert list(SettlementLine.objects.order_by("id").values()) == before

    def test_releases_what_was_kept_back_on_the_clock_of_its_order(self, db: None) -> None:
        plan = replace(read_fee_plan(DEFAULT_FILE), reserve_bp=1000, reserve_s=3 * 24 * 3600)
        stage = set_stage(plan=plan, first_at=PURCHASED, last_at=PURCHASED, now=NOON)
        lived = live_all(order(), stage=stage)
        lived.settle()
        found = lived.read()["seller"]
        assert (found.available_minor, found.reserve_minor) == (1007, 0)
        released = SettlementLine.objects.get(kind="reserve_released")
        assert (released.amount_minor, released.occurred_at) == (101, DUE + 3 * DAY)
        timer = Timer.objects.get(kind="release_reserve")
        assert (timer.clock, timer.fired_at) == (keys.clock_of("order"), DUE + 3 * DAY)
        lived.settle()
        assert SettlementLine.objects.filter(kind="reserve_released").count() == 1

    def test_is_over_when_the_last_reserve_is_released(self) -> None:
        plan = replace(read_fee_plan(DEFAULT_FILE), reserve_bp=1, reserve_s=60)
        assert all_over_at(DELIVERED, plan=plan) > DUE + timedelta(seconds=60)


class TestPayOut:
    def test_pays_every_seller_what_they_have_by_two_people(self, settle: Settle) -> None:
        lived = settle(order(), order(id="other", items=(item(seller="other"),)))
        assert lived.pay() == [2]
        found = lived.read()
        assert {seller: (each.paid_out_minor, each.available_minor) for seller, each in found.items()} == {
            "seller": (1007, 0),
            "other": (1007, 0),
        }
        run = PayoutRun.objects.get()
        assert (run.proposed_by, run.decided_by, run.on) == (PROPOSER, APPROVER, date(2018, 4, 18))
        assert set(Payout.objects.values_list("status", flat=True)) == {"CONFIRMED"}

    def test_pays_to_the_first_account_of_each_shop_which_needs_nobody_else(self, settle: Settle) -> None:
        settle(order(), order(id="again"))
        account = PayoutAccount.objects.get()
        assert (account.status, account.usable_from) == ("CURRENT", PURCHASED)
        assert account.masked[-4:] == keys.account_number_of("seller")[-4:]

    def test_takes_as_many_runs_as_it_needs(self, settle: Settle, settings: Any) -> None:
        settings.PAYOUT_RUN_MAX = 1
        lived = settle(order(), order(id="other", items=(item(seller="other"),)))
        assert lived.pay() == [1, 2]
        assert PayoutRun.objects.count() == 2

    def test_pays_nothing_twice(self, settle: Settle) -> None:
        lived = settle(order())
        lived.pay()
        assert lived.pay() == [1]
        assert (PayoutRun.objects.count(), Payout.objects.count()) == (1, 1)

    def test_goes_on_with_a_run_that_nobody_has_approved(self, settle: Settle) -> None:
        lived = settle(order())
        settlement.propose_payouts(market="OLIST", actor=PROPOSER, reason="killed then", now=OVER)
        assert lived.pay() == [1]
        assert Payout.objects.get().status == "CONFIRMED"

    def test_goes_on_with_a_run_that_was_approved_and_not_sent(self, settle: Settle) -> None:
        lived = settle(order())
        run_id = settlement.propose_payouts(market="OLIST", actor=PROPOSER, reason="killed then", now=OVER)
        assert run_id is not None
        request_id = settlement.get_payout_run(run_id=run_id).approval_id
        content_hash = approvals.get_request(approval_id=request_id, now=OVER).content_hash
        approvals.approve(approval_id=request_id, content_hash=content_hash, actor=APPROVER, now=OVER)
        assert lived.pay() == [1]
        assert Payout.objects.get().status == "CONFIRMED"

    def test_asks_again_where_the_answer_of_the_bank_was_lost(self, settle: Settle) -> None:
        lived = settle(order())
        PayoutAccount.objects.update(token="acct_silent")
        assert lived.pay() == [1]
        assert Payout.objects.get().status == "CONFIRMED"

    def test_stops_where_the_bank_does_not_pay(self, settle: Settle) -> None:
        lived = settle(order())
        PayoutAccount.objects.update(token="acct_rejected")
        with pytest.raises(PayoutFailed, match="REJECTED account_closed"):
            lived.pay()
        assert PayoutRun.objects.count() == 1

    def test_stops_where_the_bank_is_silent(self, settle: Settle) -> None:
        lived = settle(order())
        PayoutAccount.objects.update(token="acct_lost")
        with pytest.raises(PayoutFailed, match="SENT"):
            lived.pay()
        assert lived.due[0].shop_id == Payout.objects.get().shop_id

    def test_pays_nobody_while_payouts_are_frozen(self, settle: Settle) -> None:
        lived = settle(order())
        freezes.place_freeze(kind=freezes.ALL_PAYOUTS, subject=freezes.EVERYBODY, reason="x", actor="x", now=NOON)
        with pytest.raises(settlement.PayoutsFrozen):
            lived.pay()
        assert not Payout.objects.exists()

    def test_closes_the_statements(self, settle: Settle) -> None:
        lived = settle(order())
        lived.pay()
        close_statements(now=OVER)
        statements = settlement.list_statements(shop_id=lived.due[0].shop_id, limit=9)
        assert [(each.settled.minor, each.paid_out.minor, each.closing.minor) for each in statements] == [
            (0, -1007, 0),
            (1007, 0, 1007),
        ]
        assert all(each.closed_at is not None for each in statements)
        lived.read()


class TestDisagreements:
    def outcome(self, **parts: Any) -> SellerOutcome:
        sound: dict[str, Any] = {
            "seller_id": "seller",
            "earned": Earnings(orders=1, sale_minor=100),
            "stated_minor": 100,
            "closing_minor": 100,
            "available_minor": 100,
            "reserve_minor": 0,
            "paid_out_minor": 0,
            "payouts": 0,
        }
        return SellerOutcome(**{**sound, **parts})

    @pytest.mark.parametrize(
        ("parts", "what"),
        [
            ({"earned": Earnings(orders=1, sale_minor=101)}, "earned"),
            ({"stated_minor": 99}, "statements add up to 99"),
            ({"closing_minor": 99}, "the last statement closes with 99"),
        ],
    )
    def test_are_named_where_a_seller_has_another_amount(self, parts: dict[str, Any], what: str) -> None:
        expected = Earnings(orders=1, sale_minor=100)
        assert list(list_seller_disagreements(expected, self.outcome())) == []
        (found,) = list_seller_disagreements(expected, self.outcome(**parts))
        assert found.startswith(what)

    def test_are_named_where_another_amount_stands_in_suspense(self) -> None:
        assert compare_suspense({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 3, "d": 4}) == {
            "b": "3 stands in suspense, not 2",
            "c": "0 stands in suspense, not 3",
            "d": "4 stands in suspense, not 0",
        }


class TestReconciliation:
    def named(self) -> dict[str, dict[int, int]]:
        """What a run of everything finds, but for the events, which a replay does not relay."""
        found: dict[str, dict[int, int]] = {}
        later = clock.real_now() + timedelta(minutes=5)
        audit_seals.seal_entries(real_now=later)
        for offence in reconcile(suite=Suite.ALL, real_now=later).offences:
            if offence.invariant != "I19":
                found.setdefault(offence.invariant, {})[offence.ref] = offence.at_risk_minor
        return found

    def test_names_the_orders_whose_payments_differ_with_the_amount_and_nothing_else(self, settle: Settle) -> None:
        lived = settle(
            order(id="right"),
            order(id="more", tenders=(tender(value_minor=1250),)),
            order(id="less", tenders=(tender(value_minor=1143),)),
            order(id="back", tenders=(tender(value_minor=1250),), **CANCELLED),
        )
        lived.pay()
        close_statements(now=OVER)
        lived.read()
        ids = {outcome.order_id: outcome.orders[0].id for outcome in lived.outcomes}
        assert self.named() == {"I37": {ids["more"]: 100, ids["less"]: 7}}
        assert read_suspense(lived.outcomes) == {"more": 100, "less": -7}

    def test_finds_nothing_where_none_differs(self, settle: Settle) -> None:
        settle(order(), order(id="refused", **REFUSED)).pay()
        assert self.named() == {}
