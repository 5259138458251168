"""What goes back: parts of a line, shipping, budgets."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.pricing.api import (
    AmountOff,
    ChargesBack,
    Discount,
    Layer,
    RefundableCharges,
    RefundableLine,
    RefundCause,
    RefundPart,
    charges_back,
    refund_discount,
    refund_part,
    refundable_line,
)
from tests.factories.pricing import a_basket, a_coupon, a_line, all_lines, price

minors = st.integers(min_value=0, max_value=10_000)
COMPONENTS = ("list", "net", "seller_discount", "platform_discount", "tax", "duty", "shipping_share", "paid")


@st.composite
def sold_lines(draw: st.DrawFn) -> RefundableLine:
    quantity = draw(st.sampled_from([1, 2, 3, 7, 6_000]))
    list_unit = draw(minors)
    platform = draw(st.integers(0, list_unit * quantity))
    net = draw(st.integers(0, list_unit * quantity - platform))
    tax, duty, tax_inclusive = draw(minors), draw(minors), draw(st.booleans())
    payable = net + duty + (0 if tax_inclusive else tax)
    discount = draw(st.integers(0, payable))
    return RefundableLine(
        quantity=quantity,
        list_minor=list_unit * quantity,
        net_minor=net,
        platform_discount_minor=platform,
        tax_inclusive=tax_inclusive,
        tax_minor=tax,
        duty_minor=duty,
        shipping_share_minor=draw(minors),
        payment_discount_minor=discount,
        recorded_difference_minor=draw(st.integers(discount - payable, 500)) if payable else 0,
    )


class TestRefundPart:
    @given(line=sold_lines(), data=st.data())
    def test_adds_up_to_the_whole_in_any_grouping(self, line: RefundableLine, data: st.DataObject) -> None:
        cuts = data.draw(st.sets(st.integers(0, line.quantity), max_size=6)) | {0, line.quantity}
        parts = [refund_part(line=line, units_from=start, units_to=end) for start, end in pairwise(sorted(cuts))]
        whole = refund_part(line=line, units_from=0, units_to=line.quantity)
        for name in (*(f"{component}_minor" for component in COMPONENTS), "units"):
            assert sum(getattr(part, name) for part in parts) == getattr(whole, name)
        assert whole.net_minor == line.net_minor
        assert whole.platform_discount_minor == line.platform_discount_minor
        assert whole.payment_discount_minor == line.payment_discount_minor
        assert whole.recorded_difference_minor == line.recorded_difference_minor
        assert all(part.paid_minor >= 0 for part in parts)

    @given(line=sold_lines(), data=st.data())
    def test_keeps_the_identities_of_what_goes_and_of_what_stays(
        self, line: RefundableLine, data: st.DataObject
    ) -> None:
        units = data.draw(st.integers(1, line.quantity))
        whole = refund_part(line=line, units_from=0, units_to=line.quantity)
        part = refund_part(line=line, units_from=0, units_to=units)
        for of in (part, whole):
            self.assert_identities(line, of)
        assert part.list_minor == line.list_minor // line.quantity * units

    def assert_identities(self, line: RefundableLine, part: RefundPart) -> None:
        assert part.list_minor == part.net_minor + part.seller_discount_minor + part.platform_discount_minor
        payable = part.net_minor + part.duty_minor + (0 if line.tax_inclusive else part.tax_minor)
        assert part.paid_minor == payable - part.payment_discount_minor + part.recorded_difference_minor

    def test_is_pro_rata_of_a_voucher(self) -> None:
        """The documented sample: 15 off 25 and 15; the 25 come back as 9.38 of the voucher and 15.62 of cash."""
        returned, _ = all_lines(price(a_basket(a_line(1, 2500), a_line(2, 1500)), a_coupon(1, AmountOff(1500))))
        part = refund_part(line=refundable_line(returned), units_from=0, units_to=1)
        assert (part.seller_discount_minor, part.paid_minor) == (938, 1562)

    @pytest.mark.parametrize(("units_from", "units_to"), [(0, 0), (2, 1), (-1, 1), (0, 4), (3, 4)])
    def test_refuses_units_that_were_not_sold(self, units_from: int, units_to: int) -> None:
        line = RefundableLine(
            quantity=3, list_minor=30, net_minor=30, platform_discount_minor=0, tax_inclusive=True, tax_minor=0
        )
        with pytest.raises(ValueError, match="units"):
            refund_part(line=line, units_from=units_from, units_to=units_to)


class TestRefundDiscount:
    def test_gives_budgets_back_by_cumulative_floor(self) -> None:
        discount = Discount(Layer.PLATFORM_COUPON, 9, seller_minor=10, platform_minor=20)
        given_back = [
            refund_discount(discount=discount, quantity=3, units_from=unit, units_to=unit + 1) for unit in range(3)
        ]
        assert [(part.seller_minor, part.platform_minor) for part in given_back] == [(3, 6), (3, 7), (4, 7)]


class TestChargesBack:
    CHARGES = RefundableCharges(
        tax_inclusive=False,
        shipping_fee_minor=600,
        shipping_tax_minor=120,
        shipping_fee_platform_discount_minor=200,
        surcharges_minor=80,
    )

    @pytest.mark.parametrize("cause", RefundCause)
    def test_are_nothing_before_the_last_unit(self, cause: RefundCause) -> None:
        back = charges_back(charges=self.CHARGES, cause=cause, is_last=False, standard_fee_minor=600)
        assert back == ChargesBack()

    def test_are_everything_before_shipment(self) -> None:
        back = charges_back(charges=self.CHARGES, cause=RefundCause.CANCELLED_BEFORE_SHIPMENT, is_last=True)
        assert (back.paid_minor, back.surcharges_minor, back.shipping_subsidy_minor) == (800, 80, 200)

    @pytest.mark.parametrize("cause", [RefundCause.SELLER_FAULT, RefundCause.PLATFORM_FAULT, RefundCause.CARRIER_FAULT])
    def test_are_the_shipping_after_a_fault(self, cause: RefundCause) -> None:
        back = charges_back(charges=self.CHARGES, cause=cause, is_last=True)
        assert (back.paid_minor, back.surcharges_minor, back.shipping_subsidy_minor) == (720, 0, 200)

    @pytest.mark.parametrize(("standard_fee", "fee", "tax"), [(0, 0, 0), (400, 400, 80), (900, 600, 120)])
    def test_are_the_standard_fee_after_a_change_of_mind(self, standard_fee: int, fee: int, tax: int) -> None:
        back = charges_back(
            charges=self.CHARGES, cause=RefundCause.CHANGE_OF_MIND, is_last=True, standard_fee_minor=standard_fee
        )
        assert (back.shipping_fee_minor, back.shipping_tax_minor, back.paid_minor) == (fee, tax, fee + tax)
        assert back.shipping_subsidy_minor == 0

    def test_keep_to_what_was_paid_after_a_payment_discount(self) -> None:
        charges = RefundableCharges(
            tax_inclusive=True, shipping_fee_minor=600, shipping_tax_minor=100, payment_discount_minor=60
        )
        back = charges_back(charges=charges, cause=RefundCause.SELLER_FAULT, is_last=True)
        assert (back.shipping_fee_minor, back.payment_discount_minor, back.paid_minor) == (600, 60, 540)

    def test_include_the_tax_of_a_fee_that_the_platform_paid(self) -> None:
        charges = RefundableCharges(tax_inclusive=False, shipping_fee_minor=0, shipping_tax_minor=67)
        assert charges_back(charges=charges, cause=RefundCause.CARRIER_FAULT, is_last=True).paid_minor == 67
        assert charges_back(charges=charges, cause=RefundCause.CHANGE_OF_MIND, is_last=True).paid_minor == 0
