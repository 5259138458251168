"""Fee plans in the admin: read by all who may, and asked to be published. A version never changes."""

from typing import ClassVar

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action

from apps.fees import models
from apps.fees.contracts import PlanStatus
from apps.fees.services import request_publication
from tradecore import clock
from tradecore.admin import ReadOnlyAdmin, ReadOnlyInline, ReasonForm, actor_of, filter_by
from tradecore.errors import Refusal


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
    """Every version of every plan with its rules. Requests to publish one stand with the approvals."""

    list_display: ClassVar = [
        "code",
        "version",
        "status",
        "market",
        "currency",
        "valid_from",
        "settle_after_s",
        "reserve_bp",
        "published_at",
    ]
    list_filter: ClassVar = [filter_by("status", [status.value for status in PlanStatus]), "currency"]
    text_fields: ClassVar = ["code"]
    ordering: ClassVar = ["code", "-version"]
    fieldsets: ClassVar = [
        ("Plan", {"fields": ["code", "version", "market", "currency", "valid_from"]}),
        ("Settlement", {"fields": ["settle_after_s", "reserve_bp", "reserve_s"]}),
        ("Publication", {"fields": ["status", "approval_id", "review_ends_at", "published_at"]}),
    ]
    inlines: ClassVar = [_FeeRuleInline]
    actions_detail: ClassVar = ["ask_for_publication"]

    def has_publication_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("fees.change_feeplan")

    @action(
        description="Ask for publication",
        permissions=["publication"],
        dialog={
            "title": "Ask for its publication",
            "description": "A second person reads it under Approvals, and publishes or rejects it.",
            "form_class": ReasonForm,
            "form_submit_text": "Ask",
        },
    )
    def ask_for_publication(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Ask and go to the request, or say why not; htmx loads the page."""
        row: models.FeePlan | None = self.get_object(request, object_id)
        if row is None:
            raise Http404
        try:
            approval_id = request_publication(
                code=row.code,
                version=row.version,
                actor=actor_of(request),
                reason=form.cleaned_data["reason"],
                now=clock.now(),
            )
        except Refusal as refusal:
            self.message_user(request, refusal.title, messages.ERROR)
            return _go("fees_feeplan", row.pk)
        self.message_user(request, f"Asked for: {row}", messages.SUCCESS)
        return _go("tradecore_approval", approval_id)


def _go(table: str, pk: int) -> HttpResponse:
    return HttpResponse(headers={"HX-Redirect": reverse(f"admin:{table}_change", args=[pk])})
