"""A buyer's orders."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import api as accounts
from apps.checkout import api as checkout
from apps.fulfilment import api as fulfilment
from apps.orders import api as orders
from apps.storefront import guesses, render
from apps.storefront.errors import UnpaidIsCancelledWhole
from apps.storefront.openapi import buying as docs
from apps.storefront.principal import BuyerEndpoint
from apps.storefront.public import PublicEndpoint
from apps.storefront.serializers import buying
from tradecore import clock, wire
from tradecore.errors import NotFound
from tradecore.http.endpoints import write_once
from tradecore.http.pages import moment, page_of, read_page
from tradecore.idempotency import Claim, Outcome
from tradecore.ids import parse_number


class Orders(BuyerEndpoint):
    """The buyer's orders, newest first."""

    @docs.list_orders
    def get(self, request: Request) -> Response:
        page = read_page(request, filters={"created_ge": moment, "created_lt": moment, "status": _status})
        rows = orders.list_orders(buyer_ref=self.principal.id, limit=page.size + 1, before=page.before, **page.filters)
        return Response(page_of(rows, page, key=lambda row: row.id))


class Order(BuyerEndpoint):
    """One order: lines, price ladder, timeline, deadlines, parcels, and what its buyer may do now."""

    @docs.get_order
    def get(self, request: Request, order_id: int) -> Response:
        return Response(_order(order_id, buyer_ref=self.principal.id))


class OrderCancel(BuyerEndpoint):
    """Cancel what is in no parcel yet: everything, or so many units of some lines. 202: its seller has been asked.

    In the time for second thoughts, and once its seller is late, a paid order is cancelled at once. In between its
    seller answers; `cancel_request` of the order says until when, and that silence approves. An unpaid order ends with
    its whole purchase, so naming lines of one is refused.
    """

    @docs.cancel_order
    def post(self, request: Request, order_id: int) -> Response:
        form = self.read(buying.CancelRequest)
        order = orders.get_order(order_id=order_id, buyer_ref=self.principal.id)

        def cancel(_claim: Claim | None) -> Any:
            reason = form.get("reason", "changed_mind")
            if order.status == "UNPAID":
                if "lines" in form:
                    raise UnpaidIsCancelledWhole(purchase_id=order.purchase_id)
                return checkout.cancel_unpaid_purchase(
                    purchase_id=order.purchase_id, initiator="buyer", reason=reason, now=clock.now()
                )
            units = [orders.LineUnits(**line) for line in form["lines"]] if "lines" in form else None
            return checkout.request_cancellation(order_id=order_id, units=units, reason=reason, now=clock.now())

        return write_once(
            request,
            act=cancel,
            answer=lambda asked: Outcome(202 if asked else 200, _order(order_id, buyer_ref=self.principal.id)),
        )


class OrderCancelRequestWithdraw(BuyerEndpoint):
    """Take a request to cancel back: the order goes on."""

    @docs.withdraw_cancel_request
    def post(self, request: Request, order_id: int) -> Response:
        self.read(buying.WithdrawCancelRequest)
        orders.get_order(order_id=order_id, buyer_ref=self.principal.id)
        return write_once(
            request,
            act=lambda _claim: checkout.withdraw_cancel_request(order_id=order_id, now=clock.now()),
            answer=lambda _result: Outcome(200, _order(order_id, buyer_ref=self.principal.id)),
        )


class OrderConfirmReceipt(BuyerEndpoint):
    """Say that everything has arrived: a delivered order is completed at once."""

    @docs.confirm_receipt
    def post(self, request: Request, order_id: int) -> Response:
        self.read(buying.EmptyRequest)
        orders.get_order(order_id=order_id, buyer_ref=self.principal.id)
        return write_once(
            request,
            act=lambda _claim: fulfilment.confirm_receipt(order_id=order_id, now=clock.now()),
            answer=lambda _result: Outcome(200, _order(order_id, buyer_ref=self.principal.id)),
        )


class GuestOrders(PublicEndpoint):
    """A guest's order by its number and the e-mail that it was bought with."""

    serves_in_read_only = True

    @docs.find_guest_order
    def post(self, request: Request) -> Response:
        form = self.read(buying.GuestOrderRequest)
        email = accounts.canonical_email(form["email"])
        now = clock.now()
        guesses.check_orders(request, now=now)
        try:
            found = orders.get_guest_order(order_id=parse_number(form["number"]), email=email)
        except NotFound:
            guesses.count_order(request, now=now)
            raise
        return Response(render.order(found))


def _order(order_id: int, *, buyer_ref: int) -> dict[str, Any]:
    order = orders.get_order(order_id=order_id, buyer_ref=buyer_ref)
    return render.order(order) | {
        "packages": render.packages(fulfilment.list_packages(order_id=order_id)),
        "cancel_request": wire.to_json(orders.find_cancel_request(order_id=order_id)),
        "next_actions": render.next_actions(order),
    }


_STATUSES = frozenset(
    {
        "UNPAID",
        "ON_HOLD",
        "AWAITING_SHIPMENT",
        "PARTIALLY_SHIPPING",
        "AWAITING_COLLECTION",
        "IN_TRANSIT",
        "DELIVERED",
        "COMPLETED",
        "CANCELLED",
    }
)


def _status(text: str) -> str:
    if text not in _STATUSES:
        raise ValueError(text)
    return text
