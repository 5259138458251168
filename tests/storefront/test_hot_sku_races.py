"""A rush on a hot SKU over HTTP, on MariaDB: every key has one effect and one answer."""

from collections import Counter
from functools import partial
from typing import Any

import pytest

from apps.inventory import api as inventory
from apps.orders.models import Purchase
from config.traffic import make_gate
from tests.api import Api, code_of, dump, read
from tests.checkout.test_races import assert_books_hold
from tests.factories.checkout import ShopFloor, make_shop_floor
from tests.factories.inventory import numbers_of
from tests.storefront.test_buying_api import ADDRESS
from tests.storefront.test_sold_out import ask_house, headers_of, parse, spell, visit
from tradecore import clock, memo
from tradecore.http.porter import Porter

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

PIECES, BUYERS = 7, 15


@pytest.fixture
def floor(transactional_db: None) -> ShopFloor:
    return make_shop_floor()


def become_buyer(sku: int) -> tuple[Api, dict[str, Any]]:
    """A guest with the body that buys what they were quoted."""
    guest = Api(token=read(Api().post("/store/v1/guests"))["token"])
    lines = [{"sku_id": str(sku), "quantity": 1}]
    wish = {"market": "GB", "lines": lines, "address": ADDRESS, "delivery_option": "standard"}
    quoted = read(guest.post("/store/v1/quotes", wish))
    return guest, {
        "quote_token": quoted["quote_token"],
        "expected_total": quoted["total"],
        "payment": {"provider": "scripted", "method_token": "tok_ok"},
        "email": "robin@example.com",
    }


def ask_with(porter: Porter, buyer: tuple[Api, dict[str, Any]]) -> list[tuple[int, bytes]]:
    """What the buyer is told at three tries under one key, by the porter or else in the house."""
    guest, body = buyer
    raw = spell(headers_of(guest, key="the same"), dump(body))
    told = []
    for _ in range(3):
        (refusal,) = porter.answer([visit(raw)])
        answer = parse(refusal) if refusal is not None else ask_house(raw)
        told.append((int(answer[0][:3]), answer[2]))
    return told


def ask(buyer: tuple[Api, dict[str, Any]]) -> Any:
    guest, body = buyer
    return guest.post("/store/v1/purchases", body, key="the same")


class TestEveryKeySentTwice:
    def test_has_one_effect_and_one_answer(self, floor: ShopFloor, race: Any) -> None:
        sku = floor.add_sku(stock=PIECES)
        inventory.mark_hot(sku_id=sku, reason="flash sale", actor="tests", now=clock.now())
        buyers = [become_buyer(sku) for _ in range(BUYERS)]
        first = race([partial(ask, buyer) for buyer in buyers for _ in range(2)])
        passing = {"idempotency.still_running", "inventory.out_of_stock"}
        assert all(answer.status_code == 201 or code_of(answer) in passing for answer in first)
        memo.forget_everything()
        last = [ask(buyer) for buyer in buyers]
        assert Counter(answer.status_code for answer in last) == {201: PIECES, 409: BUYERS - PIECES}
        for number, answer in enumerate(last):
            told = [read(each) for each in first[2 * number : 2 * number + 2] if each.status_code == 201]
            assert all(each == read(answer) for each in told)
            assert bool(told) == (answer.status_code == 201)
        assert numbers_of(sku) == [(0, 0, PIECES)]
        assert Purchase.objects.count() == len(floor.provider.calls) == PIECES
        assert_books_hold()


class TestThePorterBesideTheHouse:
    def test_refuses_nobody_who_has_bought(self, floor: ShopFloor, race: Any) -> None:
        sku = floor.add_sku(stock=PIECES)
        inventory.mark_hot(sku_id=sku, reason="flash sale", actor="tests", now=clock.now())
        porter = make_gate(lambda *_: []).porter
        assert porter is not None
        buyers = [become_buyer(sku) for _ in range(BUYERS)]
        for told in race([partial(ask_with, porter, buyer) for buyer in buyers]):
            bought = [each for each in told if each[0] == 201]
            assert told[len(told) - len(bought) :] == bought, "who has bought is told so from then on"
            assert len(set(bought)) <= 1
            assert {status for status, _ in told} <= {201, 409}
        memo.forget_everything()
        last = [ask_with(porter, buyer)[-1][0] for buyer in buyers]
        assert Counter(last) == {201: PIECES, 409: BUYERS - PIECES}
        assert numbers_of(sku) == [(0, 0, PIECES)]
        assert Purchase.objects.count() == len(floor.provider.calls) == PIECES
        assert_books_hold()
