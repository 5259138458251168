"""What is for sale, as buyers know it. `build_stage.py` puts it there."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MARKET: Final = "GB"
SHOP_COUNT: Final = 10
PIECES: Final = 10_000
HOT_PIECES: Final = 1_000_000
SHIPPING_MINOR: Final = 395


@dataclass(frozen=True)
class Ware:
    """A SKU, and what it costs."""

    sku_id: int
    price_minor: int


@dataclass(frozen=True)
class Stage:
    """shelves: the SKUs of each shop. hot: one of a shop that has nothing else. gone: one that has no piece. rushes:
    for each round, one that has a few. Prices hold the tax; each order costs SHIPPING_MINOR of delivery.
    """

    shelves: Sequence[Sequence[Ware]]
    hot: Ware
    gone: Ware
    rushes: Sequence[Ware]
    product_ids: Sequence[int]

    @classmethod
    def read(cls, text: str) -> "Stage":
        document = json.loads(text)
        return cls(
            shelves=[[Ware(**ware) for ware in shelf] for shelf in document["shelves"]],
            hot=Ware(**document["hot"]),
            gone=Ware(**document["gone"]),
            rushes=[Ware(**ware) for ware in document["rushes"]],
            product_ids=document["product_ids"],
        )
