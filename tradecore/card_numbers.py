"""Card numbers are accepted nowhere: what looks like one is refused before it is stored or logged."""

import re

_RUN = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")


def looks_like_card_number(text: str) -> bool:
    """Whether the text holds 13 to 19 digits, spaced or dashed or not, that pass Luhn's check and begin as cards do."""
    return any(_is_card_number(re.sub(r"[ -]", "", run)) for run in _RUN.findall(text))


def _is_card_number(digits: str) -> bool:
    """Issuers' numbers begin with 2 to 6 (ISO/IEC 7812)."""
    if digits[0] not in "23456":
        return False
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        total += sum(divmod(digit * 2, 10)) if place % 2 else digit
    return total % 10 == 0
