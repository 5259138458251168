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
DISPUTE_OPENED = "dispute_opened"
DISPUTE_WON = "dispute_won"
CHARGED_BACK = "charged_back"
CHARGEBACK_LOSS = "chargeback_loss"
REFUND_COVERED = "refund_covered"
#: What a line of a provider's settlement may be, and the kind of its posting.
PROVIDER_SETTLED = {
    "charge": "settled_charge",
    "refund": "settled_refund",
    "chargeback": "settled_chargeback",
    "chargeback_reversal": "settled_chargeback_reversal",
}


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


def dispute_opened(*, dispute_ref: int, capture_ref: int, payable_ref: int, provider: str, amount: Money) -> Posting:
    """A provider has taken money back for a chargeback. Dr DISPUTED / Cr PSP_CLEARING."""
    sheet = _disputed(dispute_ref, capture_ref=capture_ref, provider=provider, amount=amount, sign=1)
    return Posting(kind=DISPUTE_OPENED, reference=dispute_ref, order_ref=payable_ref, entries=tuple(sheet))


def dispute_won(*, dispute_ref: int, capture_ref: int, payable_ref: int, provider: str, amount: Money) -> Posting:
    """And has given it to us again. Dr PSP_CLEARING / Cr DISPUTED."""
    sheet = _disputed(dispute_ref, capture_ref=capture_ref, provider=provider, amount=amount, sign=-1)
    return Posting(kind=DISPUTE_WON, reference=dispute_ref, order_ref=payable_ref, entries=tuple(sheet))


def charged_back(
    *,
    gone_ref: int,
    order_ref: int,
    shop_ref: int,
    dispute_ref: int,
    tax_payable_to: str,
    currency: str,
    proceeds: Proceeds,
) -> Posting | None:
    """A chargeback is lost, and its order with it: the same part of the sale is undone as if it had been refunded.

    The buyer has that money already: the provider took it for `dispute_ref`. None where nothing is undone.
    E3, first step: Dr SELLER_PENDING 20.27 / Cr DISPUTED 18.62, coupon 1.65.
    """
    sheet = Sheet(currency).credit("DISPUTED", proceeds.paid_minor, about=dispute_ref)
    _divide(sheet, proceeds, order_ref=order_ref, shop_ref=shop_ref, tax_payable_to=tax_payable_to, sign=-1)
    return _unless_empty(sheet, kind=CHARGED_BACK, reference=gone_ref, order_ref=order_ref)


def chargeback_loss(*, dispute_ref: int, payable_ref: int, amount: Money) -> Posting | None:
    """What a lost chargeback took beyond what its orders had left. Dr PLATFORM_EXPENSE.chargeback / Cr DISPUTED.

    None where it took nothing more.
    """
    sheet = Sheet(amount.currency)
    sheet.debit("PLATFORM_EXPENSE.chargeback", amount.minor, about=dispute_ref)
    sheet.credit("DISPUTED", amount.minor, about=dispute_ref)
    return _unless_empty(sheet, kind=CHARGEBACK_LOSS, reference=dispute_ref, order_ref=payable_ref)


def refund_covered(*, refund_ref: int, order_ref: int, amount: Money) -> Posting:
    """A lost chargeback has paid a refund that its provider refuses: what it took is no loss, for that was on its way.

    Dr BUYER_REFUND_CLEARING / Cr PLATFORM_EXPENSE.chargeback.
    """
    sheet = Sheet(amount.currency)
    sheet.debit("BUYER_REFUND_CLEARING", amount.minor, about=refund_ref)
    sheet.credit("PLATFORM_EXPENSE.chargeback", amount.minor, about=refund_ref)
    return Posting(kind=REFUND_COVERED, reference=refund_ref, order_ref=order_ref, entries=tuple(sheet.entries))


def provider_settled(
    *,
    line: str,
    reference: int,
    settlement_ref: int,
    capture_ref: int,
    payable_ref: int,
    provider: str,
    gross: Money,
    fee: Money,
) -> Posting:
    """A provider has settled one movement, within the transfer `settlement_ref`. Dr BANK, fee / Cr PSP_CLEARING.

    `line` is a key of PROVIDER_SETTLED, `reference` the capture, the refund's call or the dispute that it is about.
    `gross` is negative where the provider took money back (refund, chargeback); the entries are then the reverse. So
    PSP_CLEARING comes to nothing for each capture, and BANK to the transfer for each settlement.
    """
    sheet = Sheet(gross.currency)
    sheet.debit("BANK", gross.minor - fee.minor, about=settlement_ref)
    sheet.debit("PLATFORM_EXPENSE.provider_fee", fee.minor, about=capture_ref)
    sheet.credit(f"PSP_CLEARING.{provider}", gross.minor, about=capture_ref)
    return Posting(
        kind=PROVIDER_SETTLED[line], reference=reference, order_ref=payable_ref, entries=tuple(sheet.entries)
    )


def _disputed(reference: int, *, capture_ref: int, provider: str, amount: Money, sign: int) -> list[Entry]:
    sheet = Sheet(amount.currency)
    sheet.debit("DISPUTED", sign * amount.minor, about=reference)
    sheet.credit(f"PSP_CLEARING.{provider}", sign * amount.minor, about=capture_ref)
    return sheet.entries


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
