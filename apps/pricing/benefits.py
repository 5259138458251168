"""What a promotion takes off a base, and which part of it the platform funds."""

from collections.abc import Sequence

from apps.pricing.contracts import AmountOff, Benefit, FixedPrice
from tradecore.money import BASIS_POINTS, allocate, apply_rate


def discount_on(benefit: Benefit, base_minor: int) -> int:
    """Return what comes off a base: never less than nothing, never more than the base."""
    if isinstance(benefit, AmountOff):
        discount_minor = benefit.amount_minor
    elif isinstance(benefit, FixedPrice):
        discount_minor = base_minor - benefit.price_minor
    else:
        discount_minor = apply_rate(base_minor, benefit.rate_bp, BASIS_POINTS)
        if benefit.cap_minor is not None:
            discount_minor = min(discount_minor, benefit.cap_minor)
    return max(0, min(discount_minor, base_minor))


def platform_part(amount_minor: int, platform_share_bp: int) -> int:
    """Return what the platform funds of a discount; the seller funds the rest."""
    return apply_rate(amount_minor, platform_share_bp, BASIS_POINTS)


def platform_parts(shares: Sequence[int], platform_share_bp: int) -> list[int]:
    """Return the platform's part of each share.

    The total is split first, and its platform part is then allocated over the shares: a percentage rounded share by
    share would lose or invent a cent per order (E5).
    """
    return allocate(platform_part(sum(shares), platform_share_bp), shares)
