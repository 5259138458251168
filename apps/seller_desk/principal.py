"""Who may do what for a shop.

# Note [Staff]
A caller comes with a token that was given for selling, and works for the shop that the path names: whoever does not is
told that there is no such shop. SUPPORT reads; MANAGER and OWNER also write.
"""

from collections.abc import Iterable
from functools import cached_property
from typing import Any, Final, cast

from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from apps.accounts import api as accounts
from tradecore.errors import NotFound
from tradecore.http.endpoints import Endpoint
from tradecore.http.principals import Principal, PrincipalKind

SCOPE: Final = "seller"

_WRITERS: Final = frozenset({accounts.ShopRole.OWNER, accounts.ShopRole.MANAGER})


class SellerEndpoint(Endpoint):
    """A route for those who work for some shop."""

    principal: Principal

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not isinstance(request.user, Principal):
            raise NotAuthenticated("Sign in.")
        if not _may_sell(request):
            raise PermissionDenied("This token was not given for selling. Whoever joins a shop signs in again.")
        self.principal = request.user

    @property
    def actor(self) -> str:
        """The caller, as audit entries name them."""
        return f"user:{self.principal.id}"


class ShopEndpoint(SellerEndpoint):
    """A route of one shop. See Note [Staff]."""

    shop_id: int
    role: accounts.ShopRole

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.shop_id = kwargs["shop_id"]
        if self._found_role is None:
            raise NotFound(what="shop")
        if request.method not in SAFE_METHODS and self._found_role not in _WRITERS:
            raise PermissionDenied("Your role in this shop does not change anything.")
        self.role = self._found_role

    def shop_asked_for(self, request: Request) -> int | None:
        """Whoever does not work for the shop counts for themselves alone. See Note [Who counts]."""
        return None if self._found_role is None else super().shop_asked_for(request)

    def skus_asked_for(self, request: Request) -> Iterable[int]:
        return () if self._found_role is None else super().skus_asked_for(request)

    @cached_property
    def _found_role(self) -> accounts.ShopRole | None:
        """What the caller is to the shop, if anything: read once, for the limits and for what may be done."""
        user = self.request.user
        if not isinstance(user, Principal) or not _may_sell(self.request):
            return None
        return accounts.find_shop_role(user_id=user.id, shop_id=self.kwargs["shop_id"])


def _may_sell(request: Request) -> bool:
    """Whether the caller is somebody who has a token that was given for selling."""
    user = request.user
    if not isinstance(user, Principal) or user.kind is not PrincipalKind.BUYER:
        return False
    return SCOPE in cast(frozenset[str], request.auth)
