"""What a shop has, and where it lies."""

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.catalog import api as catalog
from apps.inventory import api as inventory
from apps.seller_desk import render
from apps.seller_desk.openapi import stock as docs
from apps.seller_desk.principal import ShopEndpoint
from apps.seller_desk.serializers import stock as forms
from apps.seller_desk.waiting import done_or_waiting
from apps.sellers import api as sellers
from tradecore import clock, wire
from tradecore.http.endpoints import write_once
from tradecore.http.pages import page_of, read_page
from tradecore.http.queries import read_query, whole_list
from tradecore.idempotency import Outcome


class Warehouses(ShopEndpoint):
    """The shop's warehouses, in the order in which they serve."""

    @docs.list_warehouses
    def get(self, request: Request, shop_id: int) -> Response:
        read_query(request.query_params)
        return Response(whole_list(inventory.list_warehouses(shop_id=shop_id)))

    @docs.create_warehouse
    def post(self, request: Request, shop_id: int) -> Response:
        form = self.read(forms.WarehouseRequest)
        return write_once(
            request,
            act=lambda _claim: inventory.create_warehouse(shop_id=shop_id, actor=self.actor, now=clock.now(), **form),
            answer=lambda warehouse: Outcome(201, wire.to_json(warehouse)),
            key_required=False,
        )


class Stock(ShopEndpoint):
    """The stock of every SKU, by product, the newest product first. What was never in a warehouse has no levels."""

    @docs.list_stock
    def get(self, request: Request, shop_id: int) -> Response:
        page = read_page(request)
        listings = catalog.list_shop_products(
            shop_id=shop_id,
            market=sellers.get_shop(shop_id=shop_id).market,
            now=clock.now(),
            before=page.before,
            limit=page.size + 1,
        )
        levels = inventory.list_levels(sku_ids=[priced.sku.id for listing in listings for priced in listing.skus])
        rows = [render.stock(listing, levels) for listing in listings]
        return Response(page_of(rows, page, key=lambda row: int(row["product_id"])))


class SkuStock(ShopEndpoint):
    """The stock of one SKU, by warehouse."""

    @docs.get_sku_stock
    def get(self, request: Request, shop_id: int, sku_id: int) -> Response:
        sku = catalog.get_shop_sku(shop_id=shop_id, sku_id=sku_id)
        return Response(
            {
                "sku_id": str(sku_id),
                "code": sku.code,
                "levels": wire.to_json(inventory.list_levels(sku_ids=[sku_id])),
                "waiting_adjustments": wire.to_json(inventory.list_waiting_adjustments(sku_id=sku_id, now=clock.now())),
            }
        )


class StockAdjustments(ShopEndpoint):
    """The world turned out to hold more or fewer pieces than the books: say by how many, or how many, and why.

    A change of a large part of a large stock waits until an operator has looked at it (202).
    """

    @docs.adjust_stock
    def post(self, request: Request, shop_id: int) -> Response:
        form = self.read(forms.AdjustmentRequest)
        catalog.get_shop_sku(shop_id=shop_id, sku_id=form["sku_id"])
        return write_once(
            request,
            act=lambda _claim: inventory.adjust_stock(
                shop_id=shop_id,
                warehouse_id=form["warehouse_id"],
                sku_id=form["sku_id"],
                delta=_delta(form),
                expected_on_hand=form.get("expected_on_hand"),
                reason=form["reason"],
                actor=self.actor,
                now=clock.now(),
            ),
            answer=done_or_waiting(201, wire.to_json),
        )


def _delta(form: Mapping[str, Any]) -> int:
    """By how many pieces, whichever way it was said."""
    delta: int = form["delta"] if "delta" in form else form["on_hand"] - form["expected_on_hand"]
    return delta
