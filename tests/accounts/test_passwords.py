from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password
from oauth2_provider.models import AccessToken, Application, Grant, RefreshToken

from apps.accounts.api import (
    PasswordTooWeak,
    RefreshTokenInvalid,
    ResetTokenInvalid,
    find_bearer,
    make_reset_token,
    refresh_tokens,
    request_password_reset,
    reset_password,
    sign_in,
)
from apps.accounts.models import User
from apps.accounts.services import passwords
from tests.factories.accounts import PASSWORD, UserFactory
from tests.support import NOON
from tradecore.errors import NotFound
from tradecore.models import OutboxEvent

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "another horse entirely"


@pytest.fixture
def user() -> User:
    return UserFactory.create(email="sara@example.com")


def events() -> list[tuple[str, int]]:
    return list(OutboxEvent.objects.order_by("sequence").values_list("kind", "sequence"))


class TestRequestPasswordReset:
    def test_publishes_who_asked_and_no_token(self, user: User) -> None:
        request_password_reset(email="SARA@example.com", now=NOON)
        event = OutboxEvent.objects.get()
        assert (event.kind, event.aggregate, event.aggregate_id, event.sequence) == (
            "accounts.password_reset_requested",
            "user",
            user.pk,
            2,
        )
        assert event.payload == {"user_id": str(user.pk)}

    @pytest.mark.parametrize("email", ["nobody@example.com", "sara", "\ud800", ""])
    def test_answers_the_same_and_publishes_nothing_when_nobody_has_the_address(self, user: User, email: str) -> None:
        request_password_reset(email=email, now=NOON)
        assert events() == []

    def test_publishes_nothing_for_a_closed_account(self) -> None:
        UserFactory.create(email="sara@example.com", is_active=False)
        request_password_reset(email="sara@example.com", now=NOON)
        assert events() == []

    def test_sends_one_letter_a_minute(self, user: User) -> None:
        for seconds in (0, 1, 59, 60, 61):
            request_password_reset(email="sara@example.com", now=NOON + timedelta(seconds=seconds))
        assert events() == [
            ("accounts.password_reset_requested", 2),
            ("accounts.password_reset_requested", 3),
        ]


class TestMakeResetToken:
    @pytest.mark.parametrize("changes", [{"is_active": False}, {"id": 7}])
    def test_refuses_a_user_who_is_not_there_or_may_not_sign_in(self, changes: dict[str, Any]) -> None:
        user = UserFactory.create(**changes)
        with pytest.raises(NotFound):
            make_reset_token(user_id=user.pk if "is_active" in changes else 8)


class TestResetPassword:
    def test_sets_the_password_and_publishes_it(self, user: User) -> None:
        reset_password(token=make_reset_token(user_id=user.pk), new_password=NEW_PASSWORD, now=NOON)
        user.refresh_from_db()
        assert check_password(NEW_PASSWORD, user.password)
        assert user.version == 2
        assert events() == [("accounts.password_changed", 2)]
        assert OutboxEvent.objects.get().payload == {"user_id": str(user.pk)}

    def test_ends_every_session_of_the_user_and_of_nobody_else(self, user: User) -> None:
        UserFactory.create(email="tom@example.com")
        pair, toms = (
            sign_in(email=email, password=PASSWORD, network="", now=NOON)
            for email in ("sara@example.com", "tom@example.com")
        )
        Grant.objects.create(
            user=user,
            application=Application.objects.get(),
            code="code",
            expires=NOON,
            redirect_uri="https://x.example/",
        )
        reset_password(token=make_reset_token(user_id=user.pk), new_password=NEW_PASSWORD, now=NOON)
        assert find_bearer(access_token=pair.access_token) is None
        with pytest.raises(RefreshTokenInvalid):
            refresh_tokens(refresh_token=pair.refresh_token)
        assert not Grant.objects.exists()
        assert find_bearer(access_token=toms.access_token)
        assert refresh_tokens(refresh_token=toms.refresh_token)

    def test_takes_a_token_once(self, user: User) -> None:
        token = make_reset_token(user_id=user.pk)
        reset_password(token=token, new_password=NEW_PASSWORD, now=NOON)
        with pytest.raises(ResetTokenInvalid):
            reset_password(token=token, new_password="a third horse now", now=NOON)
        user.refresh_from_db()
        assert check_password(NEW_PASSWORD, user.password)
        assert len(events()) == 1

    def test_refuses_a_token_that_was_used_while_the_password_was_hashed(self, user: User) -> None:
        user_id, proof = passwords._parse(make_reset_token(user_id=user.pk))
        reset_password(token=f"{user_id}-{proof}", new_password=NEW_PASSWORD, now=NOON)
        with pytest.raises(ResetTokenInvalid):
            passwords._replace_password(user_id, proof, encoded="late", now=NOON)
        assert len(events()) == 1

    @pytest.mark.parametrize(
        "forged",
        [
            "",
            "-",
            "7",
            "{id}",
            "{id}-",
            "{id}-x-y",
            "{id}-\u0661-y",
            "\u0661-{proof}",
            "-{id}-{proof}",
            "7-{proof}",
            "99999999999999999999-{proof}",
            "{id}-{proof}x",
            "{id}-\ud800",
        ],
    )
    def test_refuses_a_forged_token(self, user: User, forged: str) -> None:
        user_id, proof = passwords._parse(make_reset_token(user_id=user.pk))
        with pytest.raises(ResetTokenInvalid):
            reset_password(token=forged.format(id=user_id, proof=proof), new_password=NEW_PASSWORD, now=NOON)
        self._assert_unchanged(user)

    def test_refuses_the_token_of_another_user(self, user: User) -> None:
        _, proof = passwords._parse(make_reset_token(user_id=UserFactory.create().pk))
        with pytest.raises(ResetTokenInvalid):
            reset_password(token=f"{user.pk}-{proof}", new_password=NEW_PASSWORD, now=NOON)
        self._assert_unchanged(user)

    def test_refuses_an_expired_token(self, user: User, settings: Any) -> None:
        token = make_reset_token(user_id=user.pk)
        settings.PASSWORD_RESET_TIMEOUT = -1
        with pytest.raises(ResetTokenInvalid):
            reset_password(token=token, new_password=NEW_PASSWORD, now=NOON)
        self._assert_unchanged(user)

    def test_refuses_when_the_account_was_closed(self, user: User) -> None:
        token = make_reset_token(user_id=user.pk)
        User.objects.update(is_active=False)
        with pytest.raises(ResetTokenInvalid):
            reset_password(token=token, new_password=NEW_PASSWORD, now=NOON)
        self._assert_unchanged(user)

    def test_refuses_a_weak_password_and_keeps_the_token_good(self, user: User) -> None:
        token = make_reset_token(user_id=user.pk)
        sign_in(email="sara@example.com", password=PASSWORD, network="", now=NOON)
        with pytest.raises(PasswordTooWeak):
            reset_password(token=token, new_password="short", now=NOON)
        self._assert_unchanged(user)
        assert AccessToken.objects.count() == RefreshToken.objects.filter(revoked=None).count() == 1
        reset_password(token=token, new_password=NEW_PASSWORD, now=NOON)

    def _assert_unchanged(self, user: User) -> None:
        before = user.password
        user.refresh_from_db()
        assert user.password == before
        assert events() == []
