"""Which state of a shop may follow which."""

from apps.sellers.contracts import ShopState
from tradecore.states import TransitionTable

SHOP = TransitionTable(
    name="shop",
    initial=ShopState.ONBOARDING,
    edges={
        ShopState.ONBOARDING: frozenset({ShopState.ACTIVE, ShopState.CLOSED}),
        ShopState.ACTIVE: frozenset({ShopState.RESTRICTED, ShopState.SUSPENDED, ShopState.CLOSED}),
        ShopState.RESTRICTED: frozenset({ShopState.ACTIVE, ShopState.SUSPENDED, ShopState.CLOSED}),
        ShopState.SUSPENDED: frozenset({ShopState.ACTIVE, ShopState.RESTRICTED, ShopState.CLOSED}),
        ShopState.CLOSED: frozenset(),
    },
)
