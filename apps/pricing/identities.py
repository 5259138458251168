"""The identities of a price (pricing.md, section 2), checked on every result before anybody sees it."""

from dataclasses import fields
from typing import Final

from apps.pricing.contracts import Breakdown, PricedBasket, PricedLine, PricedOrder, StepKind
from apps.pricing.errors import IdentityBroken

_AMOUNTS: Final = tuple(field.name for field in fields(Breakdown) if field.name.endswith("_minor"))
_SIGNED: Final = frozenset({"recorded_difference_minor"})


def check_identities(*, basket: PricedBasket) -> None:
    """Raise IdentityBroken unless every line, order and sum of a price agrees with all the others."""
    check_breakdown(breakdown=basket.breakdown)
    for name in _AMOUNTS:
        whole, parts = getattr(basket.breakdown, name), [getattr(order.breakdown, name) for order in basket.orders]
        _same(f"the purchase's {name} is its orders'", whole, sum(parts))
    for order in basket.orders:
        check_breakdown(breakdown=order.breakdown)
        _check_order(order)
        for line in order.lines:
            _check_line(line)
    _check_uses(basket)


def check_breakdown(*, breakdown: Breakdown) -> None:
    """Raise IdentityBroken unless the sums of an order or a purchase agree: also for what was stored long ago."""
    for name in _AMOUNTS:
        _require(f"{name} is not negative", holds=name in _SIGNED or getattr(breakdown, name) >= 0)
    _same(
        "sub_total",
        breakdown.sub_total_minor,
        breakdown.original_total_product_price_minor
        - breakdown.seller_discount_minor
        - breakdown.platform_discount_minor,
    )
    _same(
        "shipping_fee",
        breakdown.shipping_fee_minor,
        breakdown.original_shipping_fee_minor
        - breakdown.shipping_fee_seller_discount_minor
        - breakdown.shipping_fee_platform_discount_minor,
    )
    _same(
        "total",
        breakdown.total_minor,
        breakdown.sub_total_minor
        + breakdown.shipping_fee_minor
        + (0 if breakdown.tax_inclusive else breakdown.tax_minor)
        + breakdown.duty_minor
        + breakdown.fees_minor
        - breakdown.payment_platform_discount_minor
        + breakdown.recorded_difference_minor,
    )


def _check_order(order: PricedOrder) -> None:
    breakdown, charges = order.breakdown, order.charges
    paid = sum(line.paid_minor for line in order.lines) + charges.paid_minor
    _same("the order's money is its lines' and its charges'", breakdown.total_minor, paid)
    _same("net prices add up", breakdown.sub_total_minor, sum(line.net_minor for line in order.lines))
    tax = sum(line.tax_minor for line in order.lines) + charges.shipping_tax_minor
    _same("taxes add up", breakdown.tax_minor, tax)
    shares = sum(line.shipping_share_minor for line in order.lines)
    _same("shipping shares add up", breakdown.shipping_fee_minor, shares)
    steps = sum(step.amount_minor for step in charges.steps if step.kind is not StepKind.TAX_INCLUDED)
    _same("the charges' ladder ends at what is paid", charges.paid_minor, steps)
    _require("charges are not negative", holds=charges.paid_minor >= 0)


def _check_line(line: PricedLine) -> None:
    seller = sum([discount.seller_minor for discount in line.discounts])
    platform = sum([discount.platform_minor for discount in line.discounts])
    _same("list price", line.list_minor, line.list_unit_minor * line.quantity)
    _same("seller discount", line.seller_discount_minor, seller)
    _same("platform discount", line.platform_discount_minor, platform)
    _same("net price", line.net_minor, line.list_minor - seller - platform)
    _require("no line is negative", holds=line.net_minor >= 0 and line.paid_minor >= 0)
    _require("no discount is negative", holds=all(d.seller_minor >= 0 <= d.platform_minor for d in line.discounts))
    steps = sum([step.amount_minor for step in line.steps if step.kind is not StepKind.TAX_INCLUDED])
    _same("the line's ladder ends at what is paid", line.paid_minor, steps)


def _check_uses(basket: PricedBasket) -> None:
    breakdown = basket.breakdown
    seller = breakdown.seller_discount_minor + breakdown.shipping_fee_seller_discount_minor
    platform = breakdown.platform_discount_minor + breakdown.shipping_fee_platform_discount_minor
    _same("uses hold what sellers fund", seller, sum(use.seller_minor for use in basket.promotion_uses))
    _same("uses hold what the platform funds", platform, sum(use.platform_minor for use in basket.promotion_uses))


def _same(what: str, stated: int, derived: int) -> None:
    if stated != derived:
        raise IdentityBroken(f"{what}: {stated} is stated, {derived} is derived")


def _require(what: str, *, holds: bool) -> None:
    if not holds:
        raise IdentityBroken(what)
