"""The words that pricing reckons by: masters may not import pricing, so this is what holds the two together."""

from enum import StrEnum

import pytest

from apps.fees import api as fees
from apps.fees.drafts import read_standard_drafts
from apps.markets import api as markets
from apps.pricing import api as pricing


class TestWords:
    @pytest.mark.parametrize(
        ("here", "in_pricing"),
        [
            (fees.FeeBasis, pricing.FeeBasis),
            (fees.FeeRefundPolicy, pricing.FeeRefundPolicy),
            (markets.TaxBasePolicy, pricing.TaxBasePolicy),
        ],
    )
    def test_are_those_of_pricing(self, here: type[StrEnum], in_pricing: type[StrEnum]) -> None:
        assert {word.value for word in here} == {word.value for word in in_pricing}


class TestStandardPlans:
    @pytest.mark.parametrize(
        ("code", "amounts", "expected_minor"),
        [
            # The commissions of the worked examples E1, E2 and E8.
            ("US-STANDARD", pricing.FeeAmounts(net_minor=2549, tax_inclusive=False, tax_minor=226), 153),
            (
                "GB-STANDARD",
                pricing.FeeAmounts(
                    net_minor=6745, tax_inclusive=True, platform_discount_minor=600, shipping_fee_minor=199
                ),
                679,
            ),
            ("JP-STANDARD", pricing.FeeAmounts(net_minor=6760, tax_inclusive=True, tax_minor=615), 473),
        ],
    )
    def test_come_to_the_fees_of_the_examples(
        self, code: str, amounts: pricing.FeeAmounts, expected_minor: int
    ) -> None:
        (rule,) = next(draft.rules for draft in read_standard_drafts() if draft.code == code)
        terms = pricing.FeeTerms(rate_bp=rule.rate_bp, fixed_minor=rule.fixed_minor, cap_minor=rule.cap_minor)
        base_minor = pricing.fee_base(basis=pricing.FeeBasis(rule.basis), amounts=amounts)
        assert pricing.charge_fee(terms=terms, base_minor=base_minor).amount_minor == expected_minor
