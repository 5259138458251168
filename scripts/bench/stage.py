"""What is for sale, as buyers know it. `build_stage.py` puts it there."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bench.floor.statements import make_tables
from bench.place import FLOOR_DATABASE, Place

MARKET: Final = "GB"
SHOP_COUNT: Final = 10
PIECES: Final = 10_000
HOT_PIECES: Final = 1_000_000
MARKED_COUNT: Final = 5
SHIPPING_MINOR: Final = 395


@dataclass(frozen=True)
class Ware:
    """A SKU, and what it costs."""

    sku_id: int
    price_minor: int


@dataclass(frozen=True)
class Stage:
    """shelves: the SKUs of each shop. hot: one of a shop that has nothing else. gone: one that has no piece. rushes:
    for each round, one that has a few. marked: some with plenty of pieces. What is special is marked as hot (Note [The
    gate] of apps.inventory.services.hot), but for `hot`. Prices hold the tax; each order costs SHIPPING_MINOR of
    delivery.
    """

    shelves: Sequence[Sequence[Ware]]
    hot: Ware
    gone: Ware
    rushes: Sequence[Ware]
    marked: Sequence[Ware]
    product_ids: Sequence[int]

    @classmethod
    def read(cls, text: str) -> "Stage":
        document = json.loads(text)
        return cls(
            shelves=[[Ware(**ware) for ware in shelf] for shelf in document["shelves"]],
            hot=Ware(**document["hot"]),
            gone=Ware(**document["gone"]),
            rushes=[Ware(**ware) for ware in document["rushes"]],
            marked=[Ware(**ware) for ware in document["marked"]],
            product_ids=document["product_ids"],
        )

    def at(self, prices: Mapping[int, int]) -> "Stage":
        """The same where a piece of these SKUs costs so much."""
        shelves = [
            [replace(ware, price_minor=prices.get(ware.sku_id, ware.price_minor)) for ware in shelf]
            for shelf in self.shelves
        ]
        return replace(self, shelves=shelves)


def build_stage(place: Place, *, sku_count: int, round_count: int, pieces: int) -> Stage:
    """Put on sale what the scenarios buy, and the same SKUs in the tables of the floors. See build_stage.py."""
    arguments = map(str, (sku_count, round_count, pieces))
    stage = Stage.read(place.run(sys.executable, "-m", "bench.build_stage", *arguments))
    with place.connect(database=FLOOR_DATABASE) as connection:
        make_tables(connection, [ware.sku_id for shelf in stage.shelves for ware in shelf])
    return stage
