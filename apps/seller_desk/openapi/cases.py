"""Cases about a shop's orders."""

from functools import partial
from typing import Any

from drf_spectacular.utils import OpenApiExample

from apps.aftersales import api as aftersales
from apps.inventory import api as inventory
from apps.orders import api as orders
from apps.payments import api as payments
from apps.seller_desk.serializers import cases as forms
from tradecore.errors import NotFound
from tradecore.http.answers import page_answer
from tradecore.http.openapi import MEMBER, PAGE_QUERY, Documented, Key, query

_LINE_ID = "420069437939290122"
_EVIDENCE = {"text": "The parcel was empty.", "images": ["https://pictures.example/parcel.jpg"]}

#: What giving money back refuses.
_PAYING = (orders.OrderOnHold, payments.RefundExceedsCapture)

_route = partial(Documented, tag="Selling: after-sales", by=MEMBER)


def _request(name: str, body: Any) -> OpenApiExample:
    return OpenApiExample(name, body, request_only=True)


def _act(operation_id: str, summary: str, **options: Any) -> Documented:
    """Something that is done with a case."""
    options["refuses"] = [aftersales.CaseInvalid, NotFound, aftersales.CaseNotWaiting, *options.pop("refuses", ())]
    return _route(
        operation_id=operation_id,
        summary=summary,
        answers={200: forms.SellerCaseAnswer},
        key=Key.REQUIRED,
        etag=True,
        **options,
    )


list_cases = _route(
    operation_id="list_shop_cases",
    summary="List the cases of my shop",
    answers={200: page_answer(forms.SellerCaseSummaryAnswer)},
    refuses=[NotFound],
    parameters=[
        query("next_actor", {"type": "string", "enum": list(forms.NEXT_ACTORS)}, "Cases that wait for them only."),
        query(
            "state",
            {"type": "string", "enum": [state.value for state in aftersales.CaseState]},
            "Cases that stand there only.",
        ),
        query("order_id", {"type": "string"}, "Cases about this order only."),
        *PAGE_QUERY,
    ],
)

get_case = _route(
    operation_id="get_shop_case",
    summary="Read a case of my shop",
    answers={200: forms.SellerCaseAnswer},
    refuses=[NotFound],
    etag=True,
)

refund_order = _route(
    operation_id="refund_shop_order",
    summary="Give money back of an order",
    takes=forms.RefundRequest,
    answers={201: forms.SellerCaseAnswer},
    refuses=[
        aftersales.CaseInvalid,
        NotFound,
        aftersales.NotEligible,
        aftersales.ReasonNotAllowed,
        orders.LineUnknown,
        aftersales.UnitsNotEligible,
        *_PAYING,
    ],
    key=Key.REQUIRED,
    etag=True,
    examples=[
        _request("a unit", {"lines": [{"line_id": _LINE_ID, "quantity": 1}], "reason": "shops_mistake"}),
    ],
)

approve_case = _act(
    "approve_case",
    "Approve what is asked for",
    takes=forms.ApproveCaseRequest,
    refuses=[aftersales.CaseVersionStale, inventory.OutOfStock, *_PAYING],
    if_match=True,
    examples=[_request("goods kept", {"buyer_keeps_goods": True, "comment": "Please keep it."})],
)

reject_case = _act(
    "reject_case",
    "Reject what is asked for",
    takes=forms.RejectCaseRequest,
    refuses=[
        aftersales.CaseVersionStale,
        aftersales.EvidenceInvalid,
        aftersales.ReasonNotAllowed,
        aftersales.EvidenceFull,
    ],
    if_match=True,
    examples=[_request("a reason", {"reason": "as_described", "comment": "It is as the page says."})],
)

make_offer = _act(
    "make_offer",
    "Offer some money instead",
    takes=forms.OfferRequest,
    refuses=[aftersales.CaseVersionStale, aftersales.TooManyOffers, aftersales.OfferNotPossible],
    if_match=True,
    examples=[_request("an offer", {"amount": {"amount": "1.00", "currency": "GBP"}, "comment": "Please keep it."})],
)

receive_case = _act(
    "receive_case",
    "Take what came back",
    takes=forms.ReceiveRequest,
    refuses=[orders.LineUnknown, aftersales.TooManyUnitsFound, *_PAYING],
    examples=[_request("all good", {"lines": [{"line_id": _LINE_ID, "good": 1, "damaged": 0}]})],
)

refuse_return = _act(
    "refuse_return",
    "Refuse what came back",
    takes=forms.RefuseReturnRequest,
    refuses=[
        aftersales.EvidenceMissing,
        aftersales.EvidenceInvalid,
        aftersales.ReasonNotAllowed,
        aftersales.EvidenceFull,
    ],
    examples=[_request("a reason", {"reason": "parcel_empty", "evidence": _EVIDENCE})],
)

ship_replacement = _act(
    "ship_replacement",
    "Send what replaces the goods",
    takes=forms.ShipReplacementRequest,
    refuses=[aftersales.ReplacementGone],
    examples=[_request("a parcel", {"carrier": "royal-mail", "tracking_number": "RM123456789GB"})],
)

refund_instead = _act(
    "refund_instead",
    "Give the money back instead",
    takes=forms.SellerCommentRequest,
    refuses=_PAYING,
    examples=[_request("a word", {"comment": "It is sold out."})],
)

add_evidence = _act(
    "add_shop_evidence",
    "Show more of a case",
    takes=forms.SellerEvidenceRequest,
    refuses=[aftersales.EvidenceMissing, aftersales.EvidenceInvalid, aftersales.EvidenceFull],
    examples=[_request("evidence", _EVIDENCE)],
)
