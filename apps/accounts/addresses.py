"""When an address can be delivered to, as far as its parts can tell: the same rules for a guest's and a book's."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Final

from apps.accounts.contracts import Address, FieldProblem
from apps.accounts.countries import COUNTRY_CODES, POSTAL_CODE_REQUIRED, US_STATES
from apps.accounts.errors import AddressInvalid
from apps.accounts.texts import is_printable, tidy

LENGTH_MAX: Final[Mapping[str, int]] = MappingProxyType(
    {
        "recipient": 100,
        "line1": 100,
        "line2": 100,
        "city": 80,
        "region": 80,
        "postal_code": 16,
        "country": 2,
        "phone": 16,
    }
)
"""Characters, by field of Address."""

_REQUIRED: Final = ("recipient", "line1", "city", "country")
_PHONE_DIGITS_MIN: Final = 5
_PHONE_DIGITS_MAX: Final = 15  # ITU-T E.164
_PHONE_PUNCTUATION: Final = str.maketrans("", "", " -.()/")


def validate_address(address: Address) -> Address:
    """The address tidied into the form that is stored, or a refusal that names everything that is wrong with it.

    Spaces are tidied, codes are put in capitals, a phone number keeps its digits and a leading plus.
    Refuses: AddressInvalid.
    """
    tidied = _tidy(address)
    problems = tuple(_list_problems(tidied))
    if problems:
        raise AddressInvalid(errors=problems)
    return tidied


def _tidy(address: Address) -> Address:
    parts = {name: tidy(text) for name, text in asdict(address).items()}
    parts["country"] = parts["country"].upper()
    parts["postal_code"] = parts["postal_code"].upper()
    if parts["country"] == "US":
        parts["region"] = parts["region"].upper()
    parts["phone"] = parts["phone"].translate(_PHONE_PUNCTUATION)
    return Address(**parts)


def _list_problems(address: Address) -> Iterator[FieldProblem]:
    """At most one problem per field, in the order of the fields."""
    for name, text in asdict(address).items():
        detail = _text_problem(name, text) or _meaning_problem(name, address)
        if detail:
            yield FieldProblem(pointer=f"/{name}", detail=detail)


def _text_problem(name: str, text: str) -> str | None:
    if not text and name in _REQUIRED:
        return "This is required."
    if len(text) > LENGTH_MAX[name]:
        return f"This is longer than {LENGTH_MAX[name]} characters."
    if not is_printable(text):
        return "This has characters that cannot be printed."
    return None


def _meaning_problem(name: str, address: Address) -> str | None:
    match name:
        case "country" if address.country not in COUNTRY_CODES:
            return "This is not a country code of ISO 3166-1 alpha-2."
        case "region" if address.country == "US" and address.region not in US_STATES:
            return "This is not the two-letter code of a state of the US."
        case "postal_code" if not address.postal_code and address.country in POSTAL_CODE_REQUIRED:
            return "A postal code is required in this country."
        case "phone" if address.phone and not _is_phone(address.phone):
            return f"This is not a phone number of {_PHONE_DIGITS_MIN} to {_PHONE_DIGITS_MAX} digits."
    return None


def _is_phone(phone: str) -> bool:
    digits = phone.removeprefix("+")
    return digits.isascii() and digits.isdigit() and _PHONE_DIGITS_MIN <= len(digits) <= _PHONE_DIGITS_MAX
