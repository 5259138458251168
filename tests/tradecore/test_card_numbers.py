"""What looks like a card number, however it is written; and what only resembles one."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradecore import clock, ids
from tradecore.card_numbers import looks_like_card_number, mask_card_number

#: Numbers that issuers and their processors publish for tests.
PUBLISHED = (
    "4111111111111111",
    "4222222222222",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "30569309025904",
    "6011111111111117",
    "3530111333300000",
    "6759649826438453",
    "6212345678901232",
    "6212345678900000003",
    "2200000000000004",
)
SEPARATORS = (
    " ",
    "-",
    ".",
    "/",
    "_",
    ",",
    "*",
    "\t",
    "\n",
    "\u00a0",
    "\u2013",
    "\u2014",
    "\u200b",
    "\u00ad",
    " - ",
    "...",
)
#: Full-width, Arabic-Indic, and mathematical digits.
ZEROS = ("\uff10", "\u0660", "\U0001d7ce")


def moments(first_year: int, last_year: int) -> st.SearchStrategy[datetime]:
    """From the beginning of the one to the beginning of the other."""
    first, last = datetime(first_year, 1, 1), datetime(last_year, 1, 1)  # noqa: DTZ001 - hypothesis adds the zone
    return st.datetimes(first, last, timezones=st.just(UTC))


def check_digit_of_ean(digits: str) -> str:
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return str(-total % 10)


class TestCardNumbers:
    @pytest.mark.parametrize("number", PUBLISHED)
    def test_are_found_alone_and_among_words(self, number: str) -> None:
        for text in (number, f"my card is {number}, thanks", f"tok{number}x", f"Flat 5, {number} 12/28 123"):
            assert looks_like_card_number(text)

    @pytest.mark.parametrize("separator", SEPARATORS, ids=ascii)
    def test_are_found_with_anything_between_their_digits(self, separator: str) -> None:
        for size in (1, 2, 3, 4, 6, 8):
            groups = ["4111111111111111"[start : start + size] for start in range(0, 16, size)]
            assert looks_like_card_number(separator.join(groups))
        assert looks_like_card_number(f"12, {separator.join(['4111', '1111', '1111', '1111'])} 123")
        assert looks_like_card_number(separator.join(["3782", "822463", "10005"]) + " 12/28")

    @pytest.mark.parametrize("zero", ZEROS, ids=ascii)
    def test_are_found_in_the_digits_of_any_script(self, zero: str) -> None:
        assert looks_like_card_number("".join(chr(ord(zero) + int(digit)) for digit in PUBLISHED[0]))

    @pytest.mark.parametrize("text", ["+4111111111111111", "+4111 1111 1111 1111", "4111+1111+1111+1111"])
    def test_are_no_phone_numbers(self, text: str) -> None:
        assert looks_like_card_number(text)

    def test_need_luhns_check_an_issuer_and_its_length(self) -> None:
        for text in ("4111111111111112", "9111111111111114", "41111111111111", "411111111111111111111"):
            assert not looks_like_card_number(text)

    def test_are_masked_with_what_stands_beside_them(self) -> None:
        assert mask_card_number("/x/\uff14111-1111-1111-1111/7") == "/x/****-****-****-****/*"
        assert mask_card_number("/x/7") == "/x/7"

    @pytest.mark.parametrize("text", ["4 ", "4444-", "80 ", "1 4 ", "+4", "4444444444444 ", "2026-01-01 ", "a4"])
    def test_are_looked_for_in_bounded_time(self, text: str) -> None:
        started = clock.real_now()
        looks_like_card_number(text * (200_000 // len(text)))
        assert clock.real_now() - started < timedelta(seconds=5)


class TestWhatOnlyResemblesThem:
    # Ids of the first two weeks of 2025, which nobody has made, are shorter.
    @given(moments(2025, 2026).filter(lambda moment: (moment.month, moment.day) > (1, 14)), st.integers(0, 2**23 - 1))
    def test_is_an_id_or_an_order_number(self, made_at: datetime, low_bits: int) -> None:
        an_id = ids.first_id_at(made_at) | low_bits
        number = ids.format_number(an_id)
        for text in (str(an_id), number, number.replace("-", " "), number.replace("-", ""), f"order:{an_id}, {number}"):
            assert not looks_like_card_number(text)

    def test_is_an_id_of_any_time_that_has_come(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(clock, "real_now", lambda: datetime(2045, 1, 1, tzinfo=UTC))
        assert not looks_like_card_number("4222222222222222220")  # made in 2040
        monkeypatch.undo()
        assert looks_like_card_number("4111111111111111110")

    @given(st.text("0123456789", min_size=12, max_size=12))
    def test_is_an_ean(self, digits: str) -> None:
        ean = digits + check_digit_of_ean(digits)
        assert not looks_like_card_number(ean)
        assert not looks_like_card_number(f"{ean}, {ean}")

    @given(
        st.text("0123456789", min_size=7, max_size=15), st.sampled_from(["", " ", "-", ".", " ("]), st.integers(1, 4)
    )
    def test_is_a_phone_number(self, digits: str, separator: str, size: int) -> None:
        groups = [digits[start : start + size] for start in range(0, len(digits), size)]
        assert not looks_like_card_number(f"+{separator.join(groups)}")
        assert not looks_like_card_number(f"0{digits[:11]}")

    @given(st.uuids())
    def test_is_an_id_of_another_system(self, other: uuid.UUID) -> None:
        for text in (str(other), other.hex, f"key:{other}", other.hex * 2):
            assert not looks_like_card_number(text) or text.replace("-", "").isdigit()

    @given(moments(2020, 2100))
    def test_is_a_moment(self, moment: datetime) -> None:
        for text in (moment.isoformat(), str(moment), f"{moment:%Y-%m-%d %H:%M:%S}, {moment:%Y-%m-%d}"):
            assert not looks_like_card_number(text)
