from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from tests.factories.accounts import PASSWORD, AddressFactory, ShopStaffFactory, UserFactory

pytestmark = pytest.mark.django_db

FACTORIES: dict[str, Any] = {"user": UserFactory, "address": AddressFactory, "shopstaff": ShopStaffFactory}


@pytest.fixture
def operator() -> User:
    return UserFactory.create(email="ops@example.com", is_staff=True, is_superuser=True)


@pytest.fixture
def browser(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


def list_page(model: str) -> str:
    return reverse(f"admin:accounts_{model}_changelist")


class TestTheListOfUsers:
    @pytest.mark.parametrize("term", ["{id}", " SARA@exam"])
    def test_finds_people_by_id_and_by_the_beginning_of_the_address(self, browser: Client, term: str) -> None:
        sara = UserFactory.create(email="sara@example.com")
        page = browser.get(list_page("user"), {"q": term.format(id=sara.pk)})
        assert list(page.context["cl"].queryset) == [sara]

    @pytest.mark.parametrize("term", ["9" * 40, "\u0663", "nobody", "'; --"])
    def test_finds_nobody_by_what_nobody_has(self, browser: Client, term: str) -> None:
        page = browser.get(list_page("user"), {"q": term})
        assert list(page.context["cl"].queryset) == []

    def test_takes_a_constant_number_of_statements(self, browser: Client, django_assert_max_num_queries: Any) -> None:
        UserFactory.create_batch(20)
        with django_assert_max_num_queries(8):
            browser.get(list_page("user"))


class TestThePageOfAUser:
    def test_closes_an_account_and_changes_no_personal_data(self, browser: Client) -> None:
        sara = UserFactory.create(email="sara@example.com")
        page = reverse("admin:accounts_user_change", args=[sara.pk])
        assert browser.get(page).status_code == HTTPStatus.OK
        answer = browser.post(page, {"is_staff": "on", "email": "tom@example.com", "password": "x"})
        assert answer.status_code == HTTPStatus.FOUND
        changed = User.objects.get(pk=sara.pk)
        assert (changed.is_active, changed.is_staff) == (False, True)
        assert (changed.email, changed.password) == (sara.email, sara.password)

    def test_lets_nobody_but_a_superuser_change_rights(self, client: Client) -> None:
        clerk = UserFactory.create(is_staff=True)
        clerk.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
        client.force_login(clerk)
        page = reverse("admin:accounts_user_change", args=[clerk.pk])
        assert client.get(page).status_code == HTTPStatus.OK
        assert client.post(page, {"is_superuser": "on"}).status_code == HTTPStatus.FORBIDDEN
        assert not User.objects.get(pk=clerk.pk).is_superuser


class TestReadOnlyPages:
    @pytest.mark.parametrize("model", ["user", "address", "shopstaff"])
    def test_add_and_delete_nothing(self, browser: Client, model: str) -> None:
        row: Any = FACTORIES[model].create()
        assert browser.get(list_page(model)).status_code == HTTPStatus.OK
        assert browser.get(reverse(f"admin:accounts_{model}_change", args=[row.pk])).status_code == HTTPStatus.OK
        assert browser.post(reverse(f"admin:accounts_{model}_add")).status_code == HTTPStatus.FORBIDDEN
        delete = reverse(f"admin:accounts_{model}_delete", args=[row.pk])
        assert browser.post(delete, {"post": "yes"}).status_code == HTTPStatus.FORBIDDEN

    @pytest.mark.parametrize("model", ["address", "shopstaff"])
    def test_find_rows_by_the_id_of_their_user(self, browser: Client, model: str) -> None:
        wanted, _ = FACTORIES[model].create_batch(2)
        page = browser.get(list_page(model), {"q": str(wanted.user_id)})
        assert list(page.context["cl"].queryset) == [wanted]


class TestCreatesuperuser:
    def test_makes_an_operator_who_can_sign_in(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
        call_command("createsuperuser", email="Boss@Example.com", interactive=False, verbosity=0)
        assert client.login(username="boss@EXAMPLE.com", password=PASSWORD)
        assert client.get(reverse("admin:index")).status_code == HTTPStatus.OK
