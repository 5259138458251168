"""Buying in two calls: a quote, and a purchase of it."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import api as accounts
from apps.checkout import api as checkout
from apps.orders import api as orders
from apps.payments import api as payments
from apps.pricing.api import MissReason
from apps.storefront import guesses, render
from apps.storefront.errors import EmailMissing
from apps.storefront.openapi import buying as docs
from apps.storefront.principal import BuyerEndpoint
from apps.storefront.serializers import buying
from tradecore import clock, db, idempotency
from tradecore.http import problems
from tradecore.http.endpoints import raw_body, write_once
from tradecore.http.principals import Principal
from tradecore.idempotency import Claim, Outcome
from tradecore.strict_json import JSONRefused, parse_strictly

PLACED = "placed"

# What counts for the limits per SKU is read off the body as it stands, before its form is checked.
_SKU_ID = re.compile(rb'"sku_id"\s*:\s*"([1-9][0-9]{0,18})"')
_QUOTE_TOKEN = re.compile(rb'"quote_token"\s*:\s*"([A-Za-z0-9_:.-]{1,20000})"')


class Quotes(BuyerEndpoint):
    """What a basket costs, step by step, and why. Nothing is written and nothing is held."""

    serves_in_read_only = True

    def skus_asked_for(self, request: Request) -> Iterable[int]:
        return map(int, _SKU_ID.findall(_plain_body(request)))

    @docs.make_quote
    def post(self, request: Request) -> Response:
        form = self.read(buying.QuoteRequest)
        now = clock.now()
        buyer = _buyer(self.principal, email="")
        if form.get("coupon_codes"):
            guesses.check_coupons(request, buyer=buyer.scope, now=now)
        quote = checkout.make_quote(wish=_wish(form, self.principal), buyer=buyer, now=now)
        unknown = sum(outcome.reason is MissReason.UNKNOWN_CODE for outcome in quote.priced.outcomes)
        if unknown:
            guesses.count_coupons(request, buyer=buyer.scope, number=unknown, now=now)
        return Response(render.quote(quote))


class Purchases(BuyerEndpoint):
    """Buy a quote: 201 placed and paid, 202 placed with something left to do, 402 placed and declined."""

    def skus_asked_for(self, request: Request) -> Iterable[int]:
        found = _QUOTE_TOKEN.search(_plain_body(request))
        return checkout.list_quoted_skus(token=found[1].decode()) if found else ()

    @docs.place_purchase
    def post(self, request: Request) -> Response:
        form = self.read(buying.PurchaseRequest)
        if checkout.is_hot(token=form["quote_token"], now=clock.now()):
            return self._buy_hot(form)
        return write_once(request, act=partial(self._buy, form), answer=_answer_of)

    def _buy_hot(self, form: Mapping[str, Any]) -> Response:
        """What is gone is refused before the key is claimed, unless the key is known: it may have an answer."""
        buyer = _buyer(self.principal, email="")
        return write_once(
            self.request,
            act=partial(self._buy, form, together=True),
            answer=_answer_of,
            gate=partial(checkout.refuse_if_gone, token=form["quote_token"], buyer=buyer),
        )

    def _buy(self, form: Mapping[str, Any], claim: Claim | None, *, together: bool = False) -> checkout.PaymentProgress:
        now = clock.now()
        if claim is not None and claim.recovery_point == PLACED:
            assert claim.recovery_subject is not None
            return checkout.collect_payment(purchase_id=claim.recovery_subject, now=now)
        command = checkout.PlacePurchase(
            buyer=_buyer(self.principal, email=_contact_email(form, self.principal)),
            quote_token=form["quote_token"],
            expected_total=form["expected_total"],
            tenders=_tenders(form["payment"]),
        )
        with db.alongside(partial(_reach_placed, claim)):
            placed = checkout.place_purchase(command=command, now=now, together=together)
        return checkout.collect_payment(purchase_id=placed.purchase.id, now=now, placed=placed, together=together)


class Purchase(BuyerEndpoint):
    """A purchase with its orders, its payment and what is left to do."""

    @docs.get_purchase
    def get(self, request: Request, purchase_id: int) -> Response:
        purchase = orders.get_purchase(purchase_id=purchase_id, buyer_ref=self.principal.id)
        return Response(render.purchase(purchase, payments.get_payment(payable_ref=purchase_id)))


class PurchasePayments(BuyerEndpoint):
    """Pay again, another way, as long as the purchase is payable."""

    @docs.pay_again
    def post(self, request: Request, purchase_id: int) -> Response:
        form = self.read(buying.PayAgainRequest)
        orders.get_purchase(purchase_id=purchase_id, buyer_ref=self.principal.id)
        return write_once(request, act=partial(_pay_again, purchase_id, form), answer=_answer_of)


class PurchaseCancel(BuyerEndpoint):
    """Cancel a purchase that is not paid yet, whole."""

    @docs.cancel_purchase
    def post(self, request: Request, purchase_id: int) -> Response:
        self.read(buying.CancelPurchaseRequest)
        orders.get_purchase(purchase_id=purchase_id, buyer_ref=self.principal.id)
        return write_once(
            request,
            act=lambda _claim: checkout.cancel_unpaid_purchase(
                purchase_id=purchase_id, initiator="buyer", reason="changed_mind", now=clock.now()
            ),
            answer=lambda _result: _purchase_outcome(purchase_id),
        )


def _plain_body(request: Request) -> bytes:
    """The body in letters that stand for themselves, so that no escape hides what counts; empty where it is no JSON."""
    body = raw_body(request)
    if b"\\" not in body:
        return body
    try:
        return json.dumps(parse_strictly(body), ensure_ascii=False).encode()
    except JSONRefused:
        return b""


def _wish(form: Mapping[str, Any], principal: Principal) -> checkout.Wish:
    return checkout.Wish(
        market=form["market"],
        lines=tuple(checkout.WantedLine(line["sku_id"], line["quantity"]) for line in form["lines"]),
        address=_address(form, principal),
        delivery_option=form["delivery_option"],
        coupon_codes=tuple(form.get("coupon_codes", ())),
        payment_method=form.get("payment_method"),
    )


def _address(form: Mapping[str, Any], principal: Principal) -> accounts.Address:
    if "address" in form:
        return accounts.validate_address(accounts.Address(**form["address"]))
    if principal.is_guest:
        raise PermissionDenied("A guest has no address book: give the address.")
    return accounts.get_address(user_id=principal.id, address_id=form["address_id"]).address


def _buyer(principal: Principal, *, email: str) -> checkout.Buyer:
    return checkout.Buyer(ref=principal.id, scope=principal.scope, is_guest=principal.is_guest, email=email)


def _contact_email(form: Mapping[str, Any], principal: Principal) -> str:
    """Where messages about the purchase go. Refuses: EmailMissing (a guest must give one)."""
    if "email" in form:
        return accounts.canonical_email(form["email"])
    if principal.is_guest:
        raise EmailMissing
    return principal.email


def _tenders(form: Mapping[str, Any]) -> tuple[checkout.TenderWish, ...]:
    return tuple(
        checkout.TenderWish(
            provider=tender["provider"],
            method=tender.get("method", "card"),
            method_token=tender["method_token"],
            amount=tender.get("amount"),
            instalments=tender.get("instalments", 1),
        )
        for tender in form.get("tenders", [form])
    )


def _reach_placed(claim: Claim | None, placed: checkout.PaymentProgress) -> None:
    if claim is not None:
        idempotency.reach(claim, point=PLACED, subject=placed.purchase.id)


def _pay_again(purchase_id: int, form: Mapping[str, Any], claim: Claim | None) -> checkout.PaymentProgress:
    now = clock.now()
    if claim is None or claim.recovery_point != PLACED:
        with db.alongside(partial(_reach_placed, claim)):
            checkout.offer_tenders(purchase_id=purchase_id, tenders=_tenders(form["payment"]), now=now)
    return checkout.collect_payment(purchase_id=purchase_id, now=now)


def _answer_of(progress: checkout.PaymentProgress | None) -> Outcome | None:
    """The outcome of a purchase whose calls have all been sent; None before that, and for steps beside the way."""
    if progress is None or not progress.is_final:
        return None
    body = render.progress(progress)
    if progress.purchase.status == "PAID":
        return Outcome(201, body)
    if render.falls_short(progress.payment):
        codes = [tender.decline_code for tender in progress.payment.tenders if tender.status == "DECLINED"]
        declined = {"purchase_id": body["purchase_id"], "decline_code": codes[-1] if codes else ""}
        return Outcome(
            402,
            problems.problem(
                status=402,
                code="payments.declined",
                title="The payment was declined.",
                facts=declined | {"purchase": body},
            ),
        )
    return Outcome(202, body)


def _purchase_outcome(purchase_id: int) -> Outcome:
    purchase = orders.get_purchase(purchase_id=purchase_id)
    return Outcome(200, render.purchase(purchase, payments.get_payment(payable_ref=purchase_id)))
