"""Any sequence of cancellations, losses, refunds, returns, counter-offers, chargebacks and settlements keeps every
invariant; and when in the end everything has gone back, every account is where it was, but for the fees that are kept.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.aftersales import api as aftersales
from apps.aftersales.api import CaseView
from apps.checkout import api as checkout
from apps.fees.models import FeePlan
from apps.fulfilment.api import TrackingStatus
from apps.ledger.models import Entry
from apps.orders import api as orders
from apps.orders.api import GoneKind
from apps.orders.models import UnitsGoneEntry
from apps.payments import api as payments
from apps.payments.api import Said
from apps.payments.models import CaptureShare, Refund
from apps.pricing.api import AmountOff
from apps.promotions.api import PromotionKind, get_promotion
from config.subscriptions import EVENTS, TIMERS
from tests.books import assert_books_agree, assert_invariants_hold
from tests.factories import payments as banks
from tests.factories.aftersales import approve, ask, ask_refund, open_case, receive, send_back, send_money
from tests.factories.approvals import give_approval
from tests.factories.checkout import ScriptedProvider, buy
from tests.factories.examples import CREATOR, Shop, brought_by, make_plan
from tests.factories.fees import FeeRuleFactory
from tests.factories.fulfilment import let_time_pass, ship, track
from tests.factories.promotions import make_promotion
from tests.factories.settlement import DAY, HOUR, settle_in_time, tell
from tests.settlement.conftest import Hand
from tests.support import NOON
from tradecore import memo, outbox, timers
from tradecore.errors import Refusal
from tradecore.models import OutboxEvent, Timer
from tradecore.money import Money

pytestmark = pytest.mark.django_db

#: An account, its owner, and the currency.
Account = tuple[str, int, str]

PRICES = ((333, 3), (1999, 2), (101, 3))

_NEVER_SOLD = frozenset({GoneKind.CANCELLED, GoneKind.LOST})

#: Longer than anything takes that anybody waits for.
FOR_EVER = 90 * DAY


class Life:
    """An order of three lines, with coupons of shop and platform, shipping that is subsidised, and a creator."""

    def __init__(self, shop: Shop, hand: Hand) -> None:
        self.shop, self.hand = shop, hand
        skus = [(shop.sell(price), count) for price, count in PRICES]
        self.coupon = make_promotion(
            PromotionKind.PLATFORM_COUPON,
            benefit=AmountOff(500),
            min_spend_minor=0,
            platform_share_bp=7000,
            budget_minor=10_000,
        )
        seller_coupon = shop.promote(PromotionKind.SELLER_COUPON, AmountOff(77), code="SEVENTY7")
        codes = (str(self.coupon.terms.code), str(seller_coupon.terms.code))
        with brought_by(CREATOR, skus[1][0], rate_bp=1000):
            self.order_id = buy(*skus, coupon_codes=codes).purchase.orders[0].id
        self.hand.moment += 2 * HOUR
        checkout.end_remorse(self.order_id, self.hand.moment)
        provider = payments.PROVIDERS.get("scripted")
        assert isinstance(provider, ScriptedProvider)
        self.provider = provider
        self.disputes: list[str] = []

    @property
    def order(self) -> orders.OrderView:
        return orders.get_order(order_id=self.order_id)

    def units(self, line: int, count: int) -> tuple[orders.LineUnits, ...]:
        return (orders.LineUnits(line_id=self.order.lines[line].id, quantity=count),)

    # --- What may happen, to so many units of a line ----------------------------------------------------------------

    def cancel(self, line: int, count: int) -> None:
        self._cancel(self.units(line, count))

    def deliver(self, line: int, count: int) -> None:
        self._ship(line, count, TrackingStatus.DELIVERED)

    def set_off(self, line: int, count: int) -> None:
        self._ship(line, count, TrackingStatus.IN_TRANSIT)

    def lose(self, line: int, count: int) -> None:
        self._ship(line, count, TrackingStatus.LOST)

    def refund(self, line: int, count: int) -> None:
        approve(self._complain(line, count), now=self.hand.moment)

    def return_goods(self, line: int, count: int) -> None:
        now = self.hand.moment
        case = open_case(ask(self.order, units=self.units(line, count)), now=now)
        receive(send_back(approve(case, now=now), now=now), now=now)

    def complain(self, line: int, count: int) -> None:
        """And leave it to the clock."""
        self._complain(line, count)

    def agree(self, line: int, count: int) -> None:
        """On less than was asked for."""
        case = self._offer(line, count)
        aftersales.accept_offer(case_id=case.id, version=None, now=self.hand.moment)

    def disagree(self, line: int, count: int) -> None:
        case = self._offer(line, count)
        aftersales.refuse_offer(case_id=case.id, comment="", now=self.hand.moment)
        approve(case, now=self.hand.moment)

    def charge_back(self, line: int, count: int) -> None:
        """The buyer's bank takes a part of what is left of the payment, and decides later."""
        self._dispute(min(self.left_minor, 701 * count))

    def win(self, line: int, count: int) -> None:
        self._decide(Said.DISPUTE_WON)

    def lose_dispute(self, line: int, count: int) -> None:
        self._decide(Said.DISPUTE_LOST)

    def wait(self, line: int, count: int) -> None:
        """Three days and more: clocks of orders and cases run out, the order settles, its reserve is released."""
        self.let_pass(3 * count * DAY)

    # --- And what happens in the end ----------------------------------------------------------------------------------

    def give_everything_back(self) -> None:
        """Whatever is left: what was not shipped, then what was, then what is left of the payment."""
        while self.disputes:
            self._decide(Said.DISPUTE_LOST)
        tell()
        if any(line.open_units for line in self.order.lines) and self.order.status not in {"COMPLETED", "CANCELLED"}:
            self._cancel(None)
        if any(line.refundable_units for line in self.order.lines):
            with suppress(aftersales.CaseInvalid):  # open cases speak for all of them: the bank takes their money
                self._refund_all()
        if self.left_minor:
            self._dispute(self.left_minor)
            self._decide(Said.DISPUTE_LOST)
        self.let_pass(FOR_EVER)

    def let_pass(self, time: timedelta) -> None:
        """Everybody has heard of what was before."""
        tell()
        self.hand.moment += time
        let_time_pass(self.hand.moment)

    @property
    def left_minor(self) -> int:
        """What has not gone back of the payment."""
        share = CaptureShare.objects.get(order_ref=self.order_id)
        return int(share.amount_minor - share.refunded_minor - share.charged_back_minor)

    def _cancel(self, units: Sequence[orders.LineUnits] | None) -> None:
        checkout.cancel_lines(
            order_id=self.order_id, units=units, initiator="seller", reason="out_of_stock", now=self.hand.moment
        )

    def _ship(self, line: int, count: int, status: TrackingStatus) -> None:
        now = self.hand.moment
        track(ship(self.order, self.units(line, count), now=now), status, now=now)

    def _complain(self, line: int, count: int) -> CaseView:
        reason = "defective" if self.order.status == "DELIVERED" else "not_received"
        return open_case(ask_refund(self.order, units=self.units(line, count), reason=reason), now=self.hand.moment)

    def _offer(self, line: int, count: int) -> CaseView:
        case = self._complain(line, count)
        amount = Money(37 * count, "GBP")
        aftersales.make_offer(case_id=case.id, version=None, amount=amount, comment="", now=self.hand.moment)
        return case

    def _dispute(self, minor: int) -> None:
        if minor == 0:
            return
        self.disputes.append(f"dsp_{self.order_id}_{Entry.objects.count()}")
        banks.dispute(
            self.provider,
            payable_ref=self.order.purchase_id,
            minor=minor,
            provider_ref=self.disputes[-1],
            now=self.hand.moment,
        )

    def _decide(self, said: Said) -> None:
        if self.disputes:
            told = banks.decide(self.provider, said, provider_ref=self.disputes.pop())
            banks.tell(told, now=self.hand.moment)

    def _refund_all(self) -> None:
        """An operator does, and another one agrees where that is everything."""
        asked = aftersales.refund_by_operator(
            refunds=[aftersales.OrderRefund(order_id=self.order_id, units=None)],
            reason="safety_recall",
            comment="",
            actor="user:1",
            now=self.hand.moment,
        )
        for each in asked.awaiting:
            give_approval(each, now=self.hand.moment)


DOINGS: dict[str, Callable[[Life, int, int], None]] = {
    "cancel": Life.cancel,
    "deliver": Life.deliver,
    "set off": Life.set_off,
    "lose": Life.lose,
    "refund": Life.refund,
    "return": Life.return_goods,
    "complain": Life.complain,
    "agree": Life.agree,
    "disagree": Life.disagree,
    "charge back": Life.charge_back,
    "win": Life.win,
    "lose dispute": Life.lose_dispute,
    "wait": Life.wait,
}

#: What happens, to which line, to how many units; and whether everybody hears of it before the next thing happens.
steps = st.lists(
    st.tuples(st.sampled_from(sorted(DOINGS)), st.integers(0, 2), st.integers(1, 3), st.booleans()),
    min_size=2,
    max_size=10,
)


@pytest.fixture
def shop(hand: Hand) -> Shop:
    """A shop that has sold before, with a fee that goes back, one of which a fifth is kept, and one that is kept."""
    plan = make_plan("THREE", "GB", "GBP", rule={}, reserve_bp=1000, reserve_s=5 * 24 * 3600)
    row = FeePlan.objects.get(code=plan)
    FeeRuleFactory(
        plan=row,
        kind="referral",
        basis="GOODS",
        rate_bp=600,
        tax_rate_e5=20_000,
        refund_policy="PRO_RATA_MINUS_ADMIN",
        admin_bp=2000,
    )
    FeeRuleFactory(plan=row, kind="transaction", basis="PAYMENT", rate_bp=200, fixed_minor=20, refund_policy="KEEP")
    shop = Shop("GB", "GBP", shipping_minor=399, fee_plan=plan)
    shop.promote_for_platform(PromotionKind.SHIPPING_DISCOUNT, AmountOff(100))
    let_time_pass(settle_in_time(buy((shop.sell(5000), 1)).purchase.orders[0].id, now=NOON) + 5 * DAY)
    return shop


@contextmanager
def undone(hand: Hand) -> Iterator[None]:
    """Examples share a test: each begins where the first one did."""
    began = hand.moment
    savepoint = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(savepoint)
        memo.forget_everything()
        hand.moment = began


class TestAnySequence:
    @settings(max_examples=12, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(doings=steps, arrives_first=st.booleans(), waits_at_last=st.booleans())
    def test_keeps_every_invariant_and_is_undone_to_the_last_cent(
        self,
        hand: Hand,
        shop: Shop,
        doings: Sequence[tuple[str, int, int, bool]],
        arrives_first: bool,
        waits_at_last: bool,
    ) -> None:
        with undone(hand):
            before = balances()
            life = Life(shop, hand)
            if arrives_first:
                track(ship(life.order, now=hand.moment), TrackingStatus.DELIVERED, now=hand.moment)
            for name, line, count, is_heard in doings:
                with suppress(Refusal):
                    DOINGS[name](life, line, count)
                assert_books_agree()
                if is_heard:
                    hear_everything(hand)
            hear_everything(hand)
            if waits_at_last:
                life.let_pass(FOR_EVER)
                hear_everything(hand)
            life.give_everything_back()
            hear_everything(hand)
            assert_nothing_failed()
            assert_all_is_back(life)
            assert moved_since(before) == kept_of(life)


def hear_everything(hand: Hand) -> None:
    """And does what is due, until nobody has anything to do; then there is nothing wrong with any table."""
    while outbox.relay(subscriptions=EVENTS) or timers.sweep(handlers=TIMERS, now=hand.moment):
        pass
    send_money(now=hand.moment)
    assert_books_agree()
    assert_invariants_hold(now=hand.moment)


def assert_nothing_failed() -> None:
    """No timer and no event had to be put off, and none waits."""
    assert list(Timer.objects.exclude(last_error="").values_list("kind", "last_error")) == []
    assert list(OutboxEvent.objects.exclude(last_error="").values_list("kind", "last_error")) == []
    assert not OutboxEvent.objects.filter(delivered_at=None).exists()


def assert_all_is_back(life: Life) -> None:
    """The buyer has all that they paid, once; and the coupon's budget all that it gave."""
    share = CaptureShare.objects.get(order_ref=life.order_id)
    refunded = sum(Refund.objects.filter(order_ref=life.order_id).values_list("amount_minor", flat=True))
    assert share.refunded_minor + share.charged_back_minor == share.amount_minor == life.order.breakdown.refunded.minor
    assert refunded == share.refunded_minor
    assert get_promotion(promotion_id=life.coupon.id, shop_id=None, now=life.hand.moment).posted_minor == 0


def balances() -> Counter[Account]:
    """What is posted on every account, debits positive."""
    rows = Entry.objects.filter(is_pending=False).order_by().values_list("account", "owner_ref", "currency")
    return Counter(
        {(code, owner, currency): int(sum_) for code, owner, currency, sum_ in rows.annotate(Sum("amount_minor"))}
    )


def moved_since(before: Counter[Account]) -> dict[Account, int]:
    """The accounts that are not where they were, and by how much."""
    now = balances()
    moved = {account: now[account] - before[account] for account in now.keys() | before.keys()}
    return {account: minor for account, minor in moved.items() if minor}


def kept_of(life: Life) -> dict[Account, int]:
    """What stays of the fees, which the shop owes though it has sold nothing in the end.

    The transaction fee, and a fifth of the referral fee with the tax on it, of whatever was not cancelled or lost;
    nothing of an order all of which was.
    """
    sale = orders.get_sale(order_id=life.order_id)
    if sale.status == "CANCELLED":
        return {}
    never_sold = UnitsGoneEntry.objects.filter(order_id=life.order_id, kind__in=_NEVER_SOLD)
    paid = life.order.breakdown.total.minor - sum(never_sold.values_list("refund_minor", flat=True))
    parts = [part for entry in sale.gone if entry.kind in _NEVER_SOLD for part in entry.parts.values()]
    goods = sum(line.amounts.net_minor for line in sale.lines) - sum(part.net_minor for part in parts)
    transaction_fee = 20 + percent(2, paid) if paid else 0
    referral_fee = percent(20, percent(6, goods))
    tax = percent(20, referral_fee)
    kept = {
        ("PLATFORM_REVENUE.transaction", 0, "GBP"): -transaction_fee,
        ("PLATFORM_REVENUE.referral", 0, "GBP"): -referral_fee,
        ("TAX_PAYABLE.GB", 0, "GBP"): -tax,
        ("SELLER_AVAILABLE", life.shop.row.pk, "GBP"): transaction_fee + referral_fee + tax,
    }
    return {account: minor for account, minor in kept.items() if minor}


def percent(rate: int, minor: int) -> int:
    """Half up."""
    return (2 * rate * minor + 100) // 200
