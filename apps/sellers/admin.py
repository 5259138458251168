"""Shops in the admin: everything to be read, one thing to be done."""

from typing import ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from apps.sellers import models, services
from apps.sellers.contracts import ShopState
from apps.sellers.fields import REASON_LENGTH_MAX
from tradecore import clock
from tradecore.admin import ReadOnlyAdmin, ReadOnlyInline, actor_of
from tradecore.errors import Refusal


class _DeliveryRateInline(ReadOnlyInline):
    model = models.DeliveryRate
    fields: ClassVar = ["option", "base_minor", "per_kg_minor", "included_grams", "free_from_minor"]
    currency_path = "shop.currency"
    ordering: ClassVar = ["option"]


class _StateForm(BaseDialogForm):
    state = forms.ChoiceField(choices=[(state, state) for state in ShopState], widget=UnfoldAdminSelectWidget)
    reason = forms.CharField(max_length=REASON_LENGTH_MAX, widget=UnfoldAdminTextInputWidget)


@admin.register(models.Shop)
class ShopAdmin(ReadOnlyAdmin):
    list_display: ClassVar = ["handle", "name", "market", "currency", "fee_plan", "state"]
    list_filter: ClassVar = ["state", "market"]
    text_fields: ClassVar = ["handle"]
    ordering: ClassVar = ["handle"]
    inlines: ClassVar = [_DeliveryRateInline]
    actions_detail: ClassVar = ["change_state"]

    def has_move_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("sellers.change_shop")

    @action(
        description="Change state",
        permissions=["move"],
        dialog={
            "title": "Change the state of this shop",
            "description": "The reason stays in the audit.",
            "form_class": _StateForm,
            "form_submit_text": "Change",
        },
    )
    def change_state(self, request: HttpRequest, form: _StateForm, object_id: str) -> HttpResponse:
        """Move the shop, or say why not; the page of the shop is loaded anew by htmx either way."""
        try:
            services.change_shop_state(
                shop_id=int(object_id),
                state=ShopState(form.cleaned_data["state"]),
                reason=form.cleaned_data["reason"],
                actor=actor_of(request),
                now=clock.now(),
            )
        except Refusal as refusal:
            self.message_user(request, refusal.title, messages.ERROR)
        return HttpResponse(headers={"HX-Redirect": reverse("admin:sellers_shop_change", args=[object_id])})
