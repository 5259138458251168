"""Whether buyers see a product changes here, and nowhere else."""

from dataclasses import replace
from datetime import datetime

from django.db.models import F

from apps.catalog import models, states
from apps.catalog.contracts import Product, ProductState
from apps.catalog.errors import StateNotAllowed
from apps.catalog.selectors import get_product_row, product_of
from tradecore import audit, db


@db.use_case
def publish_product(*, shop_id: int, product_id: int, actor: str, now: datetime) -> Product:
    """Show a product to buyers. One that is shown already stays as it is.

    Refuses, in this order: UnknownProduct, Busy (somebody else was faster).
    """
    row = get_product_row(shop_id=shop_id, product_id=product_id)
    return _move(row, ProductState.ACTIVE, action="product.published", actor=actor, now=now)


@db.use_case
def deactivate_product(*, shop_id: int, product_id: int, actor: str, now: datetime) -> Product:
    """Hide a product from buyers. One that is hidden already stays as it is.

    Refuses, in this order: UnknownProduct, StateNotAllowed (a draft was never shown), Busy (somebody else was faster).
    """
    row = get_product_row(shop_id=shop_id, product_id=product_id)
    return _move(row, ProductState.DEACTIVATED, action="product.deactivated", actor=actor, now=now)


@db.use_case
def delete_product(*, shop_id: int, product_id: int, actor: str, now: datetime) -> Product:
    """Take a product away for good. Its rows stay for the orders that name its SKUs, and nobody sees it again.

    Refuses, in this order: UnknownProduct, Busy (somebody else was faster).
    """
    row = get_product_row(shop_id=shop_id, product_id=product_id)
    return _move(row, ProductState.DELETED, action="product.deleted", actor=actor, now=now)


def _move(row: models.Product, state: ProductState, *, action: str, actor: str, now: datetime) -> Product:
    """Compare and set, by the table; the same state again is nothing. Refuses: StateNotAllowed, Busy."""
    before = product_of(row)
    if before.state == state:
        return before
    if not states.PRODUCT.allows(before.state, state):
        raise StateNotAllowed(state=before.state, wanted=state)
    read = models.Product.objects.filter(pk=row.pk, state=row.state, version=row.version)
    if not read.update(state=state, version=F("version") + 1):
        raise db.Busy
    audit.record(
        actor=actor,
        action=action,
        subject=f"product:{row.pk}",
        before={"state": before.state},
        after={"state": state},
        now=now,
    )
    return replace(before, state=state, version=before.version + 1)
