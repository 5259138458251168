"""What each money event of a seller is in double entry: settlement, reserve, payout. See `journals` for the buyer's.

What an order earns its seller stands on SELLER_PENDING until it settles. A settlement takes it from there and divides
it: the fees are the platform's, with their tax, a creator's share is the creator's, a part may be kept back, and the
rest is available. Whatever goes back afterwards makes SELLER_PENDING negative for a moment, until the change of the
settlement brings it back to nothing: so a refund reads the same whenever it comes.

Dr is a debit, Cr a credit; E2 and E8 are worked examples of pricing.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from apps.ledger.chart import Account
from apps.ledger.contracts import Posting, Sheet
from tradecore.money import Money

SETTLEMENT = "settlement"
SETTLEMENT_CHANGE = "settlement_change"
RESERVE_RELEASED = "reserve_released"
SELLER_ADJUSTMENT = "seller_adjustment"
PAYOUT = "payout"
PAYOUT_CONVERTED = "payout_converted"
PAYOUT_CONFIRMED = "payout_confirmed"
PAYOUT_RETURNED = "payout_returned"
PAYOUT_CONVERTED_BACK = "payout_converted_back"

_OF_SELLER = {
    "sale": "SELLER_PENDING",
    "refund": "SELLER_PENDING",
    "reserve_held": "SELLER_RESERVE",
    "reserve_used": "SELLER_RESERVE",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledPart:
    """A signed part of a settlement, in minor units: what is positive is the seller's.

    `kind` is sale, refund, fee, fee_tax, creator, reserve_held or reserve_used; `name` says which fee; `owner_ref` is
    the creator.
    """

    kind: str
    minor: int
    name: str = ""
    owner_ref: int = 0


def settlement(
    *,
    kind: str,
    reference: int,
    order_ref: int,
    shop_ref: int,
    market: str,
    currency: str,
    parts: Iterable[SettledPart],
) -> Posting | None:
    """An order settles, or its settlement changes. None where the parts come to nothing on every account.

    Dr SELLER_PENDING / Cr PLATFORM_REVENUE, TAX_PAYABLE, CREATOR_AVAILABLE, SELLER_RESERVE, SELLER_AVAILABLE.
    E2: Dr SELLER_PENDING 77.44 / Cr commission 6.79, CREATOR_AVAILABLE 3.10, SELLER_AVAILABLE 67.55.
    E8, after its refund: Dr SELLER_RESERVE 606, SELLER_AVAILABLE 2028, commission 215, CREATOR_AVAILABLE 224
    / Cr SELLER_PENDING 3073.
    """
    moved: Counter[Account] = Counter()
    for part in parts:
        moved[Account("SELLER_AVAILABLE", shop_ref)] += part.minor
        moved[_other_side(part, shop_ref=shop_ref, market=market)] -= part.minor
    sheet = Sheet(currency)
    for account, minor in moved.items():
        sheet.credit(account.code, minor, about=order_ref, owner=account.owner_ref)
    if not sheet.entries:
        return None
    return Posting(kind=kind, reference=reference, order_ref=order_ref, entries=tuple(sheet.entries))


def _other_side(part: SettledPart, *, shop_ref: int, market: str) -> Account:
    """Where a part comes from or goes to, if not to what is available."""
    if part.kind == "creator":
        return Account("CREATOR_AVAILABLE", part.owner_ref)
    if part.kind == "fee_tax":
        return Account(f"TAX_PAYABLE.{market}")
    if part.kind == "fee":
        return Account(f"PLATFORM_REVENUE.{part.name.partition(':')[0]}")
    return Account(_OF_SELLER[part.kind], shop_ref)


def reserve_released(*, order_ref: int, shop_ref: int, amount: Money) -> Posting:
    """What was kept back of an order is its seller's. Dr SELLER_RESERVE / Cr SELLER_AVAILABLE."""
    sheet = Sheet(amount.currency)
    sheet.debit("SELLER_RESERVE", amount.minor, about=order_ref, owner=shop_ref)
    sheet.credit("SELLER_AVAILABLE", amount.minor, about=order_ref, owner=shop_ref)
    return Posting(kind=RESERVE_RELEASED, reference=order_ref, order_ref=order_ref, entries=tuple(sheet.entries))


def payout(*, payout_ref: int, shop_ref: int, amount: Money, pays: Money) -> tuple[Posting, ...]:
    """A seller's money is on its way to their bank. Dr SELLER_AVAILABLE / Cr PAYOUT_CLEARING.

    Where it is paid in another currency these are two postings: Dr SELLER_AVAILABLE / Cr FX_POSITION in the seller's,
    Dr FX_POSITION / Cr PAYOUT_CLEARING in the other. E8: JPY 5457 leave the seller, USD 36.63 go to the bank.
    """
    if amount.currency == pays.currency:
        return (
            _leg(PAYOUT, payout_ref, amount, debit="SELLER_AVAILABLE", credit="PAYOUT_CLEARING", shop_ref=shop_ref),
        )
    return (
        _leg(PAYOUT, payout_ref, amount, debit="SELLER_AVAILABLE", credit="FX_POSITION", shop_ref=shop_ref),
        _leg(PAYOUT_CONVERTED, payout_ref, pays, debit="FX_POSITION", credit="PAYOUT_CLEARING"),
    )


def payout_confirmed(*, payout_ref: int, pays: Money) -> Posting:
    """The bank has sent it. Dr PAYOUT_CLEARING / Cr BANK."""
    return _leg(PAYOUT_CONFIRMED, payout_ref, pays, debit="PAYOUT_CLEARING", credit="BANK")


def payout_returned(
    *, payout_ref: int, shop_ref: int, amount: Money, pays: Money, was_confirmed: bool
) -> tuple[Posting, ...]:
    """The bank would not send it, or has it back: it is the seller's again, at the rate at which it left.

    Dr BANK where it had been confirmed, else PAYOUT_CLEARING / Cr SELLER_AVAILABLE; FX_POSITION between two currencies.
    """
    back = "BANK" if was_confirmed else "PAYOUT_CLEARING"
    if amount.currency == pays.currency:
        return (_leg(PAYOUT_RETURNED, payout_ref, amount, debit=back, credit="SELLER_AVAILABLE", shop_ref=shop_ref),)
    return (
        _leg(PAYOUT_CONVERTED_BACK, payout_ref, pays, debit=back, credit="FX_POSITION"),
        _leg(PAYOUT_RETURNED, payout_ref, amount, debit="FX_POSITION", credit="SELLER_AVAILABLE", shop_ref=shop_ref),
    )


def _leg(kind: str, payout_ref: int, amount: Money, *, debit: str, credit: str, shop_ref: int = 0) -> Posting:
    """One posting of a payout: from one account to another, the seller's with its owner."""
    sheet = Sheet(amount.currency)
    sheet.debit(debit, amount.minor, about=payout_ref, owner=shop_ref if debit == "SELLER_AVAILABLE" else 0)
    sheet.credit(credit, amount.minor, about=payout_ref, owner=shop_ref if credit == "SELLER_AVAILABLE" else 0)
    return Posting(kind=kind, reference=payout_ref, entries=tuple(sheet.entries))


def adjustment(
    *, reference: int, order_ref: int | None, shop_ref: int, other_side: str, amount: Money, reason: str
) -> Posting:
    """A seller is credited for what no sale explains, or, negative, debited. Dr `other_side` / Cr SELLER_AVAILABLE."""
    sheet = Sheet(amount.currency)
    sheet.debit(other_side, amount.minor, about=reference)
    sheet.credit("SELLER_AVAILABLE", amount.minor, about=reference, owner=shop_ref)
    return Posting(
        kind=SELLER_ADJUSTMENT, reference=reference, order_ref=order_ref, entries=tuple(sheet.entries), reason=reason
    )
