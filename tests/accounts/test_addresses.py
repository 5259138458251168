from dataclasses import fields
from typing import Any

import pytest

from apps.accounts.addresses import LENGTH_MAX
from apps.accounts.api import Address, AddressInvalid, validate_address
from apps.accounts.countries import COUNTRY_CODES, US_STATES
from apps.accounts.models import Address as AddressRow
from tests.factories.accounts import make_address


def pointers(address: Address) -> list[str]:
    with pytest.raises(AddressInvalid) as refused:
        validate_address(address)
    return [problem.pointer for problem in refused.value.errors]


class TestValidateAddress:
    def test_lets_a_good_address_in_as_it_is(self) -> None:
        assert validate_address(make_address()) == make_address()

    def test_tidies_spaces_and_puts_codes_in_capitals(self) -> None:
        typed = Address(
            recipient="  Robin \t Buyer ",
            line1="350  Fifth Avenue",
            line2="  ",
            city="New York",
            region="ny",
            postal_code="10118",
            country="us",
            phone="+1 (212) 736-3100",
        )
        assert validate_address(typed) == Address(
            recipient="Robin Buyer",
            line1="350 Fifth Avenue",
            city="New York",
            region="NY",
            postal_code="10118",
            country="US",
            phone="+12127363100",
        )

    def test_is_stable_on_what_it_returned(self) -> None:
        once = validate_address(make_address(city="Sa\u0303o Paulo", country="br", phone="(11) 99999-0000"))
        assert validate_address(once) == once
        assert once.city == "S\u00e3o Paulo"

    def test_takes_the_joiners_that_some_languages_are_spelled_with(self) -> None:
        name = "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627"
        assert validate_address(make_address(recipient=name)).recipient == name

    @pytest.mark.parametrize("name", ["recipient", "line1", "city", "country"])
    def test_refuses_a_required_part_that_is_empty(self, name: str) -> None:
        assert pointers(make_address(**{name: "   "})) == [f"/{name}"]

    @pytest.mark.parametrize("name", LENGTH_MAX)
    def test_refuses_a_part_that_is_too_long(self, name: str) -> None:
        assert pointers(make_address(**{name: "1" * (LENGTH_MAX[name] + 1)})) == [f"/{name}"]

    @pytest.mark.parametrize("hidden", ["\x00", "\x1b", "\u202e", "\ufeff", "\ud800", "\ue000"])
    def test_refuses_characters_that_cannot_be_printed(self, hidden: str) -> None:
        assert pointers(make_address(line1=f"10 {hidden}Downing Street")) == ["/line1"]

    @pytest.mark.parametrize("country", ["XX", "UK", "G", "\u0130T"])
    def test_refuses_a_country_that_iso_3166_does_not_have(self, country: str) -> None:
        assert pointers(make_address(country=country)) == ["/country"]

    @pytest.mark.parametrize("region", ["", "New York", "XX", "PR"])
    def test_refuses_a_region_of_the_us_that_is_no_state(self, region: str) -> None:
        assert pointers(make_address(country="US", region=region)) == ["/region"]

    @pytest.mark.parametrize("country", ["BR", "FR", "GB", "JP"])
    def test_refuses_no_postal_code_where_carriers_need_one(self, country: str) -> None:
        assert pointers(make_address(country=country, postal_code="")) == ["/postal_code"]

    def test_takes_no_postal_code_where_there_may_be_none(self) -> None:
        assert validate_address(make_address(country="HK", postal_code="")).postal_code == ""

    @pytest.mark.parametrize(
        "phone", ["1234", "1" * 16, "12345x", "++12345", "12+345", "\uff11\uff12\uff13\uff14\uff15"]
    )
    def test_refuses_a_phone_number_that_is_none(self, phone: str) -> None:
        assert pointers(make_address(phone=phone)) == ["/phone"]

    def test_names_everything_that_is_wrong_at_once(self) -> None:
        assert pointers(Address(recipient="", line1="", city="", country="", phone="x")) == [
            "/recipient",
            "/line1",
            "/city",
            "/country",
            "/phone",
        ]


class TestTheTables:
    def test_hold_the_countries_of_iso_3166_and_the_states_of_the_us(self) -> None:
        assert len(COUNTRY_CODES) == 249
        assert len(US_STATES) == 51
        assert all(len(code) == 2 and code.isascii() and code.isupper() for code in COUNTRY_CODES | US_STATES)

    def test_bound_every_field_of_an_address_as_its_column_does(self) -> None:
        assert LENGTH_MAX.keys() == {field.name for field in fields(Address)}
        for name, length in LENGTH_MAX.items():
            column: Any = AddressRow._meta.get_field(name)
            assert column.max_length == length
