"""What the fields of catalog may hold, and how titles are searched. Each check refuses InvalidField."""

import re
import unicodedata
from collections.abc import Mapping

from apps.catalog.contracts import ProductDetails, SkuDetails
from apps.catalog.errors import InvalidField
from apps.catalog.models import TITLE_KEY_LENGTH, TITLE_LENGTH_MAX, WEIGHT_GRAMS_MAX

DESCRIPTION_LENGTH_MAX = 10_000
NAME_LENGTH_MAX = 100
OPTION_COUNT_MAX = 10
OPTION_LENGTH_MAX = 60

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_SLUG_LENGTH_MAX = 40
_SKU_CODE = re.compile(r"[!-~]{1,64}")
_HS6 = re.compile(r"[0-9]{6}")
_GTIN = re.compile(r"[0-9]{8}|[0-9]{12,14}")
# Control characters and lone surrogates, and what breaks a line: none of them belongs in what is shown on one line.
_NOT_ON_A_LINE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def check_category(*, slug: str, name: str) -> None:
    """Checks, in this order: slug, name."""
    if len(slug) > _SLUG_LENGTH_MAX or not _SLUG.fullmatch(slug):
        raise InvalidField(field="slug", reason=f"not up to {_SLUG_LENGTH_MAX} of a-z, 0-9 and inner hyphens")
    _check_line("name", name, length_max=NAME_LENGTH_MAX)


def check_product(details: ProductDetails) -> None:
    """Checks, in this order: title, description."""
    _check_line("title", details.title, length_max=TITLE_LENGTH_MAX)
    if len(details.description) > DESCRIPTION_LENGTH_MAX:
        raise InvalidField(field="description", reason=f"longer than {DESCRIPTION_LENGTH_MAX} characters")
    for line in re.split(r"\r?\n", details.description):
        _check_printable("description", line.replace("\t", " "))


def check_sku_code(code: str) -> None:
    """1 to 64 printable characters of ASCII, without spaces."""
    if not _SKU_CODE.fullmatch(code):
        raise InvalidField(field="code", reason="not 1 to 64 printable characters of ASCII without spaces")


def check_sku(details: SkuDetails) -> None:
    """Checks, in this order: weight_grams, option_values, hs6, gtin."""
    if not 0 <= details.weight_grams <= WEIGHT_GRAMS_MAX:
        raise InvalidField(field="weight_grams", reason=f"not between 0 and {WEIGHT_GRAMS_MAX}")
    _check_options(details.option_values)
    if details.hs6 and not _HS6.fullmatch(details.hs6):
        raise InvalidField(field="hs6", reason="not six digits")
    if details.gtin and not _is_gtin(details.gtin):
        raise InvalidField(field="gtin", reason="not 8, 12, 13 or 14 digits, or the check digit is wrong")


def title_key(text: str) -> str:
    """The form in which titles are searched: compatible characters and cases folded, spaces single, cut to a length."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(folded.split())[:TITLE_KEY_LENGTH]


def _check_options(option_values: Mapping[str, str]) -> None:
    if len(option_values) > OPTION_COUNT_MAX:
        raise InvalidField(field="option_values", reason=f"more than {OPTION_COUNT_MAX}")
    for name, value in option_values.items():
        _check_line("option_values", name, length_max=OPTION_LENGTH_MAX)
        _check_line("option_values", value, length_max=OPTION_LENGTH_MAX)


def _check_line(field: str, text: str, *, length_max: int) -> None:
    """One line of text that is not blank."""
    if not text.strip():
        raise InvalidField(field=field, reason="blank")
    if len(text) > length_max:
        raise InvalidField(field=field, reason=f"longer than {length_max} characters")
    _check_printable(field, text)


def _check_printable(field: str, text: str) -> None:
    if any(unicodedata.category(character) in _NOT_ON_A_LINE for character in text):
        raise InvalidField(field=field, reason="holds a control character")


def _is_gtin(text: str) -> bool:
    """GS1: from the right, digits weigh 1 and 3 in turn, and their sum is a multiple of ten."""
    if not _GTIN.fullmatch(text):
        return False
    digits = [int(digit) for digit in reversed(text)]
    return (sum(digits[0::2]) + 3 * sum(digits[1::2])) % 10 == 0
