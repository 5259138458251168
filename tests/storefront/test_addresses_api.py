"""The address book: over HTTP."""

from typing import Any

import pytest

from apps.accounts.models import Address, User
from tests.api import Api, code_of, pointers_of, read
from tests.factories.accounts import AddressFactory

pytestmark = pytest.mark.django_db

HOME = {
    "recipient": "Robin Buyer",
    "line1": "10 Downing Street",
    "city": "London",
    "postal_code": "SW1A 2AA",
    "country": "GB",
}


@pytest.fixture
def saved(robin: User) -> Address:
    return AddressFactory(user=robin, is_default=True)


def path_of(address: Address) -> str:
    return f"/store/v1/addresses/{address.pk}"


class TestList:
    def test_begins_with_the_default(self, robin: User, member: Api, saved: Address) -> None:
        newer = AddressFactory(user=robin)
        AddressFactory()
        page = read(member.get("/store/v1/addresses"))
        assert [item["id"] for item in page["items"]] == [str(saved.pk), str(newer.pk)]
        assert page["next_page_token"] is None

    def test_knows_no_parameters(self, member: Api) -> None:
        answer = member.get("/store/v1/addresses", query={"page_size": 5})
        assert (answer.status_code, read(answer)["parameter"]) == (400, "page_size")


class TestAdd:
    def test_saves_the_address_as_a_carrier_reads_it(self, member: Api) -> None:
        answer = member.post("/store/v1/addresses", HOME | {"country": "gb", "phone": "+44 20 7925 0918"})
        assert answer.status_code == 201
        assert answer["ETag"] == '"1"'
        saved = read(answer)
        assert (saved["country"], saved["phone"], saved["is_default"]) == ("GB", "+442079250918", True)

    def test_once_per_key(self, member: Api) -> None:
        first = member.post("/store/v1/addresses", HOME, key="k")
        again = member.post("/store/v1/addresses", HOME, key="k")
        assert read(first) == read(again)
        assert (first["ETag"], again["ETag"], again["Idempotent-Replayed"]) == ('"1"', '"1"', "true")
        assert Address.objects.count() == 1

    def test_refuses_a_key_with_another_body(self, member: Api) -> None:
        member.post("/store/v1/addresses", HOME, key="k")
        other = member.post("/store/v1/addresses", HOME | {"city": "Leeds"}, key="k")
        assert (other.status_code, code_of(other)) == (422, "idempotency.key_reused")

    def test_points_to_what_is_wrong(self, member: Api) -> None:
        answer = member.post("/store/v1/addresses", HOME | {"country": "ZZ", "phone": "nine"})
        assert (answer.status_code, code_of(answer)) == (422, "accounts.address_invalid")
        assert pointers_of(answer) == {"/country", "/phone"}
        assert not Address.objects.exists()

    @pytest.mark.parametrize(
        ("parts", "pointer"),
        [
            ({"recipient": "x" * 101}, "/recipient"),
            ({"line2": "4111 1111 1111 1111"}, "/line2"),
            ({"city": "Lon\ndon"}, "/city"),
            ({"is_default": "true"}, "/is_default"),
            ({"user_id": "1"}, "/user_id"),
        ],
    )
    def test_refuses_what_no_address_has(self, member: Api, parts: dict[str, Any], pointer: str) -> None:
        answer = member.post("/store/v1/addresses", HOME | parts)
        assert answer.status_code == 400
        assert pointers_of(answer) == {pointer}
        assert not Address.objects.exists()

    def test_ends_with_the_book(self, robin: User, member: Api) -> None:
        AddressFactory.create_batch(50, user=robin)
        answer = member.post("/store/v1/addresses", HOME)
        assert (answer.status_code, code_of(answer)) == (409, "accounts.address_book_full")


class TestEdit:
    def test_replaces_what_was_read(self, member: Api, saved: Address) -> None:
        etag = member.get(path_of(saved))["ETag"]
        answer = member.put(path_of(saved), HOME | {"city": "Leeds"}, if_match=etag)
        assert answer.status_code == 200
        assert (read(answer)["city"], read(answer)["is_default"], answer["ETag"]) == ("Leeds", False, '"2"')

    def test_refuses_what_was_changed_meanwhile(self, member: Api, saved: Address) -> None:
        member.put(path_of(saved), HOME | {"city": "Leeds"}, if_match='"1"')
        answer = member.put(path_of(saved), HOME | {"city": "York"}, if_match='"1"')
        assert (answer.status_code, code_of(answer)) == (412, "accounts.address_changed")
        assert read(answer)["version"] == 2
        assert Address.objects.get().city == "Leeds"

    def test_once_per_key(self, member: Api, saved: Address) -> None:
        calls = [member.put(path_of(saved), HOME, if_match='"1"', key="k") for _ in range(2)]
        assert [call["ETag"] for call in calls] == ['"2"', '"2"']
        assert Address.objects.get().version == 2


class TestRemove:
    def test_takes_away_what_was_read(self, member: Api, saved: Address) -> None:
        assert member.delete(path_of(saved), if_match='"1"').status_code == 204
        assert member.get(path_of(saved)).status_code == 404

    def test_refuses_what_was_changed_meanwhile(self, member: Api, saved: Address) -> None:
        answer = member.delete(path_of(saved), if_match='"2"')
        assert (answer.status_code, code_of(answer)) == (412, "accounts.address_changed")
        assert Address.objects.exists()

    def test_once_per_key(self, member: Api, saved: Address) -> None:
        calls = [member.delete(path_of(saved), if_match='"1"', key="k") for _ in range(2)]
        assert [call.status_code for call in calls] == [204, 204]
