"""Whether the database takes writes: noticed by whoever writes, without asking."""

from typing import Final

from django.db import DatabaseError

#: Started or set to be read only (two words for it), and no room on the disk, or in the table.
_NUMBERS: Final = frozenset({1290, 1836, 1021, 1114})
#: What an engine could not do, for any reason; the reason is in the words.
_ENGINE_FAILED: Final = 1030
_WORDS: Final = ("No space left", "readonly database", "disk is full")

_was_noticed = False


def are_meant(error: DatabaseError) -> bool:
    """Whether the error says that the database can be read, and takes no writes."""
    number = error.args[0] if error.args else None
    return number in _NUMBERS or (
        (number == _ENGINE_FAILED or isinstance(number, str)) and any(words in str(error) for words in _WORDS)
    )


def notice(error: DatabaseError) -> None:
    """Remember that a write was refused, if that is what the error says."""
    global _was_noticed  # noqa: PLW0603 - one database per process
    if are_meant(error):
        _was_noticed = True


def were_noticed() -> bool:
    """Whether a write was refused since `forget`."""
    return _was_noticed


def forget() -> None:
    """Writes are taken again."""
    global _was_noticed  # noqa: PLW0603 - one database per process
    _was_noticed = False
