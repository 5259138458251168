"""What a sale costs its seller: fees and commissions, their way back, the reserve, the conversion of a payout.

A fee is rounded once, where its rate meets its base. What goes back of it is found by difference: the fee on what is
left of the base is reckoned again at the frozen terms, and the change is posted, so that many partial refunds come to
the same as one full refund.
"""

from apps.pricing.contracts import Cover, Fee, FeeAmounts, FeeBasis, FeeRefundPolicy, FeeTerms
from tradecore.money import BASIS_POINTS, TAX_SCALE, Money, apply_rate, exponent_of, round_half_up

_RATE_E6 = 1_000_000


def fee_base(*, basis: FeeBasis, amounts: FeeAmounts) -> int:
    """Return what a fee is reckoned on, in minor units: of an order, of a line, or of what goes back of them."""
    payment_minor = amounts.net_minor + amounts.shipping_fee_minor
    if not amounts.tax_inclusive:
        payment_minor += amounts.tax_minor + amounts.shipping_tax_minor
    match basis:
        case FeeBasis.GOODS:
            return amounts.net_minor
        case FeeBasis.GOODS_BEFORE_TAX:
            return amounts.net_minor - (amounts.tax_minor if amounts.tax_inclusive else 0)
        case FeeBasis.GOODS_AND_PLATFORM_DISCOUNT:
            return amounts.net_minor + amounts.platform_discount_minor
        case FeeBasis.PAYMENT:
            return payment_minor
        case FeeBasis.PAYMENT_AND_PLATFORM_DISCOUNT:
            return payment_minor + amounts.platform_discount_minor


def charge_fee(*, terms: FeeTerms, base_minor: int) -> Fee:
    """Return the fee on a base, and the tax on the fee. On nothing there is no fee, not even its fixed part."""
    return _with_tax(terms, _amount(terms, base_minor))


def fee_back(*, terms: FeeTerms, base_minor: int, returned_before_minor: int, returned_minor: int) -> Fee:
    """Return what a refund gives back of a fee that was charged on ``base_minor``.

    ``returned_before_minor`` is how much of the base had gone back before, ``returned_minor`` how much goes back now.
    """
    returned_after_minor = returned_before_minor + returned_minor
    if not 0 <= returned_before_minor <= returned_after_minor <= base_minor:
        raise ValueError("of a base comes back at most what there was")
    before = _kept(terms, base_minor, returned_before_minor)
    after = _kept(terms, base_minor, returned_after_minor)
    return Fee(before.amount_minor - after.amount_minor, before.tax_minor - after.tax_minor)


def fee_kept(*, terms: FeeTerms, base_minor: int, returned_minor: int) -> Fee:
    """Return what is kept of the fee on a base of which so much has gone back, in however many parts.

    ``charge_fee`` less every ``fee_back`` so far: what a seller owes of the fee, whatever came before what.
    """
    if not 0 <= returned_minor <= base_minor:
        raise ValueError("of a base comes back at most what there was")
    return _kept(terms, base_minor, returned_minor)


def reserve(*, settlement_minor: int, rate_bp: int) -> int:
    """Return what is held back of a settlement; of a negative one nothing is."""
    return apply_rate(max(0, settlement_minor), rate_bp, BASIS_POINTS)


def cover_debit(*, debit_minor: int, reserve_minor: int) -> Cover:
    """Return where a debit is taken from: the reserve absorbs first."""
    from_reserve_minor = min(debit_minor, reserve_minor)
    return Cover(from_reserve_minor, debit_minor - from_reserve_minor)


def convert(*, amount: Money, rate_e6: int, currency: str) -> Money:
    """Return an amount in another currency; ``rate_e6`` / 1,000,000 is what one major unit of the first is worth in it.

    Refuses: UnknownCurrency.
    """
    numerator = amount.minor * rate_e6 * 10 ** exponent_of(currency)
    return Money(round_half_up(numerator, _RATE_E6 * 10 ** exponent_of(amount.currency)), currency)


def _kept(terms: FeeTerms, base_minor: int, returned_minor: int) -> Fee:
    """What the platform keeps of a fee when so much of its base has gone back."""
    charged_minor = _amount(terms, base_minor)
    if terms.refund_policy is FeeRefundPolicy.KEEP:
        return _with_tax(terms, charged_minor)
    kept_minor = _amount(terms, base_minor - returned_minor)
    if terms.refund_policy is FeeRefundPolicy.PRO_RATA_MINUS_ADMIN:
        kept_minor += apply_rate(charged_minor - kept_minor, terms.admin_bp, BASIS_POINTS)
    return _with_tax(terms, kept_minor)


def _amount(terms: FeeTerms, base_minor: int) -> int:
    if base_minor == 0:
        return 0
    amount_minor = terms.fixed_minor + apply_rate(base_minor, terms.rate_bp, BASIS_POINTS)
    return amount_minor if terms.cap_minor is None else min(amount_minor, terms.cap_minor)


def _with_tax(terms: FeeTerms, amount_minor: int) -> Fee:
    return Fee(amount_minor, apply_rate(amount_minor, terms.tax_rate_e5, TAX_SCALE))
