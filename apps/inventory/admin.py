"""Inventory in the admin: counters, holds and journal to be read by all who may, and changed by adjustments only."""

from collections.abc import Callable
from typing import ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from apps.inventory import models
from apps.inventory.contracts import QUANTITY_MAX, Counters
from apps.inventory.selectors import sum_up
from apps.inventory.services.adjust import REASON_LENGTH_MAX, adjust_stock
from apps.inventory.services.hot import REASON_LENGTH_MAX as HOT_REASON_LENGTH_MAX
from apps.inventory.services.hot import mark_hot, unmark_hot
from tradecore import clock
from tradecore.admin import ReadOnlyAdmin, ReadOnlyInline, actor_of
from tradecore.approvals import AwaitsApproval
from tradecore.errors import Refusal

_COUNTERS = ("available", "held", "committed", "on_hand")


@admin.register(models.Warehouse)
class WarehouseAdmin(ReadOnlyAdmin):
    """Warehouses, found by their id or their shop's."""

    list_display: ClassVar = ["code", "name", "shop_id", "priority"]
    number_fields: ClassVar = ["id", "shop_id"]
    ordering: ClassVar = ["shop_id", "priority", "id"]


class _AdjustmentForm(BaseDialogForm):
    delta = forms.IntegerField(
        min_value=-QUANTITY_MAX,
        max_value=QUANTITY_MAX,
        help_text="Pieces found, or with a minus pieces missing.",
        widget=UnfoldAdminIntegerFieldWidget,
    )
    reason = forms.CharField(max_length=REASON_LENGTH_MAX, widget=UnfoldAdminTextInputWidget)


class _ReasonForm(BaseDialogForm):
    reason = forms.CharField(max_length=HOT_REASON_LENGTH_MAX, widget=UnfoldAdminTextInputWidget)


@admin.register(models.Stock)
class StockAdmin(ReadOnlyAdmin):
    """What is where, found by the SKU. Where that is in buckets each is a row; the page of the hot SKU has the sums."""

    list_display: ClassVar = ["sku_id", "warehouse", "bucket", "available", "held", "committed", "on_hand"]
    list_select_related: ClassVar = ["warehouse"]
    fields: ClassVar = ["sku_id", "warehouse", "bucket", "available", "held", "committed", "on_hand", "journal"]
    readonly_fields: ClassVar = ["on_hand", "journal"]
    number_fields: ClassVar = ["sku_id"]
    actions_detail: ClassVar = ["adjust", "mark_hot", "unmark_hot"]

    @admin.display
    def journal(self, stock: models.Stock) -> str:
        address = reverse("admin:inventory_stockmovement_changelist")
        return format_html('<a href="{}?q={}">Every movement of the SKU</a>', address, stock.sku_id)

    def has_adjust_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("inventory.change_stock")

    @action(
        description="Adjust",
        permissions=["adjust"],
        dialog={
            "title": "Adjust the stock",
            "description": "Adds pieces to what is available in the warehouse, in all buckets together, or takes them"
            " away. The journal keeps who and why.",
            "form_class": _AdjustmentForm,
            "form_submit_text": "Adjust",
        },
    )
    def adjust(self, request: HttpRequest, form: _AdjustmentForm, object_id: str) -> HttpResponse:
        """Adjust, or say why not; the page is loaded anew by htmx either way."""
        stock = self.get_object(request, object_id)
        if stock is None:
            raise Http404
        try:
            done = adjust_stock(
                shop_id=stock.warehouse.shop_id,
                warehouse_id=stock.warehouse_id,
                sku_id=stock.sku_id,
                delta=form.cleaned_data["delta"],
                reason=form.cleaned_data["reason"],
                actor=actor_of(request),
                now=clock.now(),
            )
        except Refusal as refusal:
            self.message_user(request, refusal.title, messages.ERROR)
        else:
            if isinstance(done, AwaitsApproval):
                self.message_user(request, str(done), messages.WARNING)
        return HttpResponse(headers={"HX-Redirect": reverse("admin:inventory_stock_change", args=[object_id])})

    @action(
        description="Mark as hot",
        permissions=["adjust"],
        dialog={
            "title": "Mark the SKU as hot",
            "description": "Purchases of it share their transactions, and are refused early once it is gone; its stock"
            " is spread over buckets, if there is enough of it.",
            "form_class": _ReasonForm,
            "form_submit_text": "Mark",
        },
    )
    def mark_hot(self, request: HttpRequest, form: _ReasonForm, object_id: str) -> HttpResponse:
        """For a flash sale, before it begins."""
        return self._change_heat(mark_hot, request, form, object_id)

    @action(
        description="Hot no longer",
        permissions=["adjust"],
        dialog={
            "title": "The SKU is hot no longer",
            "description": "It is sold as any other again, and its stock is gathered.",
            "form_class": _ReasonForm,
            "form_submit_text": "Unmark",
        },
    )
    def unmark_hot(self, request: HttpRequest, form: _ReasonForm, object_id: str) -> HttpResponse:
        """After the sale."""
        return self._change_heat(unmark_hot, request, form, object_id)

    def _change_heat(
        self, change: Callable[..., None], request: HttpRequest, form: _ReasonForm, object_id: str
    ) -> HttpResponse:
        stock = self.get_object(request, object_id)
        if stock is None:
            raise Http404
        change(sku_id=stock.sku_id, reason=form.cleaned_data["reason"], actor=actor_of(request), now=clock.now())
        return HttpResponse(headers={"HX-Redirect": reverse("admin:inventory_hotsku_changelist")})


@admin.register(models.HotSku)
class HotSkuAdmin(ReadOnlyAdmin):
    """What is sold as hot, since when and until when, by whom or what, and why; marked on the page of a stock.

    Its own page shows in which buckets the stock lies.
    """

    list_display: ClassVar = ["sku_id", "marked_at", "ends_at", "marked_by", "reason", "available", "buckets"]
    fields: ClassVar = ["sku_id", "marked_at", "ends_at", "marked_by", "reason", "stock"]
    number_fields: ClassVar = ["sku_id"]
    ordering: ClassVar = ["-marked_at", "sku_id"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[models.HotSku]":
        stocks = models.Stock.objects.filter(sku_id=OuterRef("sku_id")).order_by().values("sku_id")
        left = Subquery(stocks.annotate(left=Sum("available")).values("left"))
        filled = Subquery(stocks.filter(available__gt=0).annotate(filled=Count("pk")).values("filled"))
        hot: QuerySet[models.HotSku] = super().get_queryset(request)
        return hot.annotate(left=left, filled=filled)

    @admin.display
    def available(self, hot: models.HotSku) -> int:
        left: int = hot.left  # type: ignore[attr-defined] # annotated above
        return left

    @admin.display(description="in buckets")
    def buckets(self, hot: models.HotSku) -> int:
        """How many of its stocks, of all warehouses, have something to sell."""
        return hot.filled or 0  # type: ignore[attr-defined] # annotated above

    @admin.display
    def stock(self, hot: models.HotSku) -> str:
        """Every bucket with its counters, and what they come to."""
        stocks = models.Stock.objects.filter(sku_id=hot.sku_id).select_related("warehouse")
        buckets = list(stocks.order_by("warehouse__priority", "warehouse_id", "bucket"))
        rows: list[tuple[object, ...]] = [("warehouse", "bucket", *_COUNTERS)]
        rows += [(each.warehouse, each.bucket, *_counters_of(each)) for each in buckets]
        rows += [("all", "", *_counters_of(sum_up(buckets)))]
        return format_html("<table>{}</table>", format_html_join("", f"<tr>{'<td>{}</td>' * len(rows[0])}</tr>", rows))


def _counters_of(stock: models.Stock | Counters) -> list[int]:
    return [getattr(stock, counter) for counter in _COUNTERS]


class _HoldLineInline(ReadOnlyInline):
    model = models.StockHoldLine
    fields: ClassVar = [
        "line_ref",
        "sku_id",
        "warehouse_id",
        "bucket",
        "quantity",
        "voided",
        "posted",
        "released",
        "shipped",
        "returned",
    ]
    per_page = 50


@admin.register(models.StockHold)
class StockHoldAdmin(ReadOnlyAdmin):
    """Who holds what, found by the owner."""

    list_display: ClassVar = ["owner_ref", "status", "expires_at", "opened_at", "resolved_at"]
    list_filter: ClassVar = ["status"]
    number_fields: ClassVar = ["owner_ref"]
    inlines: ClassVar = [_HoldLineInline]


@admin.register(models.StockMovement)
class StockMovementAdmin(ReadOnlyAdmin):
    """The journal, found by the SKU or the owner."""

    list_display: ClassVar = [
        "occurred_at",
        "kind",
        "sku_id",
        "warehouse_id",
        "bucket",
        "available",
        "held",
        "committed",
        "owner_ref",
        "actor",
        "reason",
    ]
    list_filter: ClassVar = ["kind"]
    list_select_related: ClassVar = ["hold_line"]
    number_fields: ClassVar = ["sku_id", "hold_line__hold_id"]

    @admin.display
    def owner_ref(self, movement: models.StockMovement) -> int | None:
        return movement.hold_line.hold_id if movement.hold_line else None
