"""L1: at most one promotion per piece, by rank, then by price, within its quota."""

import pytest

from apps.pricing.api import AmountOff, FixedPrice, MissReason, PricedBasket, PromotionKind, RateOff, Scope
from tests.factories.pricing import OTHER_SHOP, SHOP, a_basket, a_line, a_rule, all_lines, outcome_of, price, skus


def segments(priced: PricedBasket) -> list[tuple[int, int, int]]:
    """Line number, pieces, unit price."""
    return [(line.line_no, line.quantity, line.unit_minor) for line in all_lines(priced)]


class TestItemPrice:
    def test_goes_by_rank_however_dear(self) -> None:
        flash = a_rule(1, PromotionKind.FLASH_SALE, FixedPrice(900))
        live = a_rule(2, PromotionKind.LIVE_FLASH_SALE, FixedPrice(800))
        campaign = a_rule(3, PromotionKind.CAMPAIGN, FixedPrice(700))
        fixed = a_rule(4, PromotionKind.FIXED_PRICE, FixedPrice(600))
        basket = a_basket(a_line(1, 1000))
        assert segments(price(basket, fixed, campaign, live, flash)) == [(1, 1, 900)]
        assert segments(price(basket, fixed, campaign, live)) == [(1, 1, 800)]
        assert segments(price(basket, fixed, campaign)) == [(1, 1, 700)]

    def test_takes_the_cheapest_of_one_rank(self) -> None:
        fixed = a_rule(1, PromotionKind.FIXED_PRICE, FixedPrice(850))
        direct = a_rule(2, PromotionKind.DIRECT_DISCOUNT, RateOff(2_000))
        priced = price(a_basket(a_line(1, 1000)), fixed, direct)
        assert segments(priced) == [(1, 1, 800)]
        assert outcome_of(priced, 1).reason is MissReason.OUTBID

    @pytest.mark.parametrize(
        ("benefit", "unit"),
        [(AmountOff(1), 2498), (AmountOff(9_999), 0), (RateOff(1_000), 2249), (RateOff(1_000, cap_minor=200), 2299)],
    )
    def test_rounds_the_discount_of_a_piece(self, benefit: AmountOff | RateOff, unit: int) -> None:
        assert segments(price(a_basket(a_line(1, 2499, 2)), a_rule(1, PromotionKind.DIRECT_DISCOUNT, benefit))) == [
            (1, 2, unit)
        ]

    def test_never_raises_a_price(self) -> None:
        priced = price(a_basket(a_line(1, 1000)), a_rule(1, PromotionKind.FLASH_SALE, FixedPrice(1_200)))
        assert segments(priced) == [(1, 1, 1000)]
        assert outcome_of(priced, 1).reason is MissReason.NO_EFFECT

    def test_spends_a_quota_by_line_number_and_falls_to_the_next_offer(self) -> None:
        flash = a_rule(1, PromotionKind.FLASH_SALE, FixedPrice(500), uses_left_for_buyer=3, uses_left=100)
        campaign = a_rule(2, PromotionKind.CAMPAIGN, FixedPrice(800), uses_left=2)
        priced = price(a_basket(a_line(2, 1000, 4), a_line(1, 1000, 2)), flash, campaign)
        assert segments(priced) == [(1, 2, 500), (2, 1, 500), (2, 2, 800), (2, 1, 1000)]
        assert [line.segment_no for line in all_lines(priced)] == [1, 1, 2, 3]
        assert [use.units for use in priced.promotion_uses] == [3, 2]

    def test_spends_a_budget_by_whole_pieces(self) -> None:
        flash = a_rule(1, PromotionKind.FLASH_SALE, FixedPrice(700), budget_left_minor=899)
        assert segments(price(a_basket(a_line(1, 1000, 4)), flash)) == [(1, 2, 700), (1, 2, 1000)]

    def test_is_missed_when_its_budget_is_less_than_one_piece(self) -> None:
        priced = price(
            a_basket(a_line(1, 1000)), a_rule(1, PromotionKind.CAMPAIGN, AmountOff(300), budget_left_minor=299)
        )
        assert outcome_of(priced, 1).reason is MissReason.BUDGET_SPENT

    def test_splits_co_funding_of_all_its_pieces_at_once(self) -> None:
        campaign = a_rule(1, PromotionKind.CAMPAIGN, AmountOff(1), shop_id=None, platform_share_bp=5_000)
        priced = price(a_basket(a_line(1, 10), a_line(2, 10), a_line(3, 10)), campaign)
        assert [line.platform_discount_minor for line in all_lines(priced)] == [1, 1, 0]
        assert [line.seller_discount_minor for line in all_lines(priced)] == [0, 0, 1]


class TestScope:
    BASKET = a_basket(
        a_line(1, 1000, sku_id=11, product_id=21, category_id=31),
        a_line(2, 1000, sku_id=12, product_id=21, category_id=32),
        a_line(3, 1000, sku_id=13, product_id=22, category_id=None, shop_id=OTHER_SHOP),
    )

    @pytest.mark.parametrize(
        ("shop_id", "scope", "excluded", "touched"),
        [
            (SHOP, Scope(), Scope(), [1, 2]),
            (None, Scope(), Scope(), [1, 2, 3]),
            (None, Scope(sku_ids=frozenset({12, 13})), Scope(), [2, 3]),
            (None, Scope(product_ids=frozenset({21})), Scope(), [1, 2]),
            (None, Scope(category_ids=frozenset({31})), Scope(), [1]),
            (None, Scope(shop_ids=frozenset({OTHER_SHOP})), Scope(), [3]),
            (None, Scope(sku_ids=frozenset({13}), category_ids=frozenset({31})), Scope(), [1, 3]),
            (SHOP, Scope(product_ids=frozenset({21, 22})), Scope(sku_ids=frozenset({11})), [2]),
            (OTHER_SHOP, Scope(product_ids=frozenset({21})), Scope(), []),
        ],
    )
    def test_names_goods_by_any_id(
        self, shop_id: int | None, scope: Scope, excluded: Scope, touched: list[int]
    ) -> None:
        rule = a_rule(1, PromotionKind.CAMPAIGN, AmountOff(1), shop_id=shop_id, scope=scope, excluded=excluded)
        priced = price(self.BASKET, rule)
        assert [line.line_no for line in all_lines(priced) if line.discounts] == touched
        if not touched:
            assert outcome_of(priced, 1).reason is MissReason.NOTHING_ELIGIBLE

    def test_of_many_ids_costs_what_the_basket_holds(self) -> None:
        rule = a_rule(1, PromotionKind.CAMPAIGN, AmountOff(1), scope=skus(*range(100, 50_000), 12))
        assert [line.line_no for line in all_lines(price(self.BASKET, rule)) if line.discounts] == [2]
