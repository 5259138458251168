"""Fee plans in the admin: to be read. A version never changes, and the services write the next one."""

from typing import ClassVar

from django.contrib import admin

from apps.fees import models
from tradecore.admin import ReadOnlyAdmin, ReadOnlyInline


class _FeeRuleInline(ReadOnlyInline):
    model = models.FeeRule
    fields: ClassVar = [
        "kind",
        "category_id",
        "basis",
        "rate_bp",
        "fixed_minor",
        "cap_minor",
        "tax_rate_e5",
        "refund_policy",
        "admin_bp",
    ]
    ordering: ClassVar = ["kind", "category_id"]
    currency_path = "plan.currency"


@admin.register(models.FeePlan)
class FeePlanAdmin(ReadOnlyAdmin):
    """Every version of every plan with its rules."""

    list_display: ClassVar = ["code", "version", "status", "currency", "valid_from", "published_at"]
    list_filter: ClassVar = ["status", "currency"]
    text_fields: ClassVar = ["code"]
    ordering: ClassVar = ["code", "-version"]
    inlines: ClassVar = [_FeeRuleInline]
