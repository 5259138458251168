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
    LINES_MAX,
    QUANTITY_MAX,
    Buyer,
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
    QuoteExpired,
    QuoteInvalid,
    QuoteUsed,
    SkuUnavailable,
)
from apps.checkout.expire_purchase import cancel_unpaid_purchase, expire_purchase
from apps.checkout.place_purchase import place_purchase
from apps.checkout.quote import make_quote
from apps.checkout.settle_suspect import settle_suspect

__all__ = [
    "LINES_MAX",
    "QUANTITY_MAX",
    "AmountTooLarge",
    "Buyer",
    "DeliveryOptionUnknown",
    "MarketClosed",
    "MethodUnknown",
    "NotPayable",
    "NotUnpaid",
    "PaymentProgress",
    "PlacePurchase",
    "PriceChanged",
    "Quote",
    "QuoteExpired",
    "QuoteInvalid",
    "QuoteUsed",
    "QuotedItem",
    "SkuUnavailable",
    "TenderWish",
    "WantedLine",
    "Wish",
    "apply_statement",
    "apply_stored_answers",
    "cancel_lines",
    "cancel_unpaid_purchase",
    "cancel_unshipped",
    "collect_payment",
    "confirm_free_purchase",
    "end_remorse",
    "expire_purchase",
    "make_quote",
    "offer_tenders",
    "place_purchase",
    "poll_provider_calls",
    "settle_suspect",
]
