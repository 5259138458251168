"""How a shop's money looks to its people: amounts, and why they are what they are, in words."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from apps.settlement.api import LineKind, LineView, SettlementView, Upcoming
from tradecore import wire
from tradecore.money import Money

_PAYOUT_KINDS: Final = frozenset({LineKind.PAYOUT, LineKind.PAYOUT_RETURNED})


def line(contract: LineView) -> dict[str, Any]:
    """One line, with its words; that of a payout names it."""
    return {
        "id": str(contract.id),
        "kind": contract.kind.value,
        "name": contract.name,
        "order_id": None if contract.order_id is None else str(contract.order_id),
        "payout_id": str(contract.reference) if contract.kind in _PAYOUT_KINDS else None,
        "amount": wire.to_json(contract.amount),
        "text": " ".join(_WORDS[contract.kind](contract)),
        "statement_on": contract.statement_on.isoformat(),
        "occurred_at": wire.to_json(contract.occurred_at),
    }


def settled(contract: SettlementView, *, number: str) -> dict[str, Any]:
    """An order that has settled, line by line."""
    return {
        "order_id": str(contract.order_id),
        "number": number,
        "state": "SETTLED",
        "amount": wire.to_json(contract.amount),
        "reserve": wire.to_json(contract.reserve),
        "settled_at": wire.to_json(contract.settled_at),
        "reserve_until": wire.to_json(contract.reserve_until),
        "due_at": None,
        "holds": [],
        "lines": [line(each) for each in contract.lines],
    }


def not_settled(contract: Upcoming) -> dict[str, Any]:
    """An order that has not: what it comes to as it stands, and when."""
    return {
        **wire.to_json(contract),
        "state": "UPCOMING",
        "reserve": wire.to_json(Money.zero(contract.amount.currency)),
        "settled_at": None,
        "reserve_until": None,
        "lines": [],
    }


def _amount(contract: LineView, name: str) -> Money | None:
    """An amount that the line was reckoned from; None where it is nothing."""
    minor = contract.details.get(f"{name}_minor", 0)
    return Money(minor, contract.amount.currency) if minor else None


def _sale(contract: LineView) -> list[str]:
    paid = _amount(contract, "customer_payment") or Money.zero(contract.amount.currency)
    sentences = [f"The buyer paid {paid}."]
    for name, sentence in (
        ("platform_discount", "The marketplace paid {} of the discounts."),
        ("shipping_subsidy", "The marketplace paid {} of the shipping."),
        ("not_the_sellers", "{} of it is tax, duty or surcharges that the marketplace passes on."),
        ("never_sold", "{} of it was cancelled or lost before it was sold."),
    ):
        amount = _amount(contract, name)
        sentences += [sentence.format(amount)] if amount else []
    return sentences


def _refund(contract: LineView) -> list[str]:
    how = _plain(contract.details.get("how", "refunded"))
    reason = _plain(contract.details.get("reason", ""))
    return [f"Went back to the buyer: {how}{f' ({reason})' if reason else ''}."]


def _fee(contract: LineView) -> list[str]:
    """What is charged now; of one that changes, what it changes by is the line's amount."""
    name = _plain(contract.name.partition(":")[0]).capitalize()
    return [f"{name}: {_reckoned(contract)}.", *_returned(contract)]


def _fee_tax(contract: LineView) -> list[str]:
    return [f"Tax on this fee: {_plain(contract.name.partition(':')[0])}."]


def _creator(contract: LineView) -> list[str]:
    return [f"Share of the creator: {_reckoned(contract)}.", *_returned(contract)]


def _reckoned(contract: LineView) -> str:
    fixed = _amount(contract, "fixed")
    base = _amount(contract, "base") or Money.zero(contract.amount.currency)
    return f"{_percent(contract.details.get('rate_bp', 0))} % of {base}{f' plus {fixed}' if fixed else ''}"


def _returned(contract: LineView) -> list[str]:
    returned = _amount(contract, "returned")
    return [f"{returned} of that has gone back."] if returned else []


def _adjustment(contract: LineView) -> list[str]:
    name = _plain(contract.name).capitalize() or "Adjusted by the marketplace"
    reason = contract.details.get("reason", "")
    return [f"{name}{f': {reason}' if reason else ''}."]


def _payout(contract: LineView) -> list[str]:
    details = contract.details
    if details.get("rate") is None:
        return [f"Paid out to your account {details.get('account', '')}."]
    pays = Money(details["pays_minor"], details["pays_currency"])
    return [f"Paid out to your account {details['account']} as {pays}, at {details['rate']}."]


def _payout_returned(contract: LineView) -> list[str]:
    came = "came back" if contract.details.get("was_confirmed") else "was refused by your bank"
    reason = _plain(contract.details.get("reason", ""))
    return [f"A payout {came}{f' ({reason})' if reason else ''}."]


def _plain(word: str) -> str:
    return word.replace("_", " ").lower()


def _percent(rate_bp: int) -> str:
    """250 basis points are 2.5."""
    return f"{rate_bp // 100}.{rate_bp % 100:02}".rstrip("0").rstrip(".")


_WORDS: Final[Mapping[LineKind, Callable[[LineView], list[str]]]] = {
    LineKind.SALE: _sale,
    LineKind.REFUND: _refund,
    LineKind.FEE: _fee,
    LineKind.FEE_TAX: _fee_tax,
    LineKind.CREATOR: _creator,
    LineKind.ADJUSTMENT: _adjustment,
    LineKind.RESERVE_HELD: lambda _: ["Kept back for a time."],
    LineKind.RESERVE_USED: lambda _: ["Covered by what was kept back of this order."],
    LineKind.RESERVE_RELEASED: lambda _: ["Not kept back any more."],
    LineKind.PAYOUT: _payout,
    LineKind.PAYOUT_RETURNED: _payout_returned,
}
