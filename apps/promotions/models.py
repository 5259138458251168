"""The rows of promotions. Amounts are minor units of the promotion's currency.

# Note [Taking turns]
A promotion is locked only where a cap in total bounds it: nobody waits in a queue for what is without limit. Hold lines
name their promotion by number, because an insert under a foreign key would share the lock of the very row that the next
statement needs alone. The order is: the owner's hold, promotions by id, what buyers have used.
"""

from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from apps.promotions.contracts import HoldStatus, PromotionKind, PromotionState, TargetKind
from apps.promotions.kinds import shape_condition
from tradecore.ids import new_id
from tradecore.money import BASIS_POINTS, MAX_MINOR


def _choices(words: type[StrEnum]) -> list[tuple[str, str]]:
    """The words of a column, so that the admin filters by them without reading the table."""
    return [(word.value, word.value) for word in words]


def _is_positive(column: str) -> Q:
    return Q(**{f"{column}__isnull": True}) | Q(**{f"{column}__gt": 0, f"{column}__lte": MAX_MINOR})


class Promotion(models.Model):
    """One promotion of a shop, or of the platform (`shop_id` empty), in one market. See states.PROMOTION.

    Its terms never change. Of the benefit one column is filled: the price, the amount off, or the rate off, which may
    have a cap. Counters move only where there is a cap in total (`uses_cap` or `budget_minor`); what any other
    promotion gave is the sum of its uses.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=20, choices=_choices(PromotionKind))
    state = models.CharField(max_length=11, choices=_choices(PromotionState), default=PromotionState.DRAFT)
    shop_id = models.BigIntegerField(null=True)
    market = models.CharField(max_length=16)
    currency = models.CharField(max_length=3)
    title = models.CharField(max_length=50)
    code = models.CharField(max_length=30, null=True)  # noqa: DJ001 - NULL is free of the unique constraint
    price_minor = models.BigIntegerField(null=True)
    amount_minor = models.BigIntegerField(null=True)
    rate_bp = models.IntegerField(null=True)
    cap_minor = models.BigIntegerField(null=True)
    min_spend_minor = models.BigIntegerField(default=0)
    platform_share_bp = models.IntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    uses_cap = models.BigIntegerField(null=True)
    uses_per_buyer_cap = models.BigIntegerField(null=True)
    budget_minor = models.BigIntegerField(null=True)
    held_uses = models.BigIntegerField(default=0)
    posted_uses = models.BigIntegerField(default=0)
    held_minor = models.BigIntegerField(default=0)
    posted_minor = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    # NULLs are never equal, so the platform needs a number of its own for its titles to be unique.
    owner_key = models.GeneratedField(
        expression=Coalesce("shop_id", 0), output_field=models.BigIntegerField(), db_persist=True
    )

    class Meta:
        db_table = "promotions_promotion"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["market", "code"], name="promotions_promotion_code"),
            models.UniqueConstraint(fields=["owner_key", "market", "title"], name="promotions_promotion_title"),
            models.CheckConstraint(condition=shape_condition(), name="promotions_promotion_kind"),
            models.CheckConstraint(condition=Q(state__in=sorted(PromotionState)), name="promotions_promotion_state"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="promotions_promotion_window"),
            models.CheckConstraint(
                condition=Q(price_minor__isnull=True) | Q(price_minor__gte=0, price_minor__lte=MAX_MINOR),
                name="promotions_promotion_price",
            ),
            models.CheckConstraint(condition=_is_positive("amount_minor"), name="promotions_promotion_amount"),
            models.CheckConstraint(
                condition=Q(rate_bp__isnull=True) | Q(rate_bp__gt=0, rate_bp__lte=BASIS_POINTS),
                name="promotions_promotion_rate",
            ),
            models.CheckConstraint(condition=_is_positive("cap_minor"), name="promotions_promotion_cap"),
            models.CheckConstraint(
                condition=Q(min_spend_minor__gte=0, min_spend_minor__lte=MAX_MINOR),
                name="promotions_promotion_min_spend",
            ),
            models.CheckConstraint(
                condition=Q(platform_share_bp__gte=0, platform_share_bp__lte=BASIS_POINTS),
                name="promotions_promotion_share",
            ),
            models.CheckConstraint(
                condition=Q(held_uses__gte=0, posted_uses__gte=0, held_minor__gte=0, posted_minor__gte=0),
                name="promotions_promotion_counters",
            ),
            models.CheckConstraint(
                condition=Q(uses_cap__isnull=True) | Q(uses_cap__gt=0, uses_cap__gte=F("held_uses") + F("posted_uses")),
                name="promotions_promotion_uses_cap",
            ),
            models.CheckConstraint(
                condition=Q(budget_minor__isnull=True)
                | Q(budget_minor__gt=0, budget_minor__gte=F("held_minor") + F("posted_minor")),
                name="promotions_promotion_budget",
            ),
            models.CheckConstraint(
                condition=_is_positive("uses_per_buyer_cap"), name="promotions_promotion_uses_per_buyer_cap"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_capped(self) -> bool:
        """Whether a cap in total bounds it, so that its counters count."""
        return self.uses_cap is not None or self.budget_minor is not None

    @property
    def is_bounded(self) -> bool:
        """Whether something bounds in money what it gives to a purchase, or to all of them.

        What a shop takes off its own goods, without a code, is its price.
        """
        is_own_price = self.shop_id is not None and self.code is None
        is_money = self.rate_bp is None or self.cap_minor is not None
        return is_own_price or is_money or self.budget_minor is not None


class PromotionScope(models.Model):
    """One thing that a promotion is about. Never changed.

    Market, owner and the need of a code are those of its promotion, repeated so that a basket finds what may apply to
    it in one range of one index per thing in it, and meets neither coupons that nobody named nor categories of shops
    that it does not buy from.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="scopes", db_index=False)
    market = models.CharField(max_length=16)
    owner_key = models.BigIntegerField()
    needs_code = models.BooleanField()
    target_kind = models.CharField(max_length=8, choices=_choices(TargetKind))
    target_id = models.BigIntegerField()

    class Meta:
        db_table = "promotions_scope"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["promotion", "target_kind", "target_id"], name="promotions_scope_once"),
            models.CheckConstraint(
                condition=Q(target_kind=TargetKind.ALL.value, target_id=0)
                | (~Q(target_kind=TargetKind.ALL.value) & Q(target_kind__in=sorted(TargetKind), target_id__gt=0)),
                name="promotions_scope_target",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["market", "needs_code", "target_kind", "target_id", "owner_key"], name="promotions_scope_find"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.target_kind} {self.target_id}"


class PromotionHold(models.Model):
    """All that one owner uses, under one status (see states.HOLD). One row per owner for ever: the owner is its key.

    `expires_at` is a backstop, on the clock that the hold was made under: the owner's own timer ends the hold long
    before. A VOIDED row without a buyer is a tombstone: the void came first, and the hold that comes after it is
    refused.
    """

    owner_ref = models.BigIntegerField(primary_key=True)
    buyer_ref = models.BigIntegerField(null=True)
    status = models.CharField(max_length=8, choices=_choices(HoldStatus), default=HoldStatus.PENDING)
    clock = models.CharField(max_length=40)
    expires_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "promotions_hold"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(status__in=sorted(HoldStatus)), name="promotions_hold_status"),
            models.CheckConstraint(
                condition=Q(status=HoldStatus.PENDING.value, resolved_at__isnull=True)
                | (~Q(status=HoldStatus.PENDING.value) & Q(resolved_at__isnull=False)),
                name="promotions_hold_resolved",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=False, buyer_ref__isnull=False) | Q(status=HoldStatus.VOIDED.value),
                name="promotions_hold_expires",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["status", "clock", "expires_at"], name="promotions_hold_due")]

    def __str__(self) -> str:
        return f"hold of {self.owner_ref}"


class PromotionUse(models.Model):
    """What one owner took of one promotion. What came back only grows; everything else never changes.

    `is_counted` and `is_counted_for_buyer` say where it is counted beside itself: in the promotion, which has a cap in
    total, and in what the buyer has used, which has a cap of its own.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    hold = models.ForeignKey(PromotionHold, on_delete=models.PROTECT, related_name="uses", db_index=False)
    promotion_id = models.BigIntegerField()
    units = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    given_back_units = models.BigIntegerField(default=0)
    given_back_minor = models.BigIntegerField(default=0)
    is_counted = models.BooleanField()
    is_counted_for_buyer = models.BooleanField()

    class Meta:
        db_table = "promotions_use"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hold", "promotion_id"], name="promotions_use_once"),
            models.CheckConstraint(condition=Q(units__gt=0, amount_minor__gte=0), name="promotions_use_amount"),
            models.CheckConstraint(
                condition=Q(given_back_units__gte=0, given_back_units__lte=F("units")),
                name="promotions_use_given_back_units",
            ),
            models.CheckConstraint(
                condition=Q(given_back_minor__gte=0, given_back_minor__lte=F("amount_minor")),
                name="promotions_use_given_back_minor",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["promotion_id"], name="promotions_use_promotion")]

    def __str__(self) -> str:
        return f"use of promotion {self.promotion_id}"

    @property
    def units_left(self) -> int:
        return self.units - self.given_back_units

    @property
    def minor_left(self) -> int:
        return self.amount_minor - self.given_back_minor


class BuyerUsage(models.Model):
    """How often one buyer has used one promotion that has a cap per buyer; the cap is the promotion's, repeated."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    promotion_id = models.BigIntegerField()
    buyer_ref = models.BigIntegerField()
    uses = models.BigIntegerField(default=0)
    cap = models.BigIntegerField()

    class Meta:
        db_table = "promotions_buyer_usage"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["promotion_id", "buyer_ref"], name="promotions_buyer_usage_once"),
            models.CheckConstraint(condition=Q(uses__gte=0, uses__lte=F("cap")), name="promotions_buyer_usage_cap"),
        ]

    def __str__(self) -> str:
        return f"uses of promotion {self.promotion_id}"
