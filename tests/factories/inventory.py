"""Stock as tests need it: with the journal that explains it, and seen as three numbers."""

from datetime import timedelta

import factory
from factory.django import DjangoModelFactory

from apps.inventory import api as inventory
from apps.inventory.models import Stock, Warehouse
from tests.support import NOON, in_use_case
from tradecore.ids import new_id

#: What is available, held and committed.
Numbers = tuple[int, int, int]

EXPIRES_AT = NOON + timedelta(minutes=40)


class WarehouseFactory(DjangoModelFactory[Warehouse]):
    class Meta:
        model = Warehouse

    shop_id = factory.LazyFunction(new_id)
    code = factory.Sequence(lambda n: f"WH-{n}")
    name = factory.LazyAttribute(lambda warehouse: f"Warehouse {warehouse.code}")
    priority = 0


def make_stock(available: int, *, sku_id: int | None = None, warehouse: Warehouse | None = None) -> int:
    """Put pieces of a SKU on a shelf, as an adjustment. Returns the SKU."""
    warehouse = warehouse or WarehouseFactory.create()
    sku_id = sku_id or new_id()
    inventory.adjust_stock(
        shop_id=warehouse.shop_id,
        warehouse_id=warehouse.pk,
        sku_id=sku_id,
        delta=available,
        reason="first count",
        actor="tests",
        now=NOON,
    )
    return sku_id


def hold_stock(*lines: inventory.StockLine, owner_ref: int | None = None) -> int:
    """Hold the lines, in a transaction of their own. Returns the owner."""
    owner_ref = owner_ref or new_id()
    in_use_case(lambda: inventory.hold(owner_ref=owner_ref, lines=lines, expires_at=EXPIRES_AT, now=NOON))
    return owner_ref


def post_stock(*lines: inventory.StockLine) -> int:
    """Hold the lines and post them. Returns the owner."""
    owner_ref = hold_stock(*lines)
    assert in_use_case(lambda: inventory.post(owner_ref=owner_ref, now=NOON))
    return owner_ref


def line_of(sku_id: int, quantity: int = 1) -> inventory.StockLine:
    """A line that wants so many pieces."""
    return inventory.StockLine(line_ref=new_id(), sku_id=sku_id, quantity=quantity)


def numbers_of(sku_id: int) -> list[Numbers]:
    """What is available, held and committed of the SKU, per warehouse, in the order in which they serve, and bucket."""
    stocks = Stock.objects.filter(sku_id=sku_id).order_by("warehouse__priority", "warehouse_id", "bucket")
    return list(stocks.values_list("available", "held", "committed"))
