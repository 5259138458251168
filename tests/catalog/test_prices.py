"""Prices are lines of a history that is appended to and never rewritten."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from apps.catalog.api import (
    Price,
    PriceExists,
    PriceInPast,
    PriceOutOfRange,
    ProductState,
    UnknownSku,
    list_offers,
    list_prices,
    set_price,
)
from apps.catalog.models import Sku as SkuRow
from tests.catalog.conftest import Refuses
from tests.factories.catalog import SkuFactory, SkuPriceFactory
from tests.support import NOON
from tradecore.models import AuditEntry
from tradecore.money import MAX_MINOR, Money

pytestmark = pytest.mark.django_db

SHOP = 7
MINUTE = timedelta(minutes=1)


class TestSetPrice:
    def set(
        self,
        sku: SkuRow,
        amount: Money,
        *,
        shop_id: int | None = None,
        market: str = "GB",
        valid_from: datetime = NOON,
        now: datetime = NOON,
    ) -> Price:
        price = set_price(
            shop_id=shop_id or sku.shop_id,
            sku_id=sku.pk,
            market=market,
            amount=amount,
            valid_from=valid_from,
            actor="user:1",
            now=now,
        )
        assert isinstance(price, Price)
        return price

    def price_at(self, sku: SkuRow, now: datetime, market: str = "GB") -> Money | None:
        return list_offers(sku_ids=[sku.pk], market=market, now=now)[sku.pk].price

    def test_holds_from_its_moment_on(self) -> None:
        sku = SkuFactory.create()
        price = self.set(sku, Money(1999, "GBP"))
        assert price == Price(id=price.id, sku_id=sku.pk, market="GB", amount=Money(1999, "GBP"), valid_from=NOON)
        assert self.price_at(sku, NOON - timedelta(microseconds=1)) is None
        assert self.price_at(sku, NOON) == Money(1999, "GBP")

    def test_holds_until_the_next_one_begins(self) -> None:
        sku = SkuFactory.create()
        self.set(sku, Money(1999, "GBP"))
        self.set(sku, Money(999, "GBP"), valid_from=NOON + MINUTE)
        assert self.price_at(sku, NOON + MINUTE - timedelta(microseconds=1)) == Money(1999, "GBP")
        assert self.price_at(sku, NOON + MINUTE) == Money(999, "GBP")

    def test_holds_in_its_own_market(self) -> None:
        sku = SkuFactory.create()
        self.set(sku, Money(1999, "GBP"))
        self.set(sku, Money(2980, "JPY"), market="JP")
        assert self.price_at(sku, NOON, "JP") == Money(2980, "JPY")
        assert self.price_at(sku, NOON, "GB") == Money(1999, "GBP")
        assert self.price_at(sku, NOON, "FR") is None

    @pytest.mark.parametrize("minor", [0, MAX_MINOR])
    def test_takes_every_amount_that_money_can_count(self, minor: int) -> None:
        sku = SkuFactory.create()
        self.set(sku, Money(minor, "GBP"))
        assert self.price_at(sku, NOON) == Money(minor, "GBP")

    def test_leaves_an_audit_entry(self) -> None:
        sku = SkuFactory.create()
        self.set(sku, Money(1999, "GBP"))
        entry: Any = AuditEntry.objects.get()
        assert (entry.action, entry.subject) == ("price.set", f"sku:{sku.pk}")
        assert entry.after["amount"] == {"amount": "19.99", "currency": "GBP"}

    def test_does_nothing_when_the_price_stands_already(self) -> None:
        sku = SkuFactory.create()
        price = self.set(sku, Money(1999, "GBP"))
        assert self.set(sku, Money(1999, "GBP")) == price
        assert AuditEntry.objects.count() == 1

    def test_refuses_an_unknown_sku(self, refuses: Refuses) -> None:
        with refuses(UnknownSku):
            self.set(SkuFactory.build(pk=1, shop_id=SHOP), Money(-1, "GBP"))

    def test_refuses_the_sku_of_another_shop(self, refuses: Refuses) -> None:
        sku = SkuFactory.create()
        with refuses(UnknownSku):
            self.set(sku, Money(1999, "GBP"), shop_id=SHOP)

    def test_refuses_the_sku_of_a_deleted_product(self, refuses: Refuses) -> None:
        sku = SkuFactory.create(product__state=ProductState.DELETED)
        with refuses(UnknownSku):
            self.set(sku, Money(1999, "GBP"))

    @pytest.mark.parametrize("minor", [-1, MAX_MINOR + 1])
    def test_refuses_an_amount_that_money_cannot_count(self, refuses: Refuses, minor: int) -> None:
        sku = SkuFactory.create()
        with refuses(PriceOutOfRange):
            self.set(sku, Money(minor, "GBP"), valid_from=NOON - MINUTE)

    def test_refuses_to_change_what_was_quoted(self, refuses: Refuses) -> None:
        sku = SkuFactory.create()
        SkuPriceFactory.create(sku=sku, valid_from=NOON - MINUTE)
        with refuses(PriceInPast) as refused:
            self.set(sku, Money(999, "GBP"), valid_from=NOON - MINUTE)
        assert refused.value.valid_from == NOON - MINUTE

    @pytest.mark.parametrize("amount", [Money(999, "GBP"), Money(1999, "EUR")])
    def test_refuses_a_second_price_of_the_same_moment(self, refuses: Refuses, amount: Money) -> None:
        sku = SkuFactory.create()
        SkuPriceFactory.create(sku=sku, amount_minor=1999, valid_from=NOON)
        with refuses(PriceExists) as refused:
            self.set(sku, amount)
        assert refused.value.price == Money(1999, "GBP")

    @pytest.mark.race
    def test_writes_one_price_per_moment_however_many_ask(
        self, race: Callable[[Sequence[Callable[[], Any]]], list[Any]]
    ) -> None:
        sku = SkuFactory.create()
        outcomes = race([partial(self.set, sku, Money(minor, "GBP")) for minor in range(8)])
        (price,) = [outcome for outcome in outcomes if isinstance(outcome, Price)]
        assert sum(isinstance(outcome, PriceExists) for outcome in outcomes) == 7
        assert self.price_at(sku, NOON) == price.amount


class TestListPrices:
    def test_lists_the_latest_set_first_page_by_page(self) -> None:
        sku = SkuFactory.create()
        rows = [SkuPriceFactory.create(sku=sku, valid_from=NOON + n * MINUTE) for n in range(3)]
        SkuPriceFactory.create()
        first = list_prices(shop_id=sku.shop_id, sku_id=sku.pk, before=None, limit=2)
        assert [price.id for price in first] == [rows[2].pk, rows[1].pk]
        rest = list_prices(shop_id=sku.shop_id, sku_id=sku.pk, before=first[-1].id, limit=2)
        assert [price.id for price in rest] == [rows[0].pk]

    def test_refuses_the_sku_of_another_shop(self) -> None:
        price = SkuPriceFactory.create()
        with pytest.raises(UnknownSku):
            list_prices(shop_id=SHOP, sku_id=price.sku_id, before=None, limit=2)
