"""What inventory refuses, and how it says that its own books are wrong."""

from dataclasses import dataclass

from apps.inventory.contracts import Shortage
from tradecore.errors import Kind, Refusal


@dataclass
class HoldRefused(Refusal):
    """The owner has had its hold: it stands, it was resolved, or it was voided before it came."""

    code = "inventory.hold_refused"
    kind = Kind.CONFLICT
    title = "Stock cannot be held again for this purchase."

    owner_ref: int


@dataclass
class OutOfStock(Refusal):
    """Some SKUs are short. All of them are named, and nothing is held of the others either."""

    code = "inventory.out_of_stock"
    kind = Kind.CONFLICT
    title = "There is not enough stock."

    lines: tuple[Shortage, ...]


@dataclass
class MoreThanHeld(Refusal):
    """More pieces of a line would move than there are left to move."""

    code = "inventory.more_than_held"
    kind = Kind.CONFLICT
    title = "This is more than what is left of the line."

    line_ref: int
    asked: int
    left: int


@dataclass
class AdjustmentInvalid(Refusal):
    """The adjustment itself makes no sense; `reason` says why."""

    code = "inventory.adjustment_invalid"
    kind = Kind.RULE
    title = "This is not an adjustment."

    reason: str


@dataclass
class StockChanged(Refusal):
    """The stock on hand is not what it was taken for."""

    code = "inventory.stock_changed"
    kind = Kind.STALE
    title = "The stock has changed meanwhile. Read it again."

    expected_on_hand: int
    on_hand: int


@dataclass
class NotEnoughAvailable(Refusal):
    """The adjustment would take pieces that are not there, or are promised to somebody."""

    code = "inventory.not_enough_available"
    kind = Kind.CONFLICT
    title = "Fewer pieces are available than would be taken away."

    asked: int
    available: int


@dataclass
class WarehouseInvalid(Refusal):
    """A field of the warehouse holds what it may not; `reason` says what is wrong with it."""

    code = "inventory.warehouse_invalid"
    kind = Kind.RULE
    title = "A field of the warehouse holds what it may not."

    field: str
    reason: str


@dataclass
class WarehouseCodeTaken(Refusal):
    """The shop has another warehouse of this code."""

    code = "inventory.warehouse_code_taken"
    kind = Kind.CONFLICT
    title = "Another warehouse of this shop has the code."

    warehouse_code: str


class CountersDrifted(AssertionError):
    """The counters of a stock do not cover what its holds say: somebody changed a row by hand. See `stock rebuild`."""

    def __init__(self, *, sku_id: int, warehouse_id: int, bucket: int) -> None:
        super().__init__(
            f"the counters of SKU {sku_id} in warehouse {warehouse_id}, bucket {bucket}, do not cover its holds:"
            " run `stock rebuild`"
        )
