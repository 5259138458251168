"""A shop floor under every test of settlement, and its books in order at the end of each."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.books import assert_books_agree
from tests.factories.checkout import make_shop_floor
from tests.support import NOON


@pytest.fixture(autouse=True)
def _floor(db: None) -> Iterator[None]:
    make_shop_floor()
    yield
    assert_books_agree()


class Hand:
    """What every edge takes for now: it stands until it is moved."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def read(self) -> datetime:
        return self.moment


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Hand:
    """The clock of the test, at noon."""
    hand = Hand(NOON)
    monkeypatch.setattr("tradecore.clock.now", hand.read)
    return hand
