"""The catalog in the admin: everything to be read, and categories to be added.

Products, SKUs and prices are their shop's, which changes them at its desk.
"""

from typing import ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from apps.catalog import models, services
from apps.catalog.contracts import ProductState, TaxCategory
from apps.catalog.fields import title_key
from tradecore import clock
from tradecore.admin import ReadOnlyAdmin, ReadOnlyInline, actor_of, filter_by
from tradecore.errors import Refusal


class _CategoryForm(BaseDialogForm):
    parent = forms.ModelChoiceField(
        models.Category.objects.order_by("path"), required=False, widget=UnfoldAdminSelectWidget
    )
    slug = forms.CharField(widget=UnfoldAdminTextInputWidget)
    name = forms.CharField(widget=UnfoldAdminTextInputWidget)


@admin.register(models.Category)
class CategoryAdmin(ReadOnlyAdmin):
    list_display: ClassVar = ["path", "name"]
    text_fields: ClassVar = ["path"]
    ordering: ClassVar = ["path"]
    actions_list: ClassVar = ["add_category"]

    def has_grow_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("catalog.add_category")

    @action(
        description="Add a category",
        permissions=["grow"],
        dialog={
            "title": "Add a category",
            "description": "Its place in the tree is for ever.",
            "form_class": _CategoryForm,
            "form_submit_text": "Add",
        },
    )
    def add_category(self, request: HttpRequest, form: _CategoryForm) -> HttpResponse:
        """Add it, or say why not; the list is loaded anew by htmx either way."""
        parent = form.cleaned_data["parent"]
        try:
            services.create_category(
                slug=form.cleaned_data["slug"],
                name=form.cleaned_data["name"],
                parent_id=parent.pk if parent else None,
                actor=actor_of(request),
                now=clock.now(),
            )
        except Refusal as refusal:
            self.message_user(request, refusal.title, messages.ERROR)
        return HttpResponse(headers={"HX-Redirect": reverse("admin:catalog_category_changelist")})


class _SkuInline(ReadOnlyInline):
    model = models.Sku
    fields: ClassVar = ["code", "option_values", "weight_grams", "gtin", "is_active"]
    ordering: ClassVar = ["id"]
    hide_title = False  # it carries the link
    show_change_link = True


class _PriceInline(ReadOnlyInline):
    model = models.SkuPrice
    fields: ClassVar = ["market", "amount_minor", "valid_from"]
    currency_path = "currency"
    ordering: ClassVar = ["market", "-valid_from"]
    per_page = 50


@admin.register(models.Product)
class ProductAdmin(ReadOnlyAdmin):
    """Products, found by their id, their shop's, or the beginning of their title."""

    list_display: ClassVar = ["title", "shop_id", "category", "state", "created_at"]
    list_filter: ClassVar = [filter_by("state", list(ProductState)), filter_by("tax_category", list(TaxCategory))]
    list_select_related: ClassVar = ["category"]
    number_fields: ClassVar = ["id", "shop_id"]
    text_fields: ClassVar = ["title_key"]
    exclude: ClassVar = ["title_key"]
    inlines: ClassVar = [_SkuInline]

    def text_form(self, term: str) -> str:
        return title_key(term)


@admin.register(models.Sku)
class SkuAdmin(ReadOnlyAdmin):
    """SKUs with the history of their prices, found by their id, their shop's, or the beginning of their code."""

    list_display: ClassVar = ["code", "shop_id", "product", "weight_grams", "is_active"]
    list_filter: ClassVar = ["is_active"]
    list_select_related: ClassVar = ["product"]
    number_fields: ClassVar = ["id", "shop_id"]
    text_fields: ClassVar = ["code"]
    inlines: ClassVar = [_PriceInline]
