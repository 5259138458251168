"""Offers are read in one statement, and cost the same however long the history of their prices is."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from apps.catalog.api import Offer, ProductState, TaxCategory, list_offers
from tests.factories.catalog import ProductFactory, SkuFactory, SkuPriceFactory
from tests.support import NOON
from tradecore.money import Money

pytestmark = pytest.mark.django_db


def offer(sku_id: int) -> Offer:
    return list_offers(sku_ids=[sku_id], market="GB", now=NOON)[sku_id]


class TestListOffers:
    def test_tells_what_a_quote_needs_to_know(self) -> None:
        product = ProductFactory.create(title="Blue shirt", tax_category=TaxCategory.REDUCED)
        sku = SkuFactory.create(
            product=product, code="SHIRT-M", option_values={"size": "M"}, weight_grams=250, hs6="610910"
        )
        SkuPriceFactory.create(sku=sku, amount_minor=1999)
        assert offer(sku.pk) == Offer(
            sku_id=sku.pk,
            product_id=product.pk,
            shop_id=product.shop_id,
            category_id=product.category_id,
            title="Blue shirt",
            sku_code="SHIRT-M",
            option_values={"size": "M"},
            is_listed=True,
            price=Money(1999, "GBP"),
            tax_category=TaxCategory.REDUCED,
            weight_grams=250,
            hs6="610910",
        )

    @pytest.mark.parametrize("state", list(ProductState))
    @pytest.mark.parametrize("is_active", [True, False])
    def test_is_listed_when_product_and_sku_are_on_show(self, state: ProductState, is_active: bool) -> None:
        sku = SkuFactory.create(product__state=state, is_active=is_active)
        assert offer(sku.pk).is_listed == (state == ProductState.ACTIVE and is_active)

    def test_leaves_out_what_does_not_exist(self) -> None:
        sku = SkuFactory.create()
        assert list(list_offers(sku_ids=[sku.pk, 1, sku.pk], market="GB", now=NOON)) == [sku.pk]
        assert list_offers(sku_ids=[], market="GB", now=NOON) == {}

    def test_takes_one_statement_for_any_number_of_skus(self, django_assert_num_queries: Any) -> None:
        sku_ids = [SkuPriceFactory.create().sku_id for _ in range(30)]
        with django_assert_num_queries(1):
            offers = list_offers(sku_ids=sku_ids, market="GB", now=NOON)
        assert all(offer.price == Money(1999, "GBP") for offer in offers.values())
        assert len(offers) == 30

    def test_costs_the_same_however_long_the_history_is(self) -> None:
        young, old = SkuPriceFactory.create().sku, SkuPriceFactory.create().sku
        for day in range(2, 300):
            SkuPriceFactory.create(sku=old, valid_from=NOON - timedelta(days=day))
            SkuPriceFactory.create(sku=old, market="FR", currency="EUR", valid_from=NOON - timedelta(days=day))
        assert rows_read(old.pk) == rows_read(young.pk) > 0


def rows_read(sku_id: int) -> int:
    """What the database does for one offer: rows that MariaDB's storage engine reads, or steps of SQLite's machine."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            return _sqlite_steps(sku_id)
        before = _mariadb_reads(cursor)
        offer(sku_id)
        return _mariadb_reads(cursor) - before


def _sqlite_steps(sku_id: int) -> int:
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection.connection.set_progress_handler(count, 1)
    try:
        offer(sku_id)
    finally:
        connection.connection.set_progress_handler(None, 0)
    return steps


def _mariadb_reads(cursor: Any) -> int:
    """Reads of rows and index entries; `rnd` is left out, because SHOW STATUS itself reads its answer that way."""
    cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
    return sum(int(count) for name, count in cursor.fetchall() if "rnd" not in name.lower())
