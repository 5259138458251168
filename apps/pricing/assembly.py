"""The chosen price, written down: lines, charges and orders as contracts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields

from apps.pricing.contracts import (
    Basket,
    Breakdown,
    Discount,
    PricedCharges,
    PricedLine,
    PricedOrder,
)
from apps.pricing.goods import Cut
from apps.pricing.payment import spread_payment_discount, spread_recorded_difference
from apps.pricing.reckoning import OrderReckoning
from apps.pricing.search import Choice


@dataclass(frozen=True, slots=True)
class _Adjustments:
    """What paying adds to a line or to an order's charges (L7)."""

    payment_discount_minor: int
    recorded_difference_minor: int


def assemble_orders(choice: Choice) -> tuple[PricedOrder, ...]:
    """Write down the orders of a choice, by their first line."""
    workings = choice.workings
    discounts = _discounts_by_segment(len(workings.segments), [*workings.item_cuts, *choice.cuts])
    adjustments = _adjustments(workings.basket, choice.reckonings)
    return tuple(_order(workings.basket, reckoning, discounts, adjustments) for reckoning in choice.reckonings)


def _discounts_by_segment(segment_count: int, cuts: Iterable[Cut]) -> list[list[Discount]]:
    discounts: list[list[Discount]] = [[] for _ in range(segment_count)]
    for cut in cuts:
        layer, promotion_id = cut.rule.layer, cut.rule.promotion_id
        for index, share, platform_share in zip(cut.indexes, cut.shares, cut.platform_shares, strict=True):
            if share:
                discounts[index].append(Discount(layer, promotion_id, share - platform_share, platform_share))
    return discounts


def _adjustments(basket: Basket, reckonings: Sequence[OrderReckoning]) -> Iterator[_Adjustments]:
    """For each order in turn: one for each of its lines, then one for its charges."""
    payables = [payable for reckoning in reckonings for payable in reckoning.payables]
    discounts = spread_payment_discount(basket.payment_discount, payables)
    left = [payable - discount for payable, discount in zip(payables, discounts, strict=True)]
    is_charges = [weight for reckoning in reckonings for weight in (*[0] * len(reckoning.segments), 1)]
    differences = spread_recorded_difference(basket.recorded_difference_minor, left, if_free=is_charges)
    return map(_Adjustments, discounts, differences)


def _order(
    basket: Basket,
    reckoning: OrderReckoning,
    discounts: Sequence[Sequence[Discount]],
    adjustments: Iterator[_Adjustments],
) -> PricedOrder:
    lines = tuple(
        _line(basket, reckoning, place, discounts[index], next(adjustments))
        for place, index in enumerate(reckoning.shop.lot.indexes)
    )
    charges = _charges(basket, reckoning, next(adjustments))
    return PricedOrder(
        shop_id=reckoning.shop.shop_id,
        currency=basket.currency,
        lines=lines,
        charges=charges,
        breakdown=_breakdown(lines, charges),
    )


def _line(
    basket: Basket, reckoning: OrderReckoning, place: int, discounts: Sequence[Discount], adjustments: _Adjustments
) -> PricedLine:
    segment = reckoning.segments[place]
    line = segment.line
    return PricedLine(
        line_no=line.line_no,
        segment_no=segment.segment_no,
        sku_id=line.sku_id,
        quantity=segment.quantity,
        list_unit_minor=line.list_unit_minor,
        unit_minor=segment.unit_minor,
        list_minor=line.list_unit_minor * segment.quantity,
        discounts=tuple(discounts),
        seller_discount_minor=sum([discount.seller_minor for discount in discounts]),
        platform_discount_minor=sum([discount.platform_minor for discount in discounts]),
        net_minor=reckoning.nets[place],
        tax_inclusive=basket.tax_inclusive,
        tax_rate_e5=line.tax_rate_e5,
        tax_base_minor=reckoning.tax_bases[place],
        tax_minor=reckoning.taxes[place],
        duty_minor=reckoning.duties[place],
        shipping_share_minor=reckoning.shipping_shares[place],
        payment_discount_minor=adjustments.payment_discount_minor,
        recorded_difference_minor=adjustments.recorded_difference_minor,
    )


def _charges(basket: Basket, reckoning: OrderReckoning, adjustments: _Adjustments) -> PricedCharges:
    return PricedCharges(
        tax_inclusive=basket.tax_inclusive,
        original_shipping_fee_minor=reckoning.shop.shipping.fee_minor,
        shipping_discounts=reckoning.shipping_discounts,
        shipping_fee_minor=reckoning.shipping_fee_minor,
        shipping_tax_rate_e5=reckoning.shop.shipping.tax_rate_e5,
        shipping_tax_minor=reckoning.shipping_tax_minor,
        surcharges=reckoning.surcharges,
        payment_discount_minor=adjustments.payment_discount_minor,
        recorded_difference_minor=adjustments.recorded_difference_minor,
    )


def _breakdown(lines: Sequence[PricedLine], charges: PricedCharges) -> Breakdown:
    def of_lines(field_name: str) -> int:
        return sum([getattr(line, field_name) for line in lines])

    return Breakdown(
        tax_inclusive=charges.tax_inclusive,
        original_total_product_price_minor=of_lines("list_minor"),
        seller_discount_minor=of_lines("seller_discount_minor"),
        platform_discount_minor=of_lines("platform_discount_minor"),
        sub_total_minor=of_lines("net_minor"),
        original_shipping_fee_minor=charges.original_shipping_fee_minor,
        shipping_fee_seller_discount_minor=sum(discount.seller_minor for discount in charges.shipping_discounts),
        shipping_fee_platform_discount_minor=sum(discount.platform_minor for discount in charges.shipping_discounts),
        shipping_fee_minor=charges.shipping_fee_minor,
        shipping_tax_minor=charges.shipping_tax_minor,
        tax_minor=of_lines("tax_minor") + charges.shipping_tax_minor,
        duty_minor=of_lines("duty_minor"),
        fees_minor=charges.surcharges_minor,
        payment_platform_discount_minor=of_lines("payment_discount_minor") + charges.payment_discount_minor,
        recorded_difference_minor=of_lines("recorded_difference_minor") + charges.recorded_difference_minor,
        total_minor=of_lines("paid_minor") + charges.paid_minor,
    )


def sum_breakdowns(breakdowns: Sequence[Breakdown]) -> Breakdown:
    """The sums of a purchase are those of its orders."""
    amounts = [field.name for field in fields(Breakdown) if field.name.endswith("_minor")]
    return Breakdown(
        tax_inclusive=breakdowns[0].tax_inclusive,
        **{name: sum(getattr(breakdown, name) for breakdown in breakdowns) for name in amounts},
    )
