"""A shop floor in the real world, and a shadow of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest

from config.stress import shadow
from tests.factories.checkout import make_shop_floor
from tradecore import clock, worlds

RUN = "run1"
PIECES = 500


@dataclass(frozen=True)
class TwoWorlds:
    """sku_id: what both worlds sell, of which the real one has `real_pieces` and the shadow PIECES."""

    sku_id: int
    shop_id: int
    real_pieces: int


@pytest.fixture
def now() -> datetime:
    return clock.real_now()


@pytest.fixture
def two_worlds(transactional_db: None, now: datetime) -> Iterator[TwoWorlds]:
    floor = make_shop_floor()
    sku_id = floor.add_sku(stock=7)
    shadow.drop_shadow()
    with shadow.open_shadow(RUN):
        with worlds.shadow(RUN):
            wares = shadow.list_wares(market="GB", limit=10, now=now)
            shadow.stock_up(wares, pieces=PIECES, now=now)
        yield TwoWorlds(sku_id=sku_id, shop_id=floor.shop_id, real_pieces=7)
