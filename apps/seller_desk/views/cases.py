"""Cases about a shop's orders: what buyers ask for, and what the shop does with it."""

from collections.abc import Callable, Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.aftersales import api as aftersales
from apps.aftersales.api import Actor, CaseState, Evidence, Found
from apps.orders import api as orders
from apps.seller_desk import render
from apps.seller_desk.openapi import cases as docs
from apps.seller_desk.principal import ShopEndpoint
from apps.seller_desk.serializers import cases as forms
from tradecore import clock
from tradecore.http.endpoints import write_once
from tradecore.http.etags import read_if_match, with_etag
from tradecore.http.pages import page_of, read_page
from tradecore.http.queries import one_of, read_id
from tradecore.idempotency import Outcome

_FILTERS = {
    "next_actor": one_of(forms.NEXT_ACTORS),
    "state": one_of(tuple(state.value for state in CaseState)),
    "order_id": read_id,
}


class Cases(ShopEndpoint):
    """Cases about the shop's orders, newest first: those that wait for the shop, or all of them."""

    @docs.list_cases
    def get(self, request: Request, shop_id: int) -> Response:
        page = read_page(request, filters=_FILTERS)
        rows = aftersales.list_cases(shop_ids=[shop_id], limit=page.size + 1, before=page.before, **page.filters)
        return Response(page_of(rows, page, key=lambda row: row.id))


class Case(ShopEndpoint):
    """One case: where it stands, who acts next until when, what happens otherwise, and all that was done."""

    @docs.get_case
    def get(self, request: Request, shop_id: int, case_id: int) -> Response:
        return with_etag(Response(_render(case_id, shop_id=shop_id)))


class OrderRefund(ShopEndpoint):
    """Give money back for units that were shipped, without being asked."""

    @docs.refund_order
    def post(self, request: Request, shop_id: int, order_id: int) -> Response:
        form = self.read(forms.RefundRequest)
        orders.get_order(order_id=order_id, shop_ids=[shop_id])
        response = write_once(
            request,
            act=lambda _claim: aftersales.refund_by_seller(
                order_id=order_id,
                units=[orders.LineUnits(**line) for line in form["lines"]],
                reason=form["reason"],
                comment=form.get("comment", ""),
                now=clock.now(),
            ),
            answer=lambda case_id: Outcome(201, _render(case_id, shop_id=shop_id)),
        )
        return with_etag(response)


class _CaseAct(ShopEndpoint):
    """Something that a shop does with a case."""

    def act(self, request: Request, case_id: int, do: Callable[[], object]) -> Response:
        """Do it once, and answer with the case as it stands after it. Refuses: NotFound."""
        aftersales.get_case(case_id=case_id, shop_ids=[self.shop_id])
        response = write_once(
            request,
            act=lambda _claim: do(),
            answer=lambda _result: Outcome(200, _render(case_id, shop_id=self.shop_id)),
        )
        return with_etag(response)


class CaseApprove(_CaseAct):
    """Say yes to what the buyer asks for, as it was read."""

    @docs.approve_case
    def post(self, request: Request, shop_id: int, case_id: int) -> Response:
        version = read_if_match(request)
        form = self.read(forms.ApproveCaseRequest)
        return self.act(
            request,
            case_id,
            lambda: aftersales.approve_case(
                case_id=case_id,
                version=version,
                buyer_keeps_goods=form.get("buyer_keeps_goods", False),
                comment=form.get("comment", ""),
                now=clock.now(),
            ),
        )


class CaseReject(_CaseAct):
    """Say no, and why. The buyer may have the platform decide."""

    @docs.reject_case
    def post(self, request: Request, shop_id: int, case_id: int) -> Response:
        version = read_if_match(request)
        form = self.read(forms.RejectCaseRequest)
        return self.act(
            request,
            case_id,
            lambda: aftersales.reject_case(
                case_id=case_id,
                version=version,
                reason=form["reason"],
                comment=form.get("comment", ""),
                evidence=_evidence(form.get("evidence", {})),
                now=clock.now(),
            ),
        )


class CaseOffer(_CaseAct):
    """Offer some money instead, for goods that the buyer keeps."""

    @docs.make_offer
    def post(self, request: Request, shop_id: int, case_id: int) -> Response:
        version = read_if_match(request)
        form = self.read(forms.OfferRequest)
        return self.act(
            request,
            case_id,
            lambda: aftersales.make_offer(
                case_id=case_id,
                version=version,
                amount=form["amount"],
                comment=form.get("comment", ""),
                now=clock.now(),
            ),
        )


class CaseReceive(_CaseAct):
    """Take what came back, and say what was found: what is fit for sale is for sale again."""

    @docs.receive_case
    def post(self, request: Request, shop_id: int, case_id: int) -> Response:
        form = self.read(forms.ReceiveRequest)
        found = {line["line_id"]: Found(good=line["good"], damaged=line["damaged"]) for line in form["lines"]}
        return self.act(
            request,
            case_id,
            lambda: aftersales.accept_return(
                case_id=case_id, found=found, comment=form.get("comment", ""), now=clock.now()
            ),
        )


class CaseRefuseReturn(_CaseAct):
    """Do not take what came back, and show why. The buyer may have the platform decide."""

    @docs.refuse_return
    def post(self, request: Request, shop_id: int, case_id: int) -> Response:
        form = self.read(forms.RefuseReturnRequest)
        return self.act(
            request,
            case_id,
            lambda: aftersales.refuse_return(
                case_id=case_id,
                reason=form["reason"],
                comment=form.get("comment", ""),
                evidence=_evidence(form["evidence"]),
                now=clock.now(),
            ),
        )


class CaseShipReplacement(_CaseAct):
    """Say with which parcel the goods are replaced."""

    @docs.ship_replacement
    def post(self, request: Request, shop_id: int, case_id: int) -> Response:
        form = self.read(forms.ShipReplacementRequest)
        return self.act(request, case_id, lambda: aftersales.ship_replacement(case_id=case_id, **form, now=clock.now()))


class CaseRefundInstead(_CaseAct):
    """Give the money back for goods that cannot be replaced."""

    @docs.refund_instead
    def post(self, request: Request, shop_id: int, case_id: int) -> Response:
        comment = self.read(forms.SellerCommentRequest).get("comment", "")
        return self.act(
            request, case_id, lambda: aftersales.refund_instead(case_id=case_id, comment=comment, now=clock.now())
        )


class CaseEvidences(_CaseAct):
    """Show more, as long as the case is open."""

    @docs.add_evidence
    def post(self, request: Request, shop_id: int, case_id: int) -> Response:
        evidence = _evidence(self.read(forms.SellerEvidenceRequest))
        return self.act(
            request,
            case_id,
            lambda: aftersales.add_evidence(case_id=case_id, evidence=evidence, by=Actor.SELLER, now=clock.now()),
        )


def _evidence(form: Mapping[str, Any]) -> Evidence:
    return Evidence(text=form.get("text", ""), images=tuple(form.get("images", ())))


def _render(case_id: int, *, shop_id: int) -> dict[str, Any]:
    return render.case(aftersales.get_case(case_id=case_id, shop_ids=[shop_id]))
