"""Arguments of commands: whole numbers and ids, read as strictly as those of requests."""

from argparse import ArgumentTypeError
from collections.abc import Callable

from tradecore.ids import MAX_ID


def whole_number(lowest: int, highest: int = MAX_ID) -> Callable[[str], int]:
    """A type of arguments: whole numbers in ASCII digits, from the lowest to the highest."""
    words = f"from {lowest} on" if highest == MAX_ID else f"from {lowest} to {highest}"

    def read(text: str) -> int:
        is_number = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_ID))
        if not is_number or not lowest <= int(text) <= highest:
            raise ArgumentTypeError(f"{text[:40]!r} is not a whole number {words}")
        return int(text)

    return read


def an_id(text: str) -> int:
    """A type of arguments: an id, as every list of a command writes it."""
    try:
        return whole_number(1)(text)
    except ArgumentTypeError as error:
        raise ArgumentTypeError(f"{text[:40]!r} is not an id") from error
