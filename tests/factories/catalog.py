"""Products as tests need them: on show, and priced in Britain since yesterday."""

from datetime import timedelta

import factory
from factory.django import DjangoModelFactory

from apps.catalog.contracts import ProductState, TaxCategory
from apps.catalog.fields import title_key
from apps.catalog.models import Category, Product, Sku, SkuPrice
from tests.support import NOON
from tradecore.ids import new_id


class CategoryFactory(DjangoModelFactory[Category]):
    class Meta:
        model = Category

    path = factory.Sequence(lambda n: f"category-{n}")
    name = factory.LazyAttribute(lambda category: category.path.rpartition("/")[2].capitalize())


class ProductFactory(DjangoModelFactory[Product]):
    class Meta:
        model = Product

    shop_id = factory.LazyFunction(new_id)
    category = factory.SubFactory(CategoryFactory)
    title = factory.Sequence(lambda n: f"Product {n}")
    title_key = factory.LazyAttribute(lambda product: title_key(product.title))
    tax_category = TaxCategory.STANDARD
    state = ProductState.ACTIVE
    created_at = NOON


class SkuFactory(DjangoModelFactory[Sku]):
    class Meta:
        model = Sku

    product = factory.SubFactory(ProductFactory)
    shop_id = factory.SelfAttribute("product.shop_id")
    code = factory.Sequence(lambda n: f"SKU-{n}")
    weight_grams = 500


class SkuPriceFactory(DjangoModelFactory[SkuPrice]):
    class Meta:
        model = SkuPrice

    sku = factory.SubFactory(SkuFactory)
    market = "GB"
    currency = "GBP"
    amount_minor = 1999
    valid_from = NOON - timedelta(days=1)
