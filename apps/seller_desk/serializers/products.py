"""Products, SKUs and prices."""

from typing import Any

from rest_framework import serializers

from apps.catalog.api import Price, ProductState, TaxCategory, WaitingPrice
from apps.seller_desk.serializers.fields import CodeField, GivenCodeField, MomentField, ParagraphsField, PriceField
from tradecore.http.answers import AmountField, Answer, answer_of
from tradecore.http.fields import (
    IdField,
    StrictBooleanField,
    StrictSerializer,
    TextField,
    WholeNumberField,
)

TITLE_LENGTH_MAX = 200
DESCRIPTION_LENGTH_MAX = 10_000
CODE_LENGTH_MAX = 64
OPTION_LENGTH_MAX = 60
WEIGHT_GRAMS_MAX = 1_000_000
MARKET_LENGTH_MAX = 16

_TAX_CATEGORIES = [category.value for category in TaxCategory]


class ProductRequest(StrictSerializer):
    category_id = IdField()
    title = TextField(max_length=TITLE_LENGTH_MAX)
    description = ParagraphsField(max_length=DESCRIPTION_LENGTH_MAX, required=False, allow_blank=True)
    tax_category = serializers.ChoiceField(_TAX_CATEGORIES, required=False)


class _Edit(StrictSerializer):
    """What is left out stays as it is."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Give at least one member.")
        return attrs


class ProductEditRequest(_Edit):
    category_id = IdField(required=False)
    title = TextField(max_length=TITLE_LENGTH_MAX, required=False)
    description = ParagraphsField(max_length=DESCRIPTION_LENGTH_MAX, required=False, allow_blank=True)
    tax_category = serializers.ChoiceField(_TAX_CATEGORIES, required=False)


class ProductStateRequest(StrictSerializer):
    """Publishing and deactivating need no body."""


class SkuEditRequest(_Edit):
    """`option_values` tells the SKU from its siblings; one that is not active is not for sale."""

    weight_grams = WholeNumberField(min_value=0, max_value=WEIGHT_GRAMS_MAX, required=False)
    option_values = serializers.DictField(child=TextField(max_length=OPTION_LENGTH_MAX), required=False)
    hs6 = TextField(max_length=6, required=False, allow_blank=True)
    gtin = GivenCodeField(max_length=14, required=False, allow_blank=True)
    is_active = StrictBooleanField(required=False)


class SkuRequest(SkuEditRequest):
    """A new SKU. Its code is the shop's own, and never changes."""

    code = CodeField(max_length=CODE_LENGTH_MAX)
    weight_grams = WholeNumberField(min_value=0, max_value=WEIGHT_GRAMS_MAX)


class PriceRequest(StrictSerializer):
    """What the SKU costs in a market from a moment on: from now, when none is named."""

    market = TextField(max_length=MARKET_LENGTH_MAX)
    amount = PriceField()
    valid_from = MomentField(required=False)


class SellerProductAnswer(Answer):
    """A product without its SKUs. `version` is what the ETag says."""

    id = IdField()
    shop_id = IdField()
    category_id = IdField()
    title = serializers.CharField()
    description = serializers.CharField()
    tax_category = serializers.ChoiceField(_TAX_CATEGORIES)
    state = serializers.ChoiceField([state.value for state in ProductState])
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class SellerSkuAnswer(Answer):
    """A SKU. `version` is what the ETag says."""

    id = IdField()
    product_id = IdField()
    shop_id = IdField()
    code = serializers.CharField()
    weight_grams = serializers.IntegerField()
    option_values = serializers.DictField(child=serializers.CharField())
    hs6 = serializers.CharField()
    gtin = serializers.CharField()
    is_active = serializers.BooleanField()
    version = serializers.IntegerField()


class SellerPricedSkuAnswer(SellerSkuAnswer):
    """`price` is what it costs in the market of the shop; null where it has none."""

    price = AmountField(allow_null=True)


class SellerListingAnswer(SellerProductAnswer):
    """A product with its SKUs, each with a version of its own."""

    skus = SellerPricedSkuAnswer(many=True)


PriceAnswer = answer_of(Price, name="PriceAnswer")
WaitingPriceAnswer = answer_of(WaitingPrice, name="WaitingPriceAnswer")


class SellerOwnSkuAnswer(SellerSkuAnswer):
    """A SKU with its `waiting_prices`: those that an operator must approve before they are set."""

    waiting_prices = WaitingPriceAnswer(many=True)
