"""Documents in the admin: to be found and read, and changed by nobody."""

from typing import ClassVar

from django.contrib import admin

from apps.documents import models
from apps.documents.contracts import DocumentKind
from tradecore.admin import ReadOnlyAdmin, filter_by, money


@admin.register(models.Document)
class DocumentAdmin(ReadOnlyAdmin):
    """Documents, found by their order, their buyer or shop, or the beginning of their number."""

    list_display: ClassVar = [
        "display_number",
        "kind",
        "order_id",
        money("net_minor"),
        money("tax_minor"),
        money("total_minor"),
        "issued_at",
    ]
    list_filter: ClassVar = [filter_by("kind", sorted(DocumentKind))]
    number_fields: ClassVar = ["id", "order_id"]
    text_fields: ClassVar = ["display_number"]
    search_help_text = "The number of a document or of an order"
    currency_path = "currency"


@admin.register(models.Series)
class SeriesAdmin(ReadOnlyAdmin):
    """Series, found by their shop."""

    list_display: ClassVar = ["id", "shop_id", "market", "kind", "last_number"]
    list_filter: ClassVar = [filter_by("kind", sorted(DocumentKind))]
    number_fields: ClassVar = ["id", "shop_id"]
    search_help_text = "The id of a shop"
