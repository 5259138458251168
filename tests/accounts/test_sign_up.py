import pytest
from django.contrib.auth.hashers import check_password
from django.db import IntegrityError, transaction

from apps.accounts.api import (
    EmailInvalid,
    EmailTaken,
    LocaleInvalid,
    NameInvalid,
    PasswordTooWeak,
    Profile,
    get_profile,
    list_profiles,
    sign_up,
)
from apps.accounts.models import User
from tests.factories.accounts import PASSWORD, UserFactory
from tests.support import NOON
from tradecore.errors import NotFound, Refusal
from tradecore.ids import gene_of
from tradecore.models import OutboxEvent

pytestmark = pytest.mark.django_db


def sign_up_with(**changes: str) -> Profile:
    fields = {"email": "sara@example.com", "password": PASSWORD, "full_name": "Sara Buyer", "locale": "pt-BR"} | changes
    return sign_up(now=NOON, **fields)


def assert_nothing_left() -> None:
    assert not User.objects.exists()
    assert not OutboxEvent.objects.exists()


class TestSignUp:
    def test_opens_an_account_that_can_be_read(self) -> None:
        profile = sign_up_with(email=" Sara@Example.com", full_name="  Sara   Buyer ")
        assert profile == Profile(
            id=profile.id, email="sara@example.com", full_name="Sara Buyer", locale="pt-BR", is_staff=False
        )
        assert get_profile(user_id=profile.id) == profile

    def test_stores_the_password_as_a_hash(self) -> None:
        user = User.objects.get(pk=sign_up_with().id)
        assert PASSWORD not in user.password
        assert check_password(PASSWORD, user.password)
        assert (user.is_active, user.is_staff, user.is_superuser, user.joined_at) == (True, False, False, NOON)

    def test_gives_each_user_a_gene_of_their_own(self) -> None:
        genes = {gene_of(sign_up_with(email=f"sara{number}@example.com").id) for number in range(8)}
        assert len(genes) > 1

    def test_publishes_the_fact_and_no_personal_data(self) -> None:
        profile = sign_up_with()
        event = OutboxEvent.objects.get()
        assert event.kind == "accounts.user_signed_up"
        assert (event.aggregate, event.aggregate_id, event.sequence) == ("user", profile.id, 1)
        assert event.payload == {"user_id": str(profile.id)}

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"email": "sara"}, EmailInvalid),
            ({"full_name": "S" * 101}, NameInvalid),
            ({"full_name": "Sara\u202eayuB"}, NameInvalid),
            ({"locale": "portuguese of brazil"}, LocaleInvalid),
            ({"locale": "pt_BR"}, LocaleInvalid),
            ({"locale": "pt-BR\n"}, LocaleInvalid),
            ({"locale": "\uff50t"}, LocaleInvalid),
            ({"locale": "zh-Hant-TW-x-longer"}, LocaleInvalid),
        ],
    )
    def test_refuses_fields_that_are_not_what_they_should_be(
        self, changes: dict[str, str], refusal: type[Refusal]
    ) -> None:
        with pytest.raises(refusal):
            sign_up_with(**changes)
        assert_nothing_left()

    @pytest.mark.parametrize(
        ("password", "reasons"),
        [
            ("", ("password_too_short",)),
            ("short1x", ("password_too_short",)),
            ("password123", ("password_too_common",)),
            ("27182818284590", ("password_entirely_numeric",)),
            ("sara@example.com", ("password_too_similar",)),
            ("x" * 257, ("password_too_long",)),
            ("correct horse \ud800", ("password_not_text",)),
        ],
    )
    def test_refuses_a_weak_password_and_says_why(self, password: str, reasons: tuple[str, ...]) -> None:
        with pytest.raises(PasswordTooWeak) as refused:
            sign_up_with(password=password)
        assert refused.value.reasons == reasons
        assert_nothing_left()

    def test_refuses_an_address_that_somebody_has_however_it_is_cased(self) -> None:
        sign_up_with()
        with pytest.raises(EmailTaken) as refused:
            sign_up_with(email="SARA@EXAMPLE.COM")
        assert User.objects.count() == OutboxEvent.objects.count() == 1
        assert refused.value.__cause__ is None  # the database's error quotes the address
        assert refused.value.__suppress_context__

    def test_checks_the_fields_before_the_password_and_the_password_before_the_database(self) -> None:
        sign_up_with()
        with pytest.raises(EmailInvalid):
            sign_up_with(email="sara", full_name="S" * 101)
        with pytest.raises(NameInvalid):
            sign_up_with(full_name="S" * 101, locale="?")
        with pytest.raises(LocaleInvalid):
            sign_up_with(locale="?", password="")
        with pytest.raises(PasswordTooWeak):
            sign_up_with(password="")


class TestProfiles:
    def test_are_found_in_bulk_and_guests_have_none(self) -> None:
        first, second = UserFactory.create(), UserFactory.create()
        assert list_profiles(user_ids=[first.pk, second.pk, 7]).keys() == {first.pk, second.pk}

    def test_refuse_an_unknown_user(self) -> None:
        with pytest.raises(NotFound):
            get_profile(user_id=7)


class TestTheTableOfUsers:
    def test_holds_an_address_once(self) -> None:
        UserFactory.create(email="sara@example.com")
        with pytest.raises(IntegrityError, match="accounts_user"), transaction.atomic():
            UserFactory.create(email="sara@example.com")

    def test_holds_lower_case_only(self) -> None:
        with pytest.raises(IntegrityError, match="accounts_user_email_lower"), transaction.atomic():
            UserFactory.create(email="Sara@example.com")


class TestCreateSuperuser:
    def test_makes_an_operator_and_publishes_nothing(self) -> None:
        operator = User.objects.create_superuser(email="Ops@Example.com", password=PASSWORD)
        assert (operator.email, operator.is_staff, operator.is_superuser) == ("ops@example.com", True, True)
        assert check_password(PASSWORD, operator.password)
        assert not OutboxEvent.objects.exists()
