"""The database itself refuses rows that the use cases would never write."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.catalog import models
from tests.factories.catalog import CategoryFactory, ProductFactory, SkuFactory, SkuPriceFactory
from tradecore.money import MAX_MINOR

pytestmark = pytest.mark.django_db


def violate(write: Any) -> str:
    with pytest.raises(IntegrityError) as raised, transaction.atomic():
        write()
    return str(raised.value)


class TestCategory:
    def test_has_a_path_of_its_own(self) -> None:
        row = CategoryFactory.create()
        violate(lambda: CategoryFactory.create(path=row.path))


class TestProduct:
    @pytest.mark.parametrize(
        ("field", "wrong", "constraint"),
        [("state", "SHOWN", "catalog_product_state"), ("tax_category", "luxury", "catalog_product_tax")],
    )
    def test_has_words_that_exist(self, field: str, wrong: str, constraint: str) -> None:
        row = ProductFactory.create()
        message = violate(lambda: models.Product.objects.filter(pk=row.pk).update(**{field: wrong}))
        assert constraint in message


class TestSku:
    def test_has_a_code_of_its_own_in_its_shop(self) -> None:
        row = SkuFactory.create()
        violate(lambda: SkuFactory.create(product=row.product, code=row.code))

    @pytest.mark.parametrize("wrong", [-1, models.WEIGHT_GRAMS_MAX + 1])
    def test_has_a_weight_within_bounds(self, wrong: int) -> None:
        assert "catalog_sku_weight" in violate(lambda: SkuFactory.create(weight_grams=wrong))


class TestSkuPrice:
    def test_begins_once_per_moment_and_market(self) -> None:
        row = SkuPriceFactory.create()
        violate(lambda: SkuPriceFactory.create(sku=row.sku, market=row.market, valid_from=row.valid_from))

    @pytest.mark.parametrize("wrong", [-1, MAX_MINOR + 1])
    def test_has_an_amount_within_bounds(self, wrong: int) -> None:
        assert "catalog_sku_price_amount" in violate(lambda: SkuPriceFactory.create(amount_minor=wrong))

    @pytest.mark.mariadb
    def test_is_found_through_one_index(self) -> None:
        """The unique key serves the foreign key too; a second index would only cost, and mislead the optimizer."""
        with connection.cursor() as cursor:
            indexes = connection.introspection.get_constraints(cursor, "catalog_sku_price")
        leading_with_sku = [i for i in indexes.values() if i["index"] and i["columns"][0] == "sku_id"]
        assert len(leading_with_sku) == 1
