"""Extension points: where somebody else's code may stand in, by name.

What leads outside (a payment provider, a bank, a mail server) leads elsewhere from the shadow, to whatever was put
there for it, and to nobody where nothing was: see Note [The shadow] of `tradecore.worlds`.

What stands where is one visible table in `config/extensions.py`; nothing registers itself by being imported.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from tradecore import worlds

T = TypeVar("T")


class UnknownExtension(LookupError):
    """No extension of that name was registered at this point."""


class ExtensionPoint(Generic[T]):
    """One place for implementations of one protocol, by name. `leads_outside`: to somebody who is not this product."""

    def __init__(self, name: str, *, leads_outside: bool = False) -> None:
        self.name = name
        self._leads_outside = leads_outside
        self._implementations: dict[str, T] = {}
        self._makers_in_shadow: dict[str, Callable[[], T]] = {}
        self._made_in_shadow: worlds.ByWorld[dict[str, T]] = worlds.ByWorld(dict)
        self._lock = threading.Lock()

    def register(self, name: str, implementation: T) -> None:
        """Put an implementation in its place; a second one of the same name replaces the first."""
        self._implementations[name] = implementation

    def register_in_shadow(self, name: str, make: Callable[[], T]) -> None:
        """Say what each run of the shadow makes for itself, the first time that it asks for that name."""
        assert self._leads_outside, f"{self.name} are the same in both worlds"
        self._makers_in_shadow[name] = make

    def get(self, name: str) -> T:
        """The implementation of that name. Raises UnknownExtension."""
        try:
            return self._known(name)[name]
        except KeyError:
            raise UnknownExtension(f"{self.name}: no {name!r}") from None

    def names(self) -> frozenset[str]:
        """Every name that something stands under."""
        return frozenset(self._makers_in_shadow if self._is_in_shadow() else self._implementations)

    def list_names(self) -> list[str]:
        """The same in the order in which they were registered, where that says something."""
        return list(self._makers_in_shadow if self._is_in_shadow() else self._implementations)

    def _known(self, name: str) -> Mapping[str, T]:
        """Where that name is looked up: in the shadow, once what stands there was made."""
        if not self._is_in_shadow():
            return self._implementations
        with self._lock:
            made = self._made_in_shadow.get()
            if name not in made and name in self._makers_in_shadow:
                made[name] = self._makers_in_shadow[name]()
            return made

    def _is_in_shadow(self) -> bool:
        return self._leads_outside and worlds.is_shadow()
