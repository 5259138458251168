"""The shops that somebody works for."""

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import api as accounts
from apps.markets import api as markets
from apps.seller_desk import render
from apps.seller_desk.money import amounts_in
from apps.seller_desk.openapi import shops as docs
from apps.seller_desk.principal import SellerEndpoint, ShopEndpoint
from apps.seller_desk.serializers import shops as forms
from apps.sellers import api as sellers
from tradecore import clock
from tradecore.errors import NotFound
from tradecore.http.endpoints import write_once
from tradecore.http.etags import read_if_match, with_etag
from tradecore.http.pages import page_of, read_page
from tradecore.http.queries import read_query, whole_list
from tradecore.idempotency import Outcome


class Shops(SellerEndpoint):
    """The shops that the caller works for, the youngest first."""

    @docs.list_shops
    def get(self, request: Request) -> Response:
        page = read_page(request)
        theirs = sorted(accounts.list_shop_ids(user_id=self.principal.id), reverse=True)
        wanted = [shop_id for shop_id in theirs if page.before is None or shop_id < page.before][: page.size + 1]
        found = sellers.list_shops(shop_ids=wanted)
        rows = [render.shop(found[shop_id]) for shop_id in wanted]
        return Response(page_of(rows, page, key=lambda row: int(row["id"])))


class Shop(ShopEndpoint):
    """One shop, and what its people may say about it."""

    @docs.get_shop
    def get(self, request: Request, shop_id: int) -> Response:
        return with_etag(Response(self._render(sellers.get_shop(shop_id=shop_id))))

    @docs.edit_shop
    def patch(self, request: Request, shop_id: int) -> Response:
        version = read_if_match(request)
        form = self.read(forms.ShopEditRequest)
        response = write_once(
            request,
            act=lambda _claim: self._edit(form, version=version),
            answer=lambda shop: Outcome(200, self._render(shop)),
            key_required=False,
        )
        return with_etag(response)

    def _edit(self, form: Mapping[str, str], *, version: int) -> sellers.Shop:
        shop = sellers.get_shop(shop_id=self.shop_id)
        return sellers.edit_shop(
            shop_id=self.shop_id,
            version=version,
            name=form.get("name", shop.name),
            contact_email=form.get("contact_email", shop.contact_email),
            actor=self.actor,
            now=clock.now(),
        )

    def _render(self, shop: sellers.Shop) -> dict[str, Any]:
        return {**render.shop(shop), "role": self.role.value}


class DeliveryRates(ShopEndpoint):
    """What the shop charges for each delivery option that it offers."""

    @docs.list_delivery_rates
    def get(self, request: Request, shop_id: int) -> Response:
        read_query(request.query_params)
        currency = sellers.get_shop(shop_id=shop_id).currency
        rates = sellers.list_shop_rates(shop_id=shop_id)
        return Response(whole_list(render.delivery_rate(rate, currency=currency) for rate in rates))


class DeliveryRate(ShopEndpoint):
    """Offer a delivery option of the market at a rate, in place of the rate that stood."""

    @docs.set_delivery_rate
    def put(self, request: Request, shop_id: int, option: str) -> Response:
        form = self.read(forms.DeliveryRateRequest)
        shop = sellers.get_shop(shop_id=shop_id)
        if option not in {known.code for known in markets.list_delivery_options(shop.market)}:
            raise NotFound(what="delivery option")
        rate = _rate(form, shop=shop, option=option)
        return write_once(
            request,
            act=lambda _claim: sellers.set_delivery_rate(rate=rate, actor=self.actor, now=clock.now()),
            answer=lambda stands: Outcome(200, render.delivery_rate(stands, currency=shop.currency)),
            key_required=False,
        )


def _rate(form: Mapping[str, Any], *, shop: sellers.Shop, option: str) -> sellers.DeliveryRate:
    """Refuses: CurrencyMismatch."""
    minor = amounts_in(shop.currency, form, "base", "per_kg", "free_from")
    return sellers.DeliveryRate(
        shop_id=shop.id,
        option=option,
        base_minor=minor["base"],
        per_kg_minor=minor.get("per_kg", 0),
        included_grams=form.get("included_grams", 0),
        free_from_minor=minor.get("free_from"),
    )
