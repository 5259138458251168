"""Promotions: item prices and discounts, coupons, discounts on shipping."""

from typing import Any, Final

from rest_framework import serializers

from apps.promotions.api import PromotionKind, PromotionState, PromotionStatus, TargetKind
from apps.seller_desk.serializers.fields import MomentField, PriceField
from apps.seller_desk.serializers.waiting import AwaitsApprovalAnswer
from tradecore.http.answers import AmountField, Answer
from tradecore.http.fields import IdField, StrictSerializer, TextField, WholeNumberField
from tradecore.money import BASIS_POINTS, MAX_MINOR

TITLE_LENGTH_MAX = 50
CODE_LENGTH_MAX = 30
TARGETS_MAX = 500
REASON_LENGTH_MAX = 300

#: What a shop may offer, and what it may be about: its own goods.
KINDS: Final = [kind.value for kind in PromotionKind if kind is not PromotionKind.PLATFORM_COUPON]
TARGET_KINDS: Final = [kind.value for kind in TargetKind if kind is not TargetKind.ALL]

_BENEFITS: Final = ("price", "amount_off", "rate_off_bp")


class TargetRequest(StrictSerializer):
    """Goods that the promotion is about: a line counts when any target names it."""

    kind = serializers.ChoiceField(TARGET_KINDS)
    id = IdField()


class PromotionRequest(StrictSerializer):
    """What is offered, in exactly one of `price`, `amount_off` and `rate_off_bp` (1000 is 10 %, at most `max_off`).

    Coupons have a `code`; `min_spend` is for coupons and shipping. Caps left out are no caps.
    """

    kind = serializers.ChoiceField(KINDS)
    title = TextField(max_length=TITLE_LENGTH_MAX)
    code = TextField(max_length=CODE_LENGTH_MAX, required=False)
    price = PriceField(required=False)
    amount_off = PriceField(required=False)
    rate_off_bp = WholeNumberField(min_value=1, max_value=BASIS_POINTS, required=False)
    max_off = PriceField(required=False)
    targets: serializers.ListSerializer = serializers.ListSerializer(
        child=TargetRequest(), min_length=1, max_length=TARGETS_MAX
    )
    starts_at = MomentField()
    ends_at = MomentField()
    min_spend = PriceField(required=False)
    uses_cap = WholeNumberField(min_value=1, max_value=MAX_MINOR, required=False)
    uses_per_buyer_cap = WholeNumberField(min_value=1, max_value=MAX_MINOR, required=False)
    budget = PriceField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in _BENEFITS) != 1:
            raise serializers.ValidationError("Give exactly one of price, amount_off and rate_off_bp.")
        if "max_off" in attrs and "rate_off_bp" not in attrs:
            raise serializers.ValidationError("max_off bounds rate_off_bp.")
        return attrs


class PublishPromotionRequest(StrictSerializer):
    """Publishing needs no body."""


class DeactivatePromotionRequest(StrictSerializer):
    reason = TextField(max_length=REASON_LENGTH_MAX)


class TargetAnswer(Answer):
    kind = serializers.ChoiceField(TARGET_KINDS)
    id = IdField()


class SellerPromotionAnswer(Answer):
    """A promotion as it stands. Uses and amounts are counted only where a cap in total bounds them, and else are 0."""

    id = IdField()
    kind = serializers.ChoiceField(KINDS)
    title = serializers.CharField()
    code = serializers.CharField(allow_null=True)
    market = serializers.CharField()
    price = AmountField(allow_null=True)
    amount_off = AmountField(allow_null=True)
    rate_off_bp = serializers.IntegerField(allow_null=True)
    max_off = AmountField(allow_null=True)
    targets = TargetAnswer(many=True)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    min_spend = AmountField()
    uses_cap = serializers.IntegerField(allow_null=True)
    uses_per_buyer_cap = serializers.IntegerField(allow_null=True)
    budget = AmountField(allow_null=True)
    state = serializers.ChoiceField([state.value for state in PromotionState])
    status = serializers.ChoiceField([status.value for status in PromotionStatus])
    held_uses = serializers.IntegerField()
    posted_uses = serializers.IntegerField()
    held = AmountField()
    posted = AmountField()


class SellerOwnPromotionAnswer(SellerPromotionAnswer):
    """A promotion, and what it `waits` for: an operator who must approve that it is published; null where none must."""

    waits = AwaitsApprovalAnswer(allow_null=True)
