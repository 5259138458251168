"""Which goods a rule may touch, found from the side of the ids.

Rules times lines is what makes carts slow. Here each id of a scope is looked up once, a scope that occurs again is
answered from memory, and a rule for a whole shop costs the same whatever the shop sells.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Final

from apps.pricing.contracts import BasketLine, Scope
from apps.pricing.goods import Lot

_ID_OF: Final[Mapping[str, Callable[[BasketLine], int | None]]] = {
    "shop_ids": attrgetter("shop_id"),
    "category_ids": attrgetter("category_id"),
    "product_ids": attrgetter("product_id"),
    "sku_ids": attrgetter("sku_id"),
}
"""How a line is known to each kind of id that a scope can name."""


class Shelf:
    """The goods of a basket, by every id that a scope can name; no rule reaches what is not in ``only``."""

    def __init__(self, lines: Sequence[BasketLine], *, only: Iterable[int] | None = None) -> None:
        self._all = frozenset(range(len(lines)) if only is None else only)
        self._known: dict[str, dict[int | None, set[int]]] = {kind: defaultdict(set) for kind in _ID_OF}
        for index in self._all:
            for kind, id_of in _ID_OF.items():
                self._known[kind][id_of(lines[index])].add(index)
        self._lot_of: dict[tuple[int | None, Scope, Scope], Lot] = {}
        self._lot_with: dict[tuple[int, ...], Lot] = {}

    def lot(self, *, shop_id: int | None, scope: Scope, excluded: Scope) -> Lot:
        """The goods of a shop (None: of all shops) in a scope (empty: all of them) that are not excluded."""
        key = (shop_id, scope, excluded)
        if key not in self._lot_of:
            indexes = tuple(sorted(self._find(shop_id, scope, excluded)))
            self._lot_of[key] = self._lot_with.setdefault(indexes, Lot(indexes))
        return self._lot_of[key]

    def _find(self, shop_id: int | None, scope: Scope, excluded: Scope) -> frozenset[int]:
        found = self._all if scope.is_empty else self._named_by(scope)
        if shop_id is not None:
            found &= self._known["shop_ids"].get(shop_id, set())
        return found if excluded.is_empty else found - self._named_by(excluded)

    def _named_by(self, scope: Scope) -> frozenset[int]:
        named: set[int] = set()
        for kind, indexes_of in self._known.items():
            for known_id in indexes_of.keys() & getattr(scope, kind):
                named |= indexes_of[known_id]
        return frozenset(named)
