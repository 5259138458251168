"""Card numbers are accepted nowhere: what looks like one is refused before it is stored, and masked in the log.

# Note [Card numbers]
A card number is 13 to 19 digits of any script that begin as those of an issuer do, have a length that this issuer
gives, and pass Luhn's check; whatever is no letter and no digit may stand between them. It is looked for in whole runs
of digits, in groups of them as cards print theirs, and in all that stands between two letters.

One in ten numbers passes Luhn's check, so what is known to be something else is taken out first: ids and order numbers
of ours, EANs, phone numbers with their country, moments, and the long hexadecimal ids of other systems. That is where a
number can still be hidden by whoever wants to; nothing can stop that, and nobody does it by mistake.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from tradecore import clock, ids

_DIGITS_MIN, _DIGITS_MAX = 13, 19

#: How many near misses a text may hold: no honest one comes near it, and looking on would only keep a machine busy.
_CANDIDATES_MAX = 5_000

#: How the numbers of each issuer begin (ISO/IEC 7812), and how long they are.
_ISSUERS = tuple(
    (re.compile(prefix), frozenset(lengths))
    for prefix, lengths in (
        ("4", (13, 16, 19)),  # Visa
        ("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", (16,)),  # Mastercard
        ("3[47]", (15,)),  # American Express
        ("30[0-5]|3095|3[689]", (14, 16, 17, 18, 19)),  # Diners Club
        ("35(2[89]|[3-8])", (16, 17, 18, 19)),  # JCB
        ("220[0-4]", (16, 17, 18, 19)),  # Mir
        ("5018|5020|5038|5893|6304|6759|676[1-3]", (13, 14, 15)),  # Maestro's short ones
        ("50|5[6-8]|6|8[12]|9792", (16, 17, 18, 19)),  # Maestro, UnionPay, Discover, RuPay, Troy
    )
)

#: What is no card number, whatever its digits. Of what is written like an id of ours, `_is_no_card` decides.
_SOMETHING_ELSE = re.compile(
    r"""
    (?<![0-9A-Za-z]) (?=[0-9-]{0,35}[A-Fa-f])                                # hexadecimal, with a letter in it:
      (?: [0-9A-Fa-f]{32,} | [0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12} ) (?![0-9A-Za-z])
    | \+ (?:[ .()/-]{0,2}[0-9]){7,15} (?![ .()/-]{0,2}[0-9])                 # a phone number with its country
    | (?<![0-9]) [0-9]{4}-[0-9]{2}-[0-9]{2} [T ] [0-9:]{5,8} (?:[.,][0-9]+)?  # a moment
    | (?<![0-9]) (?P<ours>[0-9]{4}(?:[ -]?[0-9]{4}){4} | [0-9]{17,19} | [0-9]{13}) (?![0-9])
    """,
    re.VERBOSE | re.ASCII,
)

#: As many digits as the shortest card number has, with no letter between them: what has not, holds none. Next to
#: nothing has, and to look for this takes a tenth of what it takes to look further.
_ENOUGH = re.compile(r"[0-9](?:[\W_]*+[0-9]){12}")
_CHAIN = re.compile(r"[0-9]+(?:[\W_]+[0-9]+)*")
_GROUP = re.compile(r"[0-9]+")

#: In which groups cards print their numbers, and digit by digit, as forms do; by the size of the first group.
_PRINTED: dict[int, list[list[int]]] = {
    1: [[1] * count for count in range(_DIGITS_MIN, _DIGITS_MAX + 1)],
    4: [[4, 6, 4], [4, 6, 5], *([4, 4, 4, last] for last in (1, 2, 3, 4)), *([4, 4, 4, 4, last] for last in (1, 2, 3))],
    6: [[6, 13]],
}


def looks_like_card_number(text: str) -> bool:
    """Whether the text holds what looks like the number of a card. See Note [Card numbers]."""
    if not text.isascii():
        text = re.sub(r"\d", lambda digit: str(unicodedata.decimal(digit[0])), unicodedata.normalize("NFKC", text))
    if len(text) < _DIGITS_MIN or not _ENOUGH.search(text):
        return False
    found = 0
    for digits in islice(_candidates(_SOMETHING_ELSE.sub(_take_out, text)), _CANDIDATES_MAX):
        if _is_card_number(digits):
            return True
        found += 1
    return found == _CANDIDATES_MAX


def mask_card_number(text: str) -> str:
    """The text, with stars for all of its digits if it holds what looks like the number of a card."""
    if not looks_like_card_number(text):
        return text
    return "".join("*" if character.isdigit() else character for character in text)


def _take_out(found: re.Match[str]) -> str:
    """A letter, which no card number goes across, in the place of what is something else."""
    ours = found["ours"]
    return "x" if ours is None or _is_no_card(ours) else ours


def _is_no_card(written: str) -> bool:
    """Whether it is an order number, an id that can have been made by now, or an EAN."""
    digits = written.replace(" ", "").replace("-", "")
    if len(digits) == ids.NUMBER_DIGITS:
        return ids.find_id(digits) is not None
    if len(digits) == _DIGITS_MIN:
        return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0
    return int(digits) < ids.first_id_at(clock.real_now() + timedelta(days=1))


def _candidates(text: str) -> Iterator[str]:
    """Runs of 13 to 19 digits: alone, in printed groups, or as all that stands between two letters."""
    for chain in _CHAIN.finditer(text):
        groups = _GROUP.findall(chain[0])
        whole = "".join(groups)
        if _DIGITS_MIN <= len(whole) <= _DIGITS_MAX:
            yield whole
        if len(groups) > 1:
            yield from _printed(groups)


def _printed(groups: list[str]) -> Iterator[str]:
    sizes = [len(group) for group in groups]
    for start, size in enumerate(sizes):
        if _DIGITS_MIN <= size <= _DIGITS_MAX:
            yield groups[start]
        for shape in _PRINTED.get(size, ()):
            end = start + len(shape)
            if sizes[start:end] == shape:
                yield "".join(groups[start:end])


def _is_card_number(digits: str) -> bool:
    return any(len(digits) in lengths and prefix.match(digits) for prefix, lengths in _ISSUERS) and _passes_luhn(digits)


def _passes_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        total += sum(divmod(digit * 2, 10)) if place % 2 else digit
    return total % 10 == 0
