"""Fees: what is charged, what goes back, what is held back and converted."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.pricing.api import (
    Cover,
    Fee,
    FeeAmounts,
    FeeBasis,
    FeeRefundPolicy,
    FeeTerms,
    charge_fee,
    convert,
    cover_debit,
    fee_back,
    fee_base,
    reserve,
)
from tradecore.money import Money

bases = st.integers(min_value=0, max_value=1_000_000)


@st.composite
def fee_terms(draw: st.DrawFn) -> FeeTerms:
    return FeeTerms(
        rate_bp=draw(st.integers(0, 3_000)),
        fixed_minor=draw(st.integers(0, 100)),
        cap_minor=draw(st.none() | st.integers(0, 5_000)),
        tax_rate_e5=draw(st.sampled_from([0, 6_000, 20_000])),
        refund_policy=draw(st.sampled_from(FeeRefundPolicy)),
    )


class TestFeeBase:
    @pytest.mark.parametrize(
        ("basis", "inclusive", "exclusive"),
        [
            (FeeBasis.GOODS, 1000, 1000),
            (FeeBasis.GOODS_BEFORE_TAX, 840, 1000),
            (FeeBasis.GOODS_AND_PLATFORM_DISCOUNT, 1070, 1070),
            (FeeBasis.PAYMENT, 1300, 1510),
            (FeeBasis.PAYMENT_AND_PLATFORM_DISCOUNT, 1370, 1580),
        ],
    )
    def test_is_made_of_what_the_basis_names(self, basis: FeeBasis, inclusive: int, exclusive: int) -> None:
        def amounts(*, tax_inclusive: bool) -> FeeAmounts:
            return FeeAmounts(
                net_minor=1000,
                tax_inclusive=tax_inclusive,
                tax_minor=160,
                platform_discount_minor=70,
                shipping_fee_minor=300,
                shipping_tax_minor=50,
            )

        assert fee_base(basis=basis, amounts=amounts(tax_inclusive=True)) == inclusive
        assert fee_base(basis=basis, amounts=amounts(tax_inclusive=False)) == exclusive


class TestChargeFee:
    @pytest.mark.parametrize(
        ("terms", "base_minor", "fee"),
        [
            (FeeTerms(rate_bp=600), 2549, Fee(153, 0)),
            (FeeTerms(rate_bp=600, fixed_minor=30), 2549, Fee(183, 0)),
            (FeeTerms(rate_bp=600, fixed_minor=30, cap_minor=100), 2549, Fee(100, 0)),
            (FeeTerms(rate_bp=200, tax_rate_e5=6_000), 10_000, Fee(200, 12)),
            (FeeTerms(rate_bp=0, fixed_minor=30), 0, Fee(0, 0)),
        ],
    )
    def test_is_fixed_part_and_rate_up_to_the_cap_and_taxed(self, terms: FeeTerms, base_minor: int, fee: Fee) -> None:
        assert charge_fee(terms=terms, base_minor=base_minor) == fee


class TestFeeBack:
    @given(terms=fee_terms(), base_minor=bases, data=st.data())
    def test_comes_to_the_same_in_any_steps(self, terms: FeeTerms, base_minor: int, data: st.DataObject) -> None:
        cuts = sorted(data.draw(st.sets(st.integers(0, base_minor), max_size=5)) | {0, base_minor})
        parts = [
            fee_back(terms=terms, base_minor=base_minor, returned_before_minor=before, returned_minor=after - before)
            for before, after in pairwise(cuts)
        ]
        whole = fee_back(terms=terms, base_minor=base_minor, returned_before_minor=0, returned_minor=base_minor)
        assert sum(part.amount_minor for part in parts) == whole.amount_minor
        assert sum(part.tax_minor for part in parts) == whole.tax_minor
        assert all(part.amount_minor >= 0 for part in parts)

    @pytest.mark.parametrize(
        ("policy", "back"),
        [
            (FeeRefundPolicy.KEEP, Fee(0, 0)),
            (FeeRefundPolicy.PRO_RATA, Fee(930, 186)),
            (FeeRefundPolicy.PRO_RATA_MINUS_ADMIN, Fee(744, 149)),
        ],
    )
    def test_is_what_the_policy_says_of_the_whole(self, policy: FeeRefundPolicy, back: Fee) -> None:
        terms = FeeTerms(rate_bp=900, fixed_minor=30, tax_rate_e5=20_000, refund_policy=policy)
        assert fee_back(terms=terms, base_minor=10_000, returned_before_minor=0, returned_minor=10_000) == back

    @pytest.mark.parametrize(("before", "now"), [(-1, 1), (0, 101), (100, 1), (5, -6)])
    def test_refuses_more_than_there_was(self, before: int, now: int) -> None:
        with pytest.raises(ValueError, match="at most what there was"):
            fee_back(terms=FeeTerms(rate_bp=1), base_minor=100, returned_before_minor=before, returned_minor=now)


class TestReserve:
    def test_is_a_share_of_a_positive_settlement(self) -> None:
        assert reserve(settlement_minor=6063, rate_bp=1_000) == 606
        assert reserve(settlement_minor=-6063, rate_bp=1_000) == 0

    def test_absorbs_a_debit_first(self) -> None:
        assert cover_debit(debit_minor=500, reserve_minor=606) == Cover(500, 0)
        assert cover_debit(debit_minor=2634, reserve_minor=606) == Cover(606, 2028)


class TestConvert:
    @pytest.mark.parametrize(
        ("amount", "rate_e6", "converted"),
        [
            (Money(5457, "JPY"), 6_712, Money(3663, "USD")),
            (Money(3663, "USD"), 148_987_000, Money(5457, "JPY")),
            (Money(1000, "KWD"), 3_250_000, Money(325, "USD")),
            (Money(-5457, "JPY"), 6_712, Money(-3663, "USD")),
        ],
    )
    def test_knows_the_decimals_of_both(self, amount: Money, rate_e6: int, converted: Money) -> None:
        assert convert(amount=amount, rate_e6=rate_e6, currency=converted.currency) == converted


class TestRealSettlement:
    """An order that came back, as it was published (MXN): the service fee is kept, the other fees come back."""

    def test_ends_at_the_fee_that_is_kept(self) -> None:
        # Of 29.00 that were charged, the service fee is 10.79; 18.21 go back.
        kept = FeeTerms(rate_bp=0, fixed_minor=1_079, refund_policy=FeeRefundPolicy.KEEP)
        returned = FeeTerms(rate_bp=0, fixed_minor=1_821)
        sale = 13_490
        charged = sum(charge_fee(terms=terms, base_minor=sale).amount_minor for terms in (kept, returned))
        back = sum(
            fee_back(terms=terms, base_minor=sale, returned_before_minor=0, returned_minor=sale).amount_minor
            for terms in (kept, returned)
        )
        assert (sale - charged, back - sale) == (10_590, -11_669)
        assert sale - charged + back - sale == -1_079
