"""Every test of documents that buys something buys it here."""

import pytest

from tests.factories.checkout import ShopFloor, make_shop_floor


@pytest.fixture
def floor(db: None) -> ShopFloor:
    return make_shop_floor()
