"""Which deadlines of a market a life would have missed, had it been lived there: pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from apps.integrations.replay.lives import Act, Life
from apps.integrations.replay.records import TenderType
from apps.markets.api import Clock, Market, deadline

#: Clock -> what starts it, what must have happened when it runs out, and what it means that it had not.
DEADLINES: Final[Mapping[Clock, tuple[Act, Act, str]]] = {
    Clock.PAY_CARD: (Act.PLACE, Act.PAY, "without a bank slip and not paid in time: the purchase would have expired"),
    Clock.PAY_SLIP: (Act.PLACE, Act.PAY, "with a bank slip and not paid in time: the purchase would have expired"),
    Clock.SHIP_BY: (Act.PAY, Act.COLLECT, "handed over later than promised: the seller would have been late"),
    Clock.SHIP_CANCEL: (
        Act.PAY,
        Act.COLLECT,
        "not handed over by then; had it not been arranged before that either, it would have been cancelled",
    ),
    Clock.COLLECT_CANCEL: (
        Act.ARRANGE,
        Act.COLLECT,
        "arranged a second after it was paid, as it is lived, and not handed over: it would have been withdrawn",
    ),
    Clock.LOST: (
        Act.COLLECT,
        Act.DELIVER,
        "no word of the parcel for so long, as far as was recorded: it would have counted as lost",
    ),
}

REMORSE_MEANS: Final = "handed over while its buyer could still have cancelled: it could not have been shipped then"


def list_missed(life: Life, *, market: Market, until: datetime) -> list[Clock]:
    """The clocks of the market that would have run out on a life.

    What had not happened `until` the end of the record is missed if its time was over by then. Of what was cancelled
    before it happened nothing is said, because no cancellation has a recorded time.
    """
    moments = life.moments
    missed = [
        clock
        for clock, (start, end, _) in DEADLINES.items()
        if start in moments and _applies(clock, life) and _is_late(life, clock, start, end, market=market, until=until)
    ]
    if Act.COLLECT in moments:
        held_until = deadline(market=market, clock=Clock.REMORSE, start=moments[Act.PAY])
        missed += [Clock.REMORSE] if moments[Act.COLLECT] < held_until else []
    return missed


def _applies(clock: Clock, life: Life) -> bool:
    """A purchase runs on the longest pay clock of its tenders; every other clock runs for all."""
    has_slip = any(tender.type == TenderType.BOLETO for tender in life.order.opened_tenders)
    return clock != (Clock.PAY_CARD if has_slip else Clock.PAY_SLIP)


def _is_late(life: Life, clock: Clock, start: Act, end: Act, *, market: Market, until: datetime) -> bool:
    moments = life.moments
    if end not in moments and life.steps[-1].act in {Act.CANCEL, Act.REFUSE}:
        return False
    return moments.get(end, until) > deadline(market=market, clock=clock, start=moments[start])
