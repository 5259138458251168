"""Shops as tests need them: open for business, in Britain, delivering for a flat rate."""

import factory
from factory.django import DjangoModelFactory

from apps.sellers.contracts import ShopState
from apps.sellers.models import DeliveryRate, Shop
from tests.support import NOON


class ShopFactory(DjangoModelFactory[Shop]):
    class Meta:
        model = Shop

    handle = factory.Sequence(lambda n: f"shop-{n}")
    name = factory.Sequence(lambda n: f"Shop {n}")
    contact_email = factory.LazyAttribute(lambda shop: f"{shop.handle}@shops.example")
    market = "GB"
    currency = "GBP"
    fee_plan = "standard"
    state = ShopState.ACTIVE
    created_at = NOON


class DeliveryRateFactory(DjangoModelFactory[DeliveryRate]):
    class Meta:
        model = DeliveryRate

    shop = factory.SubFactory(ShopFactory)
    option = "standard"
    base_minor = 399
