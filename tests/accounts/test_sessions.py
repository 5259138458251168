import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from django.utils.module_loading import import_string
from oauth2_provider.models import AccessToken, Application, RefreshToken, clear_expired, set_token_value

from apps.accounts.api import (
    Bearer,
    InvalidCredentials,
    RefreshTokenInvalid,
    TokenPair,
    find_bearer,
    refresh_tokens,
    sign_in,
    sign_out,
)
from apps.accounts.models import User
from apps.accounts.services import sessions
from tests.factories.accounts import PASSWORD, ShopStaffFactory, UserFactory
from tests.support import NOON
from tradecore.attempts import TooManyAttempts
from tradecore.models import AttemptWindow

pytestmark = pytest.mark.django_db

NETWORK = "192.0.2.7"


@pytest.fixture
def user() -> User:
    return UserFactory.create(email="sara@example.com")


def sign_in_with(**changes: Any) -> TokenPair:
    fields: dict[str, Any] = {"email": "sara@example.com", "password": PASSWORD, "network": NETWORK, "now": NOON}
    return sign_in(**fields | changes)


def fail(times: int, **changes: Any) -> None:
    for _ in range(times):
        with pytest.raises(InvalidCredentials):
            sign_in_with(**{"password": "wrong"} | changes)


def counts() -> dict[str, int]:
    return dict(AttemptWindow.objects.values_list("scope", "count"))


class TestSignIn:
    def test_gives_a_pair_that_speaks_for_the_user(self, user: User) -> None:
        pair = sign_in_with(email="Sara@Example.com")
        assert (pair.token_type, pair.expires_in, pair.scope) == ("Bearer", 3600, "store")
        assert find_bearer(access_token=pair.access_token) == Bearer(
            user_id=user.pk,
            email="sara@example.com",
            application_id=Application.objects.get().pk,
            is_ours=True,
            is_staff=False,
            scopes=frozenset({"store"}),
        )

    def test_stores_checksums_and_no_token(self, user: User) -> None:
        pair = sign_in_with()
        access, refresh = AccessToken.objects.get(), RefreshToken.objects.get()
        assert (access.token, refresh.token) == ("", "")
        assert access.token_checksum == hashlib.sha256(pair.access_token.encode()).hexdigest()
        assert refresh.token_checksum == hashlib.sha256(pair.refresh_token.encode()).hexdigest()
        assert refresh.user_id == user.pk

    def test_gives_an_access_token_for_an_hour_of_the_real_clock(self, user: User) -> None:
        sign_in_with(now=NOON - timedelta(days=400))
        left = AccessToken.objects.get().expires - timezone.now()
        assert timedelta(minutes=59) < left <= timedelta(hours=1)

    def test_gives_scopes_by_what_the_user_is(self) -> None:
        user = UserFactory.create(email="sara@example.com", is_staff=True)
        ShopStaffFactory.create(user=user)
        bearer = find_bearer(access_token=sign_in_with().access_token)
        assert bearer is not None
        assert bearer.is_staff
        assert bearer.scopes == {"store", "seller", "events", "ops"}

    def test_counts_nothing_when_the_password_is_right(self, user: User) -> None:
        sign_in_with()
        assert counts() == {}

    @pytest.mark.parametrize(
        "changes",
        [
            {"password": "wrong"},
            {"email": "nobody@example.com"},
            {"password": ""},
            {"password": "x" * 100_000},
            {"password": "\ud800"},
        ],
    )
    def test_refuses_a_wrong_guess_and_counts_it(self, user: User, changes: dict[str, str]) -> None:
        fail(1, **changes)
        assert counts() == {"sign_in_email": 1, "sign_in_network": 1}
        assert not AccessToken.objects.exists()
        assert not RefreshToken.objects.exists()

    def test_refuses_a_text_that_is_no_address_without_counting(self) -> None:
        fail(1, email="\ud800 or 1=1")
        assert counts() == {}

    def test_refuses_a_closed_account(self) -> None:
        UserFactory.create(email="sara@example.com", is_active=False)
        fail(1, password=PASSWORD)

    def test_refuses_an_account_without_a_password(self) -> None:
        UserFactory.create(email="sara@example.com", password=make_password(None))
        fail(1)

    def test_answers_the_same_to_an_unknown_address_as_to_a_wrong_password(self, user: User) -> None:
        with pytest.raises(InvalidCredentials) as wrong:
            sign_in_with(password="wrong")
        with pytest.raises(InvalidCredentials) as unknown:
            sign_in_with(email="nobody@example.com")
        assert str(wrong.value) == str(unknown.value)

    @pytest.mark.parametrize("email", ["sara@example.com", "nobody@example.com"])
    def test_hashes_once_whether_or_not_the_address_is_known(
        self, user: User, email: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hashed: list[None] = []
        hasher = "django.contrib.auth.hashers.MD5PasswordHasher.encode"
        monkeypatch.setattr(hasher, _recording(hasher, hashed))
        fail(1, email=email)
        assert len(hashed) == 1

    def test_refuses_when_the_password_was_replaced_meanwhile(self, user: User) -> None:
        verified = User.objects.get(pk=user.pk)
        User.objects.filter(pk=user.pk).update(password=make_password("another one"))
        with pytest.raises(InvalidCredentials):
            sessions._begin_session(verified)
        assert not AccessToken.objects.exists()


def _recording(name: str, calls: list[None]) -> Any:
    owner, _, method = name.rpartition(".")
    original = getattr(import_string(owner), method)

    def record(*args: Any, **kwargs: Any) -> Any:
        calls.append(None)
        return original(*args, **kwargs)

    return record


class TestTheLimitOnGuesses:
    def test_refuses_even_the_right_password_once_an_address_has_used_up_its_window(self, user: User) -> None:
        fail(sessions.GUESSES_PER_EMAIL.count)
        with pytest.raises(TooManyAttempts) as refused:
            sign_in_with()
        assert 0 < refused.value.retry_after <= 15 * 60 + 1
        assert not AccessToken.objects.exists()

    def test_holds_for_an_unknown_address_alike(self) -> None:
        fail(sessions.GUESSES_PER_EMAIL.count, email="nobody@example.com")
        with pytest.raises(TooManyAttempts):
            sign_in_with(email="nobody@example.com")

    def test_ends_with_its_window(self, user: User) -> None:
        fail(sessions.GUESSES_PER_EMAIL.count)
        assert sign_in_with(now=NOON + sessions.GUESSES_PER_EMAIL.window)

    def test_leaves_other_people_alone(self, user: User) -> None:
        UserFactory.create(email="tom@example.com")
        fail(sessions.GUESSES_PER_EMAIL.count)
        assert sign_in_with(email="tom@example.com")

    def test_refuses_a_network_that_guesses_at_many_people(self, user: User) -> None:
        for number in range(sessions.GUESSES_PER_NETWORK.count):
            fail(1, email=f"nobody{number}@example.com")
        with pytest.raises(TooManyAttempts):
            sign_in_with()
        assert sign_in_with(network="192.0.2.8")

    def test_counts_per_address_alone_where_the_network_is_not_known(self, user: User) -> None:
        fail(1, network="")
        assert counts() == {"sign_in_email": 1}


class TestRefreshTokens:
    def test_replaces_the_pair(self, user: User) -> None:
        old = sign_in_with()
        new = refresh_tokens(refresh_token=old.refresh_token)
        assert find_bearer(access_token=old.access_token) is None
        bearer = find_bearer(access_token=new.access_token)
        assert bearer is not None
        assert bearer.user_id == user.pk
        assert refresh_tokens(refresh_token=new.refresh_token)

    def test_gives_the_scopes_that_the_user_has_by_now(self, user: User) -> None:
        pair = sign_in_with()
        ShopStaffFactory.create(user=user)
        assert refresh_tokens(refresh_token=pair.refresh_token).scope == "store seller events"

    def test_refuses_a_used_token_and_ends_its_session(self, user: User) -> None:
        other_session = sign_in_with()
        stolen = sign_in_with()
        current = refresh_tokens(refresh_token=stolen.refresh_token)
        with pytest.raises(RefreshTokenInvalid):
            refresh_tokens(refresh_token=stolen.refresh_token)
        assert find_bearer(access_token=current.access_token) is None
        with pytest.raises(RefreshTokenInvalid):
            refresh_tokens(refresh_token=current.refresh_token)
        assert find_bearer(access_token=other_session.access_token)

    @pytest.mark.parametrize("token", ["", "unknown", "\ud800", "t\u00f6ken", "x" * 100_000])
    def test_refuses_an_unknown_token(self, user: User, token: str) -> None:
        sign_in_with()
        with pytest.raises(RefreshTokenInvalid):
            refresh_tokens(refresh_token=token)
        assert AccessToken.objects.count() == RefreshToken.objects.count() == 1

    def test_refuses_an_access_token_in_its_place(self, user: User) -> None:
        pair = sign_in_with()
        with pytest.raises(RefreshTokenInvalid):
            refresh_tokens(refresh_token=pair.access_token)
        assert find_bearer(access_token=pair.access_token)

    def test_refuses_an_expired_token(self, user: User) -> None:
        pair = sign_in_with()
        AccessToken.objects.update(expires=timezone.now() - timedelta(days=31))
        with pytest.raises(RefreshTokenInvalid):
            refresh_tokens(refresh_token=pair.refresh_token)

    def test_refuses_a_user_who_may_not_sign_in_any_more(self, user: User) -> None:
        pair = sign_in_with()
        User.objects.update(is_active=False)
        with pytest.raises(RefreshTokenInvalid):
            refresh_tokens(refresh_token=pair.refresh_token)
        assert RefreshToken.objects.filter(revoked=None).count() == 1

    def test_refuses_the_token_of_another_application(self, user: User) -> None:
        pair = sign_in_with()
        RefreshToken.objects.update(
            application=Application.objects.create(client_id="another", hash_client_secret=False)
        )
        with pytest.raises(RefreshTokenInvalid):
            refresh_tokens(refresh_token=pair.refresh_token)

    def test_outlives_the_clean_up_of_old_tokens(self, user: User) -> None:
        pair = sign_in_with()
        AccessToken.objects.update(expires=timezone.now() - timedelta(hours=1))
        clear_expired()
        assert refresh_tokens(refresh_token=pair.refresh_token)


class TestSignOut:
    @pytest.mark.parametrize("which", ["access_token", "refresh_token"])
    def test_ends_the_session_of_either_token(self, user: User, which: str) -> None:
        pair, other_session = sign_in_with(), sign_in_with()
        sign_out(token=getattr(pair, which))
        assert find_bearer(access_token=pair.access_token) is None
        with pytest.raises(RefreshTokenInvalid):
            refresh_tokens(refresh_token=pair.refresh_token)
        assert find_bearer(access_token=other_session.access_token)

    def test_ends_what_a_refresh_made_of_the_session(self, user: User) -> None:
        old = sign_in_with()
        new = refresh_tokens(refresh_token=old.refresh_token)
        sign_out(token=old.refresh_token)
        assert find_bearer(access_token=new.access_token) is None

    @pytest.mark.parametrize("token", ["", "unknown", "\ud800"])
    def test_takes_an_unknown_token_for_signed_out(self, user: User, token: str) -> None:
        pair = sign_in_with()
        sign_out(token=token)
        assert find_bearer(access_token=pair.access_token)


class TestFindBearer:
    def test_takes_one_statement(self, user: User, django_assert_max_num_queries: Any) -> None:
        pair = sign_in_with()
        with django_assert_max_num_queries(1):
            assert find_bearer(access_token=pair.access_token)

    def test_knows_an_application_that_speaks_for_itself(self) -> None:
        application = Application.objects.create(client_id="warehouse", hash_client_secret=False)
        token = AccessToken(application=application, scope="events", expires=timezone.now() + timedelta(hours=1))
        set_token_value(token, "of-the-warehouse")
        token.save()
        assert find_bearer(access_token="of-the-warehouse") == Bearer(
            user_id=None,
            email="",
            application_id=application.pk,
            is_ours=False,
            is_staff=False,
            scopes=frozenset({"events"}),
        )

    @pytest.mark.parametrize("token", ["", "unknown", "t\u00f6ken"])
    def test_knows_nobody_by_an_unknown_token(self, token: str) -> None:
        assert find_bearer(access_token=token) is None

    def test_knows_nobody_by_a_refresh_token(self, user: User) -> None:
        assert find_bearer(access_token=sign_in_with().refresh_token) is None

    def test_knows_nobody_by_an_expired_token(self, user: User) -> None:
        pair = sign_in_with()
        AccessToken.objects.update(expires=timezone.now())
        assert find_bearer(access_token=pair.access_token) is None

    def test_knows_nobody_who_may_not_sign_in_any_more(self, user: User) -> None:
        pair = sign_in_with()
        User.objects.update(is_active=False)
        assert find_bearer(access_token=pair.access_token) is None

    def test_knows_nobody_by_a_token_for_other_resources(self, user: User) -> None:
        pair = sign_in_with()
        AccessToken.objects.update(resource=["https://elsewhere.example/"])
        assert find_bearer(access_token=pair.access_token) is None


@pytest.fixture
def limited_backend(settings: Any) -> None:
    settings.AUTHENTICATION_BACKENDS = ["apps.accounts.backends.LimitedBackend"]


@pytest.mark.usefixtures("limited_backend")
class TestTheAdminsSignIn:
    def test_knows_a_user_however_the_address_is_cased(self, user: User) -> None:
        assert authenticate(None, username="SARA@example.com", password=PASSWORD) == user

    def test_stands_under_the_limit_on_guesses(self, user: User) -> None:
        for _ in range(sessions.GUESSES_PER_EMAIL.count):
            assert authenticate(None, username="sara@example.com", password="wrong") is None
        assert authenticate(None, username="sara@example.com", password=PASSWORD) is None

    @pytest.mark.parametrize("username", ["", "sara", "\ud800", None])
    def test_knows_nobody_by_what_is_no_address(self, user: User, username: str | None) -> None:
        assert authenticate(None, username=username, password=PASSWORD) is None
