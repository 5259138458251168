"""What is done for a purchase of hot SKUs before its idempotency key is claimed."""

from datetime import datetime

from apps.checkout.contracts import Buyer
from apps.checkout.quote import list_quoted_skus, read_token
from apps.inventory import api as inventory


def is_hot(*, token: str, now: datetime) -> bool:
    """Whether a quote, which somebody asks to buy, is of any hot SKU: its purchase may then share its transactions, and
    meets the gate first. Each such question is counted, and may be the one that makes a SKU hot.
    """
    sku_ids = list_quoted_skus(token=token)
    inventory.count_request(sku_ids=sku_ids, now=now)
    return inventory.is_hot(sku_ids=sku_ids)


def refuse_if_gone(*, token: str, buyer: Buyer) -> None:
    """Refuse what is gone before anything is written for it. Refuses, in this order: QuoteInvalid, OutOfStock."""
    _, wish, _ = read_token(token=token, buyer=buyer)
    lines = [inventory.StockLine(number, line.sku_id, line.quantity) for number, line in enumerate(wish.lines, 1)]
    inventory.refuse_if_gone(lines=lines)
