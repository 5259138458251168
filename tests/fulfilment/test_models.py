"""The database itself refuses rows that the use cases would never write."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from apps.fulfilment.models import Package
from tests.factories.fulfilment import PackageFactory, PackageLineFactory, TrackingEventFactory
from tests.support import NOON

pytestmark = pytest.mark.django_db


def refused(write: Callable[[], object], *, by: str) -> None:
    """The write fails on the constraint of this name."""
    with pytest.raises(DatabaseError, match=by), transaction.atomic():
        write()


class TestPackage:
    @pytest.mark.parametrize(
        ("columns", "constraint"),
        [
            ({"state": "SHIPPED"}, "fulfilment_package_(state|collected)"),
            ({"state": "COLLECTED"}, "fulfilment_package_collected"),
            ({"collected_at": NOON}, "fulfilment_package_collected"),
            ({"state": "DELIVERED", "collected_at": NOON}, "fulfilment_package_ended"),
            ({"state": "WITHDRAWN"}, "fulfilment_package_ended"),
            ({"ended_at": NOON}, "fulfilment_package_ended"),
            ({"is_contradicted": True}, "fulfilment_package_contradicted"),
            ({"collect_cancel_at": NOON - timedelta(seconds=1)}, "fulfilment_package_collect_cancel"),
        ],
    )
    def test_is_in_a_state_that_its_moments_agree_with(self, columns: dict[str, Any], constraint: str) -> None:
        row = PackageFactory.create()
        refused(lambda: Package.objects.filter(pk=row.pk).update(**columns), by=constraint)


class TestPackageLine:
    def test_holds_something(self) -> None:
        refused(lambda: PackageLineFactory.create(quantity=0), by="fulfilment_package_line_quantity")

    def test_is_one_for_each_line_of_the_order(self) -> None:
        row = PackageLineFactory.create()
        refused(
            lambda: PackageLineFactory.create(package=row.package, line_id=row.line_id), by="fulfilment_package_line"
        )


class TestTrackingEvent:
    def test_is_kept_once_under_the_carriers_name_of_it(self) -> None:
        row = TrackingEventFactory.create()
        refused(
            lambda: TrackingEventFactory.create(package=row.package, event_id=row.event_id),
            by="fulfilment_tracking_event",
        )
        TrackingEventFactory.create(event_id=row.event_id)

    def test_says_something_canonical(self) -> None:
        refused(lambda: TrackingEventFactory.create(status="SORTED"), by="fulfilment_tracking_event_status")
