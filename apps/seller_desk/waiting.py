"""What is not done at once but waits for a second person, an operator: 202, and how to recognise it."""

from collections.abc import Callable
from typing import Any

from tradecore import wire
from tradecore.approvals import AwaitsApproval
from tradecore.idempotency import Outcome


def done_or_waiting(status: int, render: Callable[[Any], Any]) -> Callable[[Any], Outcome]:
    """How to answer what a use case returns: what it did, with this status, or that it waits."""

    def answer(result: Any) -> Outcome:
        if isinstance(result, AwaitsApproval):
            return Outcome(202, wire.to_json(result))
        return Outcome(status, render(result))

    return answer
