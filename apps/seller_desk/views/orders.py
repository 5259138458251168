"""A shop's orders: what to ship, and what became of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.checkout import api as checkout
from apps.fulfilment import api as fulfilment
from apps.orders import api as orders
from apps.seller_desk import render
from apps.seller_desk.openapi import orders as docs
from apps.seller_desk.principal import ShopEndpoint
from apps.seller_desk.serializers import orders as forms
from tradecore import clock
from tradecore.http.endpoints import write_once
from tradecore.http.pages import moment, page_of, read_page
from tradecore.http.queries import one_of, read_query, whole_list
from tradecore.idempotency import Outcome

_FILTERS = {
    "status": one_of(forms.STATUSES),
    "cancel_request": one_of(("OPEN",)),
    "created_ge": moment,
    "created_lt": moment,
}


class Orders(ShopEndpoint):
    """The shop's orders from when they are paid, newest first."""

    @docs.list_orders
    def get(self, request: Request, shop_id: int) -> Response:
        page = read_page(request, filters=_FILTERS)
        filters = {name: value for name, value in page.filters.items() if name != "cancel_request"}
        rows = orders.list_orders(
            shop_ids=[shop_id],
            limit=page.size + 1,
            before=page.before,
            asked_to_cancel="cancel_request" in page.filters,
            **filters,
        )
        return Response(page_of([render.order_summary(row) for row in rows], page, key=lambda row: int(row["id"])))


class Order(ShopEndpoint):
    """One order: lines, price ladder, timeline, deadlines, parcels; the recipient while it is to be shipped."""

    @docs.get_order
    def get(self, request: Request, shop_id: int, order_id: int) -> Response:
        return Response(_render(order_id, shop_id=shop_id))


class OrderCancel(ShopEndpoint):
    """Cancel what is in no parcel yet, and send its money back."""

    @docs.cancel_order
    def post(self, request: Request, shop_id: int, order_id: int) -> Response:
        form = self.read(forms.SellerCancelRequest)
        orders.get_order(order_id=order_id, shop_ids=[shop_id])
        return write_once(
            request,
            act=lambda _claim: checkout.cancel_lines(
                order_id=order_id,
                units=_units(form),
                initiator="seller",
                reason=form["reason"],
                now=clock.now(),
            ),
            answer=lambda _gone: Outcome(200, _render(order_id, shop_id=shop_id)),
        )


class CancelRequestApprove(ShopEndpoint):
    """Agree to what the buyer asks: cancel what of it is in no parcel still, and send its money back."""

    @docs.approve_cancel_request
    def post(self, request: Request, shop_id: int, order_id: int) -> Response:
        self.read(forms.ApproveCancelRequest)
        orders.get_order(order_id=order_id, shop_ids=[shop_id])
        return write_once(
            request,
            act=lambda _claim: checkout.approve_cancel_request(order_id=order_id, now=clock.now()),
            answer=lambda _result: Outcome(200, _render(order_id, shop_id=shop_id)),
        )


class CancelRequestReject(ShopEndpoint):
    """Do not agree, and ship: the buyer is told why."""

    @docs.reject_cancel_request
    def post(self, request: Request, shop_id: int, order_id: int) -> Response:
        form = self.read(forms.RejectCancelRequest)
        orders.get_order(order_id=order_id, shop_ids=[shop_id])
        return write_once(
            request,
            act=lambda _claim: checkout.reject_cancel_request(
                order_id=order_id, reason=form["reason"], now=clock.now()
            ),
            answer=lambda _result: Outcome(200, _render(order_id, shop_id=shop_id)),
        )


class OrderPackages(ShopEndpoint):
    """The parcels of an order, oldest first; and a new one, which its carrier is told of."""

    @docs.list_packages
    def get(self, request: Request, shop_id: int, order_id: int) -> Response:
        read_query(request.query_params)
        orders.get_order(order_id=order_id, shop_ids=[shop_id])
        packages = fulfilment.list_packages(order_id=order_id, shop_ids=[shop_id])
        return Response(whole_list(render.package(package) for package in packages))

    @docs.ship_order
    def post(self, request: Request, shop_id: int, order_id: int) -> Response:
        form = self.read(forms.ShipRequest)
        orders.get_order(order_id=order_id, shop_ids=[shop_id])
        return write_once(
            request,
            act=lambda _claim: fulfilment.ship_order(
                order_id=order_id,
                units=_units(form),
                carrier=form["carrier"],
                tracking_number=form["tracking_number"],
                now=clock.now(),
            ),
            answer=lambda package: Outcome(201, render.package(package)),
        )


class Package(ShopEndpoint):
    """One parcel, where it is, and what its carrier has said."""

    @docs.get_package
    def get(self, request: Request, shop_id: int, package_id: int) -> Response:
        return Response(render.package(fulfilment.get_package(package_id=package_id, shop_ids=[shop_id])))


class PackageTracking(ShopEndpoint):
    """Report what the carrier of a parcel says, where the carrier does not do so itself."""

    @docs.report_tracking
    def post(self, request: Request, shop_id: int, package_id: int) -> Response:
        form = self.read(forms.TrackingRequest)
        fulfilment.get_package(package_id=package_id, shop_ids=[shop_id])
        return write_once(
            request,
            act=lambda _claim: fulfilment.record_tracking(
                package_id=package_id,
                event_id=form["event_id"],
                status=fulfilment.TrackingStatus(form["status"]),
                occurred_at=form["occurred_at"],
                now=clock.now(),
            ),
            answer=lambda package: Outcome(200, render.package(package)),
        )


def _units(form: Mapping[str, Any]) -> Sequence[orders.LineUnits] | None:
    """The units that the form names; None for all."""
    return [orders.LineUnits(**line) for line in form["lines"]] if "lines" in form else None


def _render(order_id: int, *, shop_id: int) -> dict[str, Any]:
    order = orders.get_order(order_id=order_id, shop_ids=[shop_id])
    packages = fulfilment.list_packages(order_id=order_id, shop_ids=[shop_id])
    return render.order(order, packages, orders.find_cancel_request(order_id=order_id))
