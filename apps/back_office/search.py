"""What an operator may have in hand, and the orders that it leads to."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from apps.accounts import api as accounts
from apps.catalog import api as catalog
from apps.orders import api as orders
from apps.orders.api import OrderSummary
from apps.payments import api as payments
from apps.sellers import api as sellers
from tradecore.errors import NotFound
from tradecore.ids import find_id

#: So many orders are shown of each answer, and per page of the list.
ORDERS_MAX = 50

#: The statuses that the list of orders can be narrowed to, in the order of an order's life.
STATUSES = (
    "UNPAID",
    "ON_HOLD",
    "AWAITING_SHIPMENT",
    "PARTIALLY_SHIPPING",
    "AWAITING_COLLECTION",
    "IN_TRANSIT",
    "DELIVERED",
    "COMPLETED",
    "CANCELLED",
)


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as lists show it, with the names behind its numbers. A guest has no name."""

    order: OrderSummary
    shop_name: str
    buyer_email: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The orders that a term leads to when it is taken as `meaning`, newest first, ORDERS_MAX at most."""

    meaning: str
    rows: tuple[OrderRow, ...]


@dataclass(frozen=True, slots=True)
class Newest:
    """One page of the list of orders. `before` is where the next page begins, if there is one."""

    status: str
    statuses: tuple[str, ...]
    rows: tuple[OrderRow, ...]
    before: int | None


def search(term: str) -> list[Answer]:
    """The answers of every meaning that the term has. Numbers, ids, e-mail addresses and codes are taken whole."""
    answers = [(meaning, tuple(find(term))) for meaning, find in _MEANINGS]
    return [Answer(meaning, describe(found)) for meaning, found in answers if found]


def list_newest(*, status: str, before: int | None) -> Newest:
    """Orders, the newest first; of one status only when it is one."""
    status = status if status in STATUSES else ""
    found = orders.list_orders(limit=ORDERS_MAX, before=before, status=status or None)
    return Newest(
        status=status,
        statuses=STATUSES,
        rows=describe(found),
        before=found[-1].id if len(found) == ORDERS_MAX else None,
    )


def describe(found: Sequence[OrderSummary]) -> tuple[OrderRow, ...]:
    """The orders with the names of their shops and buyers, in two statements at most."""
    shops = sellers.list_shops(shop_ids={order.shop_id for order in found})
    buyers = accounts.list_profiles(user_ids={order.buyer_ref for order in found})
    return tuple(
        OrderRow(
            order=order,
            shop_name=shops[order.shop_id].name if order.shop_id in shops else "",
            buyer_email=buyers[order.buyer_ref].email if order.buyer_ref in buyers else "",
        )
        for order in found
    )


def _by_number(term: str) -> Iterable[OrderSummary]:
    """The order of the number or id, or the orders of the purchase."""
    number = find_id(term)
    if number is None:
        return []
    try:
        order = orders.get_order(order_id=number)
    except NotFound:
        return orders.list_orders_by_purchase(purchase_ids=[number], limit=ORDERS_MAX)
    siblings = orders.list_orders_by_purchase(purchase_ids=[order.purchase_id], limit=ORDERS_MAX)
    return [sibling for sibling in siblings if sibling.id == number]


def _by_buyer(term: str) -> Iterable[OrderSummary]:
    """What somebody bought with an account or as a guest, by id or e-mail address."""
    if "@" in term:
        return _by_email(term)
    number = find_id(term)
    return [] if number is None else orders.list_orders(buyer_ref=number, limit=ORDERS_MAX)


def _by_email(term: str) -> Iterable[OrderSummary]:
    try:
        email = accounts.canonical_email(term)
    except accounts.EmailInvalid:
        return []
    found = {order.id: order for order in orders.list_orders_by_email(email=email, limit=ORDERS_MAX)}
    user_id = accounts.find_user_id(email=email)
    if user_id is not None:  # bought before the address of the account was this one
        found |= {order.id: order for order in orders.list_orders(buyer_ref=user_id, limit=ORDERS_MAX)}
    return [found[order_id] for order_id in sorted(found, reverse=True)[:ORDERS_MAX]]


def _by_sku(term: str) -> Iterable[OrderSummary]:
    """What holds a SKU, by id, or by the code that any shop knows it by."""
    number = find_id(term)
    sku_ids = {sku.id for sku in catalog.list_skus_by_code(code=term, limit=ORDERS_MAX)}
    sku_ids |= set() if number is None else {number}
    return orders.list_orders_by_sku(sku_ids=sku_ids, limit=ORDERS_MAX) if sku_ids else []


def _by_payment(term: str) -> Iterable[OrderSummary]:
    """What was paid under a reference of ours or of a provider."""
    purchase_ids = payments.list_payable_refs(reference=term)
    return orders.list_orders_by_purchase(purchase_ids=purchase_ids, limit=ORDERS_MAX) if purchase_ids else []


_MEANINGS: tuple[tuple[str, Callable[[str], Iterable[OrderSummary]]], ...] = (
    ("Number of an order or purchase", _by_number),
    ("Buyer", _by_buyer),
    ("SKU", _by_sku),
    ("Payment reference", _by_payment),
)
