"""Short texts that people type about themselves: one spelling, and nothing that hides in print."""

import unicodedata
from typing import Final

# Controls, surrogates, private use, line and paragraph separators; invisible formatting, which can reverse what a label
# reads, save the two joiners that Persian and the languages of India are spelled with.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_JOINERS: Final = frozenset("\u200c\u200d")


def tidy(text: str) -> str:
    """The text in Unicode's composed form (NFC), without spaces around it, and with one where there were several."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def is_printable(text: str) -> bool:
    """Whether every character of the text shows itself."""
    return all(unicodedata.category(character) not in _HIDDEN or character in _JOINERS for character in text)
