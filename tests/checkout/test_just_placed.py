"""A purchase that is paid in the request that placed it is known, and what was done to it meanwhile is noticed."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from apps.checkout import api as checkout
from apps.checkout import confirm_payment
from apps.inventory import api as inventory
from apps.inventory.models import Stock, StockHold, StockHoldLine, StockMovement
from apps.ledger.models import Entry, Posting
from apps.orders import api as orders
from apps.orders.models import Order, OrderHold, OrderTransition, Purchase
from apps.payments import api as payments
from apps.payments.models import (
    Capture,
    CaptureShare,
    PaymentIntent,
    PaymentTransition,
    ProviderAnswer,
    ProviderCall,
    Refund,
    Tender,
)
from apps.promotions.api import PromotionKind
from apps.promotions.models import PromotionHold
from tests.checkout.test_races import assert_books_hold
from tests.factories.checkout import ShopFloor, add_shop, make_shop_floor, place, tender
from tests.factories.inventory import numbers_of
from tests.factories.promotions import make_promotion
from tests.support import NOON, in_use_case
from tradecore.locks import JustWritten
from tradecore.models import OutboxEvent, Timer

Placed = checkout.PaymentProgress
Meddle = Callable[[Placed], None]


@pytest.fixture
def floor(db: None) -> ShopFloor:
    return make_shop_floor()


def expire(placed: Placed) -> None:
    checkout.expire_purchase(placed.purchase.id, NOON)


def cancel(placed: Placed) -> None:
    checkout.cancel_unpaid_purchase(purchase_id=placed.purchase.id, initiator="buyer", reason="changed", now=NOON)


def hear_of_it_elsewhere(placed: Placed) -> None:
    """The provider has told of the very money, and that was applied."""
    statement = payments.PROVIDERS.get("scripted").ask(placed.unsent[0].reference)
    assert statement is not None
    checkout.apply_statement(statement=statement, provider="scripted", source="poll", now=NOON)


def hold_an_order(placed: Placed) -> None:
    order_id = placed.purchase.orders[0].id
    in_use_case(lambda: orders.place_hold(order_id=order_id, kind="RISK", owner_ref=1, now=NOON))


def note_a_lie(placed: Placed) -> None:
    ref = placed.purchase.id
    in_use_case(lambda: payments.note_contradiction(payable_ref=ref, contradiction="webhook", now=NOON))


def offer_another_card(placed: Placed) -> None:
    """As if the call had been refused, so that nothing is in the way of another."""
    ProviderCall.objects.filter(pk=placed.unsent[0].reference).update(status="REFUSED")
    checkout.offer_tenders(purchase_id=placed.purchase.id, tenders=[tender()], now=NOON)


def give_a_piece_back(placed: Placed) -> None:
    """What no flow does to an unpaid purchase: its hold shrinks and stays pending."""
    line_ref = StockHoldLine.objects.get(hold_id=placed.purchase.id).line_ref
    in_use_case(lambda: inventory.release(owner_ref=placed.purchase.id, lines=[(line_ref, 1)], reason="test", now=NOON))


def hear_nothing(placed: Placed) -> None:
    """A poller has asked as well, and was not answered."""
    in_use_case(lambda: payments.mark_unanswered(reference=placed.unsent[0].reference, now=NOON))


def lose_the_hold(placed: Placed) -> None:
    in_use_case(lambda: inventory.void(owner_ref=placed.purchase.id, now=NOON))


def nothing(_placed: Placed) -> None:
    pass


def written() -> dict[str, "Counter[tuple[Any, ...]]"]:
    """What stands of all purchases, without its ids."""
    rows: dict[str, QuerySet[Any, tuple[Any, ...]]] = {
        "purchases": Purchase.objects.values_list("status", "version", "paid_at", "closed_at"),
        "orders": Order.objects.values_list("status", "version", "transition_count", "is_held", "ship_by"),
        "transitions": OrderTransition.objects.values_list("sequence", "before", "after", "reason"),
        "holds": OrderHold.objects.values_list("kind", "released_at"),
        "intents": PaymentIntent.objects.values_list("status", "captured_minor", "refunded_minor", "version"),
        "tenders": Tender.objects.values_list("position", "status"),
        "calls": ProviderCall.objects.values_list("operation", "status", "amount_minor"),
        "captures": Capture.objects.values_list("amount_minor", "is_late"),
        "refunds": Refund.objects.values_list("status", "amount_minor"),
        "answers": ProviderAnswer.objects.values_list("source", "verdict"),
        "transitions of payments": PaymentTransition.objects.values_list("subject", "before", "after"),
        "shares": CaptureShare.objects.values_list("amount_minor"),
        "stock": Stock.objects.values_list("available", "held", "committed"),
        "stock holds": StockHold.objects.values_list("status", "resolved_at"),
        "held lines": StockHoldLine.objects.values_list("quantity", "voided", "posted", "released"),
        "stock journal": StockMovement.objects.values_list("kind", "available", "held", "committed"),
        "events": OutboxEvent.objects.values_list("kind", "aggregate", "sequence"),
        "timers": Timer.objects.values_list("kind", "due_at", "fired_at"),
        "postings": Posting.objects.values_list("kind"),
        "entries": Entry.objects.values_list("account", "amount_minor", "is_pending"),
    }
    return {name: Counter(of) for name, of in rows.items()}


class Till:
    """Sells two pieces of a SKU of its own, while something is done to each purchase as its provider is asked."""

    def __init__(self, floor: ShopFloor, meddle: Meddle, monkeypatch: pytest.MonkeyPatch) -> None:
        self.floor, self.meddle, self.send = floor, meddle, floor.provider.send
        self.placed: Placed | None = None
        self.wish: dict[str, Any] = {}
        monkeypatch.setattr(floor.provider, "send", self.send_and_meddle)

    def send_and_meddle(self, call: payments.Call) -> payments.Statement:
        statement = self.send(call)
        if self.placed is not None:
            placed, self.placed = self.placed, None
            self.meddle(placed)
        return statement

    def sell(self, *, known: bool) -> Placed:
        self.placed = placed = place((self.floor.add_sku(), 2), **self.wish)
        progress = checkout.collect_payment(
            purchase_id=placed.purchase.id, now=NOON, placed=placed if known else replace(placed, just_written=None)
        )
        assert_books_hold()
        return progress


#: Whether the rows are as they were written after it.
MEDDLES: dict[Meddle, bool] = {
    nothing: True,
    expire: False,
    cancel: False,
    hear_of_it_elsewhere: False,
    hold_an_order: False,
    note_a_lie: False,
    offer_another_card: False,
    lose_the_hold: False,
    give_a_piece_back: False,
    hear_nothing: False,
}


@pytest.mark.parametrize("meddle", MEDDLES)
class TestWhateverWasDoneMeanwhile:
    def test_the_same_comes_of_it_as_by_locking_and_reading(
        self, floor: ShopFloor, meddle: Meddle, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        till = Till(floor, meddle, monkeypatch)
        by_reading = till.sell(known=False)
        of_one = written()
        by_knowing = till.sell(known=True)
        assert (by_knowing.purchase.status, by_knowing.payment.status, by_knowing.is_final) == (
            by_reading.purchase.status,
            by_reading.payment.status,
            by_reading.is_final,
        )
        assert written() == {name: rows + rows for name, rows in of_one.items()}

    def test_it_is_noticed(self, floor: ShopFloor, meddle: Meddle, monkeypatch: pytest.MonkeyPatch) -> None:
        """And where nothing was done, nothing is read again."""
        applied_by_reading = list[int]()
        apply = confirm_payment.apply_statement

        def note_and_apply(**arguments: Any) -> Any:
            applied_by_reading.append(arguments["purchase_id"])
            return apply(**arguments)

        monkeypatch.setattr("apps.checkout.collect_payment.apply_statement", note_and_apply)
        progress = Till(floor, meddle, monkeypatch).sell(known=True)
        assert applied_by_reading[:1] == ([] if MEDDLES[meddle] else [progress.purchase.id])


class TestOtherShapes:
    """Where nothing was done meanwhile."""

    @pytest.fixture
    def till(self, floor: ShopFloor, monkeypatch: pytest.MonkeyPatch) -> Till:
        return Till(floor, nothing, monkeypatch)

    def test_with_a_coupon(self, till: Till) -> None:
        make_promotion(PromotionKind.PLATFORM_COUPON, code="TEN-OFF", min_spend_minor=0)
        till.wish = {"coupon_codes": ("TEN-OFF",)}
        till.sell(known=False)
        of_one = written()
        assert till.sell(known=True).purchase.status == "PAID"
        assert written() == {name: rows + rows for name, rows in of_one.items()}
        assert PromotionHold.objects.filter(status="POSTED").count() == 2

    def test_with_orders_of_two_shops(self, floor: ShopFloor, till: Till) -> None:
        other = add_shop(floor.provider)
        for known in (False, True):
            placed = place((floor.add_sku(), 1), (other.add_sku(), 3))
            progress = checkout.collect_payment(
                purchase_id=placed.purchase.id, now=NOON, placed=placed if known else None
            )
            assert [order.status for order in progress.purchase.orders] == ["ON_HOLD", "ON_HOLD"]
        assert_books_hold()
        assert Counter(CaptureShare.objects.values_list("amount_minor", flat=True)).most_common()[0][1] == 2

    def test_of_an_account_that_is_not_ours(self, floor: ShopFloor, till: Till) -> None:
        send = till.send
        till.send = lambda call: replace(send(call), account="another")
        for known in (False, True):
            till.sell(known=known)
        assert set(Tender.objects.values_list("status", flat=True)) == {"SUSPECT"}
        assert not Capture.objects.exists()


class TestOneAttempt:
    def test_that_failed_leaves_the_rows_to_nobody(self, floor: ShopFloor, monkeypatch: pytest.MonkeyPatch) -> None:
        """A deadlock undoes it when everything is changed in memory already: the next one reads."""
        post, failures = inventory.post_known, [OperationalError(1213, "Deadlock found")]

        def fail_once(**arguments: Any) -> bool:
            if failures:
                raise failures.pop()
            return post(**arguments)

        monkeypatch.setattr(inventory, "post_known", fail_once)
        till = Till(floor, nothing, monkeypatch)
        assert till.sell(known=True).purchase.status == "PAID"
        assert not failures
        once = written()
        assert till.sell(known=True).purchase.status == "PAID"
        assert written() == {name: rows + rows for name, rows in once.items()}

    def test_knows_them_once(self) -> None:
        known = list[str]()
        just_written = JustWritten(lambda: known.append("orders"), lambda: known.append("payments"))
        assert [just_written.become_known() for _ in range(2)] == [True, False]
        assert known == ["orders", "payments"]


def test_what_is_known_is_not_read(floor: ShopFloor) -> None:
    placed = place((floor.add_sku(), 1), (floor.add_sku(), 1))
    with CaptureQueriesContext(connection) as captured:
        checkout.collect_payment(purchase_id=placed.purchase.id, now=NOON, placed=placed)
    read = [query["sql"] for query in captured.captured_queries if query["sql"].startswith("SELECT")]
    assert len(read) == 1, read  # that what was booked adds up to nothing
    assert "ledger_entry" in read[0]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
class TestBesideOthers:
    """The request pays what it knows, while a poller, the buyer's other tab and the clock are at the same purchase."""

    def test_the_money_is_where_it_belongs(self, transactional_db: None, race: Any) -> None:
        floor = make_shop_floor()
        sku = floor.add_sku(stock=1_000)
        for _ in range(15):
            placed = place((sku, 1))
            purchase_id, reference = placed.purchase.id, placed.unsent[0].reference
            others = [
                partial(checkout.poll_provider_calls, limit=1, now=NOON, references=[reference]),
                partial(
                    checkout.cancel_unpaid_purchase,
                    purchase_id=purchase_id,
                    initiator="buyer",
                    reason="other",
                    now=NOON,
                ),
                partial(checkout.expire_purchase, purchase_id, NOON + timedelta(hours=1)),
            ]
            race([partial(checkout.collect_payment, purchase_id=purchase_id, now=NOON, placed=placed), *others])
            captured, refunds = Capture.objects.filter(tender__intent__payable_ref=purchase_id), Refund.objects
            status = orders.get_purchase(purchase_id=purchase_id).status
            assert captured.count() == (
                1 if status == "PAID" else refunds.filter(intent__payable_ref=purchase_id).count()
            )
            assert_books_hold()

    def test_it_is_paid_once(self, transactional_db: None, race: Any) -> None:
        floor = make_shop_floor()
        sku = floor.add_sku(stock=1_000)
        for _ in range(15):
            placed = place((sku, 1))
            pay = partial(checkout.collect_payment, purchase_id=placed.purchase.id, now=NOON, placed=placed)
            poll = partial(checkout.poll_provider_calls, limit=1, now=NOON, references=[placed.unsent[0].reference])
            results = race([pay, poll, poll])
            assert [result for result in results if isinstance(result, Exception)] == []
            assert orders.get_purchase(purchase_id=placed.purchase.id).status == "PAID"
        assert (Capture.objects.count(), Refund.objects.count()) == (15, 0)
        assert numbers_of(sku) == [(985, 0, 15)]
        assert_books_hold()
