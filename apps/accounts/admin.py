"""The back office's view of people. What is personal, or has a use case of its own, is read here and not changed."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.forms import BooleanField, ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from oauth2_provider.generators import generate_client_secret
from oauth2_provider.models import AccessToken, Application, Grant, IDToken, RefreshToken
from unfold.admin import ModelAdmin
from unfold.decorators import action

from apps.accounts.authorization_server import SCOPES_BY_GRANT
from apps.accounts.models import Address, ShopStaff, User
from apps.accounts.services.shop_staff import remove_shop_staff
from apps.accounts.tokens import CLIENT_ID
from tradecore import clock
from tradecore.admin import FoundByIndex, ReadOnlyAdmin, ReasonForm, actor_of
from tradecore.errors import Refusal


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
    actions_detail: ClassVar = ["remove"]

    def text_form(self, term: str) -> str:
        return term.lower()

    def has_remove_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("accounts.delete_shopstaff")

    @action(
        description="Remove",
        permissions=["remove"],
        dialog={
            "title": "End their work for the shop",
            "description": "They may do nothing for it any more, at once. The reason stays in the audit.",
            "form_class": ReasonForm,
            "form_submit_text": "Remove",
        },
    )
    def remove(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Remove them, or say why not; htmx goes back to the list, where they are no more."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        try:
            remove_shop_staff(
                shop_id=row.shop_id,
                user_id=row.user_id,
                reason=form.cleaned_data["reason"],
                actor=actor_of(request),
                now=clock.now(),
            )
        except Refusal as refusal:
            self.message_user(request, refusal.title, messages.ERROR)
        return HttpResponse(headers={"HX-Redirect": reverse("admin:accounts_shopstaff_changelist")})


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(ModelAdmin):
    """Groups of operators and what they may do."""

    search_fields: ClassVar = ["name"]
    filter_horizontal: ClassVar = ["permissions"]


class ApplicationForm(ModelForm):
    """An application that asks in one of the two ways that are served. See Note [Applications]."""

    new_secret = BooleanField(required=False, label="Make a new secret", help_text="The old one ends at once.")

    class Meta:
        model = Application
        fields: ClassVar = ["name", "authorization_grant_type", "client_type", "redirect_uris"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["name"].required = True
        grants: Any = self.fields["authorization_grant_type"]
        grants.choices = [choice for choice in Application.GRANT_TYPES if choice[0] in SCOPES_BY_GRANT]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        by_itself = cleaned.get("authorization_grant_type") == Application.GRANT_CLIENT_CREDENTIALS
        if by_itself and cleaned.get("client_type") != Application.CLIENT_CONFIDENTIAL:
            self.add_error("client_type", "What asks for itself must keep a secret: it is confidential.")
        return cleaned


admin.site.unregister([AccessToken, Application, Grant, IDToken, RefreshToken])


@admin.register(Application)
class ApplicationAdmin(ModelAdmin):
    """Other applications: registered, changed and ended (with all their tokens) by operators who may.

    A secret is made here, shown once, and kept as a hash. Tokens have no page: what lies in the tables are checksums.
    """

    form = ApplicationForm
    list_display: ClassVar = ["name", "client_id", "authorization_grant_type", "client_type", "created"]
    list_filter: ClassVar = ["authorization_grant_type", "client_type"]
    search_fields: ClassVar = ["name", "=client_id"]
    readonly_fields: ClassVar = ["client_id", "may_ask_for"]
    fields: ClassVar = [*ApplicationForm.Meta.fields, "new_secret", "client_id", "may_ask_for"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without the first-party application, whose sessions are everybody's. See Note [Tokens]."""
        applications: QuerySet[Any] = super().get_queryset(request)
        return applications.exclude(client_id=CLIENT_ID)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        secret = "" if change and not form.cleaned_data["new_secret"] else generate_client_secret()
        if secret:
            obj.client_secret = secret
        super().save_model(request, obj, form, change)
        if secret and obj.client_type == Application.CLIENT_CONFIDENTIAL:
            words = f"The secret of {obj.name} is {secret} and is not shown again."
            self.message_user(request, words, level=messages.WARNING)

    @admin.display(description="may ask for")
    def may_ask_for(self, obj: Any) -> str:
        return ", ".join(SCOPES_BY_GRANT.get(obj.authorization_grant_type, ()))
