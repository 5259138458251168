"""What goes back: of some units of a line, of shipping and surcharges, of a promotion's budget.

Nothing is priced again. What a line carried when it was sold is divided over its units by cumulative floor: the first
``k`` of ``n`` units carry ``floor(amount * k / n)``, so that units that go back in any grouping add up to the whole of
every component, and what is kept obeys the same identities as what was sold.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields

from apps.pricing.contracts import (
    ChargesBack,
    Discount,
    PricedLine,
    PricedOrder,
    Proceeds,
    RefundableCharges,
    RefundableLine,
    RefundCause,
    RefundPart,
)
from tradecore.money import allocate, cumulative_share

_FAULTS = frozenset({RefundCause.SELLER_FAULT, RefundCause.PLATFORM_FAULT, RefundCause.CARRIER_FAULT})


def refundable_line(line: PricedLine) -> RefundableLine:
    """Return the amounts of a priced line that refunds are made of."""
    return RefundableLine(
        quantity=line.quantity,
        list_minor=line.list_minor,
        net_minor=line.net_minor,
        platform_discount_minor=line.platform_discount_minor,
        tax_inclusive=line.tax_inclusive,
        tax_minor=line.tax_minor,
        duty_minor=line.duty_minor,
        shipping_share_minor=line.shipping_share_minor,
        payment_discount_minor=line.payment_discount_minor,
        recorded_difference_minor=line.recorded_difference_minor,
    )


def refundable_charges(order: PricedOrder) -> RefundableCharges:
    """Return the amounts of a priced order's charges that refunds are made of."""
    charges = order.charges
    return RefundableCharges(
        tax_inclusive=charges.tax_inclusive,
        shipping_fee_minor=charges.shipping_fee_minor,
        shipping_tax_minor=charges.shipping_tax_minor,
        shipping_fee_platform_discount_minor=order.breakdown.shipping_fee_platform_discount_minor,
        surcharges_minor=charges.surcharges_minor,
        payment_discount_minor=charges.payment_discount_minor,
        recorded_difference_minor=charges.recorded_difference_minor,
    )


def refund_part(*, line: RefundableLine, units_from: int, units_to: int) -> RefundPart:
    """Return what the units ``units_from + 1 .. units_to`` of a line carry.

    Units are counted in the order in which they go back: ``units_from`` is how many went before, whatever the reason.
    """
    if not 0 <= units_from < units_to <= line.quantity:
        raise ValueError("units go back once, and no more of them than were sold")
    before, after = _first_units(line, units_from), _first_units(line, units_to)
    names = [field.name for field in fields(RefundPart)]
    return RefundPart(**{name: getattr(after, name) - getattr(before, name) for name in names})


def line_left(*, line: RefundableLine, gone: Iterable[RefundPart]) -> tuple[RefundableLine, int]:
    """Return the line that further units are counted on, and how many of its units are gone.

    ``gone`` is what went back of the line before, oldest first. Until something was conceded that is the line as it was
    sold. A concession is taken from what was left at that moment, and from then on the units that were left are counted
    on the rest: so whatever goes back afterwards, in any grouping, adds up to the whole of every component.
    """
    taken = 0
    for part in gone:
        if part.units:
            taken += part.units
        else:
            line, taken = _minus(_minus(line, _first_units(line, taken)), part), 0
    return line, taken


def concession_part(*, line: RefundableLine, units_gone: int, amount_minor: int) -> RefundPart:
    """Return what an amount that goes back without any unit carries: its ``units`` are 0.

    The price of what is left of the line is lowered by so much: the amount is divided over net price, duty and added
    tax by what there is of them, and the tax inside a price shrinks with it. The platform's discount stands: a
    concession is the seller's own.
    """
    left = _minus(line, _first_units(line, units_gone))
    sold = _payment_of(left)
    if not 0 < amount_minor <= sold.paid_minor:
        raise ValueError("conceded is at most what is left of what was paid")
    kept = sold.keeping(sold.paid_minor - amount_minor)
    given_minor = sold.payable_minor - kept.payable_minor
    added_tax_minor = 0 if left.tax_inclusive else left.tax_minor
    net_minor, duty_minor, tax_minor = allocate(given_minor, [left.net_minor, left.duty_minor, added_tax_minor])
    if left.tax_inclusive and left.net_minor:
        tax_minor = cumulative_share(left.tax_minor, net_minor, left.net_minor)
    return RefundPart(
        units=0,
        list_minor=0,
        net_minor=net_minor,
        seller_discount_minor=-net_minor,
        platform_discount_minor=0,
        tax_minor=tax_minor,
        duty_minor=duty_minor,
        shipping_share_minor=0,
        payment_discount_minor=sold.discount_minor - kept.discount_minor,
        recorded_difference_minor=sold.difference_minor - kept.difference_minor,
        paid_minor=amount_minor,
    )


def paid_left(*, line: RefundableLine, units_gone: int) -> int:
    """Return how much of the buyer's money is left in a line, so many units of which are gone."""
    return _payment_of(line).paid_minor - _first_units(line, units_gone).paid_minor


def proceeds_back(*, parts: Collection[RefundPart], charges: ChargesBack, platform_remits_tax: bool) -> Proceeds:
    """Return what is undone of a sale's proceeds when these parts of its lines, and these charges, go back."""
    tax_minor = sum(part.tax_minor for part in parts) + charges.shipping_tax_minor
    return Proceeds(
        paid_minor=sum(part.paid_minor for part in parts) + charges.paid_minor,
        coupon_minor=sum(part.platform_discount_minor for part in parts),
        shipping_subsidy_minor=charges.shipping_subsidy_minor,
        payment_discount_minor=sum(part.payment_discount_minor for part in parts) + charges.payment_discount_minor,
        tax_minor=tax_minor if platform_remits_tax else 0,
        duty_minor=sum(part.duty_minor for part in parts),
        surcharges_minor=charges.surcharges_minor,
        recorded_difference_minor=(
            sum(part.recorded_difference_minor for part in parts) + charges.recorded_difference_minor
        ),
    )


def refund_discount(*, discount: Discount, quantity: int, units_from: int, units_to: int) -> Discount:
    """Return what some units of a line give back to the budgets of one of its promotions.

    It is cumulative per promotion and funder. What ``refund_part`` says of discounts is cumulative per line, so that
    the two may be a cent apart until the last unit.
    """

    def share(amount_minor: int) -> int:
        after = cumulative_share(amount_minor, units_to, quantity)
        return after - cumulative_share(amount_minor, units_from, quantity)

    return Discount(discount.layer, discount.promotion_id, share(discount.seller_minor), share(discount.platform_minor))


def charges_back(
    *, charges: RefundableCharges, cause: RefundCause, is_last: bool, standard_fee_minor: int = 0
) -> ChargesBack:
    """Return what goes back of an order's shipping and surcharges, together with some of its units.

    Nothing does before ``is_last``: these units are the order's last, and all others ended in a refund as well. Then

    - before shipment, everything goes back;
    - for a fault of seller, platform or carrier, what was paid for shipping does, whatever became of the other units;
    - for a change of mind, at most ``standard_fee_minor`` of it: the cheapest ordinary delivery where the law gives it
      back (EU, UK), else 0.

    The platform's shipping subsidy goes back to the platform too, except after a change of mind: then the seller has
    delivered, and keeps what was promised for it.
    """
    if not is_last:
        return ChargesBack()
    fee_minor, tax_minor = charges.shipping_fee_minor, charges.shipping_tax_minor
    if cause is RefundCause.CHANGE_OF_MIND:
        fee_minor, tax_minor = _standard_delivery(charges, standard_fee_minor)
    surcharges_minor = charges.surcharges_minor if cause is RefundCause.CANCELLED_BEFORE_SHIPMENT else 0
    payment = _Payment(
        payable_minor=_payable(
            charges, charges.shipping_fee_minor + charges.surcharges_minor, charges.shipping_tax_minor
        ),
        discount_minor=charges.payment_discount_minor,
        difference_minor=charges.recorded_difference_minor,
    ).part(_payable(charges, fee_minor + surcharges_minor, tax_minor))
    return ChargesBack(
        shipping_fee_minor=fee_minor,
        shipping_tax_minor=tax_minor,
        surcharges_minor=surcharges_minor,
        payment_discount_minor=payment.discount_minor,
        recorded_difference_minor=payment.difference_minor,
        paid_minor=payment.paid_minor,
        shipping_subsidy_minor=(
            0 if cause is RefundCause.CHANGE_OF_MIND else charges.shipping_fee_platform_discount_minor
        ),
    )


def _standard_delivery(charges: RefundableCharges, standard_fee_minor: int) -> tuple[int, int]:
    """The part of the shipping fee that an ordinary delivery would have cost, and its tax."""
    fee_minor = min(charges.shipping_fee_minor, standard_fee_minor)
    if fee_minor == 0:
        return 0, 0
    return fee_minor, cumulative_share(charges.shipping_tax_minor, fee_minor, charges.shipping_fee_minor)


def _first_units(line: RefundableLine, units: int) -> RefundPart:
    """What the first so many units carry together. The seller's own discount is what is left of their list price."""

    def share(amount_minor: int) -> int:
        return cumulative_share(amount_minor, units, line.quantity)

    list_minor, net_minor = share(line.list_minor), share(line.net_minor)
    platform_minor = share(line.platform_discount_minor)
    tax_minor, duty_minor = share(line.tax_minor), share(line.duty_minor)
    payment = _payment_of(line).part(_payable(line, net_minor + duty_minor, tax_minor))
    return RefundPart(
        units=units,
        list_minor=list_minor,
        net_minor=net_minor,
        seller_discount_minor=list_minor - net_minor - platform_minor,
        platform_discount_minor=platform_minor,
        tax_minor=tax_minor,
        duty_minor=duty_minor,
        shipping_share_minor=share(line.shipping_share_minor),
        payment_discount_minor=payment.discount_minor,
        recorded_difference_minor=payment.difference_minor,
        paid_minor=payment.paid_minor,
    )


def _minus(line: RefundableLine, part: RefundPart) -> RefundableLine:
    """What is left of a line without a part of it. A concession has no units, and leaves them all."""
    return RefundableLine(
        quantity=line.quantity - part.units,
        list_minor=line.list_minor - part.list_minor,
        net_minor=line.net_minor - part.net_minor,
        platform_discount_minor=line.platform_discount_minor - part.platform_discount_minor,
        tax_inclusive=line.tax_inclusive,
        tax_minor=line.tax_minor - part.tax_minor,
        duty_minor=line.duty_minor - part.duty_minor,
        shipping_share_minor=line.shipping_share_minor - part.shipping_share_minor,
        payment_discount_minor=line.payment_discount_minor - part.payment_discount_minor,
        recorded_difference_minor=line.recorded_difference_minor - part.recorded_difference_minor,
    )


def _payment_of(line: RefundableLine) -> "_Payment":
    return _Payment(
        payable_minor=_payable(line, line.net_minor + line.duty_minor, line.tax_minor),
        discount_minor=line.payment_discount_minor,
        difference_minor=line.recorded_difference_minor,
    )


def _payable(sold: RefundableLine | RefundableCharges, price_minor: int, tax_minor: int) -> int:
    """What is to be paid for a price and its tax."""
    return price_minor + (0 if sold.tax_inclusive else tax_minor)


@dataclass(frozen=True, slots=True)
class _Payment:
    """How something payable was paid: by the buyer, less the payment discount, plus the recorded difference."""

    payable_minor: int
    discount_minor: int
    difference_minor: int

    @property
    def paid_minor(self) -> int:
        return self.payable_minor - self.discount_minor + self.difference_minor

    def part(self, payable_minor: int) -> "_Payment":
        """How the first so much of it was paid.

        The buyer's money is the cumulative floor, by what is payable and not by units: so no part of it is ever
        negative. The discount is what is left. Lines that were free have neither; free charges are divided never, and
        go back whole.
        """
        if self.payable_minor == 0:
            return self
        paid_minor = cumulative_share(self.paid_minor, payable_minor, self.payable_minor)
        difference_minor = cumulative_share(self.difference_minor, payable_minor, self.payable_minor)
        return _Payment(payable_minor, payable_minor - paid_minor + difference_minor, difference_minor)

    def keeping(self, paid_minor: int) -> "_Payment":
        """What is payable, and how it was paid, once the buyer has paid only so much of it.

        Discount and difference shrink with the buyer's money, by cumulative floor, and what is payable with the three.
        """
        discount_minor = cumulative_share(self.discount_minor, paid_minor, self.paid_minor)
        difference_minor = cumulative_share(self.difference_minor, paid_minor, self.paid_minor)
        return _Payment(paid_minor + discount_minor - difference_minor, discount_minor, difference_minor)
