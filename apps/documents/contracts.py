"""What crosses the door of documents."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from tradecore.money import Money


class DocumentKind(StrEnum):
    """What a document is for."""

    RECEIPT = "RECEIPT"  # to the buyer of a paid order: what was paid, and how
    INVOICE = "INVOICE"  # from the shop to its buyer, once the first parcel of the order is on its way
    CREDIT_NOTE = "CREDIT_NOTE"  # takes something of an invoice back


class ChargeKind(StrEnum):
    """What is paid for in an order beside its goods."""

    SHIPPING = "SHIPPING"
    SURCHARGES = "SURCHARGES"  # the marketplace's own, tax included


class Remitter(StrEnum):
    """Who owes the tax of a sale to the state."""

    SELLER = "SELLER"
    MARKETPLACE = "MARKETPLACE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """In whose name a document is issued: the shop, and who sells in it. Empty: nobody had entered that by then."""

    shop_id: int
    name: str
    handle: str
    legal_name: str
    tax_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Whom an invoice is made out to: no more of their address than an invoice has to hold."""

    name: str
    line1: str
    line2: str
    city: str
    region: str
    postal_code: str
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLine:
    """Units of one line of the order. `price` is list price less discounts; without units an amount of it alone.

    `tax` is inside the price or on top of it, as the document says.
    """

    line_no: int
    title: str
    sku_code: str
    quantity: int
    unit_price: Money
    list_price: Money
    seller_discount: Money
    platform_discount: Money
    price: Money
    tax_rate_e5: int
    tax: Money
    duty: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeLine:
    """Something that is paid for beside the goods. No rate: its tax is not stated apart."""

    kind: ChargeKind
    price: Money
    tax_rate_e5: int | None
    tax: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxSum:
    """What was charged before tax at one rate, and the tax on it."""

    tax_rate_e5: int | None
    net: Money
    tax: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxTerms:
    """How tax was reckoned, and who pays it on: `jurisdiction` is whose it is where the marketplace does.

    `is_before_platform_discount`: the marketplace's own discount did not lower what is taxed.
    """

    prices_include_tax: bool
    is_before_platform_discount: bool
    remitted_by: Remitter
    jurisdiction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a document comes to: `total` = `net` + `tax` - `payment_discount` + `recorded_difference`.

    `net` is before tax, `total` the buyer's money. `payment_discount` is what the marketplace paid because of how the
    buyer paid.
    """

    net: Money
    tax: Money
    payment_discount: Money
    recorded_difference: Money
    total: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidWith:
    """One way in which a part of the purchase was paid."""

    method: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMade:
    """How the purchase was paid that the order is a part of."""

    purchase_number: str
    purchase_total: Money
    paid_with: tuple[PaidWith, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Which invoice a credit note takes something of back, and why: `how` it went back, and the word for the reason."""

    invoice_id: int
    invoice_number: str
    invoice_issued_on: date
    how: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All that a document says, as it was when it was issued. `issued_on` is the day in the market's own calendar.

    A receipt has `payment`, an invoice and a credit note have `customer`, a credit note has `corrects`.
    """

    kind: DocumentKind
    number: str
    issued_at: datetime
    issued_on: date
    market: str
    currency: str
    seller: Issuer
    customer: Customer | None
    order_number: str
    paid_at: datetime
    lines: tuple[ItemLine, ...]
    charges: tuple[ChargeLine, ...]
    taxes: tuple[TaxSum, ...]
    tax_terms: TaxTerms
    totals: Totals
    payment: PaymentMade | None
    corrects: Correction | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSummary:
    """A document as lists show it. `number` is the one that people read."""

    id: int
    kind: DocumentKind
    number: str
    order_id: int
    shop_id: int
    buyer_ref: int
    net: Money
    tax: Money
    total: Money
    issued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentView(DocumentSummary):
    """A document with all that it says: `content` has the form of `Content`, `content_hash` proves it unchanged."""

    content: Mapping[str, Any]
    content_hash: str
