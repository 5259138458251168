"""Every text of a request is searched for card numbers, before anything else is done with it.

Two kinds of text are not: secrets (a token of digits may well look like one; only their hashes are kept), and numbers
that carriers and makers of goods give out, of which one in ten would pass for one. Their fields say so
(`may_look_like_card_number`). See Note [Card numbers].
"""

from collections.abc import Collection, Iterator
from typing import Any

from django.http import QueryDict

from tradecore.card_numbers import looks_like_card_number, mask_card_number
from tradecore.http.pages import ParameterInvalid
from tradecore.http.problems import RequestInvalid, escape_name

_WORDS = "Card numbers are not accepted anywhere."
_NAME_SHOWN = 60


def search_query(query: QueryDict) -> None:
    """Refuses: ParameterInvalid, for a parameter whose name or value looks like the number of a card."""
    for name, values in query.lists():
        if any(looks_like_card_number(text) for text in (name, *values)):
            raise ParameterInvalid(parameter=mask_card_number(name)[:_NAME_SHOWN])


def search_body(body: Any, *, passing: Collection[str]) -> None:
    """Refuses: RequestInvalid, for text that looks like the number of a card. `passing` are members that may."""
    if isinstance(body, dict):
        body = {name: value for name, value in body.items() if name not in passing}
    # All at once, as there is next to never anything to be found. No number goes across a letter.
    if not looks_like_card_number(" x ".join(_texts(body))):
        return
    found = [pointer for pointer, text in _pointed_texts(body) if looks_like_card_number(text)]
    raise RequestInvalid(errors=tuple({"pointer": pointer, "detail": _WORDS} for pointer in found or [""]))


def _texts(value: Any) -> Iterator[str]:
    """Every string and every member's name."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value


def _pointed_texts(value: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """The same, each with a pointer that shows neither."""
    if isinstance(value, dict):
        for name, inner in value.items():
            inner_pointer = f"{pointer}/{escape_name(mask_card_number(name))}"
            yield inner_pointer, name
            yield from _pointed_texts(inner, inner_pointer)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _pointed_texts(inner, f"{pointer}/{index}")
    elif isinstance(value, str):
        yield pointer, value
