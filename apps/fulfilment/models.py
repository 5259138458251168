"""The rows of fulfilment. Quantities are units of order lines."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from apps.fulfilment.contracts import PackageState, TrackingStatus
from tradecore.ids import new_id

_UNCOLLECTED = [PackageState.ARRANGED.value, PackageState.WITHDRAWN.value]
_ENDED = [
    PackageState.DELIVERED.value,
    PackageState.REFUSED.value,
    PackageState.LOST.value,
    PackageState.WITHDRAWN.value,
]


class Package(models.Model):
    """One parcel with units of one order, from the seller's table to its end. See states.PACKAGE.

    Never changed: order, carrier, tracking number, what is in it. Moments are ours, not the carrier's.
    `is_contradicted` once a carrier has said something else of it than what it ended as. Everything about it changes
    under the lock of its order.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    order_id = models.BigIntegerField()
    purchase_id = models.BigIntegerField()
    buyer_ref = models.BigIntegerField()
    shop_id = models.BigIntegerField()
    market = models.CharField(max_length=8)
    carrier = models.CharField(max_length=40)
    tracking_number = models.CharField(max_length=60)
    state = models.CharField(max_length=20, default=PackageState.ARRANGED.value)
    version = models.PositiveIntegerField(default=0)
    arranged_at = models.DateTimeField()
    collect_cancel_at = models.DateTimeField()
    collected_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    is_contradicted = models.BooleanField(default=False)

    class Meta:
        db_table = "fulfilment_package"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in PackageState]), name="fulfilment_package_state"
            ),
            models.CheckConstraint(
                condition=Q(state__in=_UNCOLLECTED, collected_at__isnull=True)
                | (~Q(state__in=_UNCOLLECTED) & Q(collected_at__isnull=False)),
                name="fulfilment_package_collected",
            ),
            models.CheckConstraint(
                condition=Q(state__in=_ENDED, ended_at__isnull=False)
                | (~Q(state__in=_ENDED) & Q(ended_at__isnull=True)),
                name="fulfilment_package_ended",
            ),
            models.CheckConstraint(
                condition=Q(is_contradicted=False) | Q(ended_at__isnull=False), name="fulfilment_package_contradicted"
            ),
            models.CheckConstraint(
                condition=Q(collect_cancel_at__gte=F("arranged_at")), name="fulfilment_package_collect_cancel"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["order_id", "id"], name="fulfilment_package_order"),
            models.Index(fields=["tracking_number", "carrier"], name="fulfilment_package_tracking"),
        ]

    def __str__(self) -> str:
        return f"{self.carrier} {self.tracking_number}"


class PackageLine(models.Model):
    """So many units of one order line in one package. Never changed."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    package = models.ForeignKey(Package, on_delete=models.PROTECT, related_name="lines", db_index=False)
    line_id = models.BigIntegerField()
    quantity = models.PositiveIntegerField()

    class Meta:
        db_table = "fulfilment_package_line"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["package", "line_id"], name="fulfilment_package_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="fulfilment_package_line_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of line {self.line_id}"


class TrackingEvent(models.Model):
    """One thing that a carrier said, under the carrier's own id of it. Append-only, kept with its order."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    package = models.ForeignKey(Package, on_delete=models.PROTECT, related_name="tracking", db_index=False)
    event_id = models.CharField(max_length=100)
    status = models.CharField(max_length=20)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        db_table = "fulfilment_tracking_event"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["package", "event_id"], name="fulfilment_tracking_event_once"),
            models.CheckConstraint(
                condition=Q(status__in=[status.value for status in TrackingStatus]),
                name="fulfilment_tracking_event_status",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} at {self.occurred_at:%Y-%m-%d %H:%M}"
