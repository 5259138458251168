"""L6, tax: extracted from a price that includes it, added to one that does not; rounded half up, per line."""

from apps.pricing.contracts import TaxBasePolicy
from tradecore.money import TAX_SCALE, apply_rate, round_half_up


def tax_on(base_minor: int, rate_e5: int, *, inclusive: bool) -> int:
    """Return the tax inside a base (``rate / (1 + rate)`` of it), or on top of it."""
    if inclusive:
        return round_half_up(base_minor * rate_e5, TAX_SCALE + rate_e5)
    return apply_rate(base_minor, rate_e5, TAX_SCALE)


def tax_base(paid_minor: int, platform_minor: int, policy: TaxBasePolicy) -> int:
    """Return what is taxed of a price of which the buyer pays one part and the platform the other."""
    return paid_minor + platform_minor if policy is TaxBasePolicy.BEFORE_PLATFORM_COUPON else paid_minor
