"""An edit replaces what a shop says about a product, as it was read."""

from dataclasses import replace
from datetime import datetime

from django.db.models import F

from apps.catalog import models
from apps.catalog.contracts import Product, ProductDetails
from apps.catalog.errors import UnknownCategory, VersionStale
from apps.catalog.fields import check_product, title_key
from apps.catalog.selectors import get_product_row, product_of
from tradecore import audit, db


@db.use_case
def edit_product(
    *, shop_id: int, product_id: int, version: int, details: ProductDetails, actor: str, now: datetime
) -> Product:
    """Replace the details of a product that was read in `version`. Returns it in its next version.

    Refuses, in this order: UnknownProduct, VersionStale, InvalidField (title, description), UnknownCategory.
    """
    row = get_product_row(shop_id=shop_id, product_id=product_id)
    before = product_of(row)
    if before.version != version:
        raise VersionStale(version=before.version)
    check_product(details)
    if not models.Category.objects.filter(pk=details.category_id).exists():
        raise UnknownCategory(category_id=details.category_id)
    _replace(row, details)
    audit.record(
        actor=actor,
        action="product.edited",
        subject=f"product:{product_id}",
        before=before.details,
        after=details,
        now=now,
    )
    return replace(before, details=details, version=version + 1)


def _replace(row: models.Product, details: ProductDetails) -> None:
    """Write the details as the version after the one that was read. Refuses: VersionStale."""
    replaced = models.Product.objects.filter(pk=row.pk, version=row.version).update(
        category_id=details.category_id,
        title=details.title,
        title_key=title_key(details.title),
        description=details.description,
        tax_category=details.tax_category,
        version=F("version") + 1,
    )
    if not replaced:
        raise VersionStale(version=models.Product.objects.values_list("version", flat=True).get(pk=row.pk))
