"""Extension points: where somebody else's code may stand in, by name.

What stands where is one visible table in `config/extensions.py`; nothing registers itself by being imported.
"""

from typing import Generic, TypeVar

T = TypeVar("T")


class UnknownExtension(LookupError):
    """No extension of that name was registered at this point."""


class ExtensionPoint(Generic[T]):
    """One place for implementations of one protocol, by name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._implementations: dict[str, T] = {}

    def register(self, name: str, implementation: T) -> None:
        """Put an implementation in its place; a second one of the same name replaces the first."""
        self._implementations[name] = implementation

    def get(self, name: str) -> T:
        """The implementation of that name. Raises UnknownExtension."""
        try:
            return self._implementations[name]
        except KeyError:
            raise UnknownExtension(f"{self.name}: no {name!r}") from None

    def names(self) -> frozenset[str]:
        return frozenset(self._implementations)
