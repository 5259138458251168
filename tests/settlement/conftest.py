"""A shop floor under every test of settlement, and its books in order at the end of each."""

from collections.abc import Iterator

import pytest

from tests.books import assert_books_agree
from tests.factories.checkout import make_shop_floor


@pytest.fixture(autouse=True)
def _floor(db: None) -> Iterator[None]:
    make_shop_floor()
    yield
    assert_books_agree()
