"""Connections are lost while everybody buys: whatever is told, nothing is half done."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import pytest
from django.db import OperationalError, close_old_connections, connection, connections

from apps.checkout import api as checkout
from apps.inventory.models import StockHold, StockHoldLine
from apps.orders.models import Order, OrderLine, Purchase
from apps.payments.models import PaymentIntent
from tests.checkout.test_races import assert_books_hold
from tests.checkout.test_together import quoted
from tests.factories.checkout import ShopFloor, make_shop_floor
from tests.factories.inventory import numbers_of
from tests.support import NOON
from tradecore import db

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

BUYERS, EACH, STOCK = 8, 6, 1000
PAUSE_S = 0.02

_SESSIONS = "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"


@contextmanager
def losing_connections(*, seed: int) -> Iterator[Counter[str]]:
    """End somebody's session now and then, in the middle of whatever it does."""
    chance, is_over, killed = random.Random(seed), threading.Event(), Counter[str]()

    def kill() -> None:
        while not is_over.wait(PAUSE_S):
            with connection.cursor() as cursor:
                cursor.execute(_SESSIONS)
                sessions = [session for (session,) in cursor.fetchall()]
                if sessions:
                    end_session(chance.choice(sessions), killed)
        connections.close_all()

    connection.close()  # ours is not to be one of them
    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield killed
    finally:
        is_over.set()
        killer.join()


def end_session(session: int, killed: "Counter[str]") -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"KILL {session}")
    except OperationalError:  # it has ended by itself
        return
    killed["sessions"] += 1


def buy_on(sku: int, together: bool, number: int) -> list[object]:
    """What came of so many purchases, one after the other, as requests would make them."""
    told: list[object] = []
    for _ in range(EACH):
        close_old_connections()
        try:
            command = quoted((sku, 1))
            placed = checkout.place_purchase(command=command, now=NOON, together=together)
            told.append(
                checkout.collect_payment(purchase_id=placed.purchase.id, now=NOON, placed=placed, together=together)
            )
        except (db.Busy, db.OutcomeUnknown, OperationalError) as error:
            told.append(error)
        time.sleep(0.001 * number)
    connections.close_all()
    return told


@pytest.mark.parametrize("together", [False, True])
def test_a_purchase_is_there_whole_or_not_at_all(transactional_db: None, together: bool) -> None:
    floor: ShopFloor = make_shop_floor()
    sku = floor.add_sku(stock=STOCK)
    with losing_connections(seed=7) as killed, ThreadPoolExecutor(BUYERS) as pool:
        told = [each for some in pool.map(partial(buy_on, sku, together), range(BUYERS)) for each in some]
    paid = {each.purchase.id for each in told if isinstance(each, checkout.PaymentProgress)}
    assert killed["sessions"] > EACH
    assert paid <= set(Purchase.objects.filter(status="PAID").values_list("id", flat=True))
    purchases = set(Purchase.objects.values_list("id", flat=True))
    assert purchases == set(PaymentIntent.objects.values_list("payable_ref", flat=True))
    assert purchases == set(Order.objects.values_list("purchase_id", flat=True))
    assert purchases == set(StockHold.objects.values_list("owner_ref", flat=True))
    assert len(purchases) == OrderLine.objects.count() == StockHoldLine.objects.count()
    sold = StockHold.objects.filter(status="POSTED").count()
    assert sold == Purchase.objects.filter(status="PAID").count()
    assert numbers_of(sku) == [(STOCK - len(purchases), len(purchases) - sold, sold)]
    assert_books_hold()
