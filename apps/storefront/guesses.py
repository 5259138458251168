"""What may be guessed at here, and how often.

# Note [Guests and guesses]
A guest costs nothing to have, so a limit per guest alone would be none: whatever a guest may guess is counted per
network too (Note [Networks] of `tradecore.http.networks`), and so are guests themselves. The limits per network are
generous, because a mobile carrier is one network.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from rest_framework.request import Request

from tradecore.attempts import Limit, check_attempts, count_attempts
from tradecore.http.networks import network_of

COUPONS_PER_BUYER: Final = Limit(scope="coupon_code", count=20, window=timedelta(minutes=10))
COUPONS_PER_NETWORK: Final = Limit(scope="coupon_code_network", count=200, window=timedelta(minutes=10))
ORDERS_PER_NETWORK: Final = Limit(scope="guest_order", count=20, window=timedelta(minutes=15))
GUESTS_PER_NETWORK: Final = Limit(scope="guest_network", count=1000, window=timedelta(minutes=15))


def check_coupons(request: Request, *, buyer: str, now: datetime) -> None:
    """Refuses: TooManyAttempts (this buyer, or this network, has named too many codes that nobody knows)."""
    for limit, subject in _coupons(request, buyer):
        check_attempts(limit=limit, subject=subject, now=now)


def count_coupons(request: Request, *, buyer: str, number: int, now: datetime) -> None:
    """Count the codes of one quote that nobody knows, each of them."""
    for limit, subject in _coupons(request, buyer):
        count_attempts(limit=limit, subject=subject, number=number, now=now)


def check_orders(request: Request, *, now: datetime) -> None:
    """Refuses: TooManyAttempts (this network has asked for too many orders that are not there)."""
    check_attempts(limit=ORDERS_PER_NETWORK, subject=network_of(request), now=now)


def count_order(request: Request, *, now: datetime) -> None:
    """Count one pair of number and e-mail address that finds no order."""
    count_attempts(limit=ORDERS_PER_NETWORK, subject=network_of(request), now=now)


def admit_guest(request: Request, *, now: datetime) -> None:
    """Count one more guest. Refuses: TooManyAttempts (this network has had too many of them)."""
    check_attempts(limit=GUESTS_PER_NETWORK, subject=network_of(request), now=now)
    count_attempts(limit=GUESTS_PER_NETWORK, subject=network_of(request), now=now)


def _coupons(request: Request, buyer: str) -> Iterator[tuple[Limit, str]]:
    yield COUPONS_PER_BUYER, buyer
    yield COUPONS_PER_NETWORK, network_of(request)
