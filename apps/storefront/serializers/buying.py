"""Quotes, purchases and orders."""

from typing import Any

from rest_framework import serializers

from apps.checkout.api import LINES_MAX, QUANTITY_MAX
from tradecore.http.fields import IdField, MoneyField, StrictSerializer, TextField, WholeNumberField

COUPONS_MAX = 10
TENDERS_MAX = 30
INSTALMENTS_MAX = 24


class QuoteLineRequest(StrictSerializer):
    sku_id = IdField()
    quantity = WholeNumberField(min_value=1, max_value=QUANTITY_MAX)


class AddressRequest(StrictSerializer):
    recipient = TextField(max_length=100)
    line1 = TextField(max_length=200)
    line2 = TextField(max_length=200, required=False, allow_blank=True)
    city = TextField(max_length=100)
    region = TextField(max_length=50, required=False, allow_blank=True)
    postal_code = TextField(max_length=20, required=False, allow_blank=True)
    country = TextField(max_length=2)
    phone = TextField(max_length=30, required=False, allow_blank=True)


class QuoteRequest(StrictSerializer):
    """What to price. A registered buyer names one of their addresses; a guest, or anybody, gives one."""

    market = TextField(max_length=8)
    lines: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=QuoteLineRequest(), min_length=1, max_length=LINES_MAX
    )
    coupon_codes = serializers.ListField(child=TextField(max_length=40), max_length=COUPONS_MAX, required=False)
    address_id = IdField(required=False)
    address = AddressRequest(required=False)
    delivery_option = TextField(max_length=30)
    payment_method = serializers.ChoiceField(["card", "voucher", "bank_slip"], required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("address" in attrs) == ("address_id" in attrs):
            raise serializers.ValidationError("Give either address or address_id.")
        return attrs


class TenderRequestForm(StrictSerializer):
    provider = TextField(max_length=30)
    method = TextField(max_length=20, required=False)
    method_token = TextField(max_length=100)
    amount = MoneyField(required=False)
    instalments = WholeNumberField(min_value=1, max_value=INSTALMENTS_MAX, required=False)


class PaymentRequest(StrictSerializer):
    """One way of paying everything, or several tenders with their amounts."""

    provider = TextField(max_length=30, required=False)
    method = TextField(max_length=20, required=False)
    method_token = TextField(max_length=100, required=False)
    instalments = WholeNumberField(min_value=1, max_value=INSTALMENTS_MAX, required=False)
    tenders: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=TenderRequestForm(), min_length=1, max_length=TENDERS_MAX, required=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "tenders" in attrs:
            if len(attrs) > 1:
                raise serializers.ValidationError("Give either tenders or one provider and method_token.")
            if len(attrs["tenders"]) > 1 and any("amount" not in tender for tender in attrs["tenders"]):
                raise serializers.ValidationError("Each of several tenders needs its amount.")
        elif not {"provider", "method_token"} <= attrs.keys():
            raise serializers.ValidationError("Give provider and method_token, or tenders.")
        return attrs


class PurchaseRequest(StrictSerializer):
    """Buy a quote. A guest gives the e-mail that their order is found by."""

    quote_token = TextField(max_length=40_000)
    expected_total = MoneyField()
    payment = PaymentRequest()
    email = serializers.EmailField(max_length=254, required=False)


class PayAgainRequest(StrictSerializer):
    payment = PaymentRequest()


class CancelUnits(StrictSerializer):
    line_id = IdField()
    quantity = WholeNumberField(min_value=1, max_value=QUANTITY_MAX)


class CancelRequest(StrictSerializer):
    """Cancel everything that is not in a parcel, or so many units of some lines."""

    lines: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=CancelUnits(), min_length=1, max_length=LINES_MAX, required=False
    )
    reason = serializers.ChoiceField(
        ["changed_mind", "ordered_by_mistake", "found_cheaper", "too_slow", "other"], required=False
    )


class GuestOrderRequest(StrictSerializer):
    number = TextField(max_length=40)
    email = serializers.EmailField(max_length=254)


class EmptyRequest(StrictSerializer):
    """A write that needs no body."""


class WithdrawCancelRequest(EmptyRequest):
    """Taking a request to cancel back needs no body."""


class CancelPurchaseRequest(EmptyRequest):
    """Cancelling an unpaid purchase needs no body."""
