"""Settlement under threads: an order settles once, and comes to the same whatever else happens at that moment."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import pytest

from apps.aftersales import api as aftersales
from apps.checkout import api as checkout
from apps.orders import api as orders
from apps.payments import api as payments
from apps.payments.api import Said
from apps.settlement import api as settlement
from apps.settlement.models import Settlement
from config.subscriptions import TIMERS
from tests.books import assert_books_agree, assert_invariants_hold, balance_of
from tests.factories.aftersales import approve, ask_refund, open_case, send_money
from tests.factories.checkout import ScriptedProvider, buy
from tests.factories.examples import Shop, make_plan
from tests.factories.fulfilment import let_time_pass
from tests.factories.orders import units_of
from tests.factories.payments import charge_back, decide
from tests.factories.settlement import DAY, deliver_order, tell
from tests.settlement.conftest import Hand
from tests.settlement.test_settle_order import sums_of
from tests.support import NOON
from tradecore import timers

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

Race = Callable[[Sequence[Callable[[], Any]]], list[Any]]
Act = Callable[[orders.OrderView, Hand], None]

START_TIMEOUT_S = 30
FOR_EVER_S = 1

#: What an order of `deliver` comes to, whole and without one of its units.
WHOLE = {"sale": 3000, "fee": -270}
LESS_ONE = {"sale": 3000, "refund": -1000, "fee": -180}


@pytest.fixture(autouse=True)
def _books(hand: Hand) -> Iterator[None]:
    """Everybody hears of everything, and then the books are looked at."""
    yield
    tell()
    send_money(now=hand.moment)
    assert_books_agree()
    assert_invariants_hold(now=hand.moment)


def deliver(count: int, hand: Hand, **terms: Any) -> list[orders.OrderView]:
    """So many orders of one shop, each of three units at 10.00 of which 9 % are a fee, on the day on which they settle.

    All of their settlements and refunds want the account of the shop.
    """
    plan = make_plan("NINE", "GB", "GBP", rule={"basis": "PAYMENT", "rate_bp": 900}, **terms)
    sku_id = Shop("GB", "GBP", fee_plan=plan).sell(1000, tax_category="zero")
    order_ids = [buy((sku_id, 3)).purchase.orders[0].id for _ in range(count)]
    hand.moment = max(deliver_order(order_id, now=NOON) for order_id in order_ids) + 7 * DAY
    tell()
    return [orders.get_order(order_id=order_id) for order_id in order_ids]


def settle(order: orders.OrderView, hand: Hand) -> None:
    settlement.settle_order(order.id, hand.moment)


def refund_by_seller(order: orders.OrderView, hand: Hand) -> None:
    """One unit goes back, because the shop says so, and everybody hears of it."""
    aftersales.refund_by_seller(
        order_id=order.id, units=units_of(order, 1), reason="shops_mistake", comment="", now=hand.moment
    )
    tell()


def complain(order: orders.OrderView, hand: Hand) -> None:
    """One unit goes back, because its buyer says so and the shop agrees; the order is on hold meanwhile."""
    approve(open_case(ask_refund(order, 1), now=hand.moment), now=hand.moment)
    tell()


def available(order: orders.OrderView) -> int:
    """What the shop of an order has."""
    return balance_of("SELLER_AVAILABLE", owner=order.shop_id)


def failures(outcomes: Sequence[Any]) -> list[Any]:
    return [outcome for outcome in outcomes if isinstance(outcome, Exception)]


def comes_to(act: Act, place: str, monkeypatch: pytest.MonkeyPatch) -> Act:
    """The act, which begins when somebody has come to that function, who waits there for it as long as need be.

    That is for ever, as far as they can tell, where the act waits for what they have locked.
    """
    module, _, name = place.rpartition(".")
    original = getattr(import_module(module), name)
    has_come, is_done = threading.Event(), threading.Event()

    def stand_still(*arguments: Any, **parts: Any) -> Any:
        if not has_come.is_set():
            has_come.set()
            is_done.wait(FOR_EVER_S)
        return original(*arguments, **parts)

    def begin(order: orders.OrderView, hand: Hand) -> None:
        assert has_come.wait(START_TIMEOUT_S)
        act(order, hand)
        is_done.set()

    monkeypatch.setattr(place, stand_still)
    return begin


class TestRuns:
    def test_at_once_settle_every_order_once(self, hand: Hand, race: Race) -> None:
        sold = deliver(8, hand)
        assert sum(race([lambda: timers.sweep(handlers=TIMERS, now=hand.moment, limit=2)] * 4)) > 0
        let_time_pass(hand.moment)
        assert Counter(Settlement.objects.values_list("order_id", flat=True)) == Counter(order.id for order in sold)
        assert [sums_of(order.id) for order in sold] == [WHOLE] * 8
        assert available(sold[0]) == 8 * 2730

    def test_at_one_order_settle_it_once(self, hand: Hand, race: Race) -> None:
        (order,) = deliver(1, hand)
        assert failures(race([lambda: settle(order, hand)] * 6)) == []
        assert Settlement.objects.count() == 1
        assert (sums_of(order.id), available(order)) == (WHOLE, 2730)


class TestInTheMidst:
    """Whoever comes just then waits: for the order, or for the account of its shop."""

    def test_of_the_settlement_of_another_order(self, hand: Hand, race: Race, monkeypatch: pytest.MonkeyPatch) -> None:
        before, one, other = deliver(3, hand)
        settle(before, hand)
        settle_too = comes_to(settle, "apps.settlement.settle_order.write_lines", monkeypatch)
        assert failures(race([lambda: settle(one, hand), lambda: settle_too(other, hand)])) == []
        assert available(one) == 3 * 2730
        assert settlement.get_account(shop_id=one.shop_id, currency="GBP").available.minor == 3 * 2730

    def test_of_a_settlement(self, hand: Hand, race: Race, monkeypatch: pytest.MonkeyPatch) -> None:
        (order,) = deliver(1, hand)
        refund = comes_to(refund_by_seller, "apps.settlement.settle_order.lock_account", monkeypatch)
        assert failures(race([lambda: settle(order, hand), lambda: refund(order, hand)])) == []
        assert (sums_of(order.id), available(order)) == (LESS_ONE, 2730 - 910)

    def test_of_a_release(self, hand: Hand, race: Race, monkeypatch: pytest.MonkeyPatch) -> None:
        (order,) = deliver(1, hand, reserve_bp=1000, reserve_s=5 * 24 * 3600)
        settle(order, hand)
        hand.moment += 5 * DAY
        refund = comes_to(refund_by_seller, "apps.settlement.release_reserve.lock_account", monkeypatch)
        release = partial(settlement.release_reserve, order.id, hand.moment)
        assert failures(race([release, lambda: refund(order, hand)])) == []
        reserve = {"reserve_held": -273, "reserve_released": 273}
        assert (sums_of(order.id), available(order)) == (LESS_ONE | reserve, 2730 - 910)


class TestAgainstWhatGoesBack:
    """Several orders at once: who wins is chance."""

    @pytest.mark.parametrize("go_back", [refund_by_seller, complain])
    def test_a_refund(self, go_back: Act, hand: Hand, race: Race) -> None:
        sold = deliver(4, hand)
        acts = [partial(act, order, hand) for order in sold for act in (settle, go_back)]
        assert failures(race(acts)) == []
        tell()
        let_time_pass(hand.moment)
        assert [sums_of(order.id) for order in sold] == [LESS_ONE] * 4
        assert available(sold[0]) == 4 * (2730 - 910)

    def test_a_chargeback_that_is_opened_and_lost(self, hand: Hand, race: Race) -> None:
        sold = deliver(4, hand)
        provider = payments.PROVIDERS.get("scripted")
        assert isinstance(provider, ScriptedProvider)
        settlements = [partial(settle, order, hand) for order in sold]

        def hear() -> None:
            while checkout.apply_stored_answers(limit=3, now=hand.moment):
                pass
            tell()

        for order in sold:
            told = charge_back(provider, payable_ref=order.purchase_id, provider_ref=f"dsp_{order.id}", now=hand.moment)
            payments.store_webhook(provider="scripted", statement=told, now=hand.moment)
        assert failures(race([*settlements, hear, hear])) == []
        for order in sold:
            told = decide(provider, Said.DISPUTE_LOST, provider_ref=f"dsp_{order.id}")
            payments.store_webhook(provider="scripted", statement=told, now=hand.moment)
        assert failures(race([*settlements, hear, hear])) == []
        hear()
        let_time_pass(hand.moment)
        assert [sums_of(order.id) for order in sold] == [{"sale": 3000, "refund": -3000}] * 4
        assert available(sold[0]) == 0

    def test_a_refund_while_the_reserve_is_released(self, hand: Hand, race: Race) -> None:
        """Whether the reserve covers it or has just become the seller's, they have the same in the end."""
        sold = deliver(4, hand, reserve_bp=1000, reserve_s=5 * 24 * 3600)
        let_time_pass(hand.moment)
        assert (available(sold[0]), balance_of("SELLER_RESERVE", owner=sold[0].shop_id)) == (4 * 2457, 4 * 273)
        hand.moment += 5 * DAY
        releases = [partial(settlement.release_reserve, order.id, hand.moment) for order in sold]
        refunds = [partial(refund_by_seller, order, hand) for order in sold]
        assert failures(race([*releases, *refunds])) == []
        tell()
        assert available(sold[0]) == 4 * (2730 - 910)
        assert balance_of("SELLER_RESERVE", owner=sold[0].shop_id) == 0
