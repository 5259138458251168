"""Money: exact at the edge, never mixed, and divided without losing a cent."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradecore.currencies import EXPONENTS
from tradecore.errors import Kind
from tradecore.money import (
    BASIS_POINTS,
    MAX_MINOR,
    TAX_SCALE,
    CurrencyMismatch,
    InvalidAmount,
    Money,
    UnknownCurrency,
    allocate,
    apply_rate,
    cumulative_share,
    exponent_of,
    round_half_up,
)

NOT_AMOUNTS = """
    1e3 1E3 1_000 1,000 \uff11\uff12 \u0663 NaN nan Infinity inf -inf 0x10 true +5 05 00 5. .5 -.5 -- - . 1.2.3 1.005
    5.000 \xa35 5GBP 10000000000000.01 99999999999999999 10000000000000000000000000
"""
NOT_CURRENCIES = ["", "gbp", "GB", "GBP ", "POUND", "ZZZ", "XAU", "XXX", "DEM", "\uff27\uff22\uff30"]

amounts = st.integers(min_value=-MAX_MINOR, max_value=MAX_MINOR)
currencies = st.sampled_from(sorted(EXPONENTS))
weight_lists = st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=30)


class TestExponentOf:
    @pytest.mark.parametrize(
        ("currency", "exponent"),
        [("JPY", 0), ("VND", 0), ("KRW", 0), ("GBP", 2), ("BRL", 2), ("KWD", 3), ("BHD", 3), ("CLF", 4)],
    )
    def test_is_the_number_of_decimals(self, currency: str, exponent: int) -> None:
        assert exponent_of(currency) == exponent

    @pytest.mark.parametrize("currency", NOT_CURRENCIES)
    def test_refuses_what_is_no_currency(self, currency: str) -> None:
        with pytest.raises(UnknownCurrency) as refusal:
            exponent_of(currency)
        assert (refusal.value.code, refusal.value.kind) == ("money.unknown_currency", Kind.RULE)

    def test_never_echoes_a_long_text(self) -> None:
        with pytest.raises(UnknownCurrency) as refusal:
            exponent_of("X" * 10_000)
        assert len(refusal.value.currency) == 16


class TestParse:
    @pytest.mark.parametrize(
        ("text", "currency", "minor"),
        [
            ("69.44", "GBP", 6944),
            ("0.05", "GBP", 5),
            ("-0.05", "GBP", -5),
            ("5", "GBP", 500),
            ("5.0", "GBP", 500),
            ("1980", "JPY", 1980),
            ("1.234", "KWD", 1234),
            ("1.2", "KWD", 1200),
            ("10000000000000.00", "GBP", MAX_MINOR),
            ("1000000000000000", "JPY", MAX_MINOR),
        ],
    )
    def test_reads_a_plain_decimal(self, text: str, currency: str, minor: int) -> None:
        assert Money.parse(text, currency) == Money(minor, currency)

    @pytest.mark.parametrize(
        "text", [*NOT_AMOUNTS.split(), "", " ", " 5", "5 ", "5\n", "1 000", "5\x00", "9" * 100_000]
    )
    def test_refuses_every_other_spelling(self, text: str) -> None:
        with pytest.raises(InvalidAmount) as refusal:
            Money.parse(text, "GBP")
        assert (refusal.value.code, refusal.value.kind) == ("money.invalid_amount", Kind.MALFORMED)

    def test_refuses_decimals_that_the_currency_does_not_have(self) -> None:
        with pytest.raises(InvalidAmount, match="JPY has 0 decimals"):
            Money.parse("1980.0", "JPY")

    def test_asks_for_the_currency_first(self) -> None:
        with pytest.raises(UnknownCurrency):
            Money.parse("not money", "ZZZ")

    @given(minor=amounts, currency=currencies)
    def test_reads_back_what_amount_wrote(self, minor: int, currency: str) -> None:
        money = Money(minor, currency)
        assert Money.parse(money.amount, currency) == money


class TestMoney:
    @pytest.mark.parametrize(
        ("minor", "currency", "amount"),
        [(6944, "GBP", "69.44"), (5, "GBP", "0.05"), (-5, "GBP", "-0.05"), (0, "JPY", "0"), (1, "KWD", "0.001")],
    )
    def test_writes_exactly_the_currencys_decimals(self, minor: int, currency: str, amount: str) -> None:
        assert Money(minor, currency).amount == amount
        assert str(Money(minor, currency)) == f"{amount} {currency}"

    def test_adds_and_subtracts_within_one_currency(self) -> None:
        assert Money(100, "GBP") + Money(5, "GBP") - Money(200, "GBP") == -Money(95, "GBP")
        assert Money.zero("GBP") == Money(0, "GBP")

    def test_orders_within_one_currency(self) -> None:
        small, large = Money(1, "GBP"), Money(2, "GBP")
        assert small < large
        assert small <= large
        assert large > small
        assert large >= small
        assert max(small, large) == large

    def test_refuses_to_mix_currencies(self) -> None:
        pounds, dollars = Money(1, "GBP"), Money(1, "USD")
        for mixed in ("__add__", "__sub__", "__lt__", "__le__", "__gt__", "__ge__"):
            with pytest.raises(CurrencyMismatch, match="GBP cannot be reckoned against USD"):
                getattr(pounds, mixed)(dollars)
        assert pounds != dollars

    @pytest.mark.parametrize("minor", [1.0, True, "1", None])
    def test_counts_in_integers_only(self, minor: object) -> None:
        with pytest.raises(TypeError):
            Money(minor, "GBP")  # type: ignore[arg-type]

    def test_knows_its_currency(self) -> None:
        with pytest.raises(UnknownCurrency):
            Money(1, "ZZZ")


class TestRoundHalfUp:
    @pytest.mark.parametrize(
        ("numerator", "denominator", "rounded"),
        [(5, 10, 1), (4, 10, 0), (-5, 10, -1), (-4, 10, 0), (15, 10, 2), (25, 10, 3), (0, 7, 0), (44985, 100, 450)],
    )
    def test_rounds_a_half_away_from_zero(self, numerator: int, denominator: int, rounded: int) -> None:
        assert round_half_up(numerator, denominator) == rounded

    def test_refuses_a_denominator_that_is_not_positive(self) -> None:
        with pytest.raises(ValueError, match="positive"):
            round_half_up(1, 0)

    @given(numerator=amounts, denominator=st.integers(min_value=1, max_value=10**9))
    def test_is_never_further_away_than_a_half(self, numerator: int, denominator: int) -> None:
        assert abs(2 * (round_half_up(numerator, denominator) * denominator - numerator)) <= denominator
        assert round_half_up(-numerator, denominator) == -round_half_up(numerator, denominator)


class TestApplyRate:
    def test_rounds_once_where_a_rate_meets_an_amount(self) -> None:
        assert apply_rate(1274, 8_875, TAX_SCALE) == 113
        assert apply_rate(2999, 1_500, BASIS_POINTS) == 450


class TestAllocate:
    @pytest.mark.parametrize(
        ("amount", "weights", "shares"),
        [
            (100, [333, 333, 333], [34, 33, 33]),
            (8, [5, 5, 5, 1], [3, 3, 2, 0]),
            (2000, [1999, 1, 1], [1998, 1, 1]),
            (500, [1980, 1980, 3300], [137, 136, 227]),
            (-100, [1, 1, 1], [-34, -33, -33]),
            (0, [0, 0], [0, 0]),
            (0, [], []),
        ],
    )
    def test_gives_leftover_cents_to_the_largest_fractions(
        self, amount: int, weights: list[int], shares: list[int]
    ) -> None:
        assert allocate(amount, weights) == shares

    @pytest.mark.parametrize("weights", [[], [0, 0], [2, -1]])
    def test_refuses_weights_that_cannot_carry_an_amount(self, weights: list[int]) -> None:
        with pytest.raises(ValueError, match="weights"):
            allocate(1, weights)

    @given(weights=weight_lists, amount=amounts)
    def test_keeps_the_sum(self, weights: list[int], amount: int) -> None:
        weights = [*weights, 1]
        assert sum(allocate(amount, weights)) == amount

    @given(weights=weight_lists, data=st.data())
    def test_never_takes_more_from_a_line_than_it_has(self, weights: list[int], data: st.DataObject) -> None:
        amount = data.draw(st.integers(min_value=0, max_value=sum(weights)))
        shares = allocate(amount, weights)
        assert all(0 <= share <= weight for share, weight in zip(shares, weights, strict=True))

    @given(weights=weight_lists, data=st.data())
    def test_does_not_depend_on_the_order_except_in_ties(self, weights: list[int], data: st.DataObject) -> None:
        amount = data.draw(st.integers(min_value=0, max_value=sum(weights)))
        order = data.draw(st.permutations(range(len(weights))))
        shuffled = allocate(amount, [weights[index] for index in order])
        straight = allocate(amount, weights)
        assert sorted(zip([weights[index] for index in order], shuffled, strict=True)) == sorted(
            zip(weights, straight, strict=True)
        )


class TestCumulativeShare:
    def test_telescopes_to_the_whole(self) -> None:
        assert [cumulative_share(1000, part, 3) for part in range(4)] == [0, 333, 666, 1000]

    @pytest.mark.parametrize(("part", "whole"), [(-1, 3), (4, 3), (0, 0)])
    def test_refuses_a_part_outside_the_whole(self, part: int, whole: int) -> None:
        with pytest.raises(ValueError, match="part"):
            cumulative_share(1000, part, whole)

    @given(amount=amounts, whole=st.integers(min_value=1, max_value=10_000), data=st.data())
    def test_adds_up_in_any_grouping(self, amount: int, whole: int, data: st.DataObject) -> None:
        cuts = sorted({0, whole, *data.draw(st.lists(st.integers(min_value=0, max_value=whole), max_size=10))})
        steps = [cumulative_share(amount, cut, whole) for cut in cuts]
        assert sum(after - before for before, after in pairwise(steps)) == amount
