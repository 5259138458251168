"""Orders in the admin: rows to be found and read. Flows change them, and the back office shows an order as a whole."""

from typing import ClassVar

from django.contrib import admin

from apps.orders import models, states
from tradecore.admin import ReadOnlyAdmin, ReadOnlyInline, filter_by, money
from tradecore.ids import format_number


@admin.register(models.Purchase)
class PurchaseAdmin(ReadOnlyAdmin):
    """Purchases, found by their number, their buyer's id, or the beginning of the e-mail address."""

    list_display: ClassVar = [
        "number",
        "contact_email",
        "market",
        "status",
        money("total_minor"),
        "placed_at",
        "pay_by",
    ]
    list_filter: ClassVar = [filter_by("status", sorted(states.PURCHASE.states))]
    number_fields: ClassVar = ["id", "buyer_ref"]
    text_fields: ClassVar = ["contact_email"]
    search_help_text = "The number of a purchase, the id of its buyer, or an e-mail address"
    currency_path = "currency"

    @admin.display
    def number(self, row: models.Purchase) -> str:
        return format_number(row.pk)


class _LineInline(ReadOnlyInline):
    model = models.OrderLine
    fields: ClassVar = [
        "line_no",
        "sku_code",
        "title",
        "quantity",
        "unit_price_minor",
        "net_minor",
        "tax_minor",
        "cancelled",
        "arranged",
        "collected",
        "delivered",
        "lost",
    ]
    ordering: ClassVar = ["line_no"]
    currency_path = "order.currency"


class _TransitionInline(ReadOnlyInline):
    model = models.OrderTransition
    fields: ClassVar = ["sequence", "before", "after", "initiator", "reason", "occurred_at"]
    ordering: ClassVar = ["sequence"]


class _HoldInline(ReadOnlyInline):
    model = models.OrderHold
    fields: ClassVar = ["kind", "owner_ref", "placed_at", "released_at"]


class _UnitsGoneInline(ReadOnlyInline):
    model = models.UnitsGoneEntry
    fields: ClassVar = ["cause", "initiator", "reason", "refund_minor", "parts", "occurred_at"]
    currency_path = "order.currency"


class _CancelRequestInline(ReadOnlyInline):
    model = models.CancelRequest
    fields: ClassVar = ["status", "reason", "units", "requested_at", "answer_by", "decided_by", "reject_reason"]
    ordering: ClassVar = ["id"]


@admin.register(models.Order)
class OrderAdmin(ReadOnlyAdmin):
    """Orders, found by their number, or the id of their purchase or buyer."""

    list_display: ClassVar = ["number", "shop_id", "market", "status", money("total_minor"), "placed_at", "ship_by"]
    list_filter: ClassVar = [filter_by("status", sorted(states.ORDER.states))]
    number_fields: ClassVar = ["id", "purchase_id", "buyer_ref"]
    search_help_text = "The number of an order or of its purchase, or the id of its buyer"
    currency_path = "currency"
    inlines: ClassVar = [_LineInline, _TransitionInline, _HoldInline, _CancelRequestInline, _UnitsGoneInline]

    @admin.display
    def number(self, row: models.Order) -> str:
        return format_number(row.pk)


@admin.register(models.OrderLine)
class OrderLineAdmin(ReadOnlyAdmin):
    """What was sold, found by its SKU."""

    list_display: ClassVar = [
        "order",
        "line_no",
        "sku_code",
        "title",
        "quantity",
        money("net_minor", currency="order.currency"),
    ]
    number_fields: ClassVar = ["id", "sku_id"]
    search_help_text = "The id of a line or of its SKU"
    currency_path = "order.currency"


@admin.register(models.CancelRequest)
class CancelRequestAdmin(ReadOnlyAdmin):
    """Buyers who ask to cancel, found by their order."""

    list_display: ClassVar = ["order", "status", "reason", "requested_at", "answer_by", "decided_by", "reject_reason"]
    list_select_related: ClassVar = ["order"]
    list_filter: ClassVar = [filter_by("status", sorted(states.CANCEL_REQUEST.states))]
    number_fields: ClassVar = ["id", "order_id"]
    search_help_text = "The number of an order, or the id of a request"
