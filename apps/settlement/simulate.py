"""What a version of a fee plan would have cost sellers on orders that were sold under other terms.

# Note [Simulation]
The same arithmetic that settles an order is asked twice: under the terms that were frozen on its lines, and with the
plan of these terms replaced by another. Everything else of the order is as it stands: what it was sold for, what went
back of it, the category of each line. Nothing is written, and nobody's terms change. Whether sellers would have priced
or sold the same is beyond arithmetic.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from apps.fees import api as fees
from apps.orders import api as orders
from apps.settlement.contracts import LineKind
from apps.settlement.reckoning import Reckoning, reckon
from apps.settlement.terms import read_plan
from tradecore import wire
from tradecore.money import Money

#: So many orders are looked at: those that were paid last.
SIMULATED_MAX: Final = 2_000

SHOPS_SHOWN: Final = 10

_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What fees come to under the terms that were frozen, and under the plan; both with the tax on them."""

    charged: Money
    simulated: Money

    @property
    def difference(self) -> Money:
        """Positive where the plan would have cost sellers more."""
        return self.simulated - self.charged


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeCompared(Compared):
    """One fee, by its kind and, where it is of one, its category."""

    kind: str
    category_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopCompared(Compared):
    """One shop, and what its orders come to before fees."""

    shop_id: int
    order_count: int
    sales: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation(Compared):
    """A plan on the orders of some time. `sales` are what they come to for their sellers before fees, less what went
    back. `shops` are those with the largest differences. `is_partial`: there were more orders than were looked at.
    """

    plan: fees.FeePlan
    order_count: int
    sales: Money
    fees: tuple[FeeCompared, ...]
    shops: tuple[ShopCompared, ...]
    is_partial: bool


def simulate_plan(
    *,
    code: str,
    version: int,
    market: str,
    paid_ge: datetime,
    paid_lt: datetime,
    is_tier_only: bool = False,
    limit: int = SIMULATED_MAX,
) -> Simulation:
    """What a version of a plan, in force or not, would have cost on the orders of a market that were paid in that time.

    See Note [Simulation]. The `limit` of them that were paid last are looked at; with `is_tier_only` what of these was
    sold under any version of this plan.
    Refuses, in this order: UnknownFeePlan, FeePlanInvalid (an order is in another currency than the plan).
    """
    plan = fees.get_version(code, version)
    order_ids = orders.list_paid_order_ids(market=market, paid_ge=paid_ge, paid_lt=paid_lt, limit=limit + 1)
    tally = _Tally(plan)
    for sale in _read(order_ids[:limit]):
        if not is_tier_only or _is_sold_under(sale, code):
            tally.add(sale)
    return tally.result(is_partial=len(order_ids) > limit)


def _read(order_ids: Sequence[int]) -> Iterator[orders.Sale]:
    for start in range(0, len(order_ids), _AT_ONCE):
        yield from orders.list_sales(order_ids=order_ids[start : start + _AT_ONCE])


def _is_sold_under(sale: orders.Sale, code: str) -> bool:
    """An order is one shop's, and so of one plan."""
    plan = read_plan(sale.lines[0].terms)
    return plan is not None and plan.code == code


@dataclass(slots=True)
class _Sums:
    """What is added up, in minor units."""

    order_count: int = 0
    sales: int = 0
    charged: int = 0
    simulated: int = 0


class _Tally:
    """Adds up orders, each reckoned twice."""

    def __init__(self, plan: fees.FeePlan) -> None:
        self._plan = plan
        self._terms: Mapping[str, Any] = wire.to_json(plan)
        self._all = _Sums()
        self._by_shop: dict[int, _Sums] = defaultdict(_Sums)
        self._by_fee: dict[str, _Sums] = defaultdict(_Sums)

    def add(self, sale: orders.Sale) -> None:
        """Refuses: FeePlanInvalid."""
        if sale.currency != self._plan.currency:
            raise fees.FeePlanInvalid(reason=f"it is in {self._plan.currency}, and order {sale.number} is not")
        charged, simulated = reckon(sale), reckon(self._under_plan(sale))
        for sums in (self._all, self._by_shop[sale.shop_id]):
            sums.order_count += 1
            sums.sales += charged.sale_minor - sum(charged.refunds.values())
            sums.charged += sum(minor for _, minor in _kept(charged))
            sums.simulated += sum(minor for _, minor in _kept(simulated))
        for name, minor in _kept(charged):
            self._by_fee[name].charged += minor
        for name, minor in _kept(simulated):
            self._by_fee[name].simulated += minor

    def result(self, *, is_partial: bool) -> Simulation:
        shops = [self._shop(shop_id, sums) for shop_id, sums in self._by_shop.items()]
        most_affected = sorted(shops, key=lambda shop: (-abs(shop.difference.minor), shop.shop_id))
        return Simulation(
            **self._compared(self._all),
            plan=self._plan,
            order_count=self._all.order_count,
            sales=self._money(self._all.sales),
            fees=tuple(self._fee(name, sums) for name, sums in sorted(self._by_fee.items())),
            shops=tuple(most_affected[:SHOPS_SHOWN]),
            is_partial=is_partial,
        )

    def _under_plan(self, sale: orders.Sale) -> orders.Sale:
        lines = (replace(line, terms={**line.terms, "fee_plan": self._terms}) for line in sale.lines)
        return replace(sale, lines=tuple(lines))

    def _shop(self, shop_id: int, sums: _Sums) -> ShopCompared:
        return ShopCompared(
            **self._compared(sums), shop_id=shop_id, order_count=sums.order_count, sales=self._money(sums.sales)
        )

    def _fee(self, name: str, sums: _Sums) -> FeeCompared:
        kind, _, category = name.partition(":")
        return FeeCompared(**self._compared(sums), kind=kind, category_id=int(category) if category else None)

    def _compared(self, sums: _Sums) -> dict[str, Money]:
        return {"charged": self._money(sums.charged), "simulated": self._money(sums.simulated)}

    def _money(self, minor: int) -> Money:
        return Money(minor, self._plan.currency)


def _kept(reckoning: Reckoning) -> Iterator[tuple[str, int]]:
    """What is kept of each fee, with the tax on it. What a creator gets is no fee of the plan."""
    for charge in reckoning.charges:
        if charge.kind is LineKind.FEE:
            yield charge.name, charge.kept.amount_minor + charge.kept.tax_minor
