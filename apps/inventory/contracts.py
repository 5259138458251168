"""What crosses the door of inventory. Quantities are pieces."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

QUANTITY_MAX = 10**9
"""The most pieces that one line or one adjustment may name: a billion of these still fit a column."""


class HoldStatus(StrEnum):
    """What became of a hold. See states.HOLD."""

    PENDING = "PENDING"
    POSTED = "POSTED"
    VOIDED = "VOIDED"
    EXPIRED = "EXPIRED"


class MovementKind(StrEnum):
    """Why a counter changed. What each kind does to the counters stands in `effects.py`."""

    ADJUSTED = "ADJUSTED"
    HELD = "HELD"
    VOIDED = "VOIDED"
    POSTED = "POSTED"
    RELEASED = "RELEASED"
    SHIPPED = "SHIPPED"
    RETURNED = "RETURNED"
    SHIFTED = "SHIFTED"


@dataclass(frozen=True, slots=True)
class StockLine:
    """`quantity` pieces of one SKU, wanted by one line of the owner. Two lines may want the same SKU."""

    line_ref: int
    sku_id: int
    quantity: int

    def __post_init__(self) -> None:
        if not 1 <= self.quantity <= QUANTITY_MAX:
            raise ValueError(f"a line wants 1 to {QUANTITY_MAX} pieces, not {self.quantity}")


@dataclass(frozen=True, slots=True)
class Shortage:
    """A SKU of which less is available, in all warehouses together, than the lines want."""

    sku_id: int
    wanted: int
    available: int


@dataclass(frozen=True, slots=True)
class Counters:
    """The three counters of one stock, or of one bucket of it. Their sum is what is on hand."""

    available: int
    held: int
    committed: int

    @property
    def on_hand(self) -> int:
        return self.available + self.held + self.committed


@dataclass(frozen=True, slots=True)
class StockLevel:
    """One SKU in one warehouse, in all buckets together. `committed` is paid for and has not left; `on_hand` is
    everything on the shelf.
    """

    sku_id: int
    warehouse_id: int
    warehouse_code: str
    available: int
    held: int
    committed: int
    on_hand: int


@dataclass(frozen=True, slots=True)
class WaitingAdjustment:
    """An adjustment of one SKU that a second person must approve."""

    approval_id: int
    warehouse_id: int
    delta: int
    reason: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A place that a shop ships from. Of two that have a SKU, the one of the lower `priority` number serves first."""

    id: int
    shop_id: int
    code: str
    name: str
    priority: int


@dataclass(frozen=True, slots=True)
class HeldPart:
    """What one line of the owner holds in one warehouse, in one bucket of it, and what became of it.

    `quantity` was held at first. `voided` came back before it was posted; `released` after that and before it was
    shipped; `returned` after it was shipped.
    """

    line_ref: int
    sku_id: int
    warehouse_id: int
    bucket: int
    quantity: int
    voided: int
    posted: int
    released: int
    shipped: int
    returned: int


@dataclass(frozen=True, slots=True)
class Hold:
    """The stock of one owner. `expires_at` is empty, and so are the parts, where a void came before its hold."""

    owner_ref: int
    status: HoldStatus
    expires_at: datetime | None
    resolved_at: datetime | None
    parts: tuple[HeldPart, ...]


@dataclass(frozen=True, slots=True)
class Movement:
    """One row of the journal: by how much it changed each counter, and for whom, if it was not an adjustment."""

    kind: MovementKind
    sku_id: int
    warehouse_id: int
    bucket: int
    available: int
    held: int
    committed: int
    owner_ref: int | None
    line_ref: int | None
    reason: str
    actor: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class StockDifference:
    """A bucket of a stock whose counters are not what its journal adds up to."""

    sku_id: int
    warehouse_id: int
    bucket: int
    counted: Counters
    journal: Counters
