"""What the fields of a shop and of its rates may hold. Each check refuses InvalidField."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

from apps.sellers.contracts import DeliveryRate
from apps.sellers.errors import InvalidField
from apps.sellers.models import (
    EMAIL_LENGTH_MAX,
    GRAMS_MAX,
    LEGAL_NAME_LENGTH_MAX,
    NAME_LENGTH_MAX,
    RATE_MINOR_MAX,
    TAX_NUMBER_LENGTH_MAX,
)
from tradecore.money import MAX_MINOR

REASON_LENGTH_MAX = 300

_HANDLE = re.compile(r"[a-z0-9][a-z0-9-]{1,38}[a-z0-9]")
_TAX_NUMBER = re.compile(r"[A-Z0-9]([A-Z0-9 ./-]*[A-Z0-9])?")
_OPTION = re.compile(r"[a-z0-9_]{1,30}")
# Control characters and lone surrogates, and what breaks a line: none of them belongs in what is shown on one line.
_NOT_ON_A_LINE = frozenset({"Cc", "Cs", "Zl", "Zp"})

# An empty allowlist: "localhost" is a host name, and nobody's address here.
_validate_email = EmailValidator(allowlist=[])


def check_handle(handle: str) -> None:
    """3 to 40 lower-case letters of ASCII, digits and hyphens, with a hyphen at neither end."""
    if not _HANDLE.fullmatch(handle):
        raise InvalidField(field="handle", reason="not 3 to 40 of a-z, 0-9 and inner hyphens")


def check_name(name: str) -> None:
    _check_line("name", name, length_max=NAME_LENGTH_MAX)


def check_legal_name(legal_name: str) -> None:
    _check_line("legal_name", legal_name, length_max=LEGAL_NAME_LENGTH_MAX)


def check_tax_number(tax_number: str) -> None:
    """As its country writes it: capitals of ASCII, digits, and spaces, dots, strokes and hyphens between them.

    Whether the country has given it to the seller is for the operator to see.
    """
    if len(tax_number) > TAX_NUMBER_LENGTH_MAX:
        raise InvalidField(field="tax_number", reason=f"longer than {TAX_NUMBER_LENGTH_MAX} characters")
    if not _TAX_NUMBER.fullmatch(tax_number):
        raise InvalidField(field="tax_number", reason="not of A-Z, 0-9 and inner spaces, dots, strokes and hyphens")


def check_email(email: str) -> None:
    """ASCII; internationalised domains in their ASCII form."""
    if len(email) > EMAIL_LENGTH_MAX:  # first, because what follows is a regular expression on anybody's input
        raise InvalidField(field="contact_email", reason=f"longer than {EMAIL_LENGTH_MAX} characters")
    try:
        _validate_email(email)
    except ValidationError:
        raise InvalidField(field="contact_email", reason="not an e-mail address") from None
    if not email.isascii():
        raise InvalidField(field="contact_email", reason="not ASCII")


def check_reason(reason: str) -> None:
    _check_line("reason", reason, length_max=REASON_LENGTH_MAX)


def check_rate(rate: DeliveryRate) -> None:
    """Checks, in this order: option, base_minor, per_kg_minor, included_grams, free_from_minor."""
    if not _OPTION.fullmatch(rate.option):
        raise InvalidField(field="option", reason="not the code of a delivery option")
    _check_range("base_minor", rate.base_minor, RATE_MINOR_MAX)
    _check_range("per_kg_minor", rate.per_kg_minor, RATE_MINOR_MAX)
    _check_range("included_grams", rate.included_grams, GRAMS_MAX)
    if rate.free_from_minor is not None:
        _check_range("free_from_minor", rate.free_from_minor, MAX_MINOR)


def _check_line(field: str, text: str, *, length_max: int) -> None:
    """One line of text that is not blank."""
    if not text.strip():
        raise InvalidField(field=field, reason="blank")
    if len(text) > length_max:
        raise InvalidField(field=field, reason=f"longer than {length_max} characters")
    if any(unicodedata.category(character) in _NOT_ON_A_LINE for character in text):
        raise InvalidField(field=field, reason="holds a control character")


def _check_range(field: str, number: int, highest: int) -> None:
    if not 0 <= number <= highest:
        raise InvalidField(field=field, reason=f"not between 0 and {highest}")
