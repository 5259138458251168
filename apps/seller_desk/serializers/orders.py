"""A shop's orders and parcels."""

from typing import Final

from rest_framework import serializers

from apps.checkout.api import LINES_MAX, QUANTITY_MAX
from apps.fulfilment.api import (
    CARRIER_LENGTH_MAX,
    EVENT_ID_LENGTH_MAX,
    TRACKING_NUMBER_LENGTH_MAX,
    PackageView,
    TrackingStatus,
)
from apps.orders.api import CancelRequestView, OrderSummary, OrderView
from apps.seller_desk.serializers.fields import CodeField, GivenCodeField, MomentField
from tradecore.http.answers import Answer, answer_of
from tradecore.http.fields import IdField, StrictSerializer, WholeNumberField

#: Where a paid order can stand, which is when its shop begins to see it.
STATUSES: Final = (
    "ON_HOLD",
    "AWAITING_SHIPMENT",
    "PARTIALLY_SHIPPING",
    "AWAITING_COLLECTION",
    "IN_TRANSIT",
    "DELIVERED",
    "COMPLETED",
    "CANCELLED",
)

#: Why a seller does not agree to a request to cancel.
REJECT_REASONS: Final = ("packed_already", "made_to_order", "agreed_with_buyer", "other")

CANCEL_REASONS: Final = ("out_of_stock", "price_error", "buyer_asked", "cannot_deliver_there", "other")

#: What a seller may say of a parcel: everything but that nobody knows of it.
REPORTABLE: Final = tuple(
    status.value for status in TrackingStatus if status not in {TrackingStatus.PENDING, TrackingStatus.EXPIRED}
)


class UnitsRequest(StrictSerializer):
    line_id = IdField()
    quantity = WholeNumberField(min_value=1, max_value=QUANTITY_MAX)


def _refuse_repeated_lines(lines: list[dict[str, int]]) -> list[dict[str, int]]:
    if len({line["line_id"] for line in lines}) < len(lines):
        raise serializers.ValidationError("A line is named twice.")
    return lines


class SellerCancelRequest(StrictSerializer):
    """Cancel everything that is in no parcel yet, or so many units of some lines. The buyer gets their money back."""

    lines: serializers.ListSerializer = serializers.ListSerializer(
        child=UnitsRequest(), min_length=1, max_length=LINES_MAX, required=False
    )
    reason = serializers.ChoiceField(CANCEL_REASONS)

    def validate_lines(self, lines: list[dict[str, int]]) -> list[dict[str, int]]:
        return _refuse_repeated_lines(lines)


class ApproveCancelRequest(StrictSerializer):
    """Approving a request to cancel needs no body."""


class RejectCancelRequest(StrictSerializer):
    """Why the order is shipped all the same."""

    reason = serializers.ChoiceField(REJECT_REASONS)


class ShipRequest(StrictSerializer):
    """A parcel with everything that is in none yet, or with so many units of some lines."""

    carrier = CodeField(max_length=CARRIER_LENGTH_MAX)
    tracking_number = GivenCodeField(max_length=TRACKING_NUMBER_LENGTH_MAX)
    lines: serializers.ListSerializer = serializers.ListSerializer(
        child=UnitsRequest(), min_length=1, max_length=LINES_MAX, required=False
    )

    def validate_lines(self, lines: list[dict[str, int]]) -> list[dict[str, int]]:
        return _refuse_repeated_lines(lines)


class TrackingRequest(StrictSerializer):
    """What the carrier says of a parcel. The same `event_id` again changes nothing."""

    event_id = GivenCodeField(max_length=EVENT_ID_LENGTH_MAX)
    status = serializers.ChoiceField(REPORTABLE)
    occurred_at = MomentField()


#: What an order or a parcel says of the buyer and of their other orders is not for the shop.
BUYERS_OWN: Final = ("buyer_ref", "purchase_id")

SellerPackageAnswer = answer_of(PackageView, name="SellerPackageAnswer", without=BUYERS_OWN)
SellerCancelRequestAnswer = answer_of(CancelRequestView, name="SellerCancelRequestAnswer")
SellerOrderSummaryAnswer = answer_of(OrderSummary, name="SellerOrderSummaryAnswer", without=BUYERS_OWN)


class RecipientAnswer(Answer):
    """Where to ship to. Parts that are not there are empty."""

    recipient = serializers.CharField()
    line1 = serializers.CharField()
    line2 = serializers.CharField()
    city = serializers.CharField()
    region = serializers.CharField()
    postal_code = serializers.CharField()
    country = serializers.CharField()
    phone = serializers.CharField()


SellerOrderAnswer = answer_of(
    OrderView,
    name="SellerOrderAnswer",
    without=(*BUYERS_OWN, "facts"),
    address=RecipientAnswer(allow_null=True),
    packages=SellerPackageAnswer(many=True),
    cancel_request=SellerCancelRequestAnswer(allow_null=True),
)
