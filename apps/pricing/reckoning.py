"""What one order comes to, L5 and L6, once the discounts on its goods are known.

Every amount is worked out when it is first asked for: the search asks for the payable only, the winner for all of it,
and both get the same numbers because there is one arithmetic.
"""

from collections.abc import Iterator
from functools import cached_property

from apps.pricing.contracts import Discount, Surcharge
from apps.pricing.duty import duties
from apps.pricing.goods import Candidate, Goods, Miss, Segment, allocate_by_value
from apps.pricing.shipping import assess_shipping_discount, best_shipping_discount
from apps.pricing.tax import tax_base, tax_on
from apps.pricing.working import ShopGoods, Workings


class OrderReckoning:
    """One shop's order with its goods as they are after the coupons. Lists run along the segments of the order."""

    def __init__(self, workings: Workings, shop: ShopGoods, goods: Goods) -> None:
        self.shop = shop
        self._basket = workings.basket
        self._orders = len(workings.shops)
        self._all_segments = workings.segments
        self._goods = goods

    @cached_property
    def segments(self) -> list[Segment]:
        return [self._all_segments[index] for index in self.shop.lot.indexes]

    @cached_property
    def nets(self) -> list[int]:
        return [self._goods.nets[index] for index in self.shop.lot.indexes]

    @cached_property
    def sub_total_minor(self) -> int:
        return self._goods.total(self.shop.lot)

    @cached_property
    def shipping_discounts(self) -> tuple[Discount, ...]:
        """The seller's, then the platform's on what is left: at most one of each."""
        both = (self._shipping_discount_of_seller, self._shipping_discount_of_platform)
        return tuple(discount for discount in both if discount)

    @cached_property
    def shipping_fee_minor(self) -> int:
        return self.shop.shipping.fee_minor - sum(discount.amount_minor for discount in self.shipping_discounts)

    @cached_property
    def shipping_platform_minor(self) -> int:
        return sum(discount.platform_minor for discount in self.shipping_discounts)

    def assess_shipping_rules(self) -> Iterator[tuple[Candidate, int | Miss]]:
        """Each candidate with what it would take off the fee that its turn finds, or why it does not apply."""
        for candidate in self.shop.shipping_rules:
            fee_minor = self.shop.shipping.fee_minor
            yield candidate, assess_shipping_discount(candidate, self._goods, fee_minor, orders=self._orders)
        for candidate in self.shop.platform_shipping_rules:
            fee_minor = self._fee_after_seller_minor
            yield candidate, assess_shipping_discount(candidate, self._goods, fee_minor, orders=self._orders)

    @cached_property
    def shipping_shares(self) -> list[int]:
        return self._over_segments(self.shipping_fee_minor)

    @cached_property
    def duties(self) -> list[int]:
        if self._basket.duty is None:
            return [0] * len(self.segments)
        return duties(self._basket.duty, self.segments, self.nets)

    @cached_property
    def tax_bases(self) -> list[int]:
        policy = self._basket.tax_base_policy
        platform = self._goods.platform
        bases = [
            tax_base(net, platform[index], policy) for net, index in zip(self.nets, self.shop.lot.indexes, strict=True)
        ]
        if self._basket.duty is None:
            return bases
        shipping = self._over_segments(self._shipping_tax_base_minor)
        return [sum(parts) for parts in zip(bases, shipping, self.duties, strict=True)]

    @cached_property
    def taxes(self) -> list[int]:
        inclusive = self._basket.tax_inclusive
        return [
            tax_on(base, segment.line.tax_rate_e5, inclusive=inclusive)
            for base, segment in zip(self.tax_bases, self.segments, strict=True)
        ]

    @cached_property
    def shipping_tax_minor(self) -> int:
        """Tax on the shipping; an import's lines carry it."""
        if self._basket.duty is not None:
            return 0
        rate_e5 = self.shop.shipping.tax_rate_e5
        return tax_on(self._shipping_tax_base_minor, rate_e5, inclusive=self._basket.tax_inclusive)

    @cached_property
    def surcharges(self) -> tuple[Surcharge, ...]:
        return tuple(
            surcharge
            for surcharge in self._basket.surcharges
            if surcharge.below_minor is None or self.sub_total_minor < surcharge.below_minor
        )

    @cached_property
    def payable_minor(self) -> int:
        """What the buyer has to pay for this order, before the payment discount."""
        added_tax = 0 if self._basket.tax_inclusive else sum(self.taxes)
        duty = sum(self.duties) if self._basket.duty else 0
        return self.sub_total_minor + added_tax + duty + self.charges_payable_minor

    @cached_property
    def charges_payable_minor(self) -> int:
        """The part of it that is not in the lines."""
        added_tax = 0 if self._basket.tax_inclusive else self.shipping_tax_minor
        return self.shipping_fee_minor + added_tax + sum(surcharge.amount_minor for surcharge in self.surcharges)

    @property
    def payables(self) -> list[int]:
        """Line by line, and the charges at the end; they add up to the payable."""
        added_taxes = [0] * len(self.segments) if self._basket.tax_inclusive else self.taxes
        return [*map(sum, zip(self.nets, added_taxes, self.duties, strict=True)), self.charges_payable_minor]

    @cached_property
    def _shipping_discount_of_seller(self) -> Discount | None:
        fee_minor = self.shop.shipping.fee_minor
        return best_shipping_discount(self.shop.shipping_rules, self._goods, fee_minor, orders=self._orders)

    @cached_property
    def _shipping_discount_of_platform(self) -> Discount | None:
        fee_minor = self._fee_after_seller_minor
        return best_shipping_discount(self.shop.platform_shipping_rules, self._goods, fee_minor, orders=self._orders)

    @property
    def _fee_after_seller_minor(self) -> int:
        discount = self._shipping_discount_of_seller
        return self.shop.shipping.fee_minor - (discount.amount_minor if discount else 0)

    @property
    def _shipping_tax_base_minor(self) -> int:
        return tax_base(self.shipping_fee_minor, self.shipping_platform_minor, self._basket.tax_base_policy)

    def _over_segments(self, amount_minor: int) -> list[int]:
        return allocate_by_value(amount_minor, self.nets, [segment.quantity for segment in self.segments])
