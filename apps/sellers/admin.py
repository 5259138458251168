"""Shops in the admin: everything to be read, two things to be done."""

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
from apps.sellers.errors import InvalidField
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


class _IdentityForm(BaseDialogForm):
    legal_name = forms.CharField(max_length=models.LEGAL_NAME_LENGTH_MAX, widget=UnfoldAdminTextInputWidget)
    tax_number = forms.CharField(
        max_length=models.TAX_NUMBER_LENGTH_MAX,
        widget=UnfoldAdminTextInputWidget,
        help_text="As its country writes it, in capitals: GB123456789.",
    )


@admin.register(models.Shop)
class ShopAdmin(ReadOnlyAdmin):
    list_display: ClassVar = ["handle", "name", "market", "currency", "fee_plan", "state"]
    list_filter: ClassVar = ["state", "market"]
    text_fields: ClassVar = ["handle"]
    ordering: ClassVar = ["handle"]
    inlines: ClassVar = [_DeliveryRateInline]
    actions_detail: ClassVar = ["change_state", "set_identity"]

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

    @action(
        description="Set legal name and tax number",
        permissions=["move"],
        dialog={
            "title": "Who sells in this shop",
            "description": "Invoices and credit notes say so from now on; those that were issued stay as they are.",
            "form_class": _IdentityForm,
            "form_submit_text": "Set",
        },
    )
    def set_identity(self, request: HttpRequest, form: _IdentityForm, object_id: str) -> HttpResponse:
        """Set it, or say why not; the page of the shop is loaded anew by htmx either way."""
        try:
            services.set_legal_identity(
                shop_id=int(object_id),
                legal_name=form.cleaned_data["legal_name"],
                tax_number=form.cleaned_data["tax_number"],
                actor=actor_of(request),
                now=clock.now(),
            )
        except InvalidField as refusal:
            self.message_user(request, f"{refusal.title} ({refusal.field}: {refusal.reason})", messages.ERROR)
        except Refusal as refusal:
            self.message_user(request, refusal.title, messages.ERROR)
        return HttpResponse(headers={"HX-Redirect": reverse("admin:sellers_shop_change", args=[object_id])})
