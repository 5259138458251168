"""Who may see which packages."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.fulfilment import api as fulfilment
from tests.factories.fulfilment import PackageFactory, PackageLineFactory, TrackingEventFactory
from tests.support import NOON
from tradecore.errors import NotFound
from tradecore.ids import format_number

pytestmark = pytest.mark.django_db


class TestGetPackage:
    def test_shows_what_is_in_it_and_what_was_said_of_it(self) -> None:
        row = PackageFactory.create()
        line = PackageLineFactory.create(package=row, quantity=2)
        later = TrackingEventFactory.create(package=row, occurred_at=NOON + timedelta(hours=1))
        earlier = TrackingEventFactory.create(package=row, occurred_at=NOON)
        package = fulfilment.get_package(package_id=row.pk)
        assert package.number == format_number(row.pk)
        assert [(part.line_id, part.quantity) for part in package.units] == [(line.line_id, 2)]
        assert [entry.occurred_at for entry in package.tracking] == [earlier.occurred_at, later.occurred_at]

    def test_is_for_its_buyer_and_its_shop_only(self) -> None:
        row = PackageFactory.create()
        assert fulfilment.get_package(package_id=row.pk, buyer_ref=row.buyer_ref).id == row.pk
        assert fulfilment.get_package(package_id=row.pk, shop_ids=[row.shop_id]).id == row.pk
        with pytest.raises(NotFound):
            fulfilment.get_package(package_id=row.pk, buyer_ref=row.buyer_ref + 1)
        for shop_ids in ([row.shop_id + 1], []):
            with pytest.raises(NotFound):
                fulfilment.get_package(package_id=row.pk, shop_ids=shop_ids)


class TestListPackages:
    def test_is_for_one_order_in_the_order_of_packing(self) -> None:
        first = PackageFactory.create()
        second = PackageFactory.create(order_id=first.order_id)
        PackageFactory.create()
        assert [package.id for package in fulfilment.list_packages(order_id=first.order_id)] == [first.pk, second.pk]

    def test_is_empty_for_somebody_else(self) -> None:
        row = PackageFactory.create()
        assert fulfilment.list_packages(order_id=row.order_id, buyer_ref=row.buyer_ref + 1) == []
        assert fulfilment.list_packages(order_id=row.order_id, shop_ids=[]) == []

    def test_takes_three_statements_however_many_there_are(self) -> None:
        first = PackageFactory.create()
        for _ in range(3):
            TrackingEventFactory.create(package=PackageLineFactory.create(package__order_id=first.order_id).package)
        with CaptureQueriesContext(connection) as queries:
            assert len(fulfilment.list_packages(order_id=first.order_id)) == 4
        assert len(queries) == 3
