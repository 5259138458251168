"""The guard on every price: whatever is changed by one unit, it is noticed."""

from dataclasses import fields, replace

import pytest

from apps.pricing.api import (
    AmountOff,
    Breakdown,
    IdentityBroken,
    PricedBasket,
    PricedCharges,
    PricedLine,
    PromotionKind,
    RateOff,
    ShopShipping,
    Surcharge,
    SurchargeKind,
    check_breakdown,
    check_identities,
)
from tests.factories.pricing import SHOP, a_basket, a_coupon, a_line, a_rule, price, the_order


def amounts_of(contract: type) -> list[str]:
    return [field.name for field in fields(contract) if field.name.endswith("_minor")]


@pytest.fixture
def priced() -> PricedBasket:
    basket = a_basket(
        a_line(1, 1_000, 2, tax_rate_e5=8_875),
        a_line(2, 700, tax_rate_e5=8_875),
        tax_inclusive=False,
        shipping=(ShopShipping(SHOP, 500, tax_rate_e5=8_875),),
        surcharges=(Surcharge(SurchargeKind.COD, 100),),
    )
    return price(
        basket,
        a_coupon(1, AmountOff(200)),
        a_coupon(2, RateOff(1_000), shop_id=None),
        a_rule(3, PromotionKind.SHIPPING_DISCOUNT, AmountOff(100)),
    )


class TestCheckIdentities:
    def test_is_content_with_what_the_ladder_makes(self, priced: PricedBasket) -> None:
        check_identities(basket=priced)

    # `unit_minor` and `tax_base_minor` only tell how an amount came about.
    @pytest.mark.parametrize("name", sorted({*amounts_of(PricedLine)} - {"unit_minor", "tax_base_minor"}))
    def test_notices_a_line_that_was_changed(self, priced: PricedBasket, name: str) -> None:
        order = the_order(priced)
        changed = replace(order.lines[0], **{name: getattr(order.lines[0], name) + 1})
        with pytest.raises(IdentityBroken):
            check_identities(basket=replace(priced, orders=(replace(order, lines=(changed, *order.lines[1:])),)))

    @pytest.mark.parametrize("name", sorted({*amounts_of(PricedCharges)}))
    def test_notices_charges_that_were_changed(self, priced: PricedBasket, name: str) -> None:
        order = the_order(priced)
        changed = replace(order.charges, **{name: getattr(order.charges, name) + 1})
        with pytest.raises(IdentityBroken):
            check_identities(basket=replace(priced, orders=(replace(order, charges=changed),)))

    def test_notices_a_use_that_was_changed(self, priced: PricedBasket) -> None:
        use = priced.promotion_uses[0]
        uses = (replace(use, seller_minor=use.seller_minor + 1), *priced.promotion_uses[1:])
        with pytest.raises(IdentityBroken, match="sellers fund"):
            check_identities(basket=replace(priced, promotion_uses=uses))


class TestCheckBreakdown:
    # `shipping_tax_minor` is a part of `tax_minor`.
    @pytest.mark.parametrize("name", sorted({*amounts_of(Breakdown)} - {"shipping_tax_minor"}))
    def test_notices_a_sum_that_was_changed(self, priced: PricedBasket, name: str) -> None:
        check_breakdown(breakdown=priced.breakdown)
        with pytest.raises(IdentityBroken):
            check_breakdown(breakdown=replace(priced.breakdown, **{name: getattr(priced.breakdown, name) + 1}))

    def test_notices_what_is_negative(self, priced: PricedBasket) -> None:
        wrong = replace(priced.breakdown, duty_minor=-1, total_minor=priced.breakdown.total_minor - 1)
        with pytest.raises(IdentityBroken, match="duty_minor is not negative"):
            check_breakdown(breakdown=wrong)
