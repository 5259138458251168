"""The choice among promotions: the admissible combination with the lowest buyer total.

Ties go to the lowest cost for the platform, then to the lowest promotion ids. A coupon that the buyer picked by its
code goes before those that apply by themselves in its layer, even when it gives less; that it is used at all, the
total decides.

Shops do not see one another until a platform coupon adds them up. So each shop has a few plans (a shop rule or none,
then a seller coupon or none); without a platform coupon the best plan of each shop is the optimum. With one, the
plans of the shops that it touches are tried in every combination, since a smaller discount here may reach its
threshold there.

Note [Bounds of the search]
A shop offers the MAX_ALTERNATIVES largest discounts of each layer, the platform as many coupons, and its coupons are
tried with at most MAX_COMBINATIONS combinations of plans in all. Beyond that each shop keeps the plans that serve
best: its best, then to do nothing (which leaves the most for a threshold), then those that take off most. Of what is
tried, at most MAX_RECKONINGS are reckoned to the end, see Note [Floors]. Within these bounds the choice is the
optimum; the work is a bounded number of passes over the lines, however many rules there are.

Note [Floors]
To know what a combination comes to, discounts must be divided over lines, and added tax rounded line by line. What it
comes to at least is known before: nothing that a discount on goods changes makes an order cheaper, except the
discount itself and the tax on it, since the thresholds of shipping discounts and small-order fees can only be missed
by it. So combinations are reckoned in the order of their floors, and the first floor above the best total ends the
search. Where prices include tax that is mostly the second; where tax is added, floors are apart by a rounding per
line, and a few more are needed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import product
from math import prod
from typing import Final, TypeVar

from apps.pricing.coupons import assess_coupon, coupon_amount
from apps.pricing.goods import Candidate, Cut, Goods, Miss
from apps.pricing.reckoning import OrderReckoning
from apps.pricing.shop_rule import assess_shop_rule
from apps.pricing.working import ShopGoods, Workings
from tradecore.money import TAX_SCALE

MAX_ALTERNATIVES: Final = 8
MAX_COMBINATIONS: Final = 1_024
MAX_RECKONINGS: Final = 32

Standing = tuple[int, int, tuple[int, ...]]
"""What is minimised: the buyer's payable, the platform's cost, the promotion ids in ascending order."""

Assess = Callable[[Candidate], Cut | Miss]


@dataclass(frozen=True, eq=False)
class Plan:
    """What one shop may do by itself: at most one shop rule, then at most one seller coupon."""

    workings: Workings
    shop: ShopGoods
    untouched_minor: int
    """The order's payable without any cut."""
    cuts: tuple[Cut, ...]

    @cached_property
    def taken_minor(self) -> int:
        return sum(cut.amount_minor for cut in self.cuts)

    @cached_property
    def goods(self) -> Goods:
        return self.workings.goods.after(*self.cuts)

    @cached_property
    def reckoning(self) -> OrderReckoning:
        return OrderReckoning(self.workings, self.shop, self.goods)

    @property
    def floor_minor(self) -> int:
        return _floor(self.workings, self.untouched_minor, self.taken_minor)

    @cached_property
    def standing(self) -> Standing:
        return _standing([self.reckoning], self.cuts)

    def eligible_minor(self, coupon: Candidate) -> int:
        """What the plan leaves for a platform coupon."""
        lot = self.shop.platform_coupon_lots.get(coupon.rule.promotion_id)
        if lot is None:
            return 0
        if lot is self.shop.lot:
            return self.workings.goods.total(lot) - self.taken_minor
        return self.goods.total(lot)


@dataclass(frozen=True, eq=False)
class Choice:
    """One plan per shop, and perhaps a platform coupon: everything that is decided between L1 and L5."""

    workings: Workings
    plans: Sequence[Plan]
    coupon: Candidate | None = None
    coupon_minor: int = 0

    @cached_property
    def before_platform_coupon(self) -> Goods:
        return self.workings.goods.after(*(cut for plan in self.plans for cut in plan.cuts))

    @cached_property
    def platform_cuts(self) -> tuple[Cut, ...]:
        """At most one."""
        if self.coupon is None:
            return ()
        rule, lot = self.coupon.rule, self.coupon.lot
        return (self.before_platform_coupon.cut(rule=rule, lot=lot, amount_minor=self.coupon_minor),)

    @cached_property
    def cuts(self) -> tuple[Cut, ...]:
        """In the order of the ladder."""
        return (*(cut for plan in self.plans for cut in plan.cuts), *self.platform_cuts)

    @cached_property
    def reckonings(self) -> list[OrderReckoning]:
        if self.coupon is None:
            return [plan.reckoning for plan in self.plans]
        goods = self.before_platform_coupon.after(*self.platform_cuts)
        return [OrderReckoning(self.workings, plan.shop, goods) for plan in self.plans]

    @cached_property
    def floor_minor(self) -> int:
        untouched_minor = sum([plan.untouched_minor for plan in self.plans])
        taken_minor = sum([plan.taken_minor for plan in self.plans]) + self.coupon_minor
        return _floor(self.workings, untouched_minor, taken_minor)

    @cached_property
    def standing(self) -> Standing:
        return _standing(self.reckonings, self.cuts)


Option = TypeVar("Option", Plan, Choice)


def choose(workings: Workings) -> Choice:
    """Return the best choice. See Note [Bounds of the search]."""
    plans_of_shops = [_plans(workings, shop) for shop in workings.shops]
    alone = Choice(workings, [plans[0] for plans in plans_of_shops])
    coupons = _shortlist(workings.platform_coupons, partial(assess_coupon, goods=workings.goods))
    limit = MAX_COMBINATIONS // max(1, len(coupons))
    with_coupon = [
        choice for coupon in coupons for choice in _choices_with(coupon, workings, plans_of_shops, limit=limit)
    ]
    picked = [choice for choice in with_coupon if choice.coupon and choice.coupon.rule.code]
    return _best([alone, *(picked or with_coupon)])


def _best(options: Iterable[Option]) -> Option:
    """The option of the lowest standing. See Note [Floors]."""
    by_floor = sorted(options, key=lambda option: option.floor_minor)
    best = by_floor[0]
    for option in by_floor[1:MAX_RECKONINGS]:
        if option.floor_minor > best.standing[0]:
            break
        best = min(best, option, key=lambda known: known.standing)
    return best


def _plans(workings: Workings, shop: ShopGoods) -> list[Plan]:
    """A shop's plans: its best, then to do nothing (unless that is the best), then those that take off most."""
    untouched_minor = OrderReckoning(workings, shop, workings.goods).payable_minor
    plans: list[Plan] = []
    assess_rule = partial(assess_shop_rule, segments=workings.segments, goods=workings.goods)
    for rule_cuts in _alternatives(shop.shop_rules, assess_rule):
        after_rule = workings.goods.after(*rule_cuts)
        plans += [
            Plan(workings, shop, untouched_minor, rule_cuts + coupon_cuts)
            for coupon_cuts in _alternatives(shop.coupons, partial(assess_coupon, goods=after_rule))
        ]
    best = _best(plans)
    return sorted(plans, key=lambda plan: (plan is not best, plan.taken_minor != 0, -plan.taken_minor))


def _alternatives(candidates: Sequence[Candidate], assess: Assess) -> list[tuple[Cut, ...]]:
    """Nothing, or one of the cuts that apply now; picked ones, where there are any, shut out the others."""
    assessed = [assess(candidate) for candidate in _shortlist(candidates, assess)]
    cuts = [cut for cut in assessed if isinstance(cut, Cut)]
    picked = [cut for cut in cuts if cut.rule.code]
    return [(), *((cut,) for cut in picked or cuts)]


def _shortlist(candidates: Sequence[Candidate], assess: Assess) -> Sequence[Candidate]:
    """The candidates that the search will look at: all of them, or the picked ones and the largest discounts."""
    if len(candidates) <= MAX_ALTERNATIVES:
        return candidates

    def service(candidate: Candidate) -> tuple[bool, int, int]:
        assessed = assess(candidate)
        amount_minor = assessed.amount_minor if isinstance(assessed, Cut) else 0
        return candidate.rule.code is None, -amount_minor, candidate.rule.promotion_id

    return sorted(candidates, key=service)[:MAX_ALTERNATIVES]


def _choices_with(
    coupon: Candidate, workings: Workings, plans_of_shops: Sequence[Sequence[Plan]], *, limit: int
) -> Iterator[Choice]:
    """Every combination of plans in which the platform coupon applies; shops that it does not touch keep their best."""
    tried = [
        plans if coupon.rule.promotion_id in plans[0].shop.platform_coupon_lots else plans[:1]
        for plans in plans_of_shops
    ]
    for plans in product(*_within(limit, tried)):
        coupon_minor = coupon_amount(coupon.rule, sum([plan.eligible_minor(coupon) for plan in plans]))
        if isinstance(coupon_minor, int):
            yield Choice(workings, plans, coupon, coupon_minor)


def _within(limit: int, plans_of_shops: Iterable[Sequence[Plan]]) -> list[list[Plan]]:
    """Shorten the longest lists, from their end, until there are at most ``limit`` combinations."""
    kept = [list(plans) for plans in plans_of_shops]
    while prod(len(plans) for plans in kept) > limit:
        max(kept, key=len).pop()
    return kept


def _floor(workings: Workings, untouched_minor: int, taken_minor: int) -> int:
    """What is payable at least when so much is taken off the goods. See Note [Floors].

    Of a tax that is added, a discount saves at most its highest rate, and a unit per line by rounding. What else is
    taxed line by line may at worst move to lines without tax.
    """
    if workings.basket.tax_inclusive:
        return untouched_minor - taken_minor
    tax_minor = (taken_minor + workings.movable_tax_base_minor) * workings.tax_rate_max_e5 // TAX_SCALE
    rounding_minor = len(workings.segments) + 1
    return untouched_minor - taken_minor - tax_minor - rounding_minor


def _standing(reckonings: Iterable[OrderReckoning], cuts: Sequence[Cut]) -> Standing:
    payable_minor, platform_minor = 0, sum(cut.platform_minor for cut in cuts)
    for reckoning in reckonings:
        payable_minor += reckoning.payable_minor
        platform_minor += reckoning.shipping_platform_minor
    return payable_minor, platform_minor, tuple(sorted(cut.rule.promotion_id for cut in cuts))
