"""Prices that fall too far at once are a slip of somebody's finger, until a second person says that they are not.

See Note [Approvals] in tradecore. The first price of a SKU replaces none, and what a draft costs has been nobody's
price yet.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from apps.catalog.contracts import Price, WaitingPrice
from tradecore.approvals import Request
from tradecore.live_settings import LiveSetting, Scope, WholeNumber
from tradecore.money import BASIS_POINTS, Money

#: The kind of the approvals.
PRICE_DROP = "catalog.price_drop"

STEEPEST_DROP_BP = LiveSetting(
    name="catalog.steepest_drop_bp",
    meaning="By how many basis points a price may fall at once before a second person must look at it.",
    schema=WholeNumber(0, BASIS_POINTS),
    default=lambda: settings.PRICE_DROP_MAX_BP,
    scopes=frozenset({Scope.MARKET, Scope.SHOP}),
    needs_two=True,
)


def is_too_steep(*, old: Money, new: Money, bound_bp: int) -> bool:
    """Whether a second person must look at a price that takes the place of another."""
    if old.currency != new.currency:
        return False
    return new.minor * BASIS_POINTS < old.minor * (BASIS_POINTS - bound_bp)


def subject_of(sku_id: int) -> str:
    """What such a request is about."""
    return f"sku:{sku_id}"


def to_content(
    *, shop_id: int, sku_code: str, old: Price, new: Money, valid_from: datetime | None
) -> Mapping[str, Any]:
    """What the second person reads. `valid_from` None is: as soon as they approve it."""
    return {
        "shop_id": shop_id,
        "sku_id": old.sku_id,
        "sku_code": sku_code,
        "market": old.market,
        "old": old.amount,
        "new": new,
        "valid_from": None if valid_from is None else valid_from.astimezone(UTC).isoformat(),
    }


def money_in(content: Mapping[str, Any], name: str) -> Money:
    """One of the two amounts."""
    return Money.parse(content[name]["amount"], content[name]["currency"])


def moment_in(content: Mapping[str, Any]) -> datetime | None:
    """When the price is to begin; None is at once."""
    valid_from = content["valid_from"]
    return None if valid_from is None else datetime.fromisoformat(valid_from)


def to_waiting_price(request: Request) -> WaitingPrice:
    """The contract of a request."""
    return WaitingPrice(
        approval_id=request.id,
        market=request.content["market"],
        price=money_in(request.content, "old"),
        amount=money_in(request.content, "new"),
        valid_from=moment_in(request.content),
        expires_at=request.expires_at,
    )
