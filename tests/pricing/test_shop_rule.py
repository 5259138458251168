"""L2: tiers by amount and by quantity, full reduction, bundles; never on flash pieces."""

import pytest

from apps.pricing.api import (
    AmountOff,
    Benefit,
    Bundle,
    BundlePart,
    FixedPrice,
    MissReason,
    PromotionKind,
    RateOff,
    Tier,
    TierBasis,
    Tiers,
)
from tests.factories.pricing import a_basket, a_line, a_rule, discounts_of, outcome_of, price, skus

SAVE_MORE = PromotionKind.BUY_MORE_SAVE_MORE


class TestTiers:
    @pytest.mark.parametrize(("quantity", "saved"), [(1, 0), (2, 200), (3, 300), (4, 800)])
    def test_by_quantity_take_the_highest_tier_reached(self, quantity: int, saved: int) -> None:
        tiers = Tiers(TierBasis.QUANTITY, (Tier(4, RateOff(2_000)), Tier(2, RateOff(1_000))))
        assert discounts_of(price(a_basket(a_line(1, 1000, quantity)), a_rule(1, SAVE_MORE, tiers)), 1) == [saved]

    @pytest.mark.parametrize(("unit", "saved"), [(9_999, 0), (10_000, 1_000), (19_999, 1_000), (20_000, 3_000)])
    def test_by_amount_are_a_full_reduction(self, unit: int, saved: int) -> None:
        tiers = Tiers(TierBasis.AMOUNT, (Tier(10_000, AmountOff(1_000)), Tier(20_000, AmountOff(3_000))))
        priced = price(a_basket(a_line(1, unit)), a_rule(1, PromotionKind.FULL_REDUCTION, tiers))
        assert discounts_of(priced, 1) == [saved]

    def test_tell_what_is_missing_to_the_first(self) -> None:
        by_amount = a_rule(
            1, SAVE_MORE, Tiers(TierBasis.AMOUNT, (Tier(5_000, AmountOff(1)), Tier(1_200, AmountOff(1))))
        )
        by_quantity = a_rule(2, SAVE_MORE, Tiers(TierBasis.QUANTITY, (Tier(3, AmountOff(1)),)))
        priced = price(a_basket(a_line(1, 1000)), by_amount, by_quantity)
        assert outcome_of(priced, 1).missing_minor == 200
        assert outcome_of(priced, 2).missing_units == 2
        assert {outcome.reason for outcome in priced.outcomes} == {MissReason.BELOW_MINIMUM}

    def test_count_no_piece_at_a_flash_price(self) -> None:
        flash = a_rule(1, PromotionKind.FLASH_SALE, FixedPrice(500), scope=skus(1))
        from_two = a_rule(2, SAVE_MORE, Tiers(TierBasis.QUANTITY, (Tier(2, RateOff(1_000)),)))
        priced = price(a_basket(a_line(1, 1000, 5), a_line(2, 1000)), flash, from_two)
        assert outcome_of(priced, 2).missing_units == 1

    def test_find_nothing_when_all_is_at_a_flash_price(self) -> None:
        flash = a_rule(1, PromotionKind.LIVE_FLASH_SALE, FixedPrice(500))
        tiers = a_rule(2, SAVE_MORE, Tiers(TierBasis.QUANTITY, (Tier(1, RateOff(1_000)),)))
        assert outcome_of(price(a_basket(a_line(1, 1000)), flash, tiers), 2).reason is MissReason.NOTHING_ELIGIBLE

    def test_reckon_on_what_other_item_prices_leave(self) -> None:
        direct = a_rule(1, PromotionKind.DIRECT_DISCOUNT, RateOff(5_000), scope=skus(1))
        tiers = a_rule(2, SAVE_MORE, Tiers(TierBasis.AMOUNT, (Tier(1, RateOff(1_000)),)))
        assert discounts_of(price(a_basket(a_line(1, 1000), a_line(2, 1000)), direct, tiers), 2) == [50, 100]


class TestBundle:
    PARTS = (BundlePart(1, 2), BundlePart(2, 1))

    @pytest.mark.parametrize(
        ("benefit", "shares"),
        [
            # Two sets of 2 x 10.00 and 1 x 5.00, of a basket with pieces to spare.
            (FixedPrice(2_000), [800, 200]),
            (AmountOff(100), [160, 40]),
            (RateOff(1_000), [400, 100]),
        ],
    )
    def test_discounts_as_many_sets_as_there_are(self, benefit: Benefit, shares: list[int]) -> None:
        rule = a_rule(1, PromotionKind.BUNDLE, Bundle(self.PARTS, benefit))
        assert discounts_of(price(a_basket(a_line(1, 1000, 5), a_line(2, 500, 2)), rule), 1) == shares

    def test_tells_how_many_pieces_are_missing(self) -> None:
        rule = a_rule(1, PromotionKind.BUNDLE, Bundle(self.PARTS, AmountOff(100)))
        outcome = outcome_of(price(a_basket(a_line(1, 1000)), rule), 1)
        assert (outcome.reason, outcome.missing_units) == (MissReason.BELOW_MINIMUM, 2)

    def test_takes_pieces_of_one_sku_from_several_lines_in_their_order(self) -> None:
        rule = a_rule(1, PromotionKind.BUNDLE, Bundle((BundlePart(7, 3),), RateOff(1_000)))
        lines = [a_line(line_no, 1000, 2, sku_id=7) for line_no in (1, 2, 3)]
        assert discounts_of(price(a_basket(*lines), rule), 1) == [200, 200, 200]
        assert discounts_of(price(a_basket(*lines[:2]), rule), 1) == [200, 100]

    def test_is_one_of_the_shops_rules_like_any_other(self) -> None:
        bundle = a_rule(1, PromotionKind.BUNDLE, Bundle(self.PARTS, AmountOff(300)))
        tiers = a_rule(2, SAVE_MORE, Tiers(TierBasis.AMOUNT, (Tier(1, AmountOff(299)),)))
        priced = price(a_basket(a_line(1, 1000, 2), a_line(2, 500)), bundle, tiers)
        assert [use.promotion_id for use in priced.promotion_uses] == [1]
        assert outcome_of(priced, 2).reason is MissReason.OUTBID
