"""The people who buy, sell and operate here."""

from typing import Any, ClassVar

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from apps.accounts.contracts import ShopRole
from apps.accounts.emails import EMAIL_LENGTH_MAX, canonical_email
from apps.accounts.errors import EmailInvalid
from apps.accounts.principals import new_principal_id
from tradecore import clock, db
from tradecore.ids import new_id


class UserManager(BaseUserManager["User"]):
    """How Django's own edges (`createsuperuser`, the admin's sign-in) reach users."""

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an operator who may do everything. `createsuperuser` is an edge, so it asks for the time itself."""
        now = clock.now()
        fields |= {"email": canonical_email(email), "password": make_password(password), "joined_at": now}
        return db.use_case(lambda: self.create(id=new_principal_id(), is_staff=True, is_superuser=True, **fields))()

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user of an e-mail address, however its letters are cased."""
        try:
            return self.get(email=canonical_email(username or ""))
        except EmailInvalid:
            raise self.model.DoesNotExist from None


class User(AbstractBaseUser, PermissionsMixin):
    """One person who can sign in: a buyer always, staff of shops by ShopStaff, an operator by `is_staff`.

    `email` is in the form of Note [Canonical e-mail]. `version` counts the events published about the user and is
    their sequence. `reset_requested_at` is when the last letter with a way to a new password was asked for. The id and
    `joined_at` never change. The id has no default, because Django's checks and forms make users that are never saved,
    in processes that may not make ids. There is no `last_login`: signing in writes nothing here.
    """

    last_login = None

    id = models.BigIntegerField(primary_key=True, editable=False)
    email = models.EmailField(max_length=EMAIL_LENGTH_MAX)
    full_name = models.CharField(max_length=100, blank=True, default="")
    locale = models.CharField(max_length=16, default="en")
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=0, editable=False)
    joined_at = models.DateTimeField(editable=False)
    reset_requested_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = []

    class Meta:
        db_table = "accounts_user"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["email"], name="accounts_user_email"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="accounts_user_email_lower"),
        ]


class Address(models.Model):
    """One postal address in a user's book, as `validate_address` let it in.

    `version` counts the edits, and an edit names the one that it read. `is_default` is true or NULL and never false, so
    that a plain unique key holds at most one default per user (MariaDB has no partial ones).
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="addresses")
    recipient = models.CharField(max_length=100)
    phone = models.CharField(max_length=16, blank=True)
    line1 = models.CharField(max_length=100)
    line2 = models.CharField(max_length=100, blank=True)
    city = models.CharField(max_length=80)
    region = models.CharField(max_length=80, blank=True)
    postal_code = models.CharField(max_length=16, blank=True)
    country = models.CharField(max_length=2)
    is_default = models.BooleanField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        db_table = "accounts_address"
        verbose_name_plural = "addresses"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "is_default"], name="accounts_address_one_default"),
            models.CheckConstraint(
                condition=Q(is_default=True) | Q(is_default__isnull=True), name="accounts_address_default_or_null"
            ),
        ]


class ShopStaff(models.Model):
    """One person who works for one shop, in one role. Leaving deletes the row; the audit keeps that it was there."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="shops")
    shop_id = models.BigIntegerField()
    role = models.CharField(max_length=10, choices=[(role.value, role.value) for role in ShopRole])
    added_at = models.DateTimeField()

    class Meta:
        db_table = "accounts_shop_staff"
        verbose_name_plural = "shop staff"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shop_id", "user"], name="accounts_shop_staff_once"),
            models.CheckConstraint(
                condition=Q(role__in=[role.value for role in ShopRole]), name="accounts_shop_staff_role"
            ),
        ]
