"""L7, what depends on paying: the payment discount and the recorded difference, spread over everything that is payable.

Each payable (a line, or the charges of an order) gets its part at once, so that the parts of a purchase are all of its
money and any of them can go back by itself.
"""

from collections.abc import Sequence

from apps.pricing.benefits import discount_on
from apps.pricing.contracts import PaymentDiscount
from apps.pricing.goods import allocate_by_value


def spread_payment_discount(discount: PaymentDiscount | None, payables: Sequence[int]) -> list[int]:
    """Return each payable's part of the payment discount, which never exceeds it."""
    if discount is None:
        return [0] * len(payables)
    return allocate_by_value(discount_on(discount.benefit, sum(payables)), payables, [1] * len(payables))


def spread_recorded_difference(difference_minor: int, payables: Sequence[int], if_free: Sequence[int]) -> list[int]:
    """Return each payable's part of a signed difference; where nothing is payable, ``if_free`` are the weights."""
    if sum(payables) + difference_minor < 0:
        raise ValueError("a recorded difference takes at most what is to be paid")
    return allocate_by_value(difference_minor, payables, if_free)
