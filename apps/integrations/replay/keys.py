"""The natural keys of the replay: by them a run finds again what an earlier one has done, and does nothing twice."""

import hashlib
from typing import Final

from tradecore import ids

_OPTION_LENGTH: Final = 30
_CLOCK_LENGTH: Final = 40


def buyer_ref_of(buyer_id: str) -> int:
    """The guest that a recorded person is."""
    return _number("buyer", buyer_id)


def quote_id_of(order_id: str, *, buyer_ref: int) -> int:
    """The quote that a recorded order is bought by, of its buyer's gene: it buys once, so an order is lived once."""
    return _number("quote", order_id) >> ids.GENE_BITS << ids.GENE_BITS | ids.gene_of(buyer_ref)


def clock_of(order_id: str) -> str:
    """Every order is lived on a clock of its own: its deadlines wait for nobody else's, whoever lives it and when."""
    return f"olist:{order_id}"[:_CLOCK_LENGTH]


def delivery_option_of(order_id: str) -> str:
    """The delivery option that an order's freight is the rate of: each freight was an order's own."""
    return f"order_{order_id}"[:_OPTION_LENGTH]


def handle_of(seller_id: str) -> str:
    """The handle of a seller's shop."""
    return f"olist-{seller_id}"


def account_number_of(seller_id: str) -> str:
    """The bank account of a seller. The sandbox does odd things to numbers whose last four digits are small."""
    number = _number("account", seller_id)
    return f"BR{number // 9000:018d}{1000 + number % 9000}"


def _number(kind: str, text: str) -> int:
    """63 bits that nobody else will think of."""
    digest = hashlib.sha256(f"{kind}:{text}".encode()).digest()
    return int.from_bytes(digest[:8]) & ids.MAX_ID
