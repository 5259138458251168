"""How badly the process behaves: what it is told over PUT /v1/behaviour, and the dice that it throws."""

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Final

from apps.payments.provider import Statement
from apps.payments.sandbox.entries import distort
from apps.payments.sandbox.errors import Unreadable
from apps.payments.sandbox.tokens import Lie

CERTAIN_BP: Final = 10_000


class Fault(StrEnum):
    """What may become of an answer. An answer has one fault at most: the first in this order that the dice choose."""

    DEAF = "deaf"
    MUTE = "mute"
    ERROR_500 = "error_500"
    ERROR_429 = "error_429"
    HTML = "html"
    HALF_JSON = "half_json"
    TRICKLE = "trickle"


#: Faults of which the call that was sent has no effect.
NOT_TAKEN: Final = frozenset({Fault.DEAF, Fault.ERROR_429})


def _number(meaning: str, *, default: int = 0, number_max: int) -> int:
    described: int = field(default=default, metadata={"meaning": meaning, "max": number_max})
    return described


def _chance(meaning: str) -> int:
    return _number(meaning, number_max=CERTAIN_BP)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One way to behave. A name in `_bp` is a chance of so many in 10,000; without any, it behaves well."""

    seed: int = _number("where the dice begin: the same seed, the same throws", number_max=2**31)
    slow_bp: int = _chance("answer late, by slow_ms")
    slow_ms: int = _number("how late, in milliseconds", default=1000, number_max=60_000)
    deaf_bp: int = _chance("do not take the call, and do not answer")
    mute_bp: int = _chance("take the call, and do not answer")
    error_500_bp: int = _chance("take the call, and answer 500")
    error_429_bp: int = _chance("do not take the call, and answer 429")
    html_bp: int = _chance("take the call, and answer 200 with a page of HTML")
    half_json_bp: int = _chance("take the call, and answer 200 with half of the document")
    trickle_bp: int = _chance("take the call, and answer one byte per 100 ms")
    lie_amount_bp: int = _chance("name another amount, in an answer or a webhook")
    lie_currency_bp: int = _chance("name another currency, in an answer or a webhook")
    lie_account_bp: int = _chance("speak for another account, in an answer or a webhook")
    webhook_first_bp: int = _chance("send the webhook of a call before answering it")
    webhook_lost_bp: int = _chance("never send a webhook")
    webhook_repeat_bp: int = _chance("send a webhook more than once: webhook_repeat_count times more")
    webhook_repeat_count: int = _number("how many times more", default=1, number_max=100)
    webhook_shuffle_bp: int = _chance("hold a webhook back, so that others overtake it")
    webhook_shuffle_ms: int = _number("for how long at most, in milliseconds", default=1000, number_max=60_000)


def read_behaviour(document: Mapping[str, Any]) -> Behaviour:
    """The behaviour in a JSON object; what it does not name is as by default. Refuses: Unreadable."""
    limits = {each.name: each.metadata["max"] for each in fields(Behaviour)}
    for name, number in document.items():
        if type(number) is not int or not 0 <= number <= limits.get(name, -1):
            raise Unreadable(reason=name[:40])
    return Behaviour(**document)


class Conduct:
    """The behaviour in force, and its dice. Thread-safe; throws come in the order in which they are asked for."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._lock = threading.Lock()
        self.change(behaviour)

    def change(self, behaviour: Behaviour) -> None:
        """Behave so from now on."""
        with self._lock:
            self.behaviour = behaviour
            self._dice = random.Random(behaviour.seed)  # noqa: S311 - a seed that replays the run, not a secret

    def happens(self, chance_bp: int) -> bool:
        """Throw the dice. What is certain, or impossible, throws none."""
        if chance_bp in (0, CERTAIN_BP):
            return chance_bp == CERTAIN_BP
        with self._lock:
            return self._dice.randrange(CERTAIN_BP) < chance_bp

    def draw_below(self, number_max: int) -> int:
        """A number from 0 to that one."""
        with self._lock:
            return self._dice.randint(0, number_max)

    def draw_fault(self) -> Fault | None:
        """What becomes of the next answer."""
        chances = ((fault, getattr(self.behaviour, f"{fault}_bp")) for fault in Fault)
        return next((fault for fault, chance_bp in chances if self.happens(chance_bp)), None)

    def bend(self, statement: Statement) -> Statement:
        """The statement, with such lies as the dice choose."""
        behaviour = self.behaviour
        for lie, chance_bp in (
            (Lie.AMOUNT, behaviour.lie_amount_bp),
            (Lie.CURRENCY, behaviour.lie_currency_bp),
            (Lie.ACCOUNT, behaviour.lie_account_bp),
        ):
            if self.happens(chance_bp):
                statement = distort(statement, lie)
        return statement
