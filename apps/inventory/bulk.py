"""Changes of a stock that are too large to be one person's: a zero too many empties a shelf or sells what is not there.

See Note [Approvals] in tradecore. Filling an empty shelf is what every stock begins with, so its bound is another.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from apps.inventory.contracts import StockLevel, WaitingAdjustment
from tradecore.approvals import Request
from tradecore.money import BASIS_POINTS

#: The kind of the approvals.
BULK_CHANGE = "inventory.bulk_change"


def is_bulk(*, on_hand: int, delta: int) -> bool:
    """Whether a second person must look at this change of a stock."""
    pieces = abs(delta)
    if on_hand == 0:
        return pieces > settings.STOCK_FILLING_MAX_PIECES
    if pieces > settings.STOCK_CHANGE_MAX_PIECES:
        return True
    is_large_part = pieces * BASIS_POINTS > on_hand * settings.STOCK_CHANGE_MAX_BP
    return is_large_part and pieces >= settings.STOCK_CHANGE_MIN_PIECES


def subject_of(sku_id: int) -> str:
    """What such a request is about."""
    return f"sku:{sku_id}"


def to_content(
    level: StockLevel, *, shop_id: int, delta: int, reason: str, expected_on_hand: int | None
) -> Mapping[str, Any]:
    """What the second person reads."""
    return {
        "shop_id": shop_id,
        "sku_id": level.sku_id,
        "warehouse_id": level.warehouse_id,
        "warehouse_code": level.warehouse_code,
        "on_hand": level.on_hand,
        "delta": delta,
        "expected_on_hand": expected_on_hand,
        "reason": reason,
    }


def to_waiting_adjustment(request: Request) -> WaitingAdjustment:
    """The contract of a request."""
    return WaitingAdjustment(
        approval_id=request.id,
        warehouse_id=int(request.content["warehouse_id"]),
        delta=request.content["delta"],
        reason=request.content["reason"],
        expires_at=request.expires_at,
    )
