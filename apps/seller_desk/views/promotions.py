"""A shop's own promotions: what it funds itself, on its own goods."""

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.pricing.api import AmountOff, Benefit, FixedPrice, RateOff
from apps.promotions import api as promotions
from apps.seller_desk import render_promotions as render
from apps.seller_desk.money import amounts_in
from apps.seller_desk.openapi import promotions as docs
from apps.seller_desk.principal import ShopEndpoint
from apps.seller_desk.serializers import promotions as forms
from apps.seller_desk.waiting import done_or_waiting
from apps.sellers import api as sellers
from tradecore import clock, wire
from tradecore.http.endpoints import write_once
from tradecore.idempotency import Outcome


class Promotions(ShopEndpoint):
    """Draft a promotion. Its terms never change: another offer is another promotion."""

    @docs.create_promotion
    def post(self, request: Request, shop_id: int) -> Response:
        terms = _terms(self.read(forms.PromotionRequest), shop=sellers.get_shop(shop_id=shop_id))
        return write_once(
            request,
            act=lambda _claim: promotions.create_promotion(terms=terms, actor=self.actor, now=clock.now()),
            answer=lambda promotion: Outcome(201, render.promotion(promotion)),
            key_required=False,
        )


class Promotion(ShopEndpoint):
    """One promotion, and how it stands."""

    @docs.get_promotion
    def get(self, request: Request, shop_id: int, promotion_id: int) -> Response:
        now = clock.now()
        found = promotions.get_promotion(promotion_id=promotion_id, shop_id=shop_id, now=now)
        waiting = promotions.find_publication_request(promotion_id=promotion_id, now=now)
        return Response({**render.promotion(found), "waits": wire.to_json(waiting)})


class PromotionPublish(ShopEndpoint):
    """Let a promotion apply, from its start on. One that is published stays as it is.

    A coupon of a percentage with neither a cap nor a budget waits until an operator has looked at it (202).
    """

    @docs.publish_promotion
    def post(self, request: Request, shop_id: int, promotion_id: int) -> Response:
        self.read(forms.PublishPromotionRequest)
        return write_once(
            request,
            act=lambda _claim: promotions.publish_promotion(
                promotion_id=promotion_id, shop_id=shop_id, actor=self.actor, now=clock.now()
            ),
            answer=done_or_waiting(200, render.promotion),
            key_required=False,
        )


class PromotionDeactivate(ShopEndpoint):
    """Let a promotion apply no more, for good. Purchases that hold it keep it."""

    @docs.deactivate_promotion
    def post(self, request: Request, shop_id: int, promotion_id: int) -> Response:
        form = self.read(forms.DeactivatePromotionRequest)
        return write_once(
            request,
            act=lambda _claim: promotions.deactivate_promotion(
                promotion_id=promotion_id,
                shop_id=shop_id,
                reason=form["reason"],
                actor=self.actor,
                now=clock.now(),
            ),
            answer=lambda promotion: Outcome(200, render.promotion(promotion)),
            key_required=False,
        )


def _terms(form: Mapping[str, Any], *, shop: sellers.Shop) -> promotions.Terms:
    """The form as terms of this shop, which alone funds them. Refuses: CurrencyMismatch."""
    minor = amounts_in(shop.currency, form, "price", "amount_off", "max_off", "min_spend", "budget")
    return promotions.Terms(
        kind=promotions.PromotionKind(form["kind"]),
        shop_id=shop.id,
        market=shop.market,
        currency=shop.currency,
        title=form["title"],
        benefit=_benefit(form, minor),
        targets=tuple(
            promotions.Target(promotions.TargetKind(target["kind"]), target["id"]) for target in form["targets"]
        ),
        starts_at=form["starts_at"],
        ends_at=form["ends_at"],
        platform_share_bp=0,
        code=form.get("code"),
        min_spend_minor=minor.get("min_spend", 0),
        uses_cap=form.get("uses_cap"),
        uses_per_buyer_cap=form.get("uses_per_buyer_cap"),
        budget_minor=minor.get("budget"),
    )


def _benefit(form: Mapping[str, Any], minor: Mapping[str, int]) -> Benefit:
    if "price" in form:
        return FixedPrice(minor["price"])
    if "amount_off" in form:
        return AmountOff(minor["amount_off"])
    return RateOff(form["rate_off_bp"], minor.get("max_off"))
