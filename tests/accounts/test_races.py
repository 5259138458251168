import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from oauth2_provider.models import AccessToken, Application, RefreshToken

from apps.accounts.api import (
    AddressBookFull,
    EmailTaken,
    Profile,
    RefreshTokenInvalid,
    ResetTokenInvalid,
    SavedAddress,
    TokenPair,
    add_address,
    find_bearer,
    give_token,
    list_addresses,
    make_reset_token,
    refresh_tokens,
    reset_password,
    sign_in,
    sign_up,
)
from apps.accounts.models import User
from apps.accounts.services.addresses import ADDRESSES_MAX
from tests.factories.accounts import PASSWORD, AddressFactory, UserFactory, make_address
from tests.support import NOON
from tradecore import clock
from tradecore.models import OutboxEvent

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

Race = Callable[[Sequence[Callable[[], Any]]], list[Any]]
CONTENDERS = 12


def kinds(results: list[Any]) -> dict[type, int]:
    return {kind: sum(type(result) is kind for result in results) for kind in {type(result) for result in results}}


class TestSigningUpAtOnce:
    def test_gives_the_address_to_one(self, race: Race) -> None:
        sign = partial(sign_up, email="sara@example.com", password=PASSWORD, now=NOON)
        assert kinds(race([sign] * CONTENDERS)) == {Profile: 1, EmailTaken: CONTENDERS - 1}
        assert User.objects.count() == OutboxEvent.objects.count() == 1


class TestSigningInAtOnce:
    def test_makes_one_first_party_application_and_a_session_each(self, race: Race) -> None:
        UserFactory.create(email="sara@example.com")
        sign = partial(sign_in, email="sara@example.com", password=PASSWORD, network="", now=NOON)
        assert kinds(race([sign] * CONTENDERS)) == {TokenPair: CONTENDERS}
        assert Application.objects.count() == 1


class TestRefreshingAtOnce:
    def test_uses_a_token_once_and_takes_the_copies_for_theft(self, race: Race) -> None:
        UserFactory.create(email="sara@example.com")
        old = sign_in(email="sara@example.com", password=PASSWORD, network="", now=NOON)
        results = race([partial(refresh_tokens, refresh_token=old.refresh_token)] * CONTENDERS)
        assert kinds(results) == {TokenPair: 1, RefreshTokenInvalid: CONTENDERS - 1}
        (new,) = (result for result in results if isinstance(result, TokenPair))
        assert find_bearer(access_token=new.access_token) is None
        assert not RefreshToken.objects.filter(revoked=None).exists()


class TestRefreshingAnApplicationAtOnce:
    def test_with_a_new_password_leaves_it_nothing(self, race: Race) -> None:
        """Whichever comes first: a pair that is made while the sessions end is ended with them."""
        user = UserFactory.create()
        app = Application.objects.create(client_type="public", authorization_grant_type="authorization-code")
        later = clock.real_now() + timedelta(hours=1)
        old = AccessToken.objects.create(user=user, application=app, token="a", expires=later)
        RefreshToken.objects.create(user=user, application=app, access_token=old, token="r", token_family=uuid.uuid4())
        form = {"grant_type": "refresh_token", "refresh_token": "r", "client_id": app.client_id}
        refresh = partial(give_token, form=form, authorization="", network="", now=NOON)
        reset = partial(
            reset_password, token=make_reset_token(user_id=user.pk), new_password="another horse battery", now=NOON
        )
        refreshed, done = race([refresh, reset])
        assert done is None
        assert refreshed.status in {200, 400}
        assert not AccessToken.objects.exists()
        assert not RefreshToken.objects.filter(revoked=None).exists()


class TestResettingAtOnce:
    def test_uses_a_token_once(self, race: Race) -> None:
        user = UserFactory.create()
        token = make_reset_token(user_id=user.pk)
        results = race(
            [
                partial(reset_password, token=token, new_password=f"another horse {number}", now=NOON)
                for number in range(CONTENDERS)
            ]
        )
        assert kinds(results) == {type(None): 1, ResetTokenInvalid: CONTENDERS - 1}
        assert OutboxEvent.objects.count() == 1


class TestFillingABookAtOnce:
    def test_keeps_its_limit_and_one_default(self, race: Race) -> None:
        user = UserFactory.create()
        AddressFactory.create_batch(ADDRESSES_MAX - 3, user=user)
        add = partial(add_address, user_id=user.pk, address=make_address(), is_default=True)
        assert kinds(race([add] * CONTENDERS)) == {SavedAddress: 3, AddressBookFull: CONTENDERS - 3}
        book = list_addresses(user_id=user.pk)
        assert len(book) == ADDRESSES_MAX
        assert sum(saved.is_default for saved in book) == 1
