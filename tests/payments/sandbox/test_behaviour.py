"""Being told to misbehave, and doing so by the dice."""

import pytest

from apps.payments.provider import Said, Statement
from apps.payments.sandbox.behaviour import CERTAIN_BP, Behaviour, Conduct, Fault, read_behaviour
from apps.payments.sandbox.errors import Unreadable
from tests.payments.sandbox.support import PRICE

STATEMENT = Statement(said=Said.CAPTURED, reference=1, provider_ref="x", amount=PRICE, account="sandbox_merchant")


class TestReadBehaviour:
    def test_takes_what_it_knows(self) -> None:
        assert read_behaviour({"slow_bp": 5000, "slow_ms": 20, "seed": 7}) == Behaviour(
            slow_bp=5000, slow_ms=20, seed=7
        )

    def test_is_well_by_default(self) -> None:
        assert read_behaviour({}) == Behaviour()
        assert Conduct(Behaviour()).draw_fault() is None
        assert Conduct(Behaviour()).bend(STATEMENT) == STATEMENT

    @pytest.mark.parametrize(
        "document",
        [
            {"sleepy_bp": 1},
            {"slow_bp": -1},
            {"slow_bp": CERTAIN_BP + 1},
            {"slow_bp": True},
            {"slow_bp": "1"},
            {"slow_bp": None},
            {"webhook_repeat_count": 101},
            {"slow_ms": 60_001},
        ],
    )
    def test_refuses_the_rest(self, document: dict[str, object]) -> None:
        with pytest.raises(Unreadable) as refusal:
            read_behaviour(document)
        assert refusal.value.reason == next(iter(document))


class TestConduct:
    def test_has_a_chance_for_every_fault(self) -> None:
        for fault in Fault:
            assert Conduct(Behaviour(**{f"{fault}_bp": CERTAIN_BP})).draw_fault() is fault

    def test_throws_the_same_dice_for_the_same_seed(self) -> None:
        behaviour = Behaviour(seed=42, error_500_bp=3000, html_bp=3000, mute_bp=1000)
        first, second = Conduct(behaviour), Conduct(behaviour)
        faults = [first.draw_fault() for _ in range(200)]
        assert faults == [second.draw_fault() for _ in range(200)]
        assert set(faults) == {None, Fault.ERROR_500, Fault.HTML, Fault.MUTE}
        first.change(behaviour)
        assert faults == [first.draw_fault() for _ in range(200)]

    def test_throws_other_dice_for_another(self) -> None:
        first, second = Conduct(Behaviour(seed=1, html_bp=5000)), Conduct(Behaviour(seed=2, html_bp=5000))
        assert [first.draw_fault() for _ in range(64)] != [second.draw_fault() for _ in range(64)]

    def test_lies_as_told(self) -> None:
        everything = Behaviour(lie_amount_bp=CERTAIN_BP, lie_currency_bp=CERTAIN_BP, lie_account_bp=CERTAIN_BP)
        told = Conduct(everything).bend(STATEMENT)
        assert told.amount.minor != STATEMENT.amount.minor
        assert told.amount.currency != STATEMENT.amount.currency
        assert told.account != STATEMENT.account
        assert (told.said, told.reference) == (STATEMENT.said, STATEMENT.reference)
