"""A shop's own promotions."""

from functools import partial

from drf_spectacular.utils import OpenApiExample

from apps.promotions import api as promotions
from apps.seller_desk.errors import CurrencyMismatch
from apps.seller_desk.openapi.waiting import waits
from apps.seller_desk.serializers import promotions as forms
from apps.seller_desk.serializers.waiting import AwaitsApprovalAnswer
from tradecore.errors import NotFound
from tradecore.http.openapi import MEMBER, Documented, Key

_MONEY = {"amount": "8.00", "currency": "GBP"}
_SPEND = {"amount": "60.00", "currency": "GBP"}
_COUPON = {
    "kind": "SELLER_COUPON",
    "title": "Spring coupon",
    "code": "SPRING8",
    "amount_off": _MONEY,
    "targets": [{"kind": "SHOP", "id": "420069437939290116"}],
    "starts_at": "2026-03-20T00:00:00Z",
    "ends_at": "2026-04-20T00:00:00Z",
    "min_spend": _SPEND,
    "uses_cap": 500,
    "uses_per_buyer_cap": 1,
}
_DISCOUNT = {
    "kind": "DIRECT_DISCOUNT",
    "title": "Scarves, ten per cent less",
    "rate_off_bp": 1000,
    "max_off": _MONEY,
    "targets": [{"kind": "PRODUCT", "id": "420069437939290118"}],
    "starts_at": "2026-03-20T00:00:00Z",
    "ends_at": "2026-04-20T00:00:00Z",
}
_ANSWER = _COUPON | {
    "id": "420069437939290125",
    "market": "GB",
    "price": None,
    "rate_off_bp": None,
    "max_off": None,
    "starts_at": "2026-03-20T00:00:00.000Z",
    "ends_at": "2026-04-20T00:00:00.000Z",
    "budget": None,
    "state": "DRAFT",
    "status": "DRAFT",
    "held_uses": 0,
    "posted_uses": 0,
    "held": {"amount": "0.00", "currency": "GBP"},
    "posted": {"amount": "0.00", "currency": "GBP"},
}

_route = partial(Documented, tag="Selling: promotions", by=MEMBER)

create_promotion = _route(
    operation_id="create_promotion",
    summary="Draft a promotion",
    takes=forms.PromotionRequest,
    answers={201: forms.SellerPromotionAnswer},
    refuses=[
        NotFound,
        CurrencyMismatch,
        promotions.CouponCodeInvalid,
        promotions.PromotionInvalid,
        promotions.CouponCodeTaken,
        promotions.TitleTaken,
    ],
    key=Key.HONOURED,
    examples=[
        OpenApiExample("a coupon", _COUPON, request_only=True),
        OpenApiExample("a discount", _DISCOUNT, request_only=True),
        OpenApiExample("answer", _ANSWER, response_only=True, status_codes=[201]),
    ],
)

get_promotion = _route(
    operation_id="get_promotion",
    summary="Read a promotion",
    answers={200: forms.SellerOwnPromotionAnswer},
    refuses=[NotFound],
    examples=[OpenApiExample("answer", _ANSWER | {"waits": None}, response_only=True)],
)

publish_promotion = _route(
    operation_id="publish_promotion",
    summary="Let a promotion apply",
    takes=forms.PublishPromotionRequest,
    answers={200: forms.SellerPromotionAnswer, 202: AwaitsApprovalAnswer},
    refuses=[NotFound, promotions.StateNotAllowed],
    key=Key.HONOURED,
    examples=[
        OpenApiExample(
            "answer",
            _ANSWER | {"state": "PUBLISHED", "status": "NOT_START"},
            response_only=True,
            status_codes=[200],
        ),
        waits(promotions.PUBLISH_UNBOUNDED),
    ],
)

deactivate_promotion = _route(
    operation_id="deactivate_promotion",
    summary="Let a promotion apply no more",
    takes=forms.DeactivatePromotionRequest,
    answers={200: forms.SellerPromotionAnswer},
    refuses=[NotFound],
    key=Key.HONOURED,
    examples=[
        OpenApiExample("request", {"reason": "Sold out sooner than we thought."}, request_only=True),
        OpenApiExample("answer", _ANSWER | {"state": "DEACTIVATED", "status": "DEACTIVATED"}, response_only=True),
    ],
)
