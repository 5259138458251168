"""Cases in the admin: to be read. Buyers, sellers and the clock move them; who works for the platform decides."""

from typing import ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldBooleanSwitchWidget

from apps.aftersales import models
from apps.aftersales.arbitrate import arbitrate
from apps.aftersales.contracts import COMMENT_LENGTH_MAX, Actor, CaseKind, CaseState, Verdict
from tradecore import clock
from tradecore.admin import ReadOnlyAdmin, ReadOnlyInline, actor_of, filter_by
from tradecore.errors import Refusal


class _LineInline(ReadOnlyInline):
    model = models.CaseLine
    fields: ClassVar = ["line_id", "sku_id", "quantity", "wanted_sku_id", "good", "damaged"]
    ordering: ClassVar = ["id"]


class _StepInline(ReadOnlyInline):
    model = models.CaseStep
    fields: ClassVar = ["occurred_at", "actor", "actor_ref", "act", "after", "reason", "comment"]
    ordering: ClassVar = ["sequence"]


class _EvidenceInline(ReadOnlyInline):
    model = models.CaseEvidence
    fields: ClassVar = ["given_at", "given_by", "text", "images"]
    ordering: ClassVar = ["id"]


class _ArbitrationForm(BaseDialogForm):
    verdict = forms.ChoiceField(
        choices=[
            (Verdict.SUPPORT_BUYER.value, "For the buyer"),
            (Verdict.SUPPORT_SELLER.value, "For the seller: the case is closed, and nothing goes back"),
        ],
        widget=UnfoldAdminSelectWidget,
    )
    buyer_keeps_goods = forms.BooleanField(
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="For the buyer, without the goods being sent back first.",
    )
    platform_pays = forms.BooleanField(
        required=False, widget=UnfoldBooleanSwitchWidget, help_text="For the buyer, and the seller is compensated."
    )
    comment = forms.CharField(
        max_length=COMMENT_LENGTH_MAX, widget=UnfoldAdminTextareaWidget, help_text="Both sides read it."
    )


@admin.register(models.Case)
class CaseAdmin(ReadOnlyAdmin):
    """Cases, found by their number or their order's; those that wait for the platform are decided here."""

    list_display: ClassVar = [
        "id",
        "order_id",
        "shop_id",
        "kind",
        "reason",
        "state",
        "next_actor",
        "next_action",
        "due_at",
        "opened_at",
    ]
    list_filter: ClassVar = [
        filter_by("next_actor", [actor.value for actor in (Actor.PLATFORM, Actor.SELLER, Actor.BUYER, Actor.NOBODY)]),
        filter_by("state", list(CaseState)),
        filter_by("kind", list(CaseKind)),
    ]
    number_fields: ClassVar = ["id", "order_id"]
    text_fields: ClassVar = ["return_tracking_number"]
    search_help_text = "The number of a case or of its order, or the tracking number of what came back"
    inlines: ClassVar = [_LineInline, _StepInline, _EvidenceInline]
    actions_detail: ClassVar = ["decide"]

    def has_arbitrate_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("aftersales.change_case")

    @action(
        description="Decide",
        permissions=["arbitrate"],
        dialog={
            "title": "Decide between buyer and seller",
            "description": "It is done at once, and stands in the history of the case and in the audit.",
            "form_class": _ArbitrationForm,
            "form_submit_text": "Decide",
        },
    )
    def decide(self, request: HttpRequest, form: _ArbitrationForm, object_id: str) -> HttpResponse:
        """Decide, or say why not; the page is loaded anew by htmx either way."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        try:
            arbitrate(
                case_id=row.pk,
                verdict=Verdict(form.cleaned_data["verdict"]),
                buyer_keeps_goods=form.cleaned_data["buyer_keeps_goods"],
                platform_pays=form.cleaned_data["platform_pays"],
                comment=form.cleaned_data["comment"],
                actor=actor_of(request),
                now=clock.now(),
            )
        except Refusal as refusal:
            self.message_user(request, refusal.title, messages.ERROR)
        return HttpResponse(headers={"HX-Redirect": reverse("admin:aftersales_case_change", args=[row.pk])})
