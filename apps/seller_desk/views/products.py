"""What a shop offers: products, their SKUs, and what those cost."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.catalog import api as catalog
from apps.markets import api as markets
from apps.seller_desk import render
from apps.seller_desk.money import minor_in
from apps.seller_desk.openapi import products as docs
from apps.seller_desk.principal import ShopEndpoint
from apps.seller_desk.serializers import products as forms
from apps.seller_desk.waiting import done_or_waiting
from apps.sellers import api as sellers
from tradecore import clock, wire
from tradecore.http.endpoints import write_once
from tradecore.http.etags import read_if_match, with_etag
from tradecore.http.pages import moment, page_of, read_page
from tradecore.http.queries import text_up_to
from tradecore.idempotency import Outcome

_PRODUCT_FILTERS = {
    "category": text_up_to(255),
    "q": text_up_to(100),
    "created_ge": moment,
    "created_lt": moment,
}


class Products(ShopEndpoint):
    """The shop's products in every state, newest first, with their SKUs; and new ones, which begin as drafts."""

    @docs.list_products
    def get(self, request: Request, shop_id: int) -> Response:
        page = read_page(request, filters=_PRODUCT_FILTERS)
        listings = catalog.list_shop_products(
            shop_id=shop_id,
            market=sellers.get_shop(shop_id=shop_id).market,
            now=clock.now(),
            before=page.before,
            limit=page.size + 1,
            narrow=catalog.ListingFilter(
                category_path=page.filters.get("category", ""),
                title_prefix=page.filters.get("q", ""),
                created_ge=page.filters.get("created_ge"),
                created_lt=page.filters.get("created_lt"),
            ),
        )
        return Response(page_of([render.listing(row) for row in listings], page, key=lambda row: int(row["id"])))

    @docs.create_product
    def post(self, request: Request, shop_id: int) -> Response:
        details = _details(self.read(forms.ProductRequest))
        response = write_once(
            request,
            act=lambda _claim: catalog.create_product(
                shop_id=shop_id, details=details, actor=self.actor, now=clock.now()
            ),
            answer=lambda product: Outcome(201, render.product(product)),
            key_required=False,
        )
        return with_etag(response)


class Product(ShopEndpoint):
    """One product. An edit replaces what it names, in the version that was read."""

    @docs.get_product
    def get(self, request: Request, shop_id: int, product_id: int) -> Response:
        return with_etag(Response(render.listing(self._listing(product_id))))

    @docs.edit_product
    def patch(self, request: Request, shop_id: int, product_id: int) -> Response:
        version = read_if_match(request)
        form = self.read(forms.ProductEditRequest)
        details = replace(self._listing(product_id).product.details, **_typed(form))
        response = write_once(
            request,
            act=lambda _claim: catalog.edit_product(
                shop_id=shop_id,
                product_id=product_id,
                version=version,
                details=details,
                actor=self.actor,
                now=clock.now(),
            ),
            answer=lambda product: Outcome(200, render.product(product)),
            key_required=False,
        )
        return with_etag(response)

    def _listing(self, product_id: int) -> catalog.Listing:
        return catalog.get_shop_product(
            shop_id=self.shop_id,
            product_id=product_id,
            market=sellers.get_shop(shop_id=self.shop_id).market,
            now=clock.now(),
        )


class ProductPublish(ShopEndpoint):
    """Show a product to buyers. One that is shown already stays as it is."""

    @docs.publish_product
    def post(self, request: Request, shop_id: int, product_id: int) -> Response:
        self.read(forms.ProductStateRequest)
        response = write_once(
            request,
            act=lambda _claim: catalog.publish_product(
                shop_id=shop_id, product_id=product_id, actor=self.actor, now=clock.now()
            ),
            answer=lambda product: Outcome(200, render.product(product)),
            key_required=False,
        )
        return with_etag(response)


class ProductDeactivate(ShopEndpoint):
    """Hide a product from buyers. One that is hidden already stays as it is; a draft was never shown."""

    @docs.deactivate_product
    def post(self, request: Request, shop_id: int, product_id: int) -> Response:
        self.read(forms.ProductStateRequest)
        response = write_once(
            request,
            act=lambda _claim: catalog.deactivate_product(
                shop_id=shop_id, product_id=product_id, actor=self.actor, now=clock.now()
            ),
            answer=lambda product: Outcome(200, render.product(product)),
            key_required=False,
        )
        return with_etag(response)


class ProductSkus(ShopEndpoint):
    """Add a SKU to a product. It can be sold once it has a price and stock."""

    @docs.add_sku
    def post(self, request: Request, shop_id: int, product_id: int) -> Response:
        form = dict(self.read(forms.SkuRequest))
        code = form.pop("code")
        response = write_once(
            request,
            act=lambda _claim: catalog.add_sku(
                shop_id=shop_id,
                product_id=product_id,
                code=code,
                details=catalog.SkuDetails(**form),
                actor=self.actor,
                now=clock.now(),
            ),
            answer=lambda sku: Outcome(201, render.sku(sku)),
            key_required=False,
        )
        return with_etag(response)


class Sku(ShopEndpoint):
    """One SKU. An edit replaces what it names, in the version that was read."""

    @docs.get_sku
    def get(self, request: Request, shop_id: int, sku_id: int) -> Response:
        found = catalog.get_shop_sku(shop_id=shop_id, sku_id=sku_id)
        waiting = catalog.list_waiting_prices(sku_id=sku_id, now=clock.now())
        return with_etag(Response({**render.sku(found), "waiting_prices": wire.to_json(waiting)}))

    @docs.edit_sku
    def patch(self, request: Request, shop_id: int, sku_id: int) -> Response:
        version = read_if_match(request)
        form = self.read(forms.SkuEditRequest)
        details = replace(catalog.get_shop_sku(shop_id=shop_id, sku_id=sku_id).details, **form)
        response = write_once(
            request,
            act=lambda _claim: catalog.edit_sku(
                shop_id=shop_id, sku_id=sku_id, version=version, details=details, actor=self.actor, now=clock.now()
            ),
            answer=lambda sku: Outcome(200, render.sku(sku)),
            key_required=False,
        )
        return with_etag(response)


class SkuPrices(ShopEndpoint):
    """The prices of a SKU in every market, the latest set first; and new ones, which begin now or later.

    One that is far below the price that it takes the place of waits until an operator has looked at it (202).
    """

    @docs.list_prices
    def get(self, request: Request, shop_id: int, sku_id: int) -> Response:
        page = read_page(request)
        prices = catalog.list_prices(shop_id=shop_id, sku_id=sku_id, before=page.before, limit=page.size + 1)
        return Response(page_of(prices, page, key=lambda price: price.id))

    @docs.set_price
    def post(self, request: Request, shop_id: int, sku_id: int) -> Response:
        form = self.read(forms.PriceRequest)
        now = clock.now()
        market = markets.get_market(form["market"], now=now)
        minor_in(market.currency, form["amount"])
        return write_once(
            request,
            act=lambda _claim: catalog.set_price(
                shop_id=shop_id,
                sku_id=sku_id,
                market=market.code,
                amount=form["amount"],
                valid_from=form.get("valid_from", now),
                actor=self.actor,
                now=now,
            ),
            answer=done_or_waiting(201, wire.to_json),
            key_required=False,
        )


def _details(form: Mapping[str, Any]) -> catalog.ProductDetails:
    return catalog.ProductDetails(**_typed(form))


def _typed(form: Mapping[str, Any]) -> dict[str, Any]:
    """The form, its words as the catalog's own."""
    words = {"tax_category": catalog.TaxCategory(form["tax_category"])} if "tax_category" in form else {}
    return {**form, **words}
