"""JSON as the standard means it and nothing more: for whatever comes from outside, by any door.

Refuses what readers read differently: duplicate keys, NaN and infinities, fractions and exponents, integers beyond 19
digits, text that is not UTF-8, lone surrogates, nesting beyond what can be read. Amounts are strings, so no number that
the product takes is a fraction.
"""

import json
from typing import Any, Final, NoReturn

_INTEGER_DIGITS_MAX = 19
_DEPTH_MAX = 32


class JSONRefused(ValueError):
    """The text is not acceptable; the words say why and may be shown to whoever sent it."""


def parse_strictly(body: bytes) -> Any:
    """The value of a JSON text. Raises JSONRefused."""
    try:
        text = body.decode()
        value = _DECODER.decode(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate has no UTF-8
    except JSONRefused:
        raise
    except (ValueError, RecursionError) as error:
        raise JSONRefused("The body is not a JSON text in UTF-8.") from error
    _refuse_depth(value)
    return value


def _refuse_depth(value: Any) -> None:
    """What is nested deeper than any document here costs whoever walks it later, so it ends at the door."""
    level = [value]
    for _ in range(_DEPTH_MAX):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise JSONRefused("The body is nested too deep.")


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JSONRefused("The body names a member twice.")
    return members


def _refuse_number(number: str) -> NoReturn:
    raise JSONRefused(f"The body has a number that no field takes: {number[:20]}.")


def _bounded_integer(digits: str) -> int:
    if len(digits.lstrip("-")) > _INTEGER_DIGITS_MAX:
        raise JSONRefused("The body has a number that is too large.")
    return int(digits)


#: Made once: `json.loads` makes one for each text.
_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_refuse_duplicates,
    parse_constant=_refuse_number,
    parse_float=_refuse_number,
    parse_int=_bounded_integer,
)
