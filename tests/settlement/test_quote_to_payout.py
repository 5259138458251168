"""The worked examples of pricing, from the quote to the seller's bank: each amount to the cent.

After every step the trial balance is nothing in each currency, and every invariant of reconciliation holds; and again
when everybody has heard of the step.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from apps.aftersales import api as aftersales
from apps.aftersales.api import CaseKind, CaseState, CaseView
from apps.fulfilment.api import TrackingStatus
from apps.orders import api as orders
from apps.promotions.api import get_promotion
from apps.settlement import api as settlement
from tests.books import assert_books_agree, assert_invariants_hold, balance_of
from tests.factories.aftersales import SHOWN, approve, ask, open_case, receive, see, send_back, send_money
from tests.factories.examples import CREATOR, Bought, buy_e1, buy_e2, buy_e5, buy_e8
from tests.factories.fulfilment import let_time_pass, ship, track
from tests.factories.inventory import numbers_of
from tests.factories.orders import units_of
from tests.factories.payouts import APPROVER, ASKER, WatchedBank, open_bank, payout_of, send, set_rate
from tests.factories.payouts import approve as approve_run
from tests.factories.settlement import DAY, HOUR, tell
from tests.settlement.conftest import Hand
from tradecore.approvals import SamePerson

pytestmark = pytest.mark.django_db

CHANGE_OF_MIND: Mapping[str, object] = {"reason": "no_longer_wanted"}
SELLER_FAULT: Mapping[str, object] = {"reason": "defective", "evidence": SHOWN}

#: Carries everything out, and its first answer is lost: what was sent is confirmed when it is asked about.
ACCOUNT_NUMBER = "ABCD12340003"


@pytest.fixture(autouse=True)
def bank(hand: Hand) -> WatchedBank:
    return open_bank()


class Life:
    """What was bought, and what becomes of it, in the currency of its market."""

    def __init__(self, hand: Hand, buy: Callable[[], Bought]) -> None:
        self._hand = hand
        self.bought = buy()
        self.market, self.currency = self.bought.shopper.market, self.bought.shopper.currency
        self.shop_ids = [shop.row.pk for shop in self.bought.shops]
        self._look()

    @property
    def now(self) -> datetime:
        return self._hand.moment

    def buy_again(self, *lines: tuple[int, int]) -> None:
        """The same buyer buys something else of the same shops."""
        shopper = self.bought.shopper
        quote = shopper.quote(*lines)
        self.bought = replace(self.bought, quote=quote, purchase=shopper.buy(quote))
        self._look()

    def has(self, code: str, owner: int = 0) -> int:
        return balance_of(code, owner=owner, currency=self.currency)

    def of_seller(self, *, shop: int = 0) -> tuple[int, int, int]:
        """What the books have of a shop: pending, available, and kept back."""
        codes = ("SELLER_PENDING", "SELLER_AVAILABLE", "SELLER_RESERVE")
        pending, available, reserve = (self.has(code, self.shop_ids[shop]) for code in codes)
        return pending, available, reserve

    def order(self, number: int = 0) -> orders.OrderView:
        return orders.get_order(order_id=self.bought.order_ids[number])

    def deliver(self, order_id: int) -> None:
        """Two hours of remorse, and a day on the way."""
        self.let_pass(2 * HOUR)
        parcel = ship(orders.get_order(order_id=order_id), now=self.now)
        self._look()
        track(parcel, TrackingStatus.COLLECTED, now=self.now)
        self._look()
        self._hand.moment += DAY
        track(parcel, TrackingStatus.DELIVERED, now=self.now)
        self._look()

    def let_pass(self, time: timedelta) -> None:
        """Whatever is due by then happens."""
        self._hand.moment += time
        let_time_pass(self.now)
        self._look()

    def cancel(self, order_id: int) -> None:
        """The buyer no longer wants it, before it is shipped."""
        self.bought.shopper.cancel(str(order_id))
        self._look()
        self._send_money()

    def give_back(self, *quantities: int, **why: object) -> CaseView:
        """So many units of each line come back to their seller, and their money to the buyer."""
        now = self.now
        case = open_case(ask(self.order(), *quantities, **why), now=now)
        self._look()
        case = send_back(approve(case, now=now), now=now)
        self._look()
        case = receive(case, now=now)
        self._look()
        self._send_money()
        return see(case.id)

    def quote_case(self, *quantities: int, **why: object) -> orders.RefundQuote:
        """What the buyer is told that they would get."""
        order = self.order()
        quote = aftersales.quote_case(
            order_id=order.id,
            buyer_ref=order.buyer_ref,
            kind=CaseKind.RETURN_AND_REFUND,
            units=units_of(order, *quantities),
            reason=str(why["reason"]),
            now=self.now,
        )
        return quote.refund

    def open_accounts(self, *, currency: str | None = None) -> None:
        """Each shop says where it is paid to."""
        for shop_id in self.shop_ids:
            settlement.set_payout_account(
                shop_id=shop_id,
                version=settlement.get_payout_accounts(shop_id=shop_id).version,
                holder_name="North Wool Ltd",
                account_number=ACCOUNT_NUMBER,
                currency=currency or self.currency,
                actor=ASKER,
                now=self.now,
            )
        self._look()

    def pay_out(self) -> list[str]:
        """Proposed by one, approved by another, sent, confirmed. Returns what the bank was told to pay, by shop."""
        now = self.now
        before = self._sellers_have()
        run_id = self.propose()
        assert run_id is not None
        with pytest.raises(SamePerson):
            approve_run(run_id, actor=ASKER, now=now)
        assert self._sellers_have() == before
        approve_run(run_id, actor=APPROVER, now=now)
        self._look()
        payouts = sorted(settlement.list_payouts(limit=10, run_id=run_id), key=lambda payout: payout.shop_id)
        assert {payout.status for payout in payouts} == {"APPROVED"}
        assert self._sellers_have() == before - sum(payout.amount.minor for payout in payouts)
        send(now=now)
        self._look()
        assert {payout_of(payout.shop_id).status for payout in payouts} == {"SENT"}
        send(*(payout.shop_id for payout in payouts), now=now)
        self._look()
        assert {payout_of(payout.shop_id).status for payout in payouts} == {"CONFIRMED"}
        assert self.has("PAYOUT_CLEARING") == 0
        return [str(payout.pays) for payout in payouts]

    def propose(self) -> int | None:
        run_id = settlement.propose_payouts(market=self.market, actor=ASKER, reason="weekly", now=self.now)
        self._look()
        return run_id

    def close_day(self, *, shop: int = 0) -> tuple[int, int, int, int, int]:
        """A shop's day ends. Returns what its statement says: opening, settled, kept back, paid out, closing."""
        self._hand.moment += 2 * DAY
        assert settlement.close_statements(now=self.now) == len(self.shop_ids)
        self._look()
        statement = settlement.list_statements(shop_id=self.shop_ids[shop], limit=1)[0]
        assert statement.closed_at == self.now
        sums = (statement.opening, statement.settled, statement.reserve, statement.paid_out, statement.closing)
        opening, settled, reserve, paid_out, closing = (amount.minor for amount in sums)
        return opening, settled, reserve, paid_out, closing

    def _sellers_have(self) -> int:
        return sum(self.has("SELLER_AVAILABLE", shop_id) for shop_id in self.shop_ids)

    def _send_money(self) -> None:
        """What is on its way back to the buyer arrives."""
        send_money(now=self.now)
        assert self.has("BUYER_REFUND_CLEARING") == 0
        self._look()

    def _look(self) -> None:
        for hear in (lambda: None, tell):
            hear()
            assert_books_agree()
            assert_invariants_hold(now=self.now)


def total_of(bought: Bought) -> str:
    """What the buyer was quoted, and has paid."""
    assert bought.quote["total"] == bought.purchase["total"] == bought.purchase["payment"]["captured"]
    return f"{bought.quote['total']['amount']} {bought.quote['total']['currency']}"


class TestE1:
    def test_from_quote_to_payout(self, hand: Hand, bank: WatchedBank) -> None:
        life = Life(hand, buy_e1)
        assert total_of(life.bought) == "27.75 USD"
        assert (life.has("PSP_CLEARING.scripted"), life.has("TAX_PAYABLE.US-NY")) == (2775, 226)
        assert life.of_seller() == (2549, 0, 0)

        life.deliver(life.order().id)
        life.let_pass(7 * DAY)
        assert life.of_seller() == (0, 2549 - 153, 0)
        assert life.has("PLATFORM_REVENUE.referral") == 153

        gone = [life.give_back(0, count, **CHANGE_OF_MIND) for count in (1, 2)]
        assert [str(case.refund) for case in gone] == ["4.62 USD", "9.26 USD"]
        assert life.has("PSP_CLEARING.scripted") == 2775 - 462 - 926
        assert life.has("TAX_PAYABLE.US-NY") == 226 - 37 - 76
        assert life.has("PLATFORM_REVENUE.referral") == 153 - 62
        assert life.of_seller() == (0, 2549 - 1275 - 153 + 62, 0)

        life.open_accounts()
        assert life.pay_out() == ["11.83 USD"]
        assert bank.moved(on=hand.moment.date()) == [("payout", str(payout_of(life.shop_ids[0]).id), "-11.83 USD")]
        assert (life.has("BANK"), life.of_seller()) == (-1183, (0, 0, 0))
        assert life.close_day() == (0, 1183, 0, -1183, 0)


class TestE2:
    def test_from_quote_to_payout(self, hand: Hand, bank: WatchedBank) -> None:
        life = Life(hand, buy_e2)
        assert total_of(life.bought) == "69.44 GBP"
        assert life.has("PSP_CLEARING.scripted") == 6944
        assert (life.has("PLATFORM_EXPENSE.coupon"), life.has("PLATFORM_EXPENSE.shipping_subsidy")) == (600, 200)
        assert life.of_seller() == (7744, 0, 0)

        life.deliver(life.order().id)
        life.let_pass(7 * DAY)
        assert life.of_seller() == (0, 6755, 0)
        assert life.has("PLATFORM_REVENUE.commission") == 679
        assert life.has("CREATOR_AVAILABLE", CREATOR) == 310

        life.open_accounts()
        assert life.pay_out() == ["67.55 GBP"]
        assert bank.moved(on=hand.moment.date()) == [("payout", str(payout_of(life.shop_ids[0]).id), "-67.55 GBP")]
        assert (life.has("BANK"), life.of_seller()) == (-6755, (0, 0, 0))
        assert life.close_day() == (0, 6755, 0, -6755, 0)


#: Units of A, B and C; why; and the columns of the page: buyer, VAT, coupon, commission, creator, seller.
E3 = (
    ((1, 0, 0), CHANGE_OF_MIND, 1862, 310, 165, 182, 155, -1690),
    ((1, 0, 0), SELLER_FAULT, 1863, 311, 166, 183, 155, -1691),
    ((0, 0, 2), CHANGE_OF_MIND, 1323, 0, 118, 130, 0, -1311),
    ((0, 0, 1), CHANGE_OF_MIND, 662, 0, 59, 65, 0, -656),
    # Here the shipping goes back too: 0.33 of VAT in it, and the subsidy, which the page names apart.
    ((0, 1, 0), SELLER_FAULT, 1035 + 199, 173 + 33, 92, 119, 0, -1207 - 200),
)


class TestE3:
    def test_from_quote_to_payout_and_back_until_nothing_is_left(self, hand: Hand) -> None:
        """It is paid out when one unit has come back; what comes back later is the seller's debt."""
        life = Life(hand, buy_e2)
        life.deliver(life.order().id)
        life.let_pass(7 * DAY)
        first, *later = E3
        self.go_back(life, first)
        life.open_accounts()
        assert life.pay_out() == ["50.65 GBP"]
        assert life.close_day() == (0, 6755 - 1690, 0, -5065, 0)
        for step in later:
            self.go_back(life, step)

        order = life.order()
        assert (order.breakdown.refunded.minor, order.status) == (6944, "COMPLETED")
        assert [numbers_of(line.sku_id) for line in order.lines] == [[(100, 0, 0)]] * 3
        for account in ("coupon", "shipping_subsidy"):
            assert life.has(f"PLATFORM_EXPENSE.{account}") == 0
        for account in ("PSP_CLEARING.scripted", "PLATFORM_REVENUE.commission", "BUYER_FUNDS"):
            assert life.has(account) == 0
        assert life.has("CREATOR_AVAILABLE", CREATOR) == 0
        assert (life.of_seller(), life.has("BANK")) == ((0, -5065, 0), -5065)
        assert life.propose() is None

    def go_back(
        self, life: Life, step: tuple[tuple[int, ...], Mapping[str, object], int, int, int, int, int, int]
    ) -> None:
        quantities, why, paid, tax, *rest = step
        quote = life.quote_case(*quantities, **why)
        assert (quote.refund.minor, quote.tax.minor, quote.platform_discount_void.minor) == (paid, tax, rest[0])
        before = self.watched(life)
        case = life.give_back(*quantities, **why)
        assert (case.state, case.refund) == (CaseState.COMPLETE, quote.refund)
        moved = [after - was for after, was in zip(self.watched(life), before, strict=True)]
        coupon, commission, creator, seller = rest
        assert moved == [-paid, -coupon, -commission, -creator, seller]

    def watched(self, life: Life) -> list[int]:
        return [
            life.has("PSP_CLEARING.scripted"),
            life.has("PLATFORM_EXPENSE.coupon"),
            life.has("PLATFORM_REVENUE.commission"),
            life.has("CREATOR_AVAILABLE", CREATOR),
            life.has("SELLER_AVAILABLE", life.shop_ids[0]),
        ]


class TestE5:
    def test_from_quote_to_payout(self, hand: Hand) -> None:
        """9 % of what the buyer paid and the platform added: of 61.25 and 9.56, and of 28.45 and 4.44."""
        life = Life(hand, buy_e5)
        assert total_of(life.bought) == "89.70 GBP"
        assert (life.has("PSP_CLEARING.scripted"), life.has("PLATFORM_EXPENSE.coupon")) == (8970, 1400)
        assert [life.of_seller(shop=shop) for shop in (0, 1)] == [(7081, 0, 0), (3289, 0, 0)]
        assert self.spent(life) == 2000

        for order_id in life.bought.order_ids:
            life.deliver(order_id)
        life.let_pass(7 * DAY)
        assert [life.of_seller(shop=shop) for shop in (0, 1)] == [(0, 7081 - 637, 0), (0, 3289 - 296, 0)]
        assert life.has("PLATFORM_REVENUE.commission") == 637 + 296

        life.open_accounts()
        assert life.pay_out() == ["64.44 GBP", "29.93 GBP"]
        assert (life.has("BANK"), life.has("PSP_CLEARING.scripted")) == (-9437, 8970)
        assert life.close_day(shop=1) == (0, 2993, 0, -2993, 0)

    def test_without_the_order_that_is_cancelled_before_it_is_shipped(self, hand: Hand) -> None:
        """X keeps its 13.65 off; what the coupon gave of Y is back in both budgets."""
        life = Life(hand, buy_e5)
        x, y = life.bought.order_ids
        life.cancel(y)
        assert life.has("PSP_CLEARING.scripted") == 8970 - 2845
        assert life.has("PLATFORM_EXPENSE.coupon") == 1400 - 444
        assert self.spent(life) == 2000 - 444 - 191
        assert [life.of_seller(shop=shop) for shop in (0, 1)] == [(7081, 0, 0), (0, 0, 0)]

        life.deliver(x)
        life.let_pass(7 * DAY)
        life.open_accounts()
        assert life.pay_out() == ["64.44 GBP"]
        assert [life.of_seller(shop=shop) for shop in (0, 1)] == [(0, 0, 0), (0, 0, 0)]
        assert life.has("BANK") == -6444

    def spent(self, life: Life) -> int:
        """What is gone of the coupon's budgets, the platform's and the sellers' together."""
        return get_promotion(promotion_id=life.bought.promotion.id, shop_id=None, now=life.now).posted_minor


class TestE8:
    def test_from_quote_to_payout_and_a_late_refund(self, hand: Hand, bank: WatchedBank) -> None:
        set_rate("0.006712")
        life = Life(hand, buy_e8)
        assert total_of(life.bought) == "6760 JPY"
        assert life.of_seller() == (6760, 0, 0)

        life.deliver(life.order().id)
        life.let_pass(7 * DAY)
        assert life.of_seller() == (0, 6063 - 606, 606)
        assert life.has("PLATFORM_REVENUE.commission") == 473
        assert life.has("CREATOR_AVAILABLE", CREATOR) == 224

        life.open_accounts(currency="USD")
        assert life.pay_out() == ["36.63 USD"]
        assert bank.moved(on=hand.moment.date()) == [("payout", str(payout_of(life.shop_ids[0]).id), "-36.63 USD")]
        assert (life.has("FX_POSITION"), balance_of("FX_POSITION", currency="USD")) == (-5457, 3663)
        assert (life.has("BANK"), balance_of("BANK", currency="USD")) == (0, -3663)
        assert life.close_day() == (0, 6063, -606, -5457, 0)

        case = life.give_back(0, 0, 1, **SELLER_FAULT)
        assert str(case.refund) == "3073 JPY"
        assert life.has("PLATFORM_REVENUE.commission") == 473 - 215
        assert life.has("CREATOR_AVAILABLE", CREATOR) == 0
        assert life.of_seller() == (0, -2028, 0)
        assert life.propose() is None

        self.recover(life)

    def recover(self, life: Life) -> None:
        """The next sale of 3960 pays the debt: 277 of commission, 368 kept back, and the rest less 2028 is paid out."""
        first, second, _ = life.order().lines
        life.buy_again((first.sku_id, 1), (second.sku_id, 1))
        life.deliver(life.order().id)
        life.let_pass(7 * DAY)
        assert life.of_seller() == (0, 3960 - 277 - 368 - 2028, 368)
        assert life.pay_out() == ["8.64 USD"]
        life.let_pass(30 * DAY)
        assert life.of_seller() == (0, 368, 0)
        assert life.pay_out() == ["2.47 USD"]
