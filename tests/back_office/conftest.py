"""What an operator looks at, and operators of every kind."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from tests.back_office.market_day import MarketDay, live_a_market_day
from tests.factories.accounts import UserFactory


@pytest.fixture
def day(db: None) -> MarketDay:
    return live_a_market_day()


@pytest.fixture
def operator(db: None) -> Client:
    """A client of somebody who may view everything, and nothing more: what the operators' group may."""
    user = UserFactory.create(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return sign_in(user)


@pytest.fixture
def superuser(db: None) -> Client:
    return sign_in(UserFactory.create(is_staff=True, is_superuser=True))


@pytest.fixture
def clerk(db: None) -> Client:
    """A client of somebody who is staff and was granted nothing."""
    return sign_in(UserFactory.create(is_staff=True))


def sign_in(user: object) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return client
