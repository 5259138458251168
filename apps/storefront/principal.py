"""Routes that need a buyer: a registered one, or a guest."""

from typing import Any, cast

from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.request import Request

from apps.storefront.endpoint import StorefrontEndpoint
from tradecore.http.principals import Principal, PrincipalKind


class BuyerEndpoint(StorefrontEndpoint):
    """A route for buyers, guests included."""

    principal: Principal

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not isinstance(request.user, Principal):
            raise NotAuthenticated("Sign in, or become a guest.")
        if request.user.kind is PrincipalKind.CLIENT or "store" not in cast(frozenset[str], request.auth):
            raise PermissionDenied("This token was not given for buying.")
        self.principal = request.user


class MemberEndpoint(BuyerEndpoint):
    """A route for registered buyers only."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.principal.is_guest:
            raise PermissionDenied("A guest has no account.")
