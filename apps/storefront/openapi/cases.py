"""A buyer's after-sales cases."""

from functools import partial
from typing import Any

from drf_spectacular.utils import OpenApiExample

from apps.aftersales import api as aftersales
from apps.orders import api as orders
from apps.payments import api as payments
from apps.storefront.serializers import cases as forms
from tradecore.errors import NotFound
from tradecore.http.answers import page_answer
from tradecore.http.openapi import BUYER, PAGE_QUERY, Documented, Key, query

_ORDER_ID = "420069437939290121"
_LINES = [{"line_id": "420069437939290122", "quantity": 1}]
_ASKED = {"kind": "RETURN_AND_REFUND", "lines": _LINES, "reason": "no_longer_wanted"}
_EVIDENCE = {"text": "The handle is broken.", "images": ["https://pictures.example/handle.jpg"]}

#: What asking for something refuses, in the order in which it is checked.
_ASKING = (
    aftersales.CaseInvalid,
    aftersales.EvidenceInvalid,
    NotFound,
    aftersales.NotEligible,
    aftersales.ReasonNotAllowed,
    aftersales.EvidenceMissing,
    orders.LineUnknown,
    aftersales.UnitsNotEligible,
    aftersales.TooManyRequests,
    aftersales.ExchangeNotPossible,
)

_route = partial(Documented, tag="After-sales", by=BUYER)


def _request(name: str, body: Any) -> OpenApiExample:
    return OpenApiExample(name, body, request_only=True)


def _act(operation_id: str, summary: str, **options: Any) -> Documented:
    """Something that is done with a case."""
    options["refuses"] = [aftersales.CaseInvalid, NotFound, aftersales.CaseNotWaiting, *options.pop("refuses", ())]
    return _route(
        operation_id=operation_id,
        summary=summary,
        answers={200: forms.CaseAnswer},
        key=Key.REQUIRED,
        etag=True,
        **options,
    )


check_eligibility = _route(
    operation_id="check_eligibility",
    summary="See what may be asked for of an order",
    answers={200: forms.EligibilityAnswer},
    refuses=[NotFound],
)

quote_case = _route(
    operation_id="quote_case",
    in_read_only=True,
    summary="See what a case would bring",
    takes=forms.CaseQuoteRequest,
    answers={200: forms.CaseQuoteAnswer},
    refuses=[
        NotFound,
        aftersales.NotEligible,
        aftersales.ReasonNotAllowed,
        orders.LineUnknown,
        aftersales.UnitsNotEligible,
    ],
    examples=[_request("a return", {"order_id": _ORDER_ID} | _ASKED)],
)

list_cases = _route(
    operation_id="list_cases",
    summary="List my cases",
    answers={200: page_answer(forms.CaseSummaryAnswer)},
    parameters=[
        query("order_id", {"type": "string"}, "Cases about this order only."),
        query(
            "state",
            {"type": "string", "enum": [state.value for state in aftersales.CaseState]},
            "Cases that stand there only.",
        ),
        *PAGE_QUERY,
    ],
)

open_case = _route(
    operation_id="open_case",
    summary="Ask for a refund, a return, a replacement or an exchange",
    takes=forms.OpenCaseRequest,
    answers={201: forms.CaseAnswer},
    refuses=_ASKING,
    key=Key.REQUIRED,
    etag=True,
    examples=[
        _request("a return", {"order_id": _ORDER_ID} | _ASKED),
        _request(
            "a refund",
            {
                "order_id": _ORDER_ID,
                "kind": "REFUND_ONLY",
                "lines": _LINES,
                "reason": "defective",
                "evidence": _EVIDENCE,
            },
        ),
    ],
)

get_case = _route(
    operation_id="get_case",
    summary="Read a case",
    answers={200: forms.CaseAnswer},
    refuses=[NotFound],
    etag=True,
)

edit_case = _act(
    "edit_case",
    "Change what I ask for",
    takes=forms.CaseAskRequest,
    refuses=[aftersales.TooManyEdits, *_ASKING, aftersales.EvidenceFull],
    examples=[_request("a return", _ASKED)],
)

add_evidence = _act(
    "add_evidence",
    "Show more of a case",
    takes=forms.CaseEvidenceRequest,
    refuses=[aftersales.EvidenceMissing, aftersales.EvidenceInvalid, aftersales.EvidenceFull],
    examples=[_request("evidence", _EVIDENCE)],
)

withdraw_case = _act(
    "withdraw_case",
    "Take a case back",
    takes=forms.CaseCommentRequest,
    examples=[_request("a word", {"comment": "I keep it."})],
)

ship_case = _act(
    "ship_case",
    "Send the goods back",
    takes=forms.CaseShipRequest,
    examples=[_request("a parcel", {"carrier": "royal-mail", "tracking_number": "RT123456789GB"})],
)

accept_offer = _act(
    "accept_offer",
    "Accept what the seller offers",
    takes=forms.CaseEmptyRequest,
    refuses=[aftersales.CaseVersionStale, orders.OrderOnHold, payments.RefundExceedsCapture],
    if_match=True,
)

refuse_offer = _act(
    "refuse_offer",
    "Refuse what the seller offers",
    takes=forms.CaseCommentRequest,
    examples=[_request("a word", {"comment": "That is too little."})],
)

escalate_case = _act(
    "escalate_case",
    "Have the platform decide",
    takes=forms.CaseEscalateRequest,
    refuses=[aftersales.EvidenceInvalid, aftersales.EvidenceFull],
    examples=[_request("a word", {"comment": "The pictures show it.", "evidence": _EVIDENCE})],
)

confirm_replacement = _act("confirm_replacement", "Confirm that a replacement has come", takes=forms.CaseEmptyRequest)
