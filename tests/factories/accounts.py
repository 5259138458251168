"""People and what they have, as rows; the password of all of them is PASSWORD."""

import factory
from django.contrib.auth.hashers import make_password
from factory.django import DjangoModelFactory

from apps.accounts.contracts import Address as AddressContract
from apps.accounts.contracts import ShopRole
from apps.accounts.models import Address, ShopStaff, User
from apps.accounts.principals import new_principal_id
from tests.support import NOON
from tradecore.ids import new_id

PASSWORD = "correct horse battery"


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    id = factory.LazyFunction(new_principal_id)
    email = factory.Sequence(lambda number: f"buyer{number}@example.com")
    full_name = "Robin Buyer"
    password = factory.LazyFunction(lambda: make_password(PASSWORD))
    joined_at = NOON
    version = 1


class AddressFactory(DjangoModelFactory[Address]):
    class Meta:
        model = Address

    id = factory.LazyFunction(new_id)
    user = factory.SubFactory(UserFactory)
    recipient = "Robin Buyer"
    line1 = "10 Downing Street"
    city = "London"
    postal_code = "SW1A 2AA"
    country = "GB"


class ShopStaffFactory(DjangoModelFactory[ShopStaff]):
    class Meta:
        model = ShopStaff

    id = factory.LazyFunction(new_id)
    user = factory.SubFactory(UserFactory)
    shop_id = factory.LazyFunction(new_id)
    role = ShopRole.OWNER
    added_at = NOON


def make_address(**parts: str) -> AddressContract:
    """A British address that is let in as it is, or with other parts."""
    parts = {
        "recipient": "Robin Buyer",
        "line1": "10 Downing Street",
        "city": "London",
        "postal_code": "SW1A 2AA",
        "country": "GB",
    } | parts
    return AddressContract(**parts)
