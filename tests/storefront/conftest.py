"""Who calls the storefront, and what there is to call for."""

import pytest

from apps.accounts.models import User
from tests.api import Api, read, user_token
from tests.factories.accounts import UserFactory
from tests.factories.checkout import ShopFloor, make_shop_floor


@pytest.fixture
def nobody() -> Api:
    return Api()


@pytest.fixture
def guest(db: None) -> Api:
    return Api(token=read(Api().post("/store/v1/guests"))["token"])


@pytest.fixture
def robin(db: None) -> User:
    return UserFactory(email="robin@example.com")


@pytest.fixture
def member(robin: User) -> Api:
    """Robin, signed in."""
    return Api(token=user_token(robin))


@pytest.fixture
def stranger(db: None) -> Api:
    """Somebody else who has an account."""
    return Api(token=user_token(UserFactory()))


@pytest.fixture
def floor(db: None) -> ShopFloor:
    return make_shop_floor()
