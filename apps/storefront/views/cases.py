"""A buyer's cases: what may be asked for, what it would bring, and what becomes of it."""

from collections.abc import Callable, Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.aftersales import api as aftersales
from apps.aftersales.api import Actor, CaseKind, CaseState, Evidence
from apps.orders import api as orders
from apps.storefront.openapi import cases as docs
from apps.storefront.principal import BuyerEndpoint
from apps.storefront.serializers import cases as forms
from tradecore import clock, wire
from tradecore.http.endpoints import write_once
from tradecore.http.etags import read_if_match, with_etag
from tradecore.http.pages import page_of, read_page
from tradecore.http.queries import one_of, read_id, read_query
from tradecore.idempotency import Outcome

_FILTERS = {"order_id": read_id, "state": one_of(tuple(state.value for state in CaseState))}


class OrderAfterSales(BuyerEndpoint):
    """What may be asked for of each line now, for how many units and for which reasons; and why not."""

    @docs.check_eligibility
    def get(self, request: Request, order_id: int) -> Response:
        read_query(request.query_params)
        found = aftersales.check_eligibility(order_id=order_id, buyer_ref=self.principal.id, now=clock.now())
        return Response(wire.to_json(found))


class CaseQuotes(BuyerEndpoint):
    """What a case would bring: goods, shipping, tax, void discounts, and who pays the way back. Writes nothing."""

    serves_in_read_only = True

    @docs.quote_case
    def post(self, request: Request) -> Response:
        form = self.read(forms.CaseQuoteRequest)
        quote = aftersales.quote_case(
            order_id=form["order_id"],
            buyer_ref=self.principal.id,
            kind=CaseKind(form["kind"]),
            units=[orders.LineUnits(**line) for line in form["lines"]],
            reason=form["reason"],
            now=clock.now(),
        )
        return Response(wire.to_json(quote))


class Cases(BuyerEndpoint):
    """The buyer's cases, newest first; and a new one, which its seller has to review."""

    @docs.list_cases
    def get(self, request: Request) -> Response:
        page = read_page(request, filters=_FILTERS)
        rows = aftersales.list_cases(
            buyer_ref=self.principal.id, limit=page.size + 1, before=page.before, **page.filters
        )
        return Response(page_of(rows, page, key=lambda row: row.id))

    @docs.open_case
    def post(self, request: Request) -> Response:
        form = self.read(forms.OpenCaseRequest)
        response = write_once(
            request,
            act=lambda _claim: self._open(form),
            answer=lambda case_id: Outcome(201, _render(case_id, buyer_ref=self.principal.id)),
        )
        return with_etag(response)

    def _open(self, form: Mapping[str, Any]) -> int:
        """A case about an order of the buyer's own. Refuses: NotFound, and what `open_case` refuses."""
        orders.get_order(order_id=form["order_id"], buyer_ref=self.principal.id)
        return aftersales.open_case(request=_asked(form, order_id=form["order_id"]), now=clock.now())


class Case(BuyerEndpoint):
    """One case: where it stands, who acts next until when, what happens otherwise, and all that was done."""

    @docs.get_case
    def get(self, request: Request, case_id: int) -> Response:
        return with_etag(Response(_render(case_id, buyer_ref=self.principal.id)))


class _CaseAct(BuyerEndpoint):
    """Something that a buyer does with a case of theirs."""

    def act(self, request: Request, case_id: int, do: Callable[[], object]) -> Response:
        """Do it once, and answer with the case as it stands after it. Refuses: NotFound."""
        aftersales.get_case(case_id=case_id, buyer_ref=self.principal.id)
        response = write_once(
            request,
            act=lambda _claim: do(),
            answer=lambda _result: Outcome(200, _render(case_id, buyer_ref=self.principal.id)),
        )
        return with_etag(response)


class CaseEdit(_CaseAct):
    """Put another request in its place, before the seller has answered. Twice at most."""

    @docs.edit_case
    def post(self, request: Request, case_id: int) -> Response:
        form = self.read(forms.CaseAskRequest)
        order_id = aftersales.get_case(case_id=case_id, buyer_ref=self.principal.id).order_id
        asked = _asked(form, order_id=order_id)
        return self.act(request, case_id, lambda: aftersales.edit_case(case_id=case_id, request=asked, now=clock.now()))


class CaseEvidences(_CaseAct):
    """Show more, as long as the case is open."""

    @docs.add_evidence
    def post(self, request: Request, case_id: int) -> Response:
        evidence = _evidence(self.read(forms.CaseEvidenceRequest))
        return self.act(
            request,
            case_id,
            lambda: aftersales.add_evidence(case_id=case_id, evidence=evidence, by=Actor.BUYER, now=clock.now()),
        )


class CaseWithdraw(_CaseAct):
    """Take a case back that is not decided."""

    @docs.withdraw_case
    def post(self, request: Request, case_id: int) -> Response:
        comment = self.read(forms.CaseCommentRequest).get("comment", "")
        return self.act(
            request, case_id, lambda: aftersales.withdraw_case(case_id=case_id, comment=comment, now=clock.now())
        )


class CaseShip(_CaseAct):
    """Say with which parcel the goods go back."""

    @docs.ship_case
    def post(self, request: Request, case_id: int) -> Response:
        form = self.read(forms.CaseShipRequest)
        return self.act(request, case_id, lambda: aftersales.ship_back(case_id=case_id, **form, now=clock.now()))


class CaseAcceptOffer(_CaseAct):
    """Take the money that the seller offers, and keep the goods."""

    @docs.accept_offer
    def post(self, request: Request, case_id: int) -> Response:
        version = read_if_match(request)
        self.read(forms.CaseEmptyRequest)
        return self.act(
            request, case_id, lambda: aftersales.accept_offer(case_id=case_id, version=version, now=clock.now())
        )


class CaseRefuseOffer(_CaseAct):
    """Do not take it: the seller decides about the request again."""

    @docs.refuse_offer
    def post(self, request: Request, case_id: int) -> Response:
        comment = self.read(forms.CaseCommentRequest).get("comment", "")
        return self.act(
            request, case_id, lambda: aftersales.refuse_offer(case_id=case_id, comment=comment, now=clock.now())
        )


class CaseEscalate(_CaseAct):
    """Have the platform decide what the seller has rejected, or a replacement that is not right."""

    @docs.escalate_case
    def post(self, request: Request, case_id: int) -> Response:
        form = self.read(forms.CaseEscalateRequest)
        return self.act(
            request,
            case_id,
            lambda: aftersales.escalate(
                case_id=case_id,
                comment=form.get("comment", ""),
                evidence=_evidence(form.get("evidence", {})),
                now=clock.now(),
            ),
        )


class CaseConfirmReplacement(_CaseAct):
    """Say that what replaces the goods has come, and is right."""

    @docs.confirm_replacement
    def post(self, request: Request, case_id: int) -> Response:
        self.read(forms.CaseEmptyRequest)
        return self.act(request, case_id, lambda: aftersales.confirm_replacement(case_id=case_id, now=clock.now()))


def _asked(form: Mapping[str, Any], *, order_id: int) -> aftersales.CaseRequest:
    wanted = {line["line_id"]: line["wanted_sku_id"] for line in form["lines"] if "wanted_sku_id" in line}
    return aftersales.CaseRequest(
        order_id=order_id,
        kind=CaseKind(form["kind"]),
        units=tuple(orders.LineUnits(line_id=line["line_id"], quantity=line["quantity"]) for line in form["lines"]),
        reason=form["reason"],
        comment=form.get("comment", ""),
        evidence=_evidence(form.get("evidence", {})),
        exchange_for=wanted or None,
    )


def _evidence(form: Mapping[str, Any]) -> Evidence:
    return Evidence(text=form.get("text", ""), images=tuple(form.get("images", ())))


def _render(case_id: int, *, buyer_ref: int) -> dict[str, Any]:
    document: dict[str, Any] = wire.to_json(aftersales.get_case(case_id=case_id, buyer_ref=buyer_ref))
    del document["buyer_ref"]
    return document
