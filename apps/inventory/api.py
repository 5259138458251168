"""The public door of inventory."""

from apps.inventory.bulk import BULK_CHANGE
from apps.inventory.contracts import (
    QUANTITY_MAX,
    Counters,
    HeldPart,
    Hold,
    HoldStatus,
    Movement,
    MovementKind,
    Shortage,
    StockDifference,
    StockLevel,
    StockLine,
    WaitingAdjustment,
    Warehouse,
)
from apps.inventory.errors import (
    AdjustmentInvalid,
    CountersDrifted,
    HoldRefused,
    MoreThanHeld,
    NotEnoughAvailable,
    OutOfStock,
    StockChanged,
    WarehouseCodeTaken,
    WarehouseInvalid,
)
from apps.inventory.selectors import (
    find_hold,
    get_warehouse,
    list_availability,
    list_levels,
    list_movements,
    list_overdue_holds,
    list_waiting_adjustments,
    list_warehouses,
)
from apps.inventory.services.adjust import adjust_stock, carry_out_bulk_change
from apps.inventory.services.hold import Holding, hold
from apps.inventory.services.hot import is_hot, mark_hot, refuse_if_gone, unmark_hot
from apps.inventory.services.lines import release, ship, take_back
from apps.inventory.services.rebuild import list_differences, repair
from apps.inventory.services.resolve import expire_holds, extend, post, post_all, void
from apps.inventory.services.warehouses import create_warehouse
from apps.inventory.trace import trace_order

__all__ = [
    "BULK_CHANGE",
    "QUANTITY_MAX",
    "AdjustmentInvalid",
    "Counters",
    "CountersDrifted",
    "HeldPart",
    "Hold",
    "HoldRefused",
    "HoldStatus",
    "Holding",
    "MoreThanHeld",
    "Movement",
    "MovementKind",
    "NotEnoughAvailable",
    "OutOfStock",
    "Shortage",
    "StockChanged",
    "StockDifference",
    "StockLevel",
    "StockLine",
    "WaitingAdjustment",
    "Warehouse",
    "WarehouseCodeTaken",
    "WarehouseInvalid",
    "adjust_stock",
    "carry_out_bulk_change",
    "create_warehouse",
    "expire_holds",
    "extend",
    "find_hold",
    "get_warehouse",
    "hold",
    "is_hot",
    "list_availability",
    "list_differences",
    "list_levels",
    "list_movements",
    "list_overdue_holds",
    "list_waiting_adjustments",
    "list_warehouses",
    "mark_hot",
    "post",
    "post_all",
    "refuse_if_gone",
    "release",
    "repair",
    "ship",
    "take_back",
    "trace_order",
    "unmark_hot",
    "void",
]
