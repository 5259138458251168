"""What is done for a purchase of hot SKUs before its idempotency key is claimed.

# Note [Gone]
Who asks for what is gone is told so by the gate (Note [The gate] of `apps.inventory.services.hot`), which is asked in
two places that say the same: by the purchase itself, and, while the gate has refused somebody within CROWD_S, for whole
crowds by the porter of the web process (Note [The porter] of `tradecore.http.porter`). The second asks no more than the
first does, and nothing that the first would not have asked in that moment.
"""

import math
import time
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from apps.checkout.contracts import Buyer, GoneQuote, WantedLine
from apps.checkout.errors import QuoteInvalid
from apps.checkout.quote import QuoteContent, list_quoted_skus, open_token, read_token
from apps.inventory import api as inventory

#: So long after somebody was refused it is likely that others come for the same.
CROWD_S: Final = 5.0


class _Refused:
    """When somebody was refused here last, in this process, on the monotonic clock."""

    at = -math.inf


_refused = _Refused()


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
    _refuse_if_short(wish.lines)


def find_gone(*, tokens: Collection[str]) -> dict[str, GoneQuote]:
    """How the purchases of quotes of hot SKUs are refused, of those that are by now; by token.

    Who wants the same of the same has the same refusal: it is asked for once. Counts nothing: whoever refuses with it
    says so by `is_hot`.
    """
    opened = {token: content for token in tokens if (content := _open(token)) is not None}
    wanted = {content.wish.lines for content in opened.values()}
    refusals = {lines: refusal for lines in wanted if (refusal := _find_refusal(lines)) is not None}
    return {
        token: GoneQuote(content.scope, refusals[content.wish.lines])
        for token, content in opened.items()
        if content.wish.lines in refusals
    }


def is_crowded() -> bool:
    """Whether somebody was refused here a moment ago: whoever comes now may well be too. Asks nobody."""
    return time.monotonic() - _refused.at <= CROWD_S


def _open(token: str) -> QuoteContent | None:
    try:
        return open_token(token)
    except QuoteInvalid:
        return None


def _find_refusal(wanted: Sequence[WantedLine]) -> inventory.OutOfStock | None:
    """How whoever wants this is refused, if any of it is hot, and any of it gone."""
    if not inventory.is_hot(sku_ids=[line.sku_id for line in wanted]):
        return None
    try:
        _refuse_if_short(wanted)
    except inventory.OutOfStock as refusal:
        return refusal
    return None


def _refuse_if_short(wanted: Sequence[WantedLine]) -> None:
    lines = [inventory.StockLine(number, line.sku_id, line.quantity) for number, line in enumerate(wanted, 1)]
    try:
        inventory.refuse_if_gone(lines=lines)
    except inventory.OutOfStock:
        _refused.at = time.monotonic()
        raise
