"""Circuits: whoever fails again and again is left alone, and is asked again after a rest."""

import pytest
from structlog.testing import capture_logs

from tradecore.breakers import Circuit, Circuits, CircuitState
from tradecore.retry_budget import RetryBudget

REST_S = 30.0


class Silent(Exception):
    """Nobody answered."""


class Outsider:
    """Answers, or does not, and counts how often it was asked."""

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        self.is_silent = True
        self.asked = 0

    def call(self) -> None:
        with self.circuit.calling(Silent):
            self.asked += 1
            if self.is_silent:
                raise Silent("no answer")

    def fail(self, times: int) -> None:
        for _ in range(times):
            with pytest.raises(Silent):
                self.call()


class OwnClock:
    """The clock that circuits and budgets go by: a test's own, so that none rests long enough by chance."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at

    def pass_time(self, seconds: float) -> None:
        self.at += seconds


@pytest.fixture(autouse=True)
def own(monkeypatch: pytest.MonkeyPatch) -> OwnClock:
    own = OwnClock()
    monkeypatch.setattr("tradecore.breakers.time.monotonic", own)
    return own


@pytest.fixture
def outsider(own: OwnClock) -> Outsider:
    return Outsider(Circuit("test", failures=3, rest_s=REST_S))


class TestCircuit:
    def test_opens_after_so_many_failures_in_a_row_and_spares_everybody_the_wait(self, outsider: Outsider) -> None:
        outsider.fail(10)
        assert (outsider.circuit.state, outsider.asked) == (CircuitState.OPEN, 3)

    def test_stays_closed_where_some_calls_succeed(self, outsider: Outsider) -> None:
        for _ in range(5):
            outsider.is_silent = True
            outsider.fail(2)
            outsider.is_silent = False
            outsider.call()
        assert (outsider.circuit.state, outsider.asked) == (CircuitState.CLOSED, 15)

    def test_takes_a_refusal_for_an_answer(self, outsider: Outsider) -> None:
        for _ in range(5):
            with pytest.raises(KeyError), outsider.circuit.calling(Silent):
                raise KeyError
        assert outsider.circuit.state is CircuitState.CLOSED

    def test_closes_by_one_success_after_its_rest(self, outsider: Outsider, own: OwnClock) -> None:
        outsider.fail(4)
        outsider.is_silent = False
        own.pass_time(REST_S)
        outsider.call()
        assert (outsider.circuit.state, outsider.asked) == (CircuitState.CLOSED, 4)

    def test_rests_again_after_one_failure_then(self, outsider: Outsider, own: OwnClock) -> None:
        outsider.fail(3)
        own.pass_time(REST_S)
        outsider.fail(5)
        assert (outsider.circuit.state, outsider.asked) == (CircuitState.OPEN, 4)

    def test_lets_one_call_try_at_a_time(self, outsider: Outsider, own: OwnClock) -> None:
        outsider.fail(3)
        outsider.is_silent = False
        own.pass_time(REST_S)
        with outsider.circuit.calling(Silent):
            outsider.fail(2)
        assert outsider.asked == 3

    def test_says_so_in_the_log(self, outsider: Outsider, own: OwnClock) -> None:
        with capture_logs() as lines:
            outsider.fail(5)
            outsider.is_silent = False
            own.pass_time(REST_S)
            outsider.call()
        assert [(line["event"], line["circuit"]) for line in lines] == [
            ("circuit_opened", "test"),
            ("circuit_closed", "test"),
        ]
        assert (lines[0]["error"], lines[1]["spared"]) == ("no answer", 2)

    def test_is_one_for_each_name(self) -> None:
        circuits = Circuits("provider", failures=1, rest_s=REST_S)
        Outsider(circuits.to("acme")).fail(1)
        assert circuits.to("acme").state is CircuitState.OPEN
        assert circuits.to("other").state is CircuitState.CLOSED


class TestRetryBudget:
    def test_is_a_share_of_what_is_done_at_all(self) -> None:
        budget = RetryBudget(share=0.1, per_second=0, reserve=5)
        assert sum(budget.spend() for _ in range(10)) == 5
        for _ in range(31):
            budget.earn()
        assert sum(budget.spend() for _ in range(10)) == 3

    def test_grows_with_time_up_to_its_reserve(self, own: OwnClock) -> None:
        budget = RetryBudget(share=0, per_second=1000, reserve=5)
        assert all(budget.spend() for _ in range(5))
        own.pass_time(0.003)
        assert sum(budget.spend() for _ in range(10)) == 3
        own.pass_time(0.05)
        assert sum(budget.spend() for _ in range(10)) == 5
