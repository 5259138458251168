"""Markets in the admin: everything to be read, two things to be done.

Rules come from definitions (`manage.py load_markets`), so that each of them is reviewed as a file and begins on its
day. Opening and closing a market are actions of its list.
"""

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.markets import models, services
from tradecore import clock
from tradecore.admin import ReadOnlyAdmin, ReadOnlyInline, actor_of


class _ClockRuleInline(ReadOnlyInline):
    model = models.ClockRule
    fields: ClassVar = ["clock", "amount", "unit", "cut_off", "valid_from"]
    ordering: ClassVar = ["clock", "valid_from"]


class _DeliveryOptionInline(ReadOnlyInline):
    model = models.DeliveryOption
    fields: ClassVar = ["code", "name"]
    ordering: ClassVar = ["code"]


@admin.register(models.Market)
class MarketAdmin(ReadOnlyAdmin):
    list_display: ClassVar = ["code", "name", "currency", "prices_include_tax", "time_zone", "is_open"]
    list_filter: ClassVar = ["is_open", "currency"]
    text_fields: ClassVar = ["code", "name"]
    ordering: ClassVar = ["code"]
    inlines: ClassVar = [_ClockRuleInline, _DeliveryOptionInline]
    actions: ClassVar = ["open_selected", "close_selected"]

    def has_open_close_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("markets.change_market")

    @admin.action(description="Open to purchases", permissions=["open_close"])
    def open_selected(self, request: HttpRequest, queryset: QuerySet[models.Market]) -> None:
        now = clock.now()
        for code in queryset.values_list("code", flat=True):
            services.open_market(code=code, actor=actor_of(request), reason="", now=now)

    @admin.action(description="Close to purchases", permissions=["open_close"])
    def close_selected(self, request: HttpRequest, queryset: QuerySet[models.Market]) -> None:
        now = clock.now()
        for code in queryset.values_list("code", flat=True):
            services.close_market(code=code, actor=actor_of(request), reason="", now=now)


@admin.register(models.TaxRate)
class TaxRateAdmin(ReadOnlyAdmin):
    list_display: ClassVar = ["market", "region", "category", "percent", "valid_from"]
    list_filter: ClassVar = ["market", "category"]
    list_select_related: ClassVar = ["market"]
    text_fields: ClassVar = ["region"]
    ordering: ClassVar = ["market__code", "region", "category", "valid_from"]

    @admin.display(description="rate", ordering="rate_e5")
    def percent(self, row: models.TaxRate) -> str:
        whole, rest = divmod(row.rate_e5, 1000)
        return f"{whole}.{rest:03} %"


@admin.register(models.Holiday)
class HolidayAdmin(ReadOnlyAdmin):
    list_display: ClassVar = ["on", "market", "name"]
    list_filter: ClassVar = ["market"]
    list_select_related: ClassVar = ["market"]
    text_fields: ClassVar = ["name"]
    ordering: ClassVar = ["on", "market__code"]
    date_hierarchy = "on"
