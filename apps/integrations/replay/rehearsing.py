"""Recorded orders, made ready to be bought once more by whoever knows nothing but the API: when, and what for.

Shops, prices and freights are put in place through the public doors, as for a replay. The orders themselves are bought
elsewhere, at any speed, and lived no further.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from apps.integrations.replay import keys
from apps.integrations.replay.buying import offer_freights
from apps.integrations.replay.fee_plan import DEFAULT_FILE, read_fee_plan
from apps.integrations.replay.files import read_records
from apps.integrations.replay.listing import ListedShop, list_categories, list_shop, plan_listings
from apps.integrations.replay.lives import find_obstacles
from apps.integrations.replay.market import Stage, set_stage
from apps.integrations.replay.records import RecordedOrder, Records


@dataclass(frozen=True, slots=True)
class StagedOrder:
    """An order that can be bought: when it was, and the body of a request for its quote."""

    purchased_at: datetime
    wish: Mapping[str, Any]


def stage_recorded_orders(folder: Path, *, since: datetime, limit: int, now: datetime) -> list[StagedOrder]:
    """Put on sale what so many orders from `since` on have bought. Returns those that can be bought, by time.

    Raises FileMalformed, OSError.
    """
    records = read_records(folder)
    orders = list(islice((order for order in records.orders if order.purchased_at >= since), limit))
    obstacles = find_obstacles(orders)
    orders = [order for order in orders if order.id not in obstacles]
    if not orders:
        return []
    plan = read_fee_plan(DEFAULT_FILE)
    stage = set_stage(plan=plan, first_at=records.orders[0].purchased_at, last_at=records.last_at, now=now)
    shops = _list_shops(orders, records, stage, now=records.orders[0].purchased_at)
    for order in orders:
        offer_freights(order, shops=shops, now=order.purchased_at)
    return [StagedOrder(order.purchased_at, _wish(order, shops, stage)) for order in orders]


def _list_shops(
    orders: Sequence[RecordedOrder], records: Records, stage: Stage, *, now: datetime
) -> dict[str, ListedShop]:
    listings = plan_listings(orders, records.products)
    category_ids = list_categories(listings, now=now)
    shops = [list_shop(listing, stage=stage, category_ids=category_ids) for listing in listings]
    return {shop.seller_id: shop for shop in shops}


def _wish(order: RecordedOrder, shops: Mapping[str, ListedShop], stage: Stage) -> dict[str, Any]:
    buyer = order.buyer
    return {
        "market": stage.market.code,
        "lines": [
            {"sku_id": str(shops[sku.seller_id].sku_ids[sku.product_id]), "quantity": quantity}
            for sku, quantity in order.quantities.items()
        ],
        "delivery_option": keys.delivery_option_of(order.id),
        "address": {
            "recipient": f"Buyer {buyer.id}",
            "line1": "(not recorded)",
            "city": buyer.city,
            "region": buyer.state,
            "postal_code": buyer.postal_code,
            "country": "BR",
        },
    }
