"""A new SKU is one more thing of a product that can be ordered, once it has a price."""

from datetime import datetime

from django.db import IntegrityError

from apps.catalog import models
from apps.catalog.contracts import Sku, SkuDetails
from apps.catalog.errors import SkuCodeTaken, TooManySkus
from apps.catalog.fields import check_sku, check_sku_code
from apps.catalog.selectors import get_product_row, sku_of
from tradecore import audit, db

#: A page of products carries their SKUs, so a product has a bounded number of them.
SKUS_PER_PRODUCT_MAX = 100


@db.use_case
def add_sku(*, shop_id: int, product_id: int, code: str, details: SkuDetails, actor: str, now: datetime) -> Sku:
    """Add a SKU to a product of the shop.

    Refuses, in this order: UnknownProduct, InvalidField (code, weight_grams, option_values, hs6, gtin), TooManySkus,
    SkuCodeTaken.
    """
    product = get_product_row(shop_id=shop_id, product_id=product_id)
    check_sku_code(code)
    check_sku(details)
    # Two that are added at once may pass the bound by one: it keeps pages small, and nothing rests on its exactness.
    if models.Sku.objects.filter(product=product).count() >= SKUS_PER_PRODUCT_MAX:
        raise TooManySkus(limit=SKUS_PER_PRODUCT_MAX)
    sku = sku_of(_insert(product, code=code, details=details))
    audit.record(actor=actor, action="sku.added", subject=f"sku:{sku.id}", after=sku, now=now)
    return sku


def _insert(product: models.Product, *, code: str, details: SkuDetails) -> models.Sku:
    try:
        with db.savepoint():
            return models.Sku.objects.create(
                product=product,
                shop_id=product.shop_id,
                code=code,
                option_values=dict(details.option_values),
                weight_grams=details.weight_grams,
                hs6=details.hs6,
                gtin=details.gtin,
                is_active=details.is_active,
            )
    except IntegrityError:
        raise SkuCodeTaken(sku_code=code) from None
