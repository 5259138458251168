"""An order settles: the worked examples to the cent, in whatever order settlement and refunds come."""

from collections import Counter
from datetime import datetime

import pytest

from apps.checkout import api as checkout
from apps.ledger import api as ledger
from apps.ledger.api import journals
from apps.orders import api as orders
from apps.payments import api as payments
from apps.pricing.api import RefundCause
from apps.promotions import api as promotions
from apps.settlement import api as settlement
from apps.settlement.models import Settlement, SettlementLine
from tests.books import balance_of
from tests.factories.checkout import ScriptedProvider, buy
from tests.factories.examples import CREATOR, Bought, Shop, buy_e1, buy_e2, buy_e5, buy_e8, make_plan
from tests.factories.fulfilment import let_time_pass
from tests.factories.payments import decide, dispute
from tests.factories.payments import tell as hear
from tests.factories.settlement import DAY, deliver_order, give_back, settle_in_time, tell
from tests.settlement.conftest import Hand
from tests.support import NOON, in_use_case
from tradecore import clock, db


def refund(order_id: int, *units: tuple[int, int], cause: RefundCause, now: datetime) -> orders.UnitsGone:
    """Undo a part of a sale, as after-sales does."""

    def undo() -> orders.UnitsGone:
        gone = orders.refund_units(
            order_id=order_id,
            units=give_back(order_id, *units),
            cause=cause,
            initiator="buyer",
            reason="tests",
            now=now,
        )
        refund_id = payments.open_refund(
            payable_ref=gone.purchase_id,
            order_ref=order_id,
            amount=gone.refund,
            reason="tests",
            client_ref=f"gone:{gone.id}",
            now=now,
        )
        undone = journals.units_gone(
            gone_ref=gone.id,
            order_ref=order_id,
            shop_ref=gone.shop_id,
            refund_ref=refund_id,
            tax_payable_to=gone.tax_payable_to,
            currency=gone.refund.currency,
            proceeds=gone.proceeds,
        )
        ledger.post(undone, now=now)
        db.insert_pending()
        promotions.give_back(owner_ref=gone.purchase_id, amounts=gone.given_back, restored=gone.restored, now=now)
        return gone

    gone = in_use_case(undo)
    tell()
    return gone


def lines_of(order_id: int) -> list[tuple[str, str, int]]:
    rows = SettlementLine.objects.filter(order_id=order_id).order_by("id")
    return [(row.kind, row.name, row.amount_minor) for row in rows]


def sums_of(order_id: int) -> dict[str, int]:
    """What the lines of each kind come to; kinds that come to nothing are left out."""
    sums: Counter[str] = Counter()
    for kind, _, minor in lines_of(order_id):
        sums[kind] += minor
    return {kind: minor for kind, minor in sums.items() if minor}


def seller(bought: Bought, code: str, *, currency: str = "GBP") -> int:
    return balance_of(code, owner=bought.shops[0].row.pk, currency=currency)


class TestE2:
    def test_settles_to_the_cent(self) -> None:
        bought = buy_e2()
        (order_id,) = bought.order_ids
        settle_in_time(order_id, now=clock.now())

        assert lines_of(order_id) == [("sale", "", 7744), ("fee", "commission", -679), ("creator", "1", -310)]
        assert seller(bought, "SELLER_AVAILABLE") == 6755
        assert seller(bought, "SELLER_PENDING") == 0
        assert balance_of("PLATFORM_REVENUE.commission") == 679
        assert balance_of("CREATOR_AVAILABLE", owner=CREATOR) == 310
        account = settlement.get_account(shop_id=bought.shops[0].row.pk, currency="GBP")
        assert (account.available.minor, account.reserve.minor) == (6755, 0)

    def test_comes_to_the_same_when_the_refund_comes_first(self) -> None:
        bought = buy_e2()
        (order_id,) = bought.order_ids
        delivered = deliver_order(order_id, now=clock.now())
        refund(order_id, (0, 1), cause=RefundCause.CHANGE_OF_MIND, now=delivered)
        let_time_pass(delivered + 7 * DAY)
        assert sums_of(order_id) == {"sale": 7744, "refund": -2027, "fee": -(679 - 182), "creator": -(310 - 155)}
        assert seller(bought, "SELLER_AVAILABLE") == 6755 - 1690


class TestE1:
    def test_keeps_a_fifth_of_the_referral_fee_that_comes_back(self) -> None:
        bought = buy_e1()
        (order_id,) = bought.order_ids
        now = settle_in_time(order_id, now=clock.now())
        assert lines_of(order_id) == [("sale", "", 2549), ("fee", "referral", -153)]
        assert balance_of("TAX_PAYABLE.US-NY", currency="USD") == 226

        gone = [refund(order_id, (1, 1), cause=RefundCause.CHANGE_OF_MIND, now=now)]
        gone.append(refund(order_id, (1, 2), cause=RefundCause.CHANGE_OF_MIND, now=now))
        assert [part.refund.minor for part in gone] == [462, 926]
        assert sums_of(order_id) == {"sale": 2549, "refund": -1275, "fee": -153 + 62}
        assert balance_of("TAX_PAYABLE.US-NY", currency="USD") == 113


class TestE5:
    def test_settles_each_shop_by_itself(self) -> None:
        bought = buy_e5()
        x, y = bought.order_ids
        bought.shopper.cancel(str(y))
        settle_in_time(x, now=clock.now())
        # 9 % of 61.25 and the platform's 9.56
        assert lines_of(x) == [("sale", "", 7081), ("fee", "commission", -637)]
        assert lines_of(y) == []
        let_time_pass(clock.now() + 30 * DAY)
        assert not Settlement.objects.filter(order_id=y).exists()


class TestE8:
    def test_keeps_a_reserve_and_takes_a_late_refund_from_it_first(self) -> None:
        bought = buy_e8()
        (order_id,) = bought.order_ids
        now = settle_in_time(order_id, now=clock.now())
        assert lines_of(order_id) == [
            ("sale", "", 6760),
            ("fee", "commission", -473),
            ("creator", "3", -224),
            ("reserve_held", "", -606),
        ]
        assert seller(bought, "SELLER_AVAILABLE", currency="JPY") == 5457

        refund(order_id, (2, 1), cause=RefundCause.SELLER_FAULT, now=now)
        change = ledger.list_postings(order_refs=[order_id])[-1]
        assert change.kind == "settlement_change"
        assert {entry.account: entry.amount.minor for entry in change.entries} == {
            "SELLER_PENDING": -3073,
            "SELLER_RESERVE": 606,
            "SELLER_AVAILABLE": 2028,
            "PLATFORM_REVENUE.commission": 215,
            "CREATOR_AVAILABLE": 224,
        }
        assert seller(bought, "SELLER_RESERVE", currency="JPY") == 0

    def test_releases_what_is_left_of_the_reserve(self) -> None:
        bought = buy_e8()
        (order_id,) = bought.order_ids
        now = settle_in_time(order_id, now=clock.now())
        let_time_pass(now + 29 * DAY)
        assert seller(bought, "SELLER_RESERVE", currency="JPY") == 606
        let_time_pass(now + 30 * DAY)
        assert seller(bought, "SELLER_RESERVE", currency="JPY") == 0
        assert seller(bought, "SELLER_AVAILABLE", currency="JPY") == 6063


class TestSettleOrder:
    def test_waits_for_its_time(self) -> None:
        (order_id,) = buy_e2().order_ids
        delivered = deliver_order(order_id, now=clock.now())
        tell()
        settlement.settle_order(order_id, delivered + 6 * DAY)
        assert not Settlement.objects.exists()

    def test_settles_once(self) -> None:
        (order_id,) = buy_e2().order_ids
        now = settle_in_time(order_id, now=clock.now())
        settlement.settle_order(order_id, now)
        assert len(lines_of(order_id)) == 3

    def test_takes_no_fee_of_what_was_never_shipped_though_a_bank_took_some_of_it(self, hand: Hand) -> None:
        plan = make_plan("KEEP", "GB", "GBP", rule={"rate_bp": 900, "refund_policy": "KEEP"})
        order = buy((Shop("GB", "GBP", fee_plan=plan).sell(1000), 2)).purchase.orders[0]
        provider = payments.PROVIDERS.get("scripted")
        assert isinstance(provider, ScriptedProvider)
        dispute(provider, payable_ref=orders.get_order(order_id=order.id).purchase_id, minor=700)
        tell()
        hear(decide(provider, payments.Said.DISPUTE_LOST))
        tell()
        checkout.cancel_lines(order_id=order.id, units=None, initiator="seller", reason="out_of_stock", now=NOON)
        tell()
        let_time_pass(NOON + 30 * DAY)
        assert lines_of(order.id) == []

    def test_waits_for_a_hold_and_settles_once_it_is_released(self) -> None:
        (order_id,) = buy_e2().order_ids
        settles_at = deliver_order(order_id, now=clock.now()) + 7 * DAY
        tell()
        in_use_case(lambda: orders.place_hold(order_id=order_id, kind="dispute", owner_ref=1, now=settles_at))
        let_time_pass(settles_at)
        assert not Settlement.objects.exists()
        later = settles_at + DAY
        in_use_case(lambda: orders.release_hold(order_id=order_id, kind="dispute", owner_ref=1, now=later))
        tell()
        let_time_pass(later)
        assert Settlement.objects.filter(order_id=order_id).exists()


class TestStatements:
    def test_add_up_and_follow_one_another(self) -> None:
        bought = buy_e2()
        shop_id = bought.shops[0].row.pk
        (order_id,) = bought.order_ids
        now = settle_in_time(order_id, now=clock.now())
        assert settlement.close_statements(now=now) == 0
        assert settlement.close_statements(now=now + 2 * DAY) == 1
        refund(order_id, (0, 1), cause=RefundCause.CHANGE_OF_MIND, now=now + 2 * DAY)
        open_day, closed = settlement.list_statements(shop_id=shop_id, limit=5)
        assert closed.closed_at is not None
        assert (closed.opening.minor, closed.settled.minor, closed.closing.minor) == (0, 6755, 6755)
        assert (open_day.opening.minor, open_day.settled.minor, open_day.closing.minor) == (6755, -1690, 5065)
        assert open_day.closed_at is None

    @pytest.mark.parametrize("again", [1, 3])
    def test_are_closed_once(self, again: int) -> None:
        (order_id,) = buy_e2().order_ids
        now = settle_in_time(order_id, now=clock.now())
        closed = [settlement.close_statements(now=now + 2 * DAY) for _ in range(again + 1)]
        assert closed == [1] + [0] * again
