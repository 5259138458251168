"""A shop's money: what it has, where that came from, and where it is paid to."""

from datetime import date
from typing import Any

from django.core import signing
from rest_framework.request import Request
from rest_framework.response import Response

from apps.orders import api as orders
from apps.seller_desk import render_earnings as render
from apps.seller_desk.openapi import earnings as docs
from apps.seller_desk.principal import ShopEndpoint
from apps.seller_desk.serializers import earnings as forms
from apps.sellers import api as sellers
from apps.settlement import api as settlement
from tradecore import clock, wire
from tradecore.errors import NotFound
from tradecore.http.endpoints import write_once
from tradecore.http.etags import read_if_match, with_etag
from tradecore.http.pages import page_of, read_page
from tradecore.http.queries import read_query
from tradecore.idempotency import Outcome


class Account(ShopEndpoint):
    """What the shop has: `available` to be paid out, negative where it owes, and what is kept back for a time."""

    @docs.get_account
    def get(self, request: Request, shop_id: int) -> Response:
        read_query(request.query_params)
        currency = sellers.get_shop(shop_id=shop_id).currency
        return Response(wire.to_json(settlement.get_account(shop_id=shop_id, currency=currency)))


class Statements(ShopEndpoint):
    """One statement for each day of the market on which something happened, the latest first. One without `closed_at`
    is open still.
    """

    @docs.list_statements
    def get(self, request: Request, shop_id: int) -> Response:
        page = read_page(request)
        before = None if page.before is None else date.fromordinal(page.before)
        rows = settlement.list_statements(shop_id=shop_id, limit=page.size + 1, before=before)
        return Response(page_of(rows, page, key=lambda row: row.on.toordinal()))


class Statement(ShopEndpoint):
    """A day: `opening` + `settled` + `reserve` + `paid_out` = `closing`."""

    @docs.get_statement
    def get(self, request: Request, shop_id: int, on: str) -> Response:
        read_query(request.query_params)
        return Response(wire.to_json(settlement.get_statement(shop_id=shop_id, on=_day(on))))


class StatementLines(ShopEndpoint):
    """The lines that a day's statement adds up, oldest first, each with its reason in words."""

    @docs.list_statement_lines
    def get(self, request: Request, shop_id: int, on: str) -> Response:
        page = read_page(request)
        day = settlement.get_statement(shop_id=shop_id, on=_day(on)).on
        rows = settlement.list_lines(shop_id=shop_id, on=day, limit=page.size + 1, after=page.before)
        return Response(page_of([render.line(row) for row in rows], page, key=lambda row: int(row["id"])))


class OrderSettlement(ShopEndpoint):
    """Why an order came to what it came to, line by line; before it has settled, what it comes to as it stands."""

    @docs.get_order_settlement
    def get(self, request: Request, shop_id: int, order_id: int) -> Response:
        read_query(request.query_params)
        order = orders.get_order(order_id=order_id, shop_ids=[shop_id])
        upcoming = settlement.find_upcoming(order_id=order_id)
        if upcoming is not None:
            return Response(render.not_settled(upcoming))
        settled = settlement.find_settlement(order_id=order_id)
        assert settled is not None, "it is not upcoming"
        return Response(render.settled(settled, number=order.number))


class UpcomingSettlements(ShopEndpoint):
    """Orders of the last 180 days that are delivered and have not settled, newest first.

    A page says what there is among so many orders: it may be short, or empty, before the last one.
    """

    @docs.list_upcoming
    def get(self, request: Request, shop_id: int) -> Response:
        page = read_page(request)
        found = settlement.list_upcoming(shop_id=shop_id, limit=page.size, before=page.before, now=clock.now())
        token = None if found.next_before is None else signing.dumps(found.next_before, salt=page.salt)
        return Response({"items": [wire.to_json(item) for item in found.items], "next_page_token": token})


class Payouts(ShopEndpoint):
    """What was sent to the shop's bank, and what became of it, newest first."""

    @docs.list_payouts
    def get(self, request: Request, shop_id: int) -> Response:
        page = read_page(request)
        rows = settlement.list_payouts(shop_id=shop_id, is_committed=True, limit=page.size + 1, before=page.before)
        return Response(page_of([_payout(row) for row in rows], page, key=lambda row: int(row["id"])))


class PayoutAccount(ShopEndpoint):
    """Where the shop is paid to. Its first account is used at once; any later one waits for a second person, who is not
    of the shop, and payouts then wait for a day. Nobody can read the number of an account here.
    """

    @docs.get_payout_account
    def get(self, request: Request, shop_id: int) -> Response:
        read_query(request.query_params)
        return with_etag(Response(wire.to_json(settlement.get_payout_accounts(shop_id=shop_id))))

    @docs.set_payout_account
    def put(self, request: Request, shop_id: int) -> Response:
        version = read_if_match(request)
        form = self.read(forms.PayoutAccountRequest)
        response = write_once(
            request,
            act=lambda _claim: settlement.set_payout_account(
                shop_id=shop_id, version=version, actor=self.actor, now=clock.now(), **form
            ),
            answer=lambda accounts: Outcome(200, wire.to_json(accounts)),
            key_required=False,
        )
        return with_etag(response)


def _payout(contract: settlement.PayoutView) -> dict[str, Any]:
    """A payout for its seller: which run it was in is nobody's business."""
    document: dict[str, Any] = wire.to_json(contract)
    del document["run_id"]
    return document


def _day(text: str) -> date:
    """The day in a path. Refuses: NotFound."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise NotFound(what="statement") from error
    if day.isoformat() != text:
        raise NotFound(what="statement")
    return day
