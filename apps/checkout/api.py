"""The public door of checkout."""

from apps.checkout.cancel_lines import cancel_lines, cancel_unshipped
from apps.checkout.collect_payment import (
    apply_stored_answers,
    collect_payment,
    offer_tenders,
    poll_provider_calls,
)
from apps.checkout.confirm_payment import apply_statement, confirm_free_purchase
from apps.checkout.contracts import (
    CREATOR_SHARES,
    LINES_MAX,
    QUANTITY_MAX,
    Buyer,
    CreatorShare,
    CreatorShares,
    NoCreators,
    PaymentProgress,
    PlacePurchase,
    Quote,
    QuotedItem,
    TenderWish,
    WantedLine,
    Wish,
)
from apps.checkout.end_remorse import end_remorse
from apps.checkout.errors import (
    AmountTooLarge,
    DeliveryOptionUnknown,
    MarketClosed,
    MethodUnknown,
    NotPayable,
    NotUnpaid,
    PriceChanged,
    QuantityTooLarge,
    QuoteExpired,
    QuoteInvalid,
    QuoteUsed,
    SkuUnavailable,
    SuspectChanged,
)
from apps.checkout.expire_purchase import cancel_unpaid_purchase, expire_purchase
from apps.checkout.gate import is_hot, refuse_if_gone
from apps.checkout.place_purchase import place_purchase
from apps.checkout.quote import QUANTITY_LIMIT, list_quoted_skus, make_quote
from apps.checkout.request_cancellation import (
    approve_cancel_request,
    approve_unanswered_request,
    reject_cancel_request,
    request_cancellation,
    withdraw_cancel_request,
)
from apps.checkout.settle_suspect import SETTLE_SUSPECT, carry_out_settlement, settle_suspect

__all__ = [
    "CREATOR_SHARES",
    "LINES_MAX",
    "QUANTITY_LIMIT",
    "QUANTITY_MAX",
    "SETTLE_SUSPECT",
    "AmountTooLarge",
    "Buyer",
    "CreatorShare",
    "CreatorShares",
    "DeliveryOptionUnknown",
    "MarketClosed",
    "MethodUnknown",
    "NoCreators",
    "NotPayable",
    "NotUnpaid",
    "PaymentProgress",
    "PlacePurchase",
    "PriceChanged",
    "QuantityTooLarge",
    "Quote",
    "QuoteExpired",
    "QuoteInvalid",
    "QuoteUsed",
    "QuotedItem",
    "SkuUnavailable",
    "SuspectChanged",
    "TenderWish",
    "WantedLine",
    "Wish",
    "apply_statement",
    "apply_stored_answers",
    "approve_cancel_request",
    "approve_unanswered_request",
    "cancel_lines",
    "cancel_unpaid_purchase",
    "cancel_unshipped",
    "carry_out_settlement",
    "collect_payment",
    "confirm_free_purchase",
    "end_remorse",
    "expire_purchase",
    "is_hot",
    "list_quoted_skus",
    "make_quote",
    "offer_tenders",
    "place_purchase",
    "poll_provider_calls",
    "refuse_if_gone",
    "reject_cancel_request",
    "request_cancellation",
    "settle_suspect",
    "withdraw_cancel_request",
]
