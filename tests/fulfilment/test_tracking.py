"""Where a package is, whatever the order in which its carrier says so."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.fulfilment.contracts import PackageState, TrackingEntry, TrackingStatus
from apps.fulfilment.states import PACKAGE
from apps.fulfilment.tracking import ENDS, RANKS, contradicts, find_furthest, is_sign_of_life
from tests.support import NOON


def at(hours: int, status: TrackingStatus) -> TrackingEntry:
    moment = NOON + timedelta(hours=hours)
    return TrackingEntry(status=status, occurred_at=moment, received_at=moment)


# Few moments and many events, so that ties are the rule.
entries = st.builds(at, st.integers(0, 3), st.sampled_from(TrackingStatus))


class TestFindFurthest:
    @given(said=st.lists(entries, min_size=1, max_size=8), data=st.data())
    def test_is_the_same_for_any_order_and_any_repetition(self, said: list[TrackingEntry], data: st.DataObject) -> None:
        repeated = said + data.draw(st.lists(st.sampled_from(said), max_size=8))
        shuffled = data.draw(st.permutations(repeated))
        assert find_furthest(shuffled) == find_furthest(said)

    @given(said=st.lists(entries))
    def test_is_of_the_highest_rank_that_was_named(self, said: list[TrackingEntry]) -> None:
        ranks = [RANKS[entry.status] for entry in said if entry.status in RANKS]
        furthest = find_furthest(said)
        assert (None if furthest is None else RANKS[furthest]) == max(ranks, default=None)

    @given(said=st.lists(entries), new=entries)
    def test_never_goes_back_to_a_lower_rank(self, said: list[TrackingEntry], new: TrackingEntry) -> None:
        before, after = find_furthest(said), find_furthest([*said, new])
        assert before is None or (after is not None and RANKS[after] >= RANKS[before])

    def test_is_nowhere_while_no_carrier_has_it(self) -> None:
        assert find_furthest([]) is None
        assert find_furthest([at(1, TrackingStatus.INFO_RECEIVED), at(2, TrackingStatus.EXCEPTION)]) is None

    def test_follows_the_clock_of_the_carrier_at_the_door(self) -> None:
        said = [
            at(1, TrackingStatus.OUT_FOR_DELIVERY),
            at(3, TrackingStatus.OUT_FOR_DELIVERY),
            at(2, TrackingStatus.ATTEMPT_FAILED),
        ]
        assert find_furthest(said) is TrackingStatus.OUT_FOR_DELIVERY


class TestTableOfStates:
    def test_has_every_step_that_tracking_can_take(self) -> None:
        steps = [
            (PackageState(before), PackageState(after))
            for before in RANKS.keys() - ENDS
            for after in RANKS
            if find_furthest([at(0, before), at(1, after)]) is after is not before
        ]
        assert [step for step in steps if not PACKAGE.allows(*step)] == []

    def test_has_no_step_back_to_a_lower_rank(self) -> None:
        for before in RANKS:
            for after in PACKAGE.edges[PackageState(before)]:
                assert RANKS[TrackingStatus(after)] >= RANKS[before]

    def test_names_every_state_and_ends_in_four(self) -> None:
        assert set(PACKAGE.states) == set(PackageState)
        assert PACKAGE.terminal == {PackageState(status) for status in ENDS} | {PackageState.WITHDRAWN}

    def test_lets_nothing_but_a_collected_package_be_delivered_or_lost(self) -> None:
        assert PACKAGE.edges[PackageState.ARRANGED] == {PackageState.COLLECTED, PackageState.WITHDRAWN}


class TestWhatCarriersSay:
    @pytest.mark.parametrize("status", [TrackingStatus.PENDING, TrackingStatus.EXPIRED])
    def test_is_no_sign_of_life_when_they_know_nothing(self, status: TrackingStatus) -> None:
        assert not is_sign_of_life(status)

    @pytest.mark.parametrize("end", sorted(ENDS))
    def test_contradicts_an_end_by_another_end_only(self, end: TrackingStatus) -> None:
        against = {status for status in TrackingStatus if contradicts(PackageState(end), status)}
        assert against == ENDS - {end}

    def test_contradicts_a_withdrawal_when_they_have_the_parcel(self) -> None:
        against = {status for status in TrackingStatus if contradicts(PackageState.WITHDRAWN, status)}
        assert against == set(RANKS)
