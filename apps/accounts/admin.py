"""The back office's view of people. What is personal, or has a use case of its own, is read here and not changed."""

from typing import ClassVar

from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from apps.accounts.models import Address, ShopStaff, User
from tradecore.admin import FoundByIndex, ReadOnlyAdmin


@admin.register(User)
class UserAdmin(FoundByIndex):
    """People are found by id or e-mail address. Accounts are opened by signing up, and closed by `is_active`."""

    list_display: ClassVar = ["email", "full_name", "is_staff", "is_active", "joined_at"]
    list_filter: ClassVar = ["is_staff", "is_active"]
    text_fields: ClassVar = ["email"]
    ordering: ClassVar = ["-id"]
    filter_horizontal: ClassVar = ["groups", "user_permissions"]
    fields: ClassVar = [
        "id",
        "email",
        "full_name",
        "locale",
        "joined_at",
        "is_active",
        "is_staff",
        "is_superuser",
        "groups",
        "user_permissions",
    ]
    readonly_fields: ClassVar = ["id", "email", "full_name", "locale", "joined_at"]

    def text_form(self, term: str) -> str:
        return term.lower()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Who may change rights can give themselves any, so that is for those who have them all."""
        return bool(request.user.is_active and request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


@admin.register(Address)
class AddressAdmin(ReadOnlyAdmin):
    """The books of users, found by the user's id or e-mail address."""

    list_display: ClassVar = ["id", "user_id", "city", "country", "is_default"]
    number_fields: ClassVar = ["id", "user_id"]
    text_fields: ClassVar = ["user__email"]

    def text_form(self, term: str) -> str:
        return term.lower()


@admin.register(ShopStaff)
class ShopStaffAdmin(ReadOnlyAdmin):
    """Who works for which shop, found by the shop's id, or the person's id or e-mail address."""

    list_display: ClassVar = ["shop_id", "user", "role", "added_at"]
    list_filter: ClassVar = ["role"]
    list_select_related: ClassVar = ["user"]
    number_fields: ClassVar = ["shop_id", "user_id"]
    text_fields: ClassVar = ["user__email"]

    def text_form(self, term: str) -> str:
        return term.lower()


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(ModelAdmin):
    """Groups of operators and what they may do."""

    search_fields: ClassVar = ["name"]
    filter_horizontal: ClassVar = ["permissions"]
