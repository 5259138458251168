"""Promotions in the admin: terms, counters and uses to be read by all who may; published and deactivated by dialogs."""

from typing import ClassVar

from django.contrib import admin, messages
from django.db.models import BooleanField, ExpressionWrapper, F, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action
from unfold.forms import BaseDialogForm

from apps.promotions import models
from apps.promotions.contracts import HoldStatus
from apps.promotions.kinds import to_benefit
from apps.promotions.services.promotions import deactivate_promotion, publish_promotion
from apps.promotions.standing import is_ongoing
from tradecore import clock
from tradecore.admin import ReadOnlyAdmin, ReadOnlyInline, ReasonForm, actor_of
from tradecore.approvals import AwaitsApproval
from tradecore.errors import Refusal
from tradecore.money import Money


class _ScopeInline(ReadOnlyInline):
    model = models.PromotionScope
    fields: ClassVar = ["target_kind", "target_id"]
    ordering: ClassVar = ["target_kind", "target_id"]
    per_page = 50


@admin.register(models.Promotion)
class PromotionAdmin(ReadOnlyAdmin):
    """Promotions, found by their id, their shop's, or the beginning of their code or title."""

    list_display: ClassVar = [
        "title",
        "kind",
        "code",
        "market",
        "shop_id",
        "state",
        "applies_now",
        "starts_at",
        "ends_at",
    ]
    list_filter: ClassVar = ["kind", "state"]
    number_fields: ClassVar = ["id", "shop_id"]
    text_fields: ClassVar = ["code", "title"]
    inlines: ClassVar = [_ScopeInline]
    actions_detail: ClassVar = ["publish", "deactivate"]
    fieldsets: ClassVar = [
        ("Terms", {"fields": ["title", "kind", "shop_id", "market", "code", "benefit", "min_spend", "share"]}),
        ("When", {"fields": ["state", "applies_now", "starts_at", "ends_at"]}),
        ("Caps", {"fields": ["uses_cap", "uses_per_buyer_cap", "budget"]}),
        ("Given", {"fields": ["uses", "money", "given"]}),
    ]
    readonly_fields: ClassVar = ["applies_now", "benefit", "min_spend", "share", "budget", "uses", "money", "given"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[models.Promotion]:
        rows: QuerySet[models.Promotion] = super().get_queryset(request)
        return rows.annotate(is_ongoing=ExpressionWrapper(is_ongoing(clock.now()), output_field=BooleanField()))

    @admin.display(description="applies now", boolean=True)
    def applies_now(self, row: models.Promotion) -> bool:
        return bool(row.is_ongoing)  # type: ignore[attr-defined]  # annotated above

    @admin.display
    def benefit(self, row: models.Promotion) -> str:
        return str(
            to_benefit(
                price_minor=row.price_minor,
                amount_minor=row.amount_minor,
                rate_bp=row.rate_bp,
                cap_minor=row.cap_minor,
            )
        )

    @admin.display(description="minimum spend")
    def min_spend(self, row: models.Promotion) -> Money:
        return Money(row.min_spend_minor, row.currency)

    @admin.display(description="funded by the platform")
    def share(self, row: models.Promotion) -> str:
        return f"{row.platform_share_bp / 100:g} %"

    @admin.display
    def budget(self, row: models.Promotion) -> Money | None:
        return None if row.budget_minor is None else Money(row.budget_minor, row.currency)

    @admin.display(description="uses counted against the cap")
    def uses(self, row: models.Promotion) -> str:
        return f"{row.held_uses} held, {row.posted_uses} posted"

    @admin.display(description="money counted against the budget")
    def money(self, row: models.Promotion) -> str:
        return f"{Money(row.held_minor, row.currency)} held, {Money(row.posted_minor, row.currency)} posted"

    @admin.display(description="given in all, by paid purchases")
    def given(self, row: models.Promotion) -> Money:
        posted = models.PromotionUse.objects.filter(promotion_id=row.pk, hold__status=HoldStatus.POSTED)
        total = posted.aggregate(minor=Sum(F("amount_minor") - F("given_back_minor")))["minor"]
        return Money(int(total or 0), row.currency)

    def _get(self, request: HttpRequest, object_id: str) -> models.Promotion:
        row: models.Promotion | None = self.get_object(request, object_id)
        if row is None:
            raise Http404
        return row

    def has_publish_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("promotions.change_promotion")

    @action(
        description="Publish",
        permissions=["publish"],
        dialog={
            "title": "Publish the promotion",
            "description": "It applies from its start on. Its terms cannot be changed any more.",
            "form_submit_text": "Publish",
        },
    )
    def publish(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Publish, or say why not; the page is loaded anew by htmx either way."""
        row = self._get(request, object_id)
        try:
            done = publish_promotion(promotion_id=row.pk, shop_id=row.shop_id, actor=actor_of(request), now=clock.now())
        except Refusal as refusal:
            self.message_user(request, refusal.title, messages.ERROR)
        else:
            if isinstance(done, AwaitsApproval):
                self.message_user(request, str(done), messages.WARNING)
        return _reload(object_id)

    @action(
        description="Deactivate",
        permissions=["publish"],
        dialog={
            "title": "Deactivate the promotion",
            "description": "It applies no more, for good. What buyers hold of it stays theirs.",
            "form_class": ReasonForm,
            "form_submit_text": "Deactivate",
        },
    )
    def deactivate(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Deactivate; the page is loaded anew by htmx."""
        row = self._get(request, object_id)
        deactivate_promotion(
            promotion_id=row.pk,
            shop_id=row.shop_id,
            actor=actor_of(request),
            reason=form.cleaned_data["reason"],
            now=clock.now(),
        )
        return _reload(object_id)


class _UseInline(ReadOnlyInline):
    model = models.PromotionUse
    fields: ClassVar = ["promotion_id", "units", "amount_minor", "given_back_units", "given_back_minor"]
    ordering: ClassVar = ["promotion_id"]


@admin.register(models.PromotionHold)
class PromotionHoldAdmin(ReadOnlyAdmin):
    """Who uses what, found by the owner."""

    list_display: ClassVar = ["owner_ref", "buyer_ref", "status", "expires_at", "opened_at", "resolved_at"]
    list_filter: ClassVar = ["status"]
    number_fields: ClassVar = ["owner_ref"]
    inlines: ClassVar = [_UseInline]


@admin.register(models.BuyerUsage)
class BuyerUsageAdmin(ReadOnlyAdmin):
    """How often buyers have used what has a cap per buyer, found by the promotion."""

    list_display: ClassVar = ["promotion_id", "buyer_ref", "uses", "cap"]
    number_fields: ClassVar = ["promotion_id"]


def _reload(object_id: str) -> HttpResponse:
    return HttpResponse(headers={"HX-Redirect": reverse("admin:promotions_promotion_change", args=[object_id])})
