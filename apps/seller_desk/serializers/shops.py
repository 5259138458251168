"""Shops and their delivery rates."""

from typing import Any

from rest_framework import serializers

from apps.seller_desk.serializers.fields import PriceField
from tradecore.http.answers import AmountField, Answer
from tradecore.http.fields import IdField, StrictSerializer, TextField, WholeNumberField

NAME_LENGTH_MAX = 100
EMAIL_LENGTH_MAX = 254
GRAMS_MAX = 1_000_000


class ShopEditRequest(StrictSerializer):
    """What is left out stays as it is."""

    name = TextField(max_length=NAME_LENGTH_MAX, required=False)
    contact_email = TextField(max_length=EMAIL_LENGTH_MAX, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Give name, contact_email, or both.")
        return attrs


class DeliveryRateRequest(StrictSerializer):
    """Per order: `base` covers the first `included_grams`, each kilogram begun beyond them costs `per_kg`.

    Orders worth `free_from` or more go free; without it none does. Amounts are in the currency of the shop.
    """

    base = PriceField()
    per_kg = PriceField(required=False)
    included_grams = WholeNumberField(min_value=0, max_value=GRAMS_MAX, required=False)
    free_from = PriceField(required=False, allow_null=True)


class SellerShopAnswer(Answer):
    """A shop for its own people. `version` is what the ETag says.

    Legal name and tax number are what its invoices say, set by the marketplace; empty as long as it has not.
    """

    id = IdField()
    handle = serializers.CharField()
    name = serializers.CharField()
    contact_email = serializers.CharField()
    legal_name = serializers.CharField(allow_blank=True)
    tax_number = serializers.CharField(allow_blank=True)
    market = serializers.CharField()
    currency = serializers.CharField()
    fee_plan = serializers.CharField()
    state = serializers.ChoiceField(["ONBOARDING", "ACTIVE", "RESTRICTED", "SUSPENDED", "CLOSED"])
    is_selling = serializers.BooleanField()
    version = serializers.IntegerField()


class OwnShopAnswer(SellerShopAnswer):
    role = serializers.ChoiceField(["owner", "manager", "support"])


class SellerDeliveryRateAnswer(Answer):
    option = serializers.CharField()
    base = AmountField()
    per_kg = AmountField()
    included_grams = serializers.IntegerField()
    free_from = AmountField(allow_null=True)
