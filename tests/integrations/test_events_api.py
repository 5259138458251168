"""The feed of events over HTTP: who sees which, and with which token."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from tests.api import Api, code_of, machine_token, read, user_token
from tests.factories.accounts import ShopStaffFactory, UserFactory
from tests.support import NOON
from tradecore.ids import new_id
from tradecore.models import OutboxEvent

pytestmark = pytest.mark.django_db

OTHER_SHOP = 7


@pytest.fixture
def lara() -> User:
    """Who works for a shop."""
    return ShopStaffFactory.create().user


@pytest.fixture
def publish(lara: User) -> Callable[..., None]:
    """Publishes facts of Lara's shop, of another one, and of no shop."""

    def publish(times: int = 1) -> None:
        for shop_id in (lara.shops.get().shop_id, OTHER_SHOP, None) * times:
            position = OutboxEvent.objects.count() + 1
            OutboxEvent.objects.create(
                kind="orders.order_paid",
                aggregate="order",
                aggregate_id=new_id(),
                sequence=1,
                shop_id=shop_id,
                occurred_at=NOON,
                payload={},
                position=position,
                delivered_at=NOON,
                next_attempt_at=NOON,
            )

    return publish


def shops_seen(caller: Api) -> list[Any]:
    answer = caller.get("/events/v1")
    assert answer.status_code == 200
    return [event["shop_id"] for event in read(answer)["items"]]


class TestEvents:
    def test_of_their_own_shop_are_seen_by_its_people(self, lara: User, publish: Callable[..., None]) -> None:
        publish()
        assert shops_seen(Api(token=user_token(lara))) == [str(lara.shops.get().shop_id)]

    def test_are_all_seen_by_operators(self, publish: Callable[..., None]) -> None:
        publish()
        assert len(shops_seen(Api(token=user_token(UserFactory(is_staff=True))))) == 3

    @pytest.mark.parametrize("scope", ["events", "ops", "events ops"])
    def test_are_all_seen_by_internal_clients(self, publish: Callable[..., None], scope: str) -> None:
        publish()
        assert len(shops_seen(Api(token=machine_token(scope=scope)))) == 3

    @pytest.mark.parametrize("scope", ["store", "seller", "store seller", "event", ""])
    def test_need_a_token_that_was_given_for_them(
        self, lara: User, publish: Callable[..., None], narrowed: Callable[[User, str], Api], scope: str
    ) -> None:
        """Whoever it speaks for: an operator's own token for buying is not one for operating."""
        publish()
        operator = UserFactory(is_staff=True)
        for caller in (narrowed(lara, scope), narrowed(operator, scope), Api(token=machine_token(scope=scope))):
            answer = caller.get("/events/v1")
            assert (answer.status_code, code_of(answer)) == (403, "permission.denied")

    def test_are_nothing_for_buyers_and_guests(self) -> None:
        buyer = Api(token=user_token(UserFactory()))
        guest = Api(token=read(Api().post("/store/v1/guests"))["token"])
        for caller in (buyer, guest):
            assert code_of(caller.get("/events/v1")) == "permission.denied"
        assert code_of(Api().get("/events/v1")) == "authentication.required"

    def test_are_nothing_for_who_has_left_the_shop(self, lara: User, publish: Callable[..., None]) -> None:
        publish()
        caller = Api(token=user_token(lara))
        lara.shops.all().delete()
        assert code_of(caller.get("/events/v1")) == "permission.denied"

    def test_take_a_constant_number_of_statements(self, lara: User, publish: Callable[..., None]) -> None:
        caller = Api(token=user_token(lara))

        def count() -> int:
            with CaptureQueriesContext(connection) as statements:
                assert shops_seen(caller)
            return len(statements)

        publish()
        few = count()
        publish(5)
        assert count() == few


@pytest.fixture
def narrowed() -> Callable[[User, str], Api]:
    """Somebody's own token, given for less than they may."""

    def narrowed(user: User, scope: str) -> Api:
        token = user_token(user)
        user.oauth2_provider_accesstoken.update(scope=scope)  # type: ignore[attr-defined]  # the toolkit has no types
        return Api(token=token)

    return narrowed
