"""Statements are counted: what a purchase costs the database is part of the design."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.checkout import api as checkout
from apps.pricing.api import AmountOff
from apps.promotions.api import PromotionKind
from tests.factories.checkout import ShopFloor, buy, make_buyer, make_shop_floor, make_wish, place, place_quote, tender
from tests.factories.promotions import make_promotion
from tests.support import NOON, hear_round_trips


class Counted:
    """Statements of a block, without the savepoints that stand for BEGIN and COMMIT in a test."""

    def __init__(self) -> None:
        self._captured = CaptureQueriesContext(connection)

    def __enter__(self) -> "Counted":
        self._captured.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._captured.__exit__(None, None, None)

    @property
    def count(self) -> int:
        return sum("SAVEPOINT" not in query["sql"] for query in self._captured.captured_queries)

    def __str__(self) -> str:
        return "\n".join(query["sql"][:160] for query in self._captured.captured_queries)


@pytest.fixture
def floor(db: None) -> ShopFloor:
    return make_shop_floor()


class TestAPurchaseOfTwoLinesWithOneCoupon:
    @pytest.fixture
    def quoted(self, floor: ShopFloor) -> tuple[checkout.Quote, checkout.Buyer, checkout.Wish]:
        make_promotion(
            PromotionKind.SELLER_COUPON,
            shop_id=floor.shop_id,
            benefit=AmountOff(100),
            code="SAVE",
            min_spend_minor=0,
            uses_cap=1_000,
            budget_minor=100_000,
        )
        first, second = floor.add_sku(), floor.add_sku()
        buyer = make_buyer()
        wish = make_wish((first, 1), (second, 2), coupon_codes=("SAVE",))
        quote = checkout.make_quote(wish=wish, buyer=buyer, now=NOON)
        assert quote.total.minor == 3 * 1999 - 100 + 399
        return quote, buyer, wish

    def test_is_quoted_with_two_statements(self, quoted: Any) -> None:
        _, buyer, wish = quoted
        with Counted() as counted:
            checkout.make_quote(wish=wish, buyer=buyer, now=NOON)
        assert counted.count == 2, str(counted)

    def test_is_placed_with_twenty(self, quoted: Any) -> None:
        quote, buyer, _ = quoted
        with Counted() as counted:
            place_quote(quote, buyer, tenders=(tender(),))
        assert counted.count == 20, str(counted)

    def test_is_paid_with_thirty_two(self, quoted: Any) -> None:
        quote, buyer, _ = quoted
        placed = place_quote(quote, buyer, tenders=(tender(),))
        with Counted() as counted:
            checkout.collect_payment(purchase_id=placed.purchase.id, now=NOON)
        assert counted.count == 32, str(counted)

    @pytest.mark.mariadb
    def test_is_placed_with_eleven_round_trips(self, quoted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        quote, buyer, _ = quoted
        sent = hear_round_trips(monkeypatch)
        place_quote(quote, buyer, tenders=(tender(),))
        assert len(sent) == 11, sent

    @pytest.mark.mariadb
    def test_is_paid_with_sixteen(self, quoted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        quote, buyer, _ = quoted
        placed = place_quote(quote, buyer, tenders=(tender(),))
        sent = hear_round_trips(monkeypatch)
        checkout.collect_payment(purchase_id=placed.purchase.id, now=NOON)
        assert len(sent) == 16, sent


@pytest.mark.mariadb
def test_a_purchase_is_paid_at_once_with_three_round_trips(floor: ShopFloor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own, and those for BEGIN and COMMIT."""
    placed = place((floor.add_sku(), 1), (floor.add_sku(), 2))
    sent = hear_round_trips(monkeypatch)
    checkout.collect_payment(purchase_id=placed.purchase.id, now=NOON, placed=placed)
    assert len(sent) == 3, sent


class TestMoreLines:
    def test_cost_the_placing_one_statement_each_for_their_stock(self, floor: ShopFloor) -> None:
        skus = [floor.add_sku() for _ in range(12)]
        counts = []
        for many in (2, 12):
            buyer = make_buyer()
            wish = make_wish(*((sku, 1) for sku in skus[:many]))
            quote = checkout.make_quote(wish=wish, buyer=buyer, now=NOON)
            with Counted() as counted:
                place_quote(quote, buyer, tenders=(tender(),))
            counts.append(counted.count)
        assert counts[1] - counts[0] == 10


class TestLists:
    def test_take_a_constant_number_of_statements(self, floor: ShopFloor) -> None:
        from apps.orders import api as orders

        sku, buyer = floor.add_sku(), make_buyer()
        counts = []
        for _ in range(2):
            for _ in range(3):
                buy((sku, 1), buyer=buyer)
            with Counted() as counted:
                rows = orders.list_orders(buyer_ref=buyer.ref, limit=50)
            counts.append((len(rows), counted.count))
        assert counts == [(3, 2), (6, 2)]
