"""Which state of a product may follow which."""

from apps.catalog.contracts import ProductState
from tradecore.states import TransitionTable

PRODUCT = TransitionTable(
    name="product",
    initial=ProductState.DRAFT,
    edges={
        ProductState.DRAFT: frozenset({ProductState.ACTIVE, ProductState.DELETED}),
        ProductState.ACTIVE: frozenset({ProductState.DEACTIVATED, ProductState.DELETED}),
        ProductState.DEACTIVATED: frozenset({ProductState.ACTIVE, ProductState.DELETED}),
        ProductState.DELETED: frozenset(),
    },
)
