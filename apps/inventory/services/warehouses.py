"""Warehouses."""

from datetime import datetime

from django.db import IntegrityError

from apps.inventory import contracts, models
from apps.inventory.errors import WarehouseCodeTaken, WarehouseInvalid
from apps.inventory.selectors import to_warehouse
from tradecore import audit, db

CODE_LENGTH_MAX = 40
NAME_LENGTH_MAX = 100
PRIORITY_MAX = 1000


@db.use_case
def create_warehouse(
    *, shop_id: int, code: str, name: str, actor: str, now: datetime, priority: int = 0
) -> contracts.Warehouse:
    """Open a warehouse of a shop. Of several, those with the lower `priority` numbers serve first.

    Refuses, in this order: WarehouseInvalid, WarehouseCodeTaken.
    """
    _check(code=code, name=name, priority=priority)
    try:
        row = models.Warehouse.objects.create(shop_id=shop_id, code=code, name=name, priority=priority)
    except IntegrityError as error:
        raise WarehouseCodeTaken(warehouse_code=code) from error
    warehouse = to_warehouse(row)
    audit.record(actor=actor, action="warehouse.created", subject=f"warehouse:{warehouse.id}", after=warehouse, now=now)
    return warehouse


def _check(*, code: str, name: str, priority: int) -> None:
    if not 1 <= len(code) <= CODE_LENGTH_MAX or not (code.isascii() and code.isprintable()) or " " in code:
        raise WarehouseInvalid(field="code", reason=f"not 1 to {CODE_LENGTH_MAX} visible ASCII characters")
    if not name.strip() or len(name) > NAME_LENGTH_MAX:
        raise WarehouseInvalid(field="name", reason=f"not 1 to {NAME_LENGTH_MAX} characters")
    if not 0 <= priority <= PRIORITY_MAX:
        raise WarehouseInvalid(field="priority", reason=f"not a number from 0 to {PRIORITY_MAX}")
