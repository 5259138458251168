"""What a marked request does, it does in the shadow: no table and no outsider of the real world hears of it."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, connections
from django.test import Client

from apps.checkout import api as checkout
from apps.checkout import place_purchase
from apps.integrations.api import PORT
from apps.inventory import api as inventory
from apps.orders import api as orders
from apps.payments import api as payments
from config.extensions import Nobody
from tests.config.stress.conftest import PIECES, RUN, TwoWorlds
from tests.factories.checkout import make_buyer, make_wish
from tradecore import groups, worlds
from tradecore.errors import NotFound
from tradecore.extensions import UnknownExtension
from tradecore.http import marks

ADDRESS = {
    "recipient": "Bea Buyer",
    "line1": "3 Station Road",
    "city": "Norwich",
    "postal_code": "NR1 1EF",
    "country": "GB",
}


def counts() -> dict[str, int]:
    """Rows by table, of the world that asks."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            cursor.execute(f"SELECT COUNT(*) FROM {model._meta.db_table}")
            found[model._meta.db_table] = cursor.fetchone()[0]
    return found


def available(sku_id: int) -> int:
    return sum(level.available for level in inventory.list_levels(sku_ids=[sku_id]))


class Shopper:
    """A guest of one world."""

    def __init__(self, *, marked: bool) -> None:
        self._headers = {marks.HEADER: marks.make_mark(RUN)} if marked else {}
        self._client = Client()
        self._keys = 0
        self.token = ""
        self.token = self.ask("/store/v1/guests", {}, status=201)["token"]

    def ask(self, path: str, body: Any, *, status: int) -> Any:
        self._keys += 1
        headers = {**self._headers, "Idempotency-Key": f"key-{id(self)}-{self._keys}"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        answer = self._client.post(path, body, content_type="application/json", headers=headers)
        assert answer.status_code == status, answer.content
        return answer.json()

    def quote(self, sku_id: int) -> Any:
        lines = [{"sku_id": str(sku_id), "quantity": 1}]
        wish = {"market": "GB", "lines": lines, "delivery_option": "standard", "address": ADDRESS}
        return self.ask("/store/v1/quotes", wish, status=200)

    def order(self, quote: Any, *, status: int = 201) -> Any:
        body = {
            "quote_token": quote["quote_token"],
            "expected_total": quote["total"],
            "email": "guest@visitor.example",
            "payment": {"provider": "sandbox", "method_token": "tok_ok"},
        }
        return self.ask("/store/v1/purchases", body, status=status)

    def buy(self, sku_id: int) -> int:
        return int(self.order(self.quote(sku_id))["purchase_id"])


class TestAMarkedPurchase:
    def test_is_made_in_the_shadow_and_leaves_the_real_tables_as_they_were(self, two_worlds: TwoWorlds) -> None:
        before = counts()
        purchase_id = Shopper(marked=True).buy(two_worlds.sku_id)
        assert counts() == before
        assert available(two_worlds.sku_id) == two_worlds.real_pieces
        with worlds.shadow(RUN):
            assert available(two_worlds.sku_id) == PIECES - 1
            assert orders.get_purchase(purchase_id=purchase_id).status == "PAID"

    def test_sells_what_the_real_world_has_sold_out(self, two_worlds: TwoWorlds) -> None:
        shopper = Shopper(marked=True)
        for _ in range(two_worlds.real_pieces + 1):
            shopper.buy(two_worlds.sku_id)
        assert available(two_worlds.sku_id) == two_worlds.real_pieces

    def test_is_never_paid_for_by_a_quote_of_the_other_world(self, two_worlds: TwoWorlds, now: datetime) -> None:
        buyer, wish = make_buyer(), make_wish((two_worlds.sku_id, 1))
        with worlds.shadow(RUN):
            quote = checkout.make_quote(wish=wish, buyer=buyer, now=now)
        with pytest.raises(checkout.QuoteInvalid):
            checkout.place_purchase(
                command=checkout.PlacePurchase(
                    buyer=buyer, quote_token=quote.token, expected_total=quote.total, tenders=()
                ),
                now=now,
            )

    def test_takes_no_guest_of_the_real_world(self, two_worlds: TwoWorlds) -> None:
        real, shadow = Shopper(marked=False), Shopper(marked=True)
        shadow.token = real.token
        shadow.ask("/store/v1/quotes", {}, status=401)


class TestAHammer:
    """Marked and unmarked requests in turn, on few threads: neither world ever gets what is of the other."""

    THREADS, ROUNDS = 2, 6

    def test_leaves_each_world_exactly_its_own(self, two_worlds: TwoWorlds) -> None:
        real_ids, shadow_ids = self.hammer(two_worlds)
        sold = Counter({"real": len(real_ids), "shadow": len(shadow_ids)})
        assert sold == {"real": self.THREADS * self.ROUNDS // 2, "shadow": self.THREADS * self.ROUNDS // 2}
        assert self.purchases() == real_ids
        assert available(two_worlds.sku_id) == two_worlds.real_pieces - len(real_ids)
        with worlds.shadow(RUN):
            assert self.purchases() == shadow_ids
            assert available(two_worlds.sku_id) == PIECES - len(shadow_ids)
            assert counts()["orders_purchase"] == len(shadow_ids)

    def hammer(self, two_worlds: TwoWorlds) -> tuple[set[int], set[int]]:
        shoppers = {marked: [Shopper(marked=marked) for _ in range(self.THREADS)] for marked in (False, True)}
        start = threading.Barrier(self.THREADS, timeout=30)

        def buy_in_turn(number: int) -> list[tuple[bool, int]]:
            try:
                start.wait()
                turns = [bool((number + turn) % 2) for turn in range(self.ROUNDS)]
                return [(marked, shoppers[marked][number].buy(two_worlds.sku_id)) for marked in turns]
            finally:
                worlds.close_shadow()
                connections.close_all()

        with ThreadPoolExecutor(self.THREADS) as pool:
            bought = [each for done in pool.map(buy_in_turn, range(self.THREADS)) for each in done]
        return {an_id for marked, an_id in bought if not marked}, {an_id for marked, an_id in bought if marked}

    def purchases(self) -> set[int]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM orders_purchase")
            return {row[0] for row in cursor.fetchall()}


class TestAMarkedRequest:
    def test_leaves_its_thread_in_the_real_world_when_it_is_refused(self, two_worlds: TwoWorlds) -> None:
        Shopper(marked=True).ask("/store/v1/quotes", {"market": 7}, status=400)
        assert not worlds.is_shadow()
        assert available(two_worlds.sku_id) == two_worlds.real_pieces

    def test_leaves_its_thread_in_the_real_world_when_it_breaks(self, two_worlds: TwoWorlds) -> None:
        with pytest.raises(ZeroDivisionError), worlds.shadow(RUN):
            raise ZeroDivisionError
        assert not worlds.is_shadow()
        assert available(two_worlds.sku_id) == two_worlds.real_pieces

    def test_tells_nobody_who_was_written_to(self, two_worlds: TwoWorlds) -> None:
        with worlds.shadow(RUN):
            assert isinstance(PORT.get("default"), Nobody)
        assert not isinstance(PORT.get("default"), Nobody)

    def test_never_reaches_the_provider_of_the_real_world(self, two_worlds: TwoWorlds) -> None:
        real = payments.PROVIDERS.get("sandbox")
        with worlds.shadow(RUN):
            assert payments.PROVIDERS.get("sandbox") is not real
            assert payments.PROVIDERS.names() == {"sandbox"}
            with pytest.raises(UnknownExtension):
                payments.PROVIDERS.get("scripted")


def test_a_shadow_has_no_shadow(two_worlds: TwoWorlds) -> None:
    with worlds.shadow(RUN), pytest.raises(AssertionError), worlds.shadow(RUN):
        pass


class TestAGroup:
    """Purchases that share a transaction: whoever leads does all of them on its own connection."""

    def test_is_of_one_world(self, two_worlds: TwoWorlds, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
        """A marked purchase comes while a real one leads: it neither waits for it nor falls into its hands."""
        monkeypatch.setattr(groups, "WAIT_S", 120.0)
        led, may_go = threading.Event(), threading.Event()
        placing = place_purchase._PLACING.get()
        act = placing._act

        def held_up(members: Any) -> Any:
            led.set()
            assert may_go.wait(30)
            return act(members)

        placing._act = held_up
        with ThreadPoolExecutor(2) as pool:
            real = pool.submit(self.place, two_worlds.sku_id, now)
            try:
                assert led.wait(30)
                shadow_id = pool.submit(self.place_in_shadow, two_worlds.sku_id, now).result(60)
            finally:
                may_go.set()
                placing._act = act
            real_id = real.result(30)
        assert orders.get_purchase(purchase_id=real_id).id == real_id
        with pytest.raises(NotFound):
            orders.get_purchase(purchase_id=shadow_id)
        with worlds.shadow(RUN):
            assert orders.get_purchase(purchase_id=shadow_id).id == shadow_id

    def place_in_shadow(self, sku_id: int, now: datetime) -> int:
        try:
            with worlds.shadow(RUN):
                return self.place(sku_id, now)
        finally:
            worlds.close_shadow()

    def place(self, sku_id: int, now: datetime) -> int:
        try:
            buyer = make_buyer()
            quote = checkout.make_quote(wish=make_wish((sku_id, 1)), buyer=buyer, now=now)
            tender = checkout.TenderWish(provider="sandbox", method="card", method_token="tok_ok", amount=quote.total)
            command = checkout.PlacePurchase(
                buyer=buyer, quote_token=quote.token, expected_total=quote.total, tenders=(tender,)
            )
            return checkout.place_purchase(command=command, now=now, together=True).purchase.id
        finally:
            connections.close_all()
