"""Markets, categories, shops, products and SKUs, as buyers see them."""

from rest_framework import serializers

from apps.catalog.api import Category
from apps.markets.api import DeliveryOption
from tradecore.http.answers import AmountField, Answer, answer_of
from tradecore.http.fields import IdField

DeliveryOptionAnswer = answer_of(DeliveryOption, name="DeliveryOptionAnswer")
CategoryAnswer = answer_of(Category, name="CategoryAnswer")


class MarketAnswer(Answer):
    """`prices_include_tax`: listed prices are what is paid; else tax comes on top."""

    code = serializers.CharField()
    name = serializers.CharField()
    currency = serializers.CharField()
    prices_include_tax = serializers.BooleanField()
    time_zone = serializers.CharField()
    delivery_options = DeliveryOptionAnswer(many=True)


class DeliveryRateAnswer(Answer):
    """Per order: `base` covers the first `included_grams`, each kilogram begun beyond them costs `per_kg`.

    Orders worth `free_from` or more go free; null: none does.
    """

    option = serializers.CharField()
    base = AmountField()
    per_kg = AmountField()
    included_grams = serializers.IntegerField()
    free_from = AmountField(allow_null=True)


class ShopSummaryAnswer(Answer):
    """A shop that is not selling keeps its pages, and no basket takes its goods."""

    id = IdField()
    handle = serializers.CharField()
    name = serializers.CharField()
    is_selling = serializers.BooleanField()


class ShopAnswer(ShopSummaryAnswer):
    market = serializers.CharField()
    currency = serializers.CharField()
    delivery_rates = DeliveryRateAnswer(many=True)


class ListedSkuAnswer(Answer):
    """`price` is null where the SKU has none in the market; `available` counts pieces in all warehouses together."""

    id = IdField()
    code = serializers.CharField()
    option_values = serializers.DictField(child=serializers.CharField())
    weight_grams = serializers.IntegerField()
    price = AmountField(allow_null=True)
    available = serializers.IntegerField()


class SkuAnswer(ListedSkuAnswer):
    product_id = IdField()
    shop_id = IdField()
    category_id = IdField()
    title = serializers.CharField()


class ListedProductAnswer(Answer):
    id = IdField()
    category_id = IdField()
    title = serializers.CharField()
    created_at = serializers.DateTimeField()
    shop = ShopSummaryAnswer()
    skus = ListedSkuAnswer(many=True)


class ProductAnswer(ListedProductAnswer):
    description = serializers.CharField()
