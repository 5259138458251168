"""The facts in the order of their position, for whoever may see them."""

from typing import cast

from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import api as accounts
from apps.integrations import openapi as docs
from tradecore import outbox, wire
from tradecore.http.endpoints import Endpoint
from tradecore.http.principals import Principal, PrincipalKind
from tradecore.http.queries import number_in, read_query
from tradecore.ids import MAX_ID
from tradecore.models import OutboxEvent

#: What a token must have been given for, either of them.
SCOPES = frozenset({"events", "ops"})

_READERS = {"after": number_in(0, MAX_ID), "limit": number_in(1, docs.LIMIT_MAX)}


class Events(Endpoint):
    """Events with a position above `after`, oldest first: staff and internal clients see all, a shop's people those of
    their shops. The token was given for `events` or for `ops`.
    """

    @docs.list_events
    def get(self, request: Request) -> Response:
        asked = {"after": 0, "limit": docs.LIMIT_DEFAULT} | read_query(request.query_params, readers=_READERS)
        after = asked["after"]
        events = outbox.list_events(after=after, limit=asked["limit"], shop_ids=_scope(request))
        return Response(
            {
                "items": [_render(event) for event in events],
                "last_position": str(events[-1].position if events else after),
            }
        )


def _scope(request: Request) -> list[int] | None:
    """The shops whose events this principal sees; None for all.

    Refuses, in this order: NotAuthenticated, PermissionDenied (a token for something else; somebody of no shop).
    """
    principal = request.user
    if not isinstance(principal, Principal):
        raise NotAuthenticated("Sign in.")
    if not SCOPES & cast(frozenset[str], request.auth):
        raise PermissionDenied("This token was not given for reading events.")
    if principal.is_staff or principal.kind is PrincipalKind.CLIENT:
        return None
    shop_ids = accounts.list_shop_ids(user_id=principal.id)
    if not shop_ids:
        raise PermissionDenied("Events are for staff and for the people of a shop.")
    return shop_ids


def _render(event: OutboxEvent) -> dict[str, object]:
    return {
        "position": str(event.position),
        "id": str(event.id),
        "kind": event.kind,
        "aggregate": event.aggregate,
        "aggregate_id": str(event.aggregate_id),
        "sequence": event.sequence,
        "shop_id": None if event.shop_id is None else str(event.shop_id),
        "occurred_at": wire.to_json(event.occurred_at),
        "request_id": event.request_id,
        "data": event.payload,
    }
