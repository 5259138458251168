"""What the tests of markets share."""

from collections.abc import Iterator

import pytest

from apps.markets import api as markets
from tests.support import NOON


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    """The markets that a process keeps in memory outlive the transaction of a test."""
    markets.forget_markets()
    yield
    markets.forget_markets()


@pytest.fixture
def standard_markets(db: None) -> None:
    """The markets that are shipped, loaded at NOON."""
    markets.load_standard_markets(now=NOON)
