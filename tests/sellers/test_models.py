"""The database itself refuses rows that the use cases would never write."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.sellers import models
from tests.factories.sellers import DeliveryRateFactory, ShopFactory

pytestmark = pytest.mark.django_db


def violate(write: Any) -> str:
    with pytest.raises(IntegrityError) as raised, transaction.atomic():
        write()
    return str(raised.value)


class TestShop:
    def test_has_a_state_of_the_table(self) -> None:
        row = ShopFactory.create()
        message = violate(lambda: models.Shop.objects.filter(pk=row.pk).update(state="OPEN"))
        assert "sellers_shop_state" in message


class TestDeliveryRate:
    @pytest.mark.parametrize(
        ("field", "wrong", "constraint"),
        [
            ("base_minor", -1, "sellers_delivery_rate_base"),
            ("base_minor", models.RATE_MINOR_MAX + 1, "sellers_delivery_rate_base"),
            ("per_kg_minor", -1, "sellers_delivery_rate_per_kg"),
            ("included_grams", -1, "sellers_delivery_rate_grams"),
            ("free_from_minor", -1, "sellers_delivery_rate_free_from"),
        ],
    )
    def test_has_amounts_within_their_bounds(self, field: str, wrong: int, constraint: str) -> None:
        row = DeliveryRateFactory.create()
        message = violate(lambda: models.DeliveryRate.objects.filter(pk=row.pk).update(**{field: wrong}))
        assert constraint in message

    def test_stands_once_per_shop_and_option(self) -> None:
        row = DeliveryRateFactory.create()
        violate(lambda: DeliveryRateFactory.create(shop=row.shop, option=row.option))

    @pytest.mark.mariadb
    def test_is_found_through_one_index(self) -> None:
        """The unique key serves the foreign key too; a second index would only cost."""
        with connection.cursor() as cursor:
            indexes = connection.introspection.get_constraints(cursor, "sellers_delivery_rate")
        leading_with_shop = [i for i in indexes.values() if i["index"] and i["columns"][0] == "shop_id"]
        assert len(leading_with_shop) == 1
