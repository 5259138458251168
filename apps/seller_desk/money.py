"""Amounts that a seller names are in the one currency of the shop and its market."""

from collections.abc import Mapping
from typing import Any

from apps.seller_desk.errors import CurrencyMismatch
from tradecore.money import Money


def minor_in(currency: str, amount: Money) -> int:
    """The minor units of an amount of this currency. Refuses: CurrencyMismatch."""
    if amount.currency != currency:
        raise CurrencyMismatch(expected=currency, given=amount.currency)
    return amount.minor


def amounts_in(currency: str, form: Mapping[str, Any], *names: str) -> dict[str, int]:
    """The minor units of those members of a form that are there and not null. Refuses: CurrencyMismatch."""
    return {name: minor_in(currency, form[name]) for name in names if form.get(name) is not None}
