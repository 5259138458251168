"""Coupon codes have one canonical form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.promotions.api import CouponCodeInvalid, canonical_code
from tradecore.errors import Kind


class TestCanonicalCode:
    @pytest.mark.parametrize(
        ("text", "code"),
        [("SAVE10", "SAVE10"), ("save10", "SAVE10"), ("  Save10 ", "SAVE10"), ("a-b_c", "A-B_C"), ("x" * 30, "X" * 30)],
    )
    def test_is_upper_case_without_spaces_around(self, text: str, code: str) -> None:
        assert canonical_code(text) == code

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "AB",
            "x" * 31,
            "SAVE 10",
            "SAVE\t10",
            "SAVE10\n",
            "SAVE%",
            "S\N{CYRILLIC CAPITAL LETTER A}VE10",
            "\N{FULLWIDTH LATIN CAPITAL LETTER S}AVE10",
            "STRA\N{LATIN SMALL LETTER SHARP S}E",
            "SAVE\N{GRINNING FACE}",
            "SAVE\N{ARABIC-INDIC DIGIT ONE}0",
            "SAVE\0",
        ],
    )
    def test_refuses_what_no_code_looks_like(self, text: str) -> None:
        with pytest.raises(CouponCodeInvalid) as refusal:
            canonical_code(text)
        assert (refusal.value.code, refusal.value.kind) == ("promotions.coupon_code_invalid", Kind.MALFORMED)

    @given(st.text(max_size=40))
    def test_is_its_own_canonical_form(self, text: str) -> None:
        try:
            code = canonical_code(text)
        except CouponCodeInvalid:
            return
        assert canonical_code(code) == code
        assert code.isascii()
