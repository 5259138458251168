"""A new product is a draft of its shop."""

from datetime import datetime

from apps.catalog import models
from apps.catalog.contracts import Product, ProductDetails
from apps.catalog.errors import UnknownCategory
from apps.catalog.fields import check_product, title_key
from apps.catalog.selectors import product_of
from tradecore import audit, db


@db.use_case
def create_product(*, shop_id: int, details: ProductDetails, actor: str, now: datetime) -> Product:
    """Begin a product of the shop, a DRAFT without SKUs.

    Refuses, in this order: InvalidField (title, description), UnknownCategory.
    """
    check_product(details)
    if not models.Category.objects.filter(pk=details.category_id).exists():
        raise UnknownCategory(category_id=details.category_id)
    row = models.Product.objects.create(
        shop_id=shop_id,
        category_id=details.category_id,
        title=details.title,
        title_key=title_key(details.title),
        description=details.description,
        tax_category=details.tax_category,
        created_at=now,
    )
    audit.record(actor=actor, action="product.created", subject=f"product:{row.pk}", after=details, now=now)
    return product_of(row)
