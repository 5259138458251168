"""What each money event of a purchase is in double entry: which accounts it moves, and what each amount is about.

Flows post these in the transaction of their fact. A capture is the buyer's money (`BUYER_FUNDS`) until the purchase is
paid in full; then each order's sale takes its total from there and adds what the platform pays of the price. So a
purchase that is paid in parts, too late or twice needs no words of its own, and `BUYER_FUNDS` comes back to nothing for
each purchase: what no order took has gone back.

Dr is a debit, Cr a credit; E2 is the worked example of pricing.
"""

from apps.ledger.contracts import Entry, Posting, Sheet
from apps.pricing.api import Proceeds
from tradecore.money import Money

AUTHORISATION = "authorisation"
CAPTURE = "capture"
SALE = "sale"
UNITS_GONE = "units_gone"
LATE_MONEY = "late_money"
REFUND = "refund"


def authorisation(*, tender_ref: int, payable_ref: int, provider: str, amount: Money) -> Posting:
    """A provider holds a buyer's money for us (pending). Dr PSP_CLEARING / Cr BUYER_FUNDS."""
    sheet = _captured(tender_ref, payable_ref=payable_ref, provider=provider, amount=amount)
    return Posting(kind=AUTHORISATION, reference=tender_ref, order_ref=payable_ref, entries=tuple(sheet))


def capture(*, capture_ref: int, payable_ref: int, provider: str, amount: Money) -> Posting:
    """A provider took a buyer's money for us. Dr PSP_CLEARING / Cr BUYER_FUNDS."""
    sheet = _captured(capture_ref, payable_ref=payable_ref, provider=provider, amount=amount)
    return Posting(kind=CAPTURE, reference=capture_ref, order_ref=payable_ref, entries=tuple(sheet))


def sale(
    *, order_ref: int, payable_ref: int, shop_ref: int, tax_payable_to: str, currency: str, proceeds: Proceeds
) -> Posting | None:
    """An order is paid. Dr BUYER_FUNDS, PLATFORM_EXPENSE / Cr SELLER_PENDING, and what is not the seller's.

    `tax_payable_to` is the jurisdiction that the platform remits tax to. None where nothing at all was paid.
    E2: Dr BUYER_FUNDS 69.44, coupon 6.00, shipping_subsidy 2.00 / Cr SELLER_PENDING 77.44.
    """
    sheet = Sheet(currency).debit("BUYER_FUNDS", proceeds.paid_minor, about=payable_ref)
    _divide(sheet, proceeds, order_ref=order_ref, shop_ref=shop_ref, tax_payable_to=tax_payable_to, sign=1)
    return _unless_empty(sheet, kind=SALE, reference=order_ref, order_ref=order_ref)


def units_gone(
    *,
    gone_ref: int,
    order_ref: int,
    shop_ref: int,
    refund_ref: int,
    tax_payable_to: str,
    currency: str,
    proceeds: Proceeds,
) -> Posting | None:
    """Units of a paid order went back or never came: the same part of its sale is undone.

    The buyer's money of it is on its way back, as `refund_ref`. None where nothing is undone.
    E3, first step: Dr SELLER_PENDING 20.27 / Cr BUYER_REFUND_CLEARING 18.62, coupon 1.65.
    """
    sheet = Sheet(currency).credit("BUYER_REFUND_CLEARING", proceeds.paid_minor, about=refund_ref)
    _divide(sheet, proceeds, order_ref=order_ref, shop_ref=shop_ref, tax_payable_to=tax_payable_to, sign=-1)
    return _unless_empty(sheet, kind=UNITS_GONE, reference=gone_ref, order_ref=order_ref)


def late_money(*, refund_ref: int, payable_ref: int, amount: Money) -> Posting:
    """Money that no order may keep goes back. Dr BUYER_FUNDS / Cr BUYER_REFUND_CLEARING."""
    sheet = Sheet(amount.currency)
    sheet.debit("BUYER_FUNDS", amount.minor, about=payable_ref)
    sheet.credit("BUYER_REFUND_CLEARING", amount.minor, about=refund_ref)
    return Posting(kind=LATE_MONEY, reference=refund_ref, order_ref=payable_ref, entries=tuple(sheet.entries))


def refund(
    *, call_ref: int, refund_ref: int, capture_ref: int, order_ref: int, provider: str, amount: Money
) -> Posting:
    """A provider has sent a part of a refund back, from one capture. Dr BUYER_REFUND_CLEARING / Cr PSP_CLEARING."""
    sheet = Sheet(amount.currency)
    sheet.debit("BUYER_REFUND_CLEARING", amount.minor, about=refund_ref)
    sheet.credit(f"PSP_CLEARING.{provider}", amount.minor, about=capture_ref)
    return Posting(kind=REFUND, reference=call_ref, order_ref=order_ref, entries=tuple(sheet.entries))


def _captured(reference: int, *, payable_ref: int, provider: str, amount: Money) -> list[Entry]:
    sheet = Sheet(amount.currency)
    sheet.debit(f"PSP_CLEARING.{provider}", amount.minor, about=reference)
    sheet.credit("BUYER_FUNDS", amount.minor, about=payable_ref)
    return sheet.entries


def _divide(sheet: Sheet, proceeds: Proceeds, *, order_ref: int, shop_ref: int, tax_payable_to: str, sign: int) -> None:
    """Beside the buyer's money: what the platform adds, and who gets what. `sign` -1 undoes it."""
    spent = {
        "coupon": proceeds.coupon_minor,
        "shipping_subsidy": proceeds.shipping_subsidy_minor,
        "payment_discount": proceeds.payment_discount_minor,
    }
    for detail, minor in spent.items():
        sheet.debit(f"PLATFORM_EXPENSE.{detail}", sign * minor, about=order_ref)
    sheet.credit("SELLER_PENDING", sign * proceeds.seller_minor, about=order_ref, owner=shop_ref)
    if proceeds.tax_minor:
        sheet.credit(f"TAX_PAYABLE.{tax_payable_to}", sign * proceeds.tax_minor, about=order_ref)
    sheet.credit("DUTY_PAYABLE", sign * proceeds.duty_minor, about=order_ref)
    sheet.credit("PLATFORM_REVENUE.surcharge", sign * proceeds.surcharges_minor, about=order_ref)
    sheet.credit("SUSPENSE.recorded_difference", sign * proceeds.recorded_difference_minor, about=order_ref)


def _unless_empty(sheet: Sheet, *, kind: str, reference: int, order_ref: int) -> Posting | None:
    if not sheet.entries:
        return None
    return Posting(kind=kind, reference=reference, order_ref=order_ref, entries=tuple(sheet.entries))
