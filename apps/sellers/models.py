"""The rows of sellers."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.sellers.contracts import ShopState
from tradecore.ids import new_id
from tradecore.money import MAX_MINOR

EMAIL_LENGTH_MAX = 254
NAME_LENGTH_MAX = 100
LEGAL_NAME_LENGTH_MAX = 200
TAX_NUMBER_LENGTH_MAX = 30
RATE_MINOR_MAX = 10**11
GRAMS_MAX = 1_000_000

_STATES = sorted(state.value for state in ShopState)


class Shop(models.Model):
    """One seller's presence in one market. See states.SHOP.

    `version` counts the changes, and an edit names the one that it read. Never changed: handle, market, currency,
    `created_at`. A shop is closed and never deleted. `legal_name` and `tax_number` are empty until an operator has seen
    the seller's papers.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    handle = models.CharField(max_length=40)
    name = models.CharField(max_length=NAME_LENGTH_MAX)
    market = models.CharField(max_length=16)
    currency = models.CharField(max_length=3)
    fee_plan = models.CharField(max_length=40)
    contact_email = models.CharField(max_length=EMAIL_LENGTH_MAX)
    legal_name = models.CharField(max_length=LEGAL_NAME_LENGTH_MAX, default="")
    tax_number = models.CharField(max_length=TAX_NUMBER_LENGTH_MAX, default="")
    state = models.CharField(max_length=10, default=ShopState.ONBOARDING.value)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "sellers_shop"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["handle"], name="sellers_shop_handle"),
            models.CheckConstraint(condition=Q(state__in=_STATES), name="sellers_shop_state"),
        ]

    def __str__(self) -> str:
        return self.handle


class DeliveryRate(models.Model):
    """What one shop charges for one delivery option, per order, in its own currency. One row per option offered.

    It is changed in place: what an order was charged is frozen on the order.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="delivery_rates", db_index=False)
    option = models.CharField(max_length=30)
    base_minor = models.BigIntegerField()
    per_kg_minor = models.BigIntegerField(default=0)
    included_grams = models.BigIntegerField(default=0)
    free_from_minor = models.BigIntegerField(null=True)

    class Meta:
        db_table = "sellers_delivery_rate"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shop", "option"], name="sellers_delivery_rate_once"),
            models.CheckConstraint(
                condition=Q(base_minor__gte=0, base_minor__lte=RATE_MINOR_MAX), name="sellers_delivery_rate_base"
            ),
            models.CheckConstraint(
                condition=Q(per_kg_minor__gte=0, per_kg_minor__lte=RATE_MINOR_MAX), name="sellers_delivery_rate_per_kg"
            ),
            models.CheckConstraint(
                condition=Q(included_grams__gte=0, included_grams__lte=GRAMS_MAX), name="sellers_delivery_rate_grams"
            ),
            models.CheckConstraint(
                condition=Q(free_from_minor__isnull=True) | Q(free_from_minor__gte=0, free_from_minor__lte=MAX_MINOR),
                name="sellers_delivery_rate_free_from",
            ),
        ]

    def __str__(self) -> str:
        return self.option
