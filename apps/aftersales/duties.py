"""A case is always: who acts next, until when, and what happens otherwise. This is the table of that."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from apps.aftersales.contracts import Act, Actor, CaseState, Default, NextAction
from apps.markets.api import Clock, deadline, get_market


@dataclass(frozen=True, slots=True)
class Duty:
    """Who owes an act, by which clock of the market, and what happens when it runs out."""

    actor: Actor
    clock: Clock
    default: Default


DUTIES: Final[Mapping[Act, Duty]] = {
    Act.REVIEW: Duty(Actor.SELLER, Clock.CASE_REVIEW, Default.APPROVE),
    Act.ANSWER_OFFER: Duty(Actor.BUYER, Clock.CASE_ANSWER_OFFER, Default.REFUSE_OFFER),
    Act.SHIP_BACK: Duty(Actor.BUYER, Clock.CASE_BUYER_SHIP, Default.CLOSE),
    Act.INSPECT: Duty(Actor.SELLER, Clock.CASE_INSPECT, Default.ACCEPT_RETURN),
    # Silence counts nothing in: no stock comes back that nobody has looked at.
    Act.COUNT_IN: Duty(Actor.SELLER, Clock.CASE_INSPECT, Default.CLOSE),
    Act.ESCALATE: Duty(Actor.BUYER, Clock.CASE_ESCALATE, Default.CLOSE),
    # The platform's silence is the platform's cost: for the buyer, and the seller is compensated.
    Act.ARBITRATE: Duty(Actor.PLATFORM, Clock.CASE_ARBITRATE, Default.SUPPORT_BUYER),
    Act.SHIP_REPLACEMENT: Duty(Actor.SELLER, Clock.SHIP_CANCEL, Default.REFUND),
    Act.CONFIRM_REPLACEMENT: Duty(Actor.BUYER, Clock.CASE_INSPECT, Default.COMPLETE),
    # The provider has it; nobody can do it by default, but somebody is told, again and again.
    Act.SEND_MONEY: Duty(Actor.PLATFORM, Clock.CASE_ARBITRATE, Default.ALARM),
}

#: What may be waited for in each state; nothing in those that are over.
WAITED_FOR: Final[Mapping[CaseState, frozenset[Act]]] = {
    CaseState.REQUEST_PENDING: frozenset({Act.REVIEW}),
    CaseState.AWAITING_BUYER_RESPONSE: frozenset({Act.ANSWER_OFFER}),
    CaseState.AWAITING_BUYER_SHIP: frozenset({Act.SHIP_BACK}),
    CaseState.BUYER_SHIPPED_ITEM: frozenset({Act.INSPECT, Act.COUNT_IN}),
    CaseState.REJECTED: frozenset({Act.ESCALATE}),
    CaseState.RECEIVE_REJECTED: frozenset({Act.ESCALATE}),
    CaseState.IN_ARBITRATION: frozenset({Act.ARBITRATE}),
    CaseState.SUCCESS: frozenset({Act.SEND_MONEY, Act.SHIP_REPLACEMENT, Act.CONFIRM_REPLACEMENT}),
    CaseState.COMPLETE: frozenset(),
    CaseState.CANCELLED: frozenset(),
}

#: The longest way of goods that are set aside, until the case itself lets them go.
_SET_ASIDE_FOR: Final = (Act.SHIP_BACK, Act.INSPECT, Act.ESCALATE, Act.ARBITRATE, Act.SHIP_REPLACEMENT)
_BACKSTOP: Final = timedelta(days=1)

NOTHING: Final = NextAction(actor=Actor.NOBODY, action=None, due_at=None, default=None)


def next_action(act: Act | None, *, market: str, now: datetime) -> NextAction:
    """The duty that begins now; NOTHING where nothing is waited for."""
    if act is None:
        return NOTHING
    duty = DUTIES[act]
    due_at = deadline(market=get_market(market, now=now), clock=duty.clock, start=now)
    return NextAction(actor=duty.actor, action=act, due_at=due_at, default=duty.default)


def backstop(*, market: str, now: datetime) -> datetime:
    """Until when goods are set aside for a case that is approved now, should nobody let them go before: long enough."""
    rules = get_market(market, now=now)
    end = now
    for act in _SET_ASIDE_FOR:
        end = deadline(market=rules, clock=DUTIES[act].clock, start=end)
    return end + _BACKSTOP
