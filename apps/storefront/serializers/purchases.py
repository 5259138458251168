"""What quotes, purchases and orders look like in answers."""

from typing import Final

from rest_framework import serializers

from apps.fulfilment.api import PackageView
from apps.orders.api import CancelRequestView, OrderSummary, OrderView
from apps.pricing.api import Funder, MissReason, StepKind
from tradecore.http.answers import AmountField, Answer, answer_of
from tradecore.http.fields import IdField

ORDER_STATUSES: Final = (
    "UNPAID",
    "ON_HOLD",
    "AWAITING_SHIPMENT",
    "PARTIALLY_SHIPPING",
    "AWAITING_COLLECTION",
    "IN_TRANSIT",
    "DELIVERED",
    "COMPLETED",
    "CANCELLED",
)
LAYERS: Final = [f"L{number}" for number in range(8)]


class StepAnswer(Answer):
    """One step of the price ladder: what it adds (less when negative), who funds it, what caused it."""

    layer = serializers.ChoiceField(LAYERS)
    kind = serializers.ChoiceField([kind.value for kind in StepKind])
    amount = AmountField()
    funder = serializers.ChoiceField([funder.value for funder in Funder], allow_null=True)
    source_id = IdField(allow_null=True)


class BreakdownAnswer(Answer):
    """The sums, step by step; discounts are positive. `tax` is in the prices where they include it."""

    tax_inclusive = serializers.BooleanField()
    original_total_product_price = AmountField()
    seller_discount = AmountField()
    platform_discount = AmountField()
    sub_total = AmountField()
    original_shipping_fee = AmountField()
    shipping_fee_seller_discount = AmountField()
    shipping_fee_platform_discount = AmountField()
    shipping_fee = AmountField()
    shipping_tax = AmountField()
    tax = AmountField()
    duty = AmountField()
    fees = AmountField()
    payment_platform_discount = AmountField()
    recorded_difference = AmountField()
    total = AmountField()


class QuotedLineAnswer(Answer):
    """One line, and the ladder that its price climbed. `tax_rate_e5` is in 1/100,000: 20000 is 20 %."""

    line_no = serializers.IntegerField()
    sku_id = IdField()
    product_id = IdField()
    title = serializers.CharField()
    quantity = serializers.IntegerField()
    tax_rate_e5 = serializers.IntegerField()
    list_unit_price = AmountField()
    unit_price = AmountField()
    list_price = AmountField()
    seller_discount = AmountField()
    platform_discount = AmountField()
    net = AmountField()
    tax = AmountField()
    duty = AmountField()
    steps = StepAnswer(many=True)


class QuotedOrderAnswer(Answer):
    """One shop's part. Its own steps are what belongs to no line: shipping and surcharges."""

    shop_id = IdField()
    lines = QuotedLineAnswer(many=True)
    breakdown = BreakdownAnswer()
    steps = StepAnswer(many=True)


class PromotionOutcomeAnswer(Answer):
    """A promotion that was considered, and what came of it; a code that nobody knows has no id.

    `missing` and `missing_units` say by how much it was missed.
    """

    promotion_id = IdField(allow_null=True)
    code = serializers.CharField(allow_null=True)
    outcome = serializers.ChoiceField(["applied", "missed"])
    reason = serializers.ChoiceField([reason.value for reason in MissReason], allow_null=True)
    missing = AmountField(allow_null=True)
    missing_units = serializers.IntegerField()
    units = serializers.IntegerField()
    amount = AmountField()


class QuoteAnswer(Answer):
    """What a purchase would be. `quote_token` buys it once, until `expires_at`, and is for this buyer alone."""

    market = serializers.CharField()
    orders = QuotedOrderAnswer(many=True)
    breakdown = BreakdownAnswer()
    total = AmountField()
    promotions = PromotionOutcomeAnswer(many=True)
    expires_at = serializers.DateTimeField()
    quote_token = serializers.CharField()


class TenderAnswer(Answer):
    """One way in which a part is paid."""

    id = IdField()
    method = serializers.CharField()
    provider = serializers.CharField()
    amount = AmountField()
    instalments = serializers.IntegerField()
    status = serializers.ChoiceField(
        ["CREATED", "REQUIRES_ACTION", "AUTHORISED", "CAPTURED", "DECLINED", "VOIDED", "SUSPECT"]
    )
    decline_code = serializers.CharField()


class PaymentAnswer(Answer):
    """Whether money may still be asked for, and what has come and gone back."""

    status = serializers.ChoiceField(["OPEN", "PAID", "CLOSED"])
    amount = AmountField()
    captured = AmountField()
    refunded = AmountField()
    tenders = TenderAnswer(many=True)


class PurchasedOrderAnswer(Answer):
    id = IdField()
    number = serializers.CharField()
    shop_id = IdField()
    status = serializers.CharField()
    total = AmountField()
    unit_count = serializers.IntegerField()


class PurchaseAnswer(Answer):
    """One payment and its orders. `next_action` says by its `kind` what the buyer must do; null: nothing."""

    purchase_id = IdField()
    number = serializers.CharField()
    market = serializers.CharField()
    status = serializers.ChoiceField(["AWAITING_PAYMENT", "PAID", "EXPIRED", "CANCELLED"])
    total = AmountField()
    placed_at = serializers.DateTimeField()
    pay_by = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)
    orders = PurchasedOrderAnswer(many=True)
    payment = PaymentAnswer()
    next_action = serializers.DictField(allow_null=True)


PackageAnswer = answer_of(PackageView, name="PackageAnswer")
CancelRequestAnswer = answer_of(CancelRequestView, name="CancelRequestAnswer")
OrderSummaryAnswer = answer_of(OrderSummary, name="OrderSummaryAnswer")
GuestOrderAnswer = answer_of(OrderView, name="GuestOrderAnswer", without=("buyer_ref", "facts"))
OrderAnswer = answer_of(
    OrderView,
    name="OrderAnswer",
    without=("buyer_ref", "facts"),
    packages=PackageAnswer(many=True),
    cancel_request=CancelRequestAnswer(allow_null=True),
    next_actions=serializers.ListField(
        child=serializers.ChoiceField(["pay", "cancel", "withdraw_cancel_request", "confirm_receipt"])
    ),
)
