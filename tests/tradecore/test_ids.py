"""Ids: 63 bits, ordered, with a gene; and the numbers that people read."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradecore import ids
from tradecore.ids import (
    IdGenerator,
    InvalidNumber,
    NoWorkerNumber,
    first_id_at,
    format_number,
    gene_of,
    new_id,
    parse_number,
)

SOME_ID = st.integers(min_value=1, max_value=ids.MAX_ID)


class TestNewId:
    def test_carries_the_gene_of_its_buyer(self) -> None:
        buyer = new_id(ids.new_gene())
        assert gene_of(new_id(gene_of(buyer))) == gene_of(buyer)

    def test_sorts_after_every_earlier_one(self) -> None:
        made = [new_id() for _ in range(1_000)]
        assert made == sorted(set(made))

    def test_fits_63_bits_until_the_clock_runs_out(self) -> None:
        late = IdGenerator(worker=31, cell=7, not_before_ms=(1 << 40) - 2)
        assert late.make(ids.GENE_COUNT - 1) <= ids.MAX_ID

    def test_is_unique_among_threads(self) -> None:
        made: list[list[int]] = [[] for _ in range(8)]
        threads = [
            threading.Thread(target=lambda mine=mine: mine.extend(new_id() for _ in range(500))) for mine in made
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        everything = [one for mine in made for one in mine]
        assert len(set(everything)) == len(everything)

    def test_never_goes_back_when_the_clock_does(self, monkeypatch: pytest.MonkeyPatch) -> None:
        generator = IdGenerator(worker=0)
        monkeypatch.setattr("tradecore.ids.time.time", lambda: 1_800_000_000.0)
        before = generator.make(0)
        monkeypatch.setattr("tradecore.ids.time.time", lambda: 1_700_000_000.0)
        assert generator.make(0) > before

    def test_needs_a_worker_number(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ids, "_generator", None)
        with pytest.raises(NoWorkerNumber):
            new_id()

    def test_differs_between_workers_in_the_same_millisecond(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tradecore.ids.time.time", lambda: 1_800_000_000.0)
        assert IdGenerator(worker=1).make(0) != IdGenerator(worker=2).make(0)


class TestFirstIdAt:
    def test_parts_ids_by_the_moment_of_their_making(self, monkeypatch: pytest.MonkeyPatch) -> None:
        moment = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
        made = []
        for at in (moment - timedelta(milliseconds=1), moment):
            monkeypatch.setattr("tradecore.ids.time.time", at.timestamp)
            made.append(IdGenerator(worker=31, cell=7).make(ids.GENE_COUNT - 1))
        assert made[0] < first_id_at(moment) <= made[1]

    def test_is_made_by_the_first_worker_without_a_gene(self, monkeypatch: pytest.MonkeyPatch) -> None:
        moment = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
        monkeypatch.setattr("tradecore.ids.time.time", moment.timestamp)
        assert IdGenerator(worker=0).make(0) == first_id_at(moment)

    def test_is_nothing_before_there_were_ids(self) -> None:
        assert first_id_at(datetime(2018, 1, 1, tzinfo=UTC)) == 0


class TestNumber:
    @given(SOME_ID)
    def test_is_the_same_id_again(self, an_id: int) -> None:
        assert parse_number(format_number(an_id)) == an_id

    def test_is_read_with_spaces_and_without_dashes(self) -> None:
        number = format_number(123_456_789)
        assert parse_number(number.replace("-", " ")) == parse_number(number.replace("-", "")) == 123_456_789

    @given(SOME_ID, st.integers(min_value=0, max_value=19), st.integers(min_value=1, max_value=9))
    def test_shows_every_single_wrong_digit(self, an_id: int, place: int, shift: int) -> None:
        digits = list(format_number(an_id).replace("-", ""))
        digits[place] = str((int(digits[place]) + shift) % 10)
        with pytest.raises(InvalidNumber):
            parse_number("".join(digits))

    @given(SOME_ID, st.integers(min_value=0, max_value=18))
    def test_shows_every_swap_of_neighbours(self, an_id: int, place: int) -> None:
        digits = list(format_number(an_id).replace("-", ""))
        if digits[place] != digits[place + 1]:
            digits[place], digits[place + 1] = digits[place + 1], digits[place]
            with pytest.raises(InvalidNumber):
                parse_number("".join(digits))

    @pytest.mark.parametrize("text", ["", "1", "x" * 20, "\uff11" * 20, "9" * 20, "-" * 20, "0" * 21])
    def test_refuses_what_is_none(self, text: str) -> None:
        with pytest.raises(InvalidNumber):
            parse_number(text)
