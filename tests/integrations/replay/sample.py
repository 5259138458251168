"""A folder with few recorded orders, chosen so that everything odd about the record is among them."""

import csv
import lzma
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from apps.integrations.replay import files
from apps.integrations.replay.lives import find_obstacles, plan_life
from apps.integrations.replay.records import RecordedOrder, Records, SkuKey
from tests.integrations.replay.recorded import WINDOW

OF_EACH_KIND = 6


def write_sample(source: Path, target: Path, *, count: int) -> None:
    """Write a folder of `count` orders: some of each kind, and ordinary ones."""
    records = files.read_records(source)
    chosen = set(choose(records, count=count))
    orders = [order for order in records.orders if order.id in chosen]
    buyers = {order.buyer.id for order in orders}
    products = {item.sku.product_id for order in orders for item in order.items}
    target.mkdir()
    for name in (files.ORDERS, files.ITEMS, files.TENDERS):
        _cut(source / name, target / name, lambda row: row["order_id"] in chosen)
    _cut(source / files.CUSTOMERS, target / files.CUSTOMERS, lambda row: row["customer_unique_id"] in buyers)
    _cut(source / files.PRODUCTS, target / files.PRODUCTS, lambda row: row["product_id"] in products)
    _cut(source / files.CATEGORIES, target / files.CATEGORIES, lambda _: True)


def choose(records: Records, *, count: int) -> list[str]:
    """Ids of orders: the first few of each kind, by time of purchase, and then whoever comes."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for kind, order_ids in chain(_describe(records), _list_repriced(records.orders)):
        by_kind[kind] += order_ids
    odd = [order_id for order_ids in by_kind.values() for order_id in order_ids[:OF_EACH_KIND]]
    return list(dict.fromkeys([*odd, *(order.id for order in records.orders)]))[:count]


def _describe(records: Records) -> Iterator[tuple[str, list[str]]]:
    obstacles = find_obstacles(records.orders)
    buyers: set[str] = set()
    for order in records.orders:
        if order.id in obstacles:
            kinds = [f"{obstacles[order.id]} {order.status}"]
        else:
            kinds = [kind for kind, holds in _kinds_of(order, buyers).items() if holds]
            buyers.add(order.buyer.id)
        yield from ((kind, [order.id]) for kind in kinds)


def _kinds_of(order: RecordedOrder, buyers: set[str]) -> dict[str, bool]:
    life = plan_life(order, window=WINDOW)
    types = [tender.type for tender in order.opened_tenders]
    return {
        f"{order.status} ends as {life.final_status}": True,
        **dict.fromkeys(life.impossible, True),
        **{f"{act} without time": True for act in life.without_time},
        f"several tenders: {' '.join(sorted(set(types)))}": len(types) > 1,
        f"one tender: {' '.join(types)}": len(types) == 1,
        "ten tenders": len(types) >= 10,
        "a tender that is not opened": len(order.tenders) > len(types),
        "less paid": order.difference_minor < 0,
        "more paid": order.difference_minor > 0,
        "not what it cost, and cancelled": order.difference_minor != 0 and order.status == "canceled",
        "several sellers": len(order.freights_minor) > 1,
        "a quantity": len(order.items) > len(order.quantities),
        "free freight": 0 in order.freights_minor.values(),
        "a buyer who comes back": order.buyer.id in buyers,
    }


def _list_repriced(orders: tuple[RecordedOrder, ...]) -> Iterator[tuple[str, list[str]]]:
    """Two orders of one SKU, one after the other, at two prices."""
    last: dict[SkuKey, tuple[int, str]] = {}
    for order in orders:
        for item in order.items:
            price_minor, order_id = last.get(item.sku, (item.price_minor, ""))
            if price_minor != item.price_minor:
                yield "repriced", [order_id, order.id]
            last[item.sku] = (item.price_minor, order.id)


def _cut(source: Path, target: Path, is_kept: Callable[[dict[str, str]], bool]) -> None:
    with (
        lzma.open(source, "rt", encoding="utf-8", newline="") as whole,
        lzma.open(target, "wt", encoding="utf-8", newline="", preset=0) as cut,
    ):
        reader = csv.DictReader(whole)
        writer = csv.DictWriter(cut, reader.fieldnames or ())
        writer.writeheader()
        writer.writerows(row for row in reader if is_kept(row))
