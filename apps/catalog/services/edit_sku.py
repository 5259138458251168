"""An edit replaces what a shop says about a SKU, as it was read."""

from dataclasses import replace
from datetime import datetime

from django.db.models import F

from apps.catalog import models
from apps.catalog.contracts import Sku, SkuDetails
from apps.catalog.errors import VersionStale
from apps.catalog.fields import check_sku
from apps.catalog.selectors import get_sku_row, sku_of
from tradecore import audit, db


@db.use_case
def edit_sku(*, shop_id: int, sku_id: int, version: int, details: SkuDetails, actor: str, now: datetime) -> Sku:
    """Replace the details of a SKU that was read in `version`. Returns it in its next version.

    Refuses, in this order: UnknownSku, VersionStale, InvalidField (weight_grams, option_values, hs6, gtin).
    """
    before = sku_of(get_sku_row(shop_id=shop_id, sku_id=sku_id))
    if before.version != version:
        raise VersionStale(version=before.version)
    check_sku(details)
    _replace(before, details)
    audit.record(
        actor=actor, action="sku.edited", subject=f"sku:{sku_id}", before=before.details, after=details, now=now
    )
    return replace(before, details=details, version=version + 1)


def _replace(read: Sku, details: SkuDetails) -> None:
    """Write the details as the version after the one that was read. Refuses: VersionStale."""
    replaced = models.Sku.objects.filter(pk=read.id, version=read.version).update(
        option_values=dict(details.option_values),
        weight_grams=details.weight_grams,
        hs6=details.hs6,
        gtin=details.gtin,
        is_active=details.is_active,
        version=F("version") + 1,
    )
    if not replaced:
        raise VersionStale(version=models.Sku.objects.values_list("version", flat=True).get(pk=read.id))
