"""What the books say of sellers, of suspense and as a whole: read through the public doors, beside what is expected."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from apps.integrations.replay.earnings import Earnings
from apps.integrations.replay.lives import Act, Life
from apps.integrations.replay.outcomes import Outcome
from apps.integrations.replay.records import CURRENCY
from apps.integrations.replay.settling import SellerDue
from apps.ledger import api as ledger
from apps.settlement import api as settlement
from apps.settlement.api import LineKind, LineView, StatementView

#: Where the product posts by how much recorded tenders differ from items and freight.
SUSPENSE: Final = "SUSPENSE.recorded_difference"

_EVERYTHING: Final = 1_000_000
_RESERVE: Final = frozenset({LineKind.RESERVE_HELD, LineKind.RESERVE_USED, LineKind.RESERVE_RELEASED})
_PAYOUT: Final = frozenset({LineKind.PAYOUT, LineKind.PAYOUT_RETURNED})


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerOutcome:
    """A seller as the books have them, in centavos.

    `earned` is by the lines of the orders that this replay is of, `stated_minor` what their statements have settled for
    these; what is available, kept back and paid out is of everything that was ever lived of them.
    """

    seller_id: str
    earned: Earnings
    stated_minor: int
    closing_minor: int
    available_minor: int
    reserve_minor: int
    paid_out_minor: int
    payouts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What the books say beside the orders: of each seller, of suspense by order, and of each account by currency."""

    sellers: tuple[SellerOutcome, ...]
    suspense: Mapping[str, int]
    trial_balance: Mapping[str, Mapping[str, int]]


def read_seller(seller: SellerDue) -> SellerOutcome:
    """Read what became of a seller."""
    lines = settlement.list_lines(shop_id=seller.shop_id, limit=_EVERYTHING)
    statements = settlement.list_statements(shop_id=seller.shop_id, limit=_EVERYTHING)
    account = settlement.get_account(shop_id=seller.shop_id, currency=CURRENCY)
    own = {order.order_id for order in seller.orders}
    payouts = [line for line in lines if line.kind in _PAYOUT]
    return SellerOutcome(
        seller_id=seller.seller_id,
        earned=_earned(line for line in lines if line.order_id in own),
        stated_minor=_stated(statements) - _settled(line for line in lines if line.order_id not in own),
        closing_minor=statements[0].closing.minor if statements else 0,
        available_minor=account.available.minor,
        reserve_minor=account.reserve.minor,
        paid_out_minor=-sum(line.amount.minor for line in payouts),
        payouts=sum(line.kind is LineKind.PAYOUT for line in payouts),
    )


def list_seller_disagreements(expected: Earnings, found: SellerOutcome) -> Iterator[str]:
    """In what the books differ from what a seller is to get, in words. Nothing, if all is well."""
    if found.earned != expected:
        yield f"earned {found.earned}, and the record comes to {expected}"
    if found.stated_minor != expected.net_minor:
        yield f"statements add up to {found.stated_minor}, items and freight less fees to {expected.net_minor}"
    if found.closing_minor != found.available_minor:
        yield f"the last statement closes with {found.closing_minor}, and {found.available_minor} is available"


def read_suspense(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """What stands in suspense of recorded orders, in centavos, by order: positive if more was paid than was sold."""
    recorded = {order.id: outcome.order_id for outcome in outcomes for order in outcome.orders}
    found: Counter[str] = Counter()
    for entry in ledger.list_entries(account=SUSPENSE, currency=CURRENCY, limit=_EVERYTHING):
        if entry.about_ref in recorded:
            found[recorded[entry.about_ref]] -= entry.amount.minor
    return {order_id: minor for order_id, minor in sorted(found.items()) if minor}


def expect_suspense(lives: Iterable[Life], outcomes: Iterable[Outcome]) -> dict[str, int]:
    """What is to stand there: the differences of what was paid and kept. `outcomes` are in the order of `lives`."""
    found = {life.order.id: _kept_difference(life, outcome) for life, outcome in zip(lives, outcomes, strict=True)}
    return {order_id: minor for order_id, minor in sorted(found.items()) if minor}


def _kept_difference(life: Life, outcome: Outcome) -> int:
    """All of it while nothing has gone back; of what was refused on its way, the part that its freight had of it."""
    match life.steps[-1].act:
        case Act.PLACE | Act.CANCEL:
            return 0
        case Act.REFUSE:
            return outcome.captured_minor - outcome.refunded_minor - life.order.freight_minor
    return life.order.difference_minor


def read_trial_balance() -> dict[str, dict[str, int]]:
    """What is posted on each account, by currency: debits are positive, so all of one currency is nothing."""
    found: dict[str, dict[str, int]] = {}
    for line in ledger.trial_balance():
        sign = 1 if line.side is ledger.Side.DEBIT else -1
        found.setdefault(line.balance.currency, {})[line.account] = sign * line.balance.minor
    return found


def compare_suspense(expected: Mapping[str, int], found: Mapping[str, int]) -> dict[str, str]:
    """The orders of which another amount stands in suspense than is to, in words."""
    return {
        order_id: f"{found.get(order_id, 0)} stands in suspense, not {expected.get(order_id, 0)}"
        for order_id in sorted(expected.keys() | found.keys())
        if expected.get(order_id, 0) != found.get(order_id, 0)
    }


def _earned(lines: Iterable[LineView]) -> Earnings:
    """What lines of orders come to."""
    sums: Counter[LineKind] = Counter()
    fees: Counter[str] = Counter()
    orders = 0
    for line in lines:
        sums[line.kind] += line.amount.minor
        orders += line.kind is LineKind.SALE
        if line.kind is LineKind.FEE:
            fees[line.name] -= line.amount.minor
    return Earnings(
        orders=orders,
        sale_minor=sums[LineKind.SALE],
        refunds_minor=-sums[LineKind.REFUND],
        fees_minor={name: minor for name, minor in sorted(fees.items()) if minor},
        fee_tax_minor=-sums[LineKind.FEE_TAX],
    )


def _stated(statements: Sequence[StatementView]) -> int:
    return sum(statement.settled.minor for statement in statements)


def _settled(lines: Iterable[LineView]) -> int:
    """What lines come to beside reserve and payouts."""
    return sum(line.amount.minor for line in lines if line.kind not in _RESERVE | _PAYOUT)
