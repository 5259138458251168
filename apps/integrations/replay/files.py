"""Reading the files: CSV under xz, strictly.

Recorded times carry no zone: they are read as those of the clocks in São Paulo, by which nights are quiet and no order
falls into the hour that summer time skips.
"""

import csv
import lzma
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from apps.integrations.replay.records import (
    CURRENCY,
    RecordedBuyer,
    RecordedItem,
    RecordedOrder,
    RecordedProduct,
    RecordedTender,
    Records,
    SkuKey,
)
from tradecore.errors import Refusal
from tradecore.money import Money

ORDERS: Final = "olist_orders_dataset.csv.xz"
ITEMS: Final = "olist_order_items_dataset.csv.xz"
TENDERS: Final = "olist_order_payments_dataset.csv.xz"
CUSTOMERS: Final = "olist_customers_dataset.csv.xz"
PRODUCTS: Final = "olist_products_dataset.csv.xz"
CATEGORIES: Final = "product_category_name_translation.csv.xz"

TIMES: Final = (
    "order_purchase_timestamp",
    "order_approved_at",
    "order_delivered_carrier_date",
    "order_delivered_customer_date",
)

_ZONE: Final = ZoneInfo("America/Sao_Paulo")

Row = Mapping[str, str]
ReadT = TypeVar("ReadT")
PartT = TypeVar("PartT", RecordedItem, RecordedTender)


class FileMalformed(Exception):
    """A file does not hold what it should; the text says which, where and what."""


def read_records(folder: Path) -> Records:
    """Read all orders that have a timeline. Raises FileMalformed, OSError."""
    items = _by_order(folder / ITEMS, _item)
    tenders = _by_order(folder / TENDERS, _tender)
    buyers = dict(_read(folder / CUSTOMERS, _buyer))
    orders = list(_read(folder / ORDERS, partial(_order, items=items, tenders=tenders, buyers=buyers)))
    if len({order.id for order in orders}) < len(orders):
        raise FileMalformed(f"{ORDERS}: two rows of one order")
    english = dict(_read(folder / CATEGORIES, _category))
    return Records(
        orders=tuple(sorted(orders, key=lambda order: (order.purchased_at, order.id))),
        products=dict(_read(folder / PRODUCTS, partial(_product, english=english))),
        last_at=max(moment for order in orders for moment in order.moments),
    )


def _by_order(path: Path, parse: Callable[[Row], tuple[str, int, PartT]]) -> dict[str, tuple[PartT, ...]]:
    """The parts of each order, in the order of their numbers."""
    parts: dict[str, list[tuple[int, PartT]]] = defaultdict(list)
    for order_id, number, part in _read(path, parse):
        parts[order_id].append((number, part))
    return {
        order_id: tuple(part for _, part in sorted(numbered, key=lambda pair: pair[0]))
        for order_id, numbered in parts.items()
    }


def _read(path: Path, parse: Callable[[Row], ReadT]) -> Iterator[ReadT]:
    """What each row of a file says. Raises FileMalformed, OSError."""
    with lzma.open(path, "rt", encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        try:
            yield from map(parse, reader)
        except (lzma.LZMAError, EOFError, csv.Error, KeyError, TypeError, ValueError, Refusal) as error:
            raise FileMalformed(f"{path.name}, line {reader.line_num}: {type(error).__name__} {error}") from error


def _order(
    row: Row,
    *,
    items: Mapping[str, tuple[RecordedItem, ...]],
    tenders: Mapping[str, tuple[RecordedTender, ...]],
    buyers: Mapping[str, RecordedBuyer],
) -> RecordedOrder:
    purchased_at, approved_at, handed_over_at, delivered_at = (_moment(row[name]) for name in TIMES)
    if purchased_at is None:
        raise ValueError("no time of purchase")
    return RecordedOrder(
        id=row["order_id"],
        status=row["order_status"],
        buyer=buyers[row["customer_id"]],
        purchased_at=purchased_at,
        approved_at=approved_at,
        handed_over_at=handed_over_at,
        delivered_at=delivered_at,
        items=items.get(row["order_id"], ()),
        tenders=tenders.get(row["order_id"], ()),
    )


def _item(row: Row) -> tuple[str, int, RecordedItem]:
    item = RecordedItem(
        sku=SkuKey(seller_id=row["seller_id"], product_id=row["product_id"]),
        price_minor=_minor(row["price"]),
        freight_minor=_minor(row["freight_value"]),
    )
    return row["order_id"], int(row["order_item_id"]), item


def _tender(row: Row) -> tuple[str, int, RecordedTender]:
    tender = RecordedTender(
        sequence=int(row["payment_sequential"]),
        type=row["payment_type"],
        instalments=int(row["payment_installments"]),
        value_minor=_minor(row["payment_value"]),
    )
    return row["order_id"], tender.sequence, tender


def _buyer(row: Row) -> tuple[str, RecordedBuyer]:
    buyer = RecordedBuyer(
        id=row["customer_unique_id"],
        postal_code=row["customer_zip_code_prefix"],
        city=row["customer_city"],
        state=row["customer_state"],
    )
    return row["customer_id"], buyer


def _product(row: Row, *, english: Mapping[str, str]) -> tuple[str, RecordedProduct]:
    category = row["product_category_name"]
    product = RecordedProduct(category=english.get(category, category), weight_grams=int(row["product_weight_g"] or 0))
    return row["product_id"], product


def _category(row: Row) -> tuple[str, str]:
    return row["product_category_name"], row["product_category_name_english"]


def _moment(text: str) -> datetime | None:
    """The moment in UTC; None where nothing was recorded."""
    return datetime.fromisoformat(text).replace(tzinfo=_ZONE).astimezone(UTC) if text else None


def _minor(text: str) -> int:
    return Money.parse(text, CURRENCY).minor
