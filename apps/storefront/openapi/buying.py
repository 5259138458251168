"""Quotes, purchases and a buyer's orders."""

from functools import partial
from typing import Any

from drf_spectacular.utils import OpenApiExample

from apps.accounts import api as accounts
from apps.checkout import api as checkout
from apps.inventory import api as inventory
from apps.markets import api as markets
from apps.orders import api as orders
from apps.payments import api as payments
from apps.promotions import api as promotions
from apps.storefront.errors import EmailMissing, UnpaidIsCancelledWhole
from apps.storefront.serializers import buying as forms
from apps.storefront.serializers import purchases as answers
from tradecore import degradation
from tradecore.attempts import TooManyAttempts
from tradecore.errors import NotFound
from tradecore.http.answers import page_answer
from tradecore.http.openapi import ANYBODY, BUYER, CREATED_QUERY, PAGE_QUERY, Documented, Key, Problem, query
from tradecore.ids import InvalidNumber

_PAYMENT = {"provider": "sandbox", "method_token": "tok_ok"}
_TOTAL = {"amount": "69.44", "currency": "GBP"}
_PURCHASE_ID = "420069437939290124"

#: What pricing a wish refuses, in the order in which it is checked.
_PRICING = (
    markets.UnknownMarket,
    checkout.MarketClosed,
    markets.RegionUnknown,
    checkout.SkuUnavailable,
    checkout.QuantityTooLarge,
    checkout.DeliveryOptionUnknown,
    checkout.AmountTooLarge,
    promotions.CouponCodeInvalid,
)

#: What opening a payment refuses.
_PAYING = (
    checkout.MethodUnknown,
    payments.ProviderUnknown,
    payments.MethodTokenRefused,
    payments.TendersDoNotAddUp,
)

_DECLINED = Problem(
    402,
    "payments.declined",
    "The payment was declined. The purchase stays payable until its deadline.",
    {"purchase_id": {"type": "string"}, "decline_code": {"type": "string"}, "purchase": {"type": "object"}},
)

_MONEY = {"$ref": "#/components/schemas/Money"}
_QUOTE = {"$ref": "#/components/schemas/QuoteAnswer"}

_QUOTE_EXPIRED = Problem(
    checkout.QuoteExpired.kind.value, checkout.QuoteExpired.code, checkout.QuoteExpired.title, {"quote": _QUOTE}
)
_PRICE_CHANGED = Problem(
    checkout.PriceChanged.kind.value,
    checkout.PriceChanged.code,
    checkout.PriceChanged.title,
    {"expected": _MONEY, "quoted": _MONEY, "quote": _QUOTE},
)

_route = partial(Documented, by=BUYER)
_buying = partial(_route, tag="Buying")
_orders = partial(_route, tag="Orders")


def _request(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value, request_only=True)


make_quote = _buying(
    operation_id="make_quote",
    in_read_only=True,
    summary="Price a basket",
    takes=forms.QuoteRequest,
    answers={200: answers.QuoteAnswer},
    refuses=[accounts.AddressInvalid, NotFound, TooManyAttempts, *_PRICING],
    examples=[
        _request(
            "a registered buyer",
            {
                "market": "GB",
                "lines": [{"sku_id": "420069437939290117", "quantity": 2}],
                "coupon_codes": ["SAVE10"],
                "address_id": "420069437939290114",
                "delivery_option": "standard",
                "payment_method": "card",
            },
        ),
        _request(
            "a guest",
            {
                "market": "GB",
                "lines": [{"sku_id": "420069437939290117", "quantity": 1}],
                "address": {
                    "recipient": "Robin Buyer",
                    "line1": "10 Downing Street",
                    "city": "London",
                    "postal_code": "SW1A 2AA",
                    "country": "GB",
                },
                "delivery_option": "standard",
            },
        ),
    ],
)

place_purchase = _buying(
    operation_id="place_purchase",
    summary="Buy a quote",
    takes=forms.PurchaseRequest,
    answers={201: answers.PurchaseAnswer, 202: answers.PurchaseAnswer},
    refuses=[
        accounts.EmailInvalid,
        EmailMissing,
        checkout.QuoteInvalid,
        checkout.QuoteUsed,
        degradation.GuestsOff,
        _QUOTE_EXPIRED,
        *_PRICING,
        _PRICE_CHANGED,
        *_PAYING,
        promotions.HoldRefused,
        promotions.PromotionNotActive,
        promotions.PromotionExhausted,
        promotions.BuyerLimitReached,
        promotions.BudgetExhausted,
        inventory.HoldRefused,
        inventory.OutOfStock,
        _DECLINED,
    ],
    key=Key.REQUIRED,
    examples=[
        _request("one card", {"quote_token": "eyJ...", "expected_total": _TOTAL, "payment": _PAYMENT}),
        _request(
            "two tenders",
            {
                "quote_token": "eyJ...",
                "expected_total": _TOTAL,
                "payment": {
                    "tenders": [
                        {
                            "provider": "sandbox",
                            "method": "voucher",
                            "method_token": "tok_ok",
                            "amount": {"amount": "20.00", "currency": "GBP"},
                        },
                        {
                            "provider": "sandbox",
                            "method": "card",
                            "method_token": "tok_ok",
                            "amount": {"amount": "49.44", "currency": "GBP"},
                        },
                    ]
                },
            },
        ),
    ],
)

get_purchase = _buying(
    operation_id="get_purchase",
    summary="Read a purchase",
    answers={200: answers.PurchaseAnswer},
    refuses=[NotFound],
)

pay_again = _buying(
    operation_id="pay_again",
    summary="Pay again",
    takes=forms.PayAgainRequest,
    answers={201: answers.PurchaseAnswer, 202: answers.PurchaseAnswer},
    refuses=[
        NotFound,
        checkout.NotPayable,
        *_PAYING,
        payments.PaymentClosed,
        payments.PaymentInProgress,
        _DECLINED,
    ],
    key=Key.REQUIRED,
    examples=[_request("one card", {"payment": _PAYMENT})],
)

cancel_purchase = _buying(
    operation_id="cancel_purchase",
    summary="Cancel an unpaid purchase",
    takes=forms.CancelPurchaseRequest,
    answers={200: answers.PurchaseAnswer},
    refuses=[NotFound, checkout.NotUnpaid],
    key=Key.REQUIRED,
)

list_orders = _orders(
    operation_id="list_orders",
    summary="List my orders",
    answers={200: page_answer(answers.OrderSummaryAnswer)},
    parameters=[
        query("status", {"type": "string", "enum": list(answers.ORDER_STATUSES)}, "Orders that stand there only."),
        *CREATED_QUERY,
        *PAGE_QUERY,
    ],
    examples=[
        OpenApiExample(
            "answer",
            {
                "items": [
                    {
                        "id": "420069437939290121",
                        "number": "0420 0694 3793 9290 1215",
                        "purchase_id": _PURCHASE_ID,
                        "buyer_ref": "420069437939290112",
                        "shop_id": "420069437939290116",
                        "status": "AWAITING_SHIPMENT",
                        "total": _TOTAL,
                        "unit_count": 2,
                        "placed_at": "2026-03-11T12:00:00.000Z",
                        "paid_at": "2026-03-11T12:00:04.000Z",
                    }
                ],
                "next_page_token": None,
            },
            response_only=True,
        )
    ],
)

get_order = _orders(
    operation_id="get_order",
    summary="Read an order",
    answers={200: answers.OrderAnswer},
    refuses=[NotFound],
)

cancel_order = _orders(
    operation_id="cancel_order",
    summary="Cancel an order, or some of it",
    takes=forms.CancelRequest,
    answers={200: answers.OrderAnswer, 202: answers.OrderAnswer},
    refuses=[
        NotFound,
        UnpaidIsCancelledWhole,
        checkout.NotUnpaid,
        orders.NotCancellable,
        orders.CancelRequestOpen,
        orders.OrderOnHold,
        orders.LineUnknown,
        orders.TooManyUnits,
    ],
    key=Key.REQUIRED,
    examples=[
        _request("all of it", {"reason": "changed_mind"}),
        _request("some of it", {"lines": [{"line_id": "420069437939290122", "quantity": 1}]}),
    ],
)

withdraw_cancel_request = _orders(
    operation_id="withdraw_cancel_request",
    summary="Take a request to cancel back",
    takes=forms.WithdrawCancelRequest,
    answers={200: answers.OrderAnswer},
    refuses=[NotFound, orders.CancelRequestNotOpen],
    key=Key.REQUIRED,
)

confirm_receipt = _orders(
    operation_id="confirm_receipt",
    summary="Confirm receipt",
    takes=forms.EmptyRequest,
    answers={200: answers.OrderAnswer},
    refuses=[NotFound, orders.NotDelivered, orders.OrderOnHold],
    key=Key.REQUIRED,
)

find_guest_order = Documented(
    operation_id="find_guest_order",
    in_read_only=True,
    summary="Find a guest's order",
    tag="Orders",
    by=ANYBODY,
    takes=forms.GuestOrderRequest,
    answers={200: answers.GuestOrderAnswer},
    refuses=[accounts.EmailInvalid, TooManyAttempts, InvalidNumber, NotFound],
    examples=[_request("request", {"number": "0420 0694 3793 9290 1215", "email": "robin@example.com"})],
)
