"""What sellers are to get, reckoned from the record and the fee plan alone: pure, and beside the product's own sums.

An order settles for its seller once it was delivered: item prices and freight, less a fee for each rule, each of them
rounded half up on the order. Of one that was refused on its way the freight was spent, and only that is left; what was
cancelled has gone back whole, and the rest is not over.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from apps.fees.api import FeeBasis, FeePlanDraft, FeeRule
from apps.integrations.replay.lives import Act, Life

#: Bases that freight is a part of. Nothing that was recorded has a tax or a discount, so the others are item prices.
_WITH_FREIGHT: Final = frozenset({FeeBasis.PAYMENT, FeeBasis.PAYMENT_AND_PLATFORM_DISCOUNT})
_RATE_BP: Final = 10_000
_RATE_E5: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Earnings:
    """What orders come to for a seller, in centavos. Fees, by their names, and their tax are what is taken."""

    orders: int = 0
    sale_minor: int = 0
    refunds_minor: int = 0
    fees_minor: Mapping[str, int] = field(default_factory=dict)
    fee_tax_minor: int = 0

    @property
    def net_minor(self) -> int:
        return self.sale_minor - self.refunds_minor - sum(self.fees_minor.values()) - self.fee_tax_minor


def expect_earnings(lives: Iterable[Life], plan: FeePlanDraft) -> dict[str, Earnings]:
    """What each seller is to get for these lives, by seller; nobody who gets nothing."""
    parts: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for life in lives:
        last = life.steps[-1].act
        if last in {Act.COMPLETE, Act.REFUSE}:
            goods = life.order.goods_minor if last is Act.COMPLETE else {}
            for seller_id, freight_minor in life.order.freights_minor.items():
                parts[seller_id].append((goods.get(seller_id, 0), freight_minor))
    found = {seller_id: _add_up(parts[seller_id], plan) for seller_id in sorted(parts)}
    return {seller_id: earnings for seller_id, earnings in found.items() if earnings.orders}


def _add_up(parts: Iterable[tuple[int, int]], plan: FeePlanDraft) -> Earnings:
    """Of (goods, freight) of each order."""
    sale_minor, orders, tax_minor = 0, 0, 0
    fees: Counter[str] = Counter()
    for goods_minor, freight_minor in parts:
        sale_minor += goods_minor + freight_minor
        orders += 1 if goods_minor + freight_minor else 0
        for rule in plan.rules:
            base_minor = goods_minor + (freight_minor if rule.basis in _WITH_FREIGHT else 0)
            fee_minor = _charge(rule, base_minor)
            fees[rule.kind] += fee_minor
            tax_minor += _half_up(fee_minor * rule.tax_rate_e5, _RATE_E5)
    named = {kind: minor for kind, minor in sorted(fees.items()) if minor}
    return Earnings(orders=orders, sale_minor=sale_minor, fees_minor=named, fee_tax_minor=tax_minor)


def _charge(rule: FeeRule, base_minor: int) -> int:
    if not base_minor:
        return 0
    fee_minor = rule.fixed_minor + _half_up(base_minor * rule.rate_bp, _RATE_BP)
    return fee_minor if rule.cap_minor is None else min(fee_minor, rule.cap_minor)


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)
