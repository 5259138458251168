"""Packages in the admin: to be read. Carriers and the clock move them."""

from typing import ClassVar

from django.contrib import admin

from apps.fulfilment import models
from apps.fulfilment.contracts import PackageState
from tradecore.admin import ReadOnlyAdmin, ReadOnlyInline, filter_by


class _LineInline(ReadOnlyInline):
    model = models.PackageLine
    fields: ClassVar = ["line_id", "quantity"]
    ordering: ClassVar = ["id"]


class _TrackingInline(ReadOnlyInline):
    model = models.TrackingEvent
    fields: ClassVar = ["occurred_at", "status", "event_id", "received_at"]
    ordering: ClassVar = ["occurred_at", "id"]


@admin.register(models.Package)
class PackageAdmin(ReadOnlyAdmin):
    """Parcels, found by what people have in hand."""

    list_display: ClassVar = [
        "id",
        "order_id",
        "shop_id",
        "carrier",
        "tracking_number",
        "state",
        "is_contradicted",
        "arranged_at",
        "collected_at",
        "ended_at",
    ]
    list_filter: ClassVar = [filter_by("state", list(PackageState)), "is_contradicted"]
    number_fields: ClassVar = ["id", "order_id"]
    text_fields: ClassVar = ["tracking_number"]
    search_help_text = "A tracking number, or the number of a package or of its order"
    inlines: ClassVar = [_LineInline, _TrackingInline]
