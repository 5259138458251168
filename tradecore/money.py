"""Money: an integer of minor units and a currency, and the few ways in which an amount may be divided.

Decimals exist only at the edge, as strings (``Money.parse``, ``Money.amount``); there is no float anywhere. Rounding
happens in one function, half up, where a rate meets an amount. Everything else is integer allocation that keeps its
sum.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from tradecore.currencies import EXPONENTS
from tradecore.errors import Kind, Refusal

MAX_MINOR: Final = 10**15
"""The largest amount that may enter: a thousand such amounts still fit a signed 64-bit column."""

BASIS_POINTS: Final = 10_000
"""Scale of a ``_bp`` rate: 250 of it are 2.5 %."""

TAX_SCALE: Final = 100_000
"""Scale of an ``_e5`` rate: 8875 of it are 8.875 %."""

# Digits are ASCII, bounded, and have one spelling: no sign but minus, no exponent, no separator, no leading zero.
_DECIMAL: Final = re.compile(r"(-?)(0|[1-9][0-9]{0,15})(?:\.([0-9]{1,4}))?")


@dataclass
class InvalidAmount(Refusal):
    """A text that is not an amount of its currency; ``reason`` says what is wrong with it."""

    code = "money.invalid_amount"
    kind = Kind.MALFORMED
    title = "This is not an amount of money."

    reason: str


@dataclass
class UnknownCurrency(Refusal):
    """A code that no active currency of ISO 4217 has; codes are upper case."""

    code = "money.unknown_currency"
    kind = Kind.RULE
    title = "There is no such currency."

    currency: str


class CurrencyMismatch(ValueError):
    """Two currencies met in one calculation: a mistake in the program, never in what a client sent."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(f"{left} cannot be reckoned against {right}")


def exponent_of(currency: str) -> int:
    """Return the number of decimals of a currency: JPY 0, GBP 2, KWD 3.

    Refuses: UnknownCurrency.
    """
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise UnknownCurrency(currency=currency[:16]) from None


def decimal_of(minor: int, currency: str) -> str:
    """The decimal string with exactly the currency's decimals: ``"69.44"``, ``"-0.05"``, ``"1980"``.

    Refuses: UnknownCurrency.
    """
    exponent = exponent_of(currency)
    sign, digits = "-" if minor < 0 else "", str(abs(minor)).zfill(exponent + 1)
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}" if exponent else f"{sign}{digits}"


@dataclass(frozen=True, slots=True)
class Money:
    """``minor`` units of ``currency``: ``Money(6944, "GBP")`` is 69.44 pounds; negative amounts are ordinary.

    Adding, subtracting and ordering need equal currencies. Equality does not: amounts of two currencies differ.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are an int, not {self.minor!r}")
        exponent_of(self.currency)

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(0, currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> Self:
        """Read ``"69.44"``: ASCII digits with at most the currency's decimals, within plus or minus MAX_MINOR.

        ``"5"`` and ``"5.0"`` are five pounds; ``"5.000"``, ``"05"``, ``"+5"``, ``"5."``, ``"1e3"`` are nothing.

        Refuses, in this order: UnknownCurrency, InvalidAmount.
        """
        exponent = exponent_of(currency)
        match = _DECIMAL.fullmatch(text)
        if match is None:
            raise InvalidAmount(reason="not a plain decimal number")
        sign, whole, decimals = match.group(1), match.group(2), match.group(3) or ""
        if len(decimals) > exponent:
            raise InvalidAmount(reason=f"{currency} has {exponent} decimals")
        minor = int(whole + decimals.ljust(exponent, "0"))
        if minor > MAX_MINOR:
            raise InvalidAmount(reason="too large")
        return cls(-minor if sign else minor, currency)

    @property
    def amount(self) -> str:
        """The decimal string with exactly the currency's decimals: see `decimal_of`."""
        return decimal_of(self.minor, self.currency)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._in_same_currency(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._in_same_currency(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._in_same_currency(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._in_same_currency(other)

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._in_same_currency(other)

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._in_same_currency(other)

    def _in_same_currency(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return other.minor


def round_half_up(numerator: int, denominator: int) -> int:
    """Return numerator / denominator rounded half up; a negative amount rounds as its positive twin does."""
    if denominator <= 0:
        raise ValueError("a denominator is positive")
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return magnitude if numerator >= 0 else -magnitude


def apply_rate(amount_minor: int, rate: int, scale: int) -> int:
    """Return ``rate / scale`` of an amount, rounded half up: ``apply_rate(1274, 8875, TAX_SCALE) == 113``."""
    return round_half_up(amount_minor * rate, scale)


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Divide an amount by weights, largest remainder first, ties to the lower index; the sum is always kept.

    A share never exceeds its weight while the amount does not exceed their sum, so a discount that is allocated over
    the amounts of lines cannot make one of them negative. A negative amount divides as its positive twin does.
    Weights are not negative, and not all of them are zero unless the amount is.
    """
    if amount < 0:
        return [-share for share in allocate(-amount, weights)]
    total = sum(weights)
    if amount == 0:
        return [0] * len(weights)
    if total <= 0 or min(weights) < 0:
        raise ValueError("an amount needs weights that are not negative and not all zero")
    if amount == total:
        return list(weights)
    shares = [amount * weight // total for weight in weights]
    remainders = [amount * weight % total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=remainders.__getitem__, reverse=True)
    for index in by_remainder[: amount - sum(shares)]:
        shares[index] += 1
    return shares


def cumulative_share(amount: int, part: int, whole: int) -> int:
    """Return what the first ``part`` of ``whole`` equal pieces carry of an amount: ``floor(amount * part / whole)``.

    Pieces ``a+1 .. b`` carry ``cumulative_share(b) - cumulative_share(a)``, so that any grouping of pieces adds up
    to the amount exactly.
    """
    if not 0 <= part <= whole or whole == 0:
        raise ValueError("a part lies between nothing and the whole")
    return amount * part // whole
