"""What the marketplace can do without for a while, switched off by name: promotions, guests, writes, payouts, a market.

# Note [Degradation]
A plan is declared here: what stops, what goes on instead, what buyers see. A person or a trigger switches it on with a
reason and an end; each switch is a row, and a plan is on while any of its switches is. It is over at its end without
anybody's help, because whoever asks compares the end with the clock; a person may end it sooner. Every process hears
of a switch within two seconds (Note [Revisions]), and asking whether a plan is on asks nobody. Money that leaves is the
exception: it asks the tables (`read_on`), because two seconds ago is too long ago.

What was begun goes on under every plan: what was bought is paid, shipped and refunded, and a repeated request whose
write was made gets its first outcome, also where such a write would be refused now; only in read-only it is asked to
come back.

A trigger looks at something that is measured already. It switches its plan on for a while, again and again as long as
the measure stays at its bound; what a person has ended of it, it leaves alone for as long as it would have lasted. What
stands in no table is looked at by alarms (Note [Alarms] of `tradecore.alarms`).
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from django.db.models import Q

from tradecore import audit, clock, db, revisions
from tradecore.errors import Kind, NotFound, Refusal
from tradecore.extensions import ExtensionPoint
from tradecore.live_settings import LiveSetting
from tradecore.models import PlanSwitch

#: The name of the revision.
REVISION = "degradation"

#: Who switches on when a trigger does.
SYSTEM = "system"

#: Nothing is degraded for longer: who needs that changes the product.
LONGEST = timedelta(days=30)

#: A trigger whose measure stays at its bound switches on again so long before the end.
RENEWED_BEFORE_END = timedelta(minutes=1)

#: Nobody is told to stay away for longer: a person may end it sooner.
RETRY_AFTER_MAX_S = 60

PROMOTIONS = "promotions"
GUESTS = "guests"
READ_ONLY = "read_only"
PAYOUTS = "payouts"
MARKET_CLOSED = "market_closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One plan. `buyers_see` is empty where they see nothing; `of_market`: it is switched for one market at a time."""

    name: str
    stops: str
    instead: str
    buyers_see: str
    of_market: bool = False


PLANS: Final[Mapping[str, Plan]] = MappingProxyType(
    {
        plan.name: plan
        for plan in (
            Plan(
                name=PROMOTIONS,
                stops="No promotion and no coupon is applied to what is quoted or bought.",
                instead="Everything sells at its list price; coupons stay good for later.",
                buyers_see="Quotes without promotions; a coupon misses as PROMOTIONS_OFF. What was quoted cheaper is "
                "refused as checkout.price_changed, with a new quote.",
            ),
            Plan(
                name=GUESTS,
                stops="Nobody becomes a guest, and no guest buys.",
                instead="Whoever has an account or makes one buys; guests get quotes, see and pay what they bought.",
                buyers_see="Guests are refused as degradation.guests_off, 503 with Retry-After.",
            ),
            Plan(
                name=READ_ONLY,
                stops="Every write of buyers, sellers and other systems.",
                instead="Reading, quotes and signing in go on; so do the admin, the workers, and what payment "
                "providers tell of money that has moved.",
                buyers_see="Writes are refused as degradation.read_only, 503 with Retry-After.",
            ),
            Plan(
                name=PAYOUTS,
                stops="No payout is proposed, approved or sent.",
                instead="Sellers' money waits on their accounts; what may have been sent is still asked about.",
                buyers_see="",
            ),
            Plan(
                name=MARKET_CLOSED,
                stops="Quotes and purchases in one market.",
                instead="The other markets sell; what was bought in this one is paid, shipped and refunded.",
                buyers_see="Quotes and purchases there are refused as checkout.market_closed.",
                of_market=True,
            ),
        )
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One switching on of a plan. `market` is empty where it is of all; `trigger` where a person did it."""

    plan: str
    market: str
    reason: str
    trigger: str
    switched_on_by: str
    since: datetime
    until: datetime

    @property
    def shown(self) -> str:
        """How answers, commands and people name what is on."""
        return f"{self.plan}:{self.market}" if self.market else self.plan

    @property
    def retry_after(self) -> int:
        """In how many seconds it is worth asking again."""
        left = math.ceil((self.until - clock.real_now()).total_seconds())
        return max(1, min(left, RETRY_AFTER_MAX_S))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Switches `plan` on for as long as `lasts` once `measure` is at `bound` or above. A bound of 0 is no bound."""

    name: str
    plan: str
    measures: str
    measure: Callable[[], int]
    bound: LiveSetting[int]
    lasts: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """Something outside that the product can do without. `variables` name it in the environment."""

    name: str
    variables: tuple[str, ...]
    without_it: str


#: Name -> trigger, and name -> dependency: the tables of `config/degradation.py`.
TRIGGERS: ExtensionPoint[Trigger] = ExtensionPoint("triggers")
DEPENDENCIES: ExtensionPoint[Dependency] = ExtensionPoint("optional dependencies")


@dataclass
class SwitchRefused(Refusal):
    """A plan cannot be switched on like that."""

    code = "degradation.switch_refused"
    kind = Kind.RULE
    title = "The plan cannot be switched on so."

    field: str
    reason: str


@dataclass
class ReadOnly(Refusal):
    """Nothing is written at the moment."""

    code = "degradation.read_only"
    kind = Kind.UNAVAILABLE
    title = "Nothing can be changed at the moment. What is there can be read."

    retry_after: int


@dataclass
class GuestsOff(Refusal):
    """Only registered buyers buy at the moment."""

    code = "degradation.guests_off"
    kind = Kind.UNAVAILABLE
    title = "Guests cannot buy at the moment. Sign in, or come back later."

    retry_after: int


def list_on() -> list[Switch]:
    """What is on, as of two seconds ago at most, in the order in which it was switched on."""
    return _running((*_switches.get(), *_held.values()))


def find_on(plan: str, *, market: str = "") -> Switch | None:
    """The switch of this plan that lasts longest, if it is on. Asks nobody."""
    on = [switch for switch in list_on() if (switch.plan, switch.market) == (plan, market)]
    return max(on, key=lambda switch: switch.until, default=None)


def is_on(plan: str, *, market: str = "") -> bool:
    """Whether a plan is on, as of two seconds ago at most. Asks nobody."""
    return find_on(plan, market=market) is not None


def read_on(plan: str) -> bool:
    """Whether a plan is on, as it is committed now."""
    return PlanSwitch.objects.filter(_is_running(clock.real_now()), plan=plan).exists()


def list_seen() -> list[str]:
    """What buyers are told of, by name. Asks nobody, whatever has happened."""
    return sorted(
        {switch.shown for switch in _running((*_switches.peek(), *_held.values())) if PLANS[switch.plan].buyers_see}
    )


def refuse_if_read_only() -> None:
    """Refuses: ReadOnly."""
    switch = find_on(READ_ONLY)
    if switch is not None:
        raise ReadOnly(retry_after=switch.retry_after)


def refuse_if_guests_are_off() -> None:
    """Refuses: GuestsOff."""
    switch = find_on(GUESTS)
    if switch is not None:
        raise GuestsOff(retry_after=switch.retry_after)


@db.use_case
def switch_on(*, plan: str, market: str = "", until: datetime, reason: str, actor: str, now: datetime) -> Switch:
    """Switch a plan on until a moment, beside what has switched it on before.

    Refuses, in this order: NotFound (no such plan), SwitchRefused. Locks: the revision of the switches.
    """
    _check(plan, market=market, until=until, now=now)
    revisions.count_up(REVISION)
    return _insert(plan, market=market, until=until, reason=reason, actor=actor, now=now)


@db.use_case
def switch_off(*, plan: str, market: str = "", reason: str, actor: str, now: datetime) -> int:
    """End every switch of a plan, whoever has switched it on. Returns how many were on; none is fine.

    Refuses: NotFound (no such plan). Locks: the revision of the switches.
    """
    get_plan(plan)
    revisions.count_up(REVISION)
    running = PlanSwitch.objects.filter(_is_running(now), plan=plan, market=market)
    ended = running.update(ended_at=now, ended_by=actor, end_reason=reason)
    if ended:
        audit.record(actor=actor, action="degradation.off", subject=_subject(plan, market), reason=reason, now=now)
    _switches.forget()
    return ended


def check_triggers(*, now: datetime) -> int:
    """Measure what every trigger looks at, and switch its plan on where the measure is at its bound. Returns how many.

    Any number of processes may do so at once.
    """
    return sum(_check_trigger(TRIGGERS.get(name), now=now) for name in sorted(TRIGGERS.names()))


def get_plan(name: str) -> Plan:
    """Refuses: NotFound."""
    if name not in PLANS:
        raise NotFound(what="degradation_plan")
    return PLANS[name]


def list_history(*, limit: int) -> list[PlanSwitch]:
    """What was switched on, latest first, and how it ended."""
    return list(PlanSwitch.objects.order_by("-id")[:limit])


@db.use_case
def pull(trigger: str, *, plan: str, market: str = "", lasts: timedelta, reason: str, now: datetime) -> bool:
    """Switch a plan on for a trigger or an alarm of that name, unless it has, or a person has just ended that.

    Whether it was this process that did it. Locks: the revision of the switches.
    """
    if _is_at_rest(trigger, market=market, lasts=lasts, now=now):
        return False
    revisions.count_up(REVISION)
    if _is_at_rest(trigger, market=market, lasts=lasts, now=now):
        return False
    _insert(plan, market=market, until=now + lasts, reason=reason, actor=SYSTEM, trigger=trigger, now=now)
    return True


def hold(trigger: str, *, plan: str, market: str = "", lasts: timedelta, reason: str, now: datetime) -> bool:
    """Switch a plan on in this process alone, for when no row can be written. Whether it was not on so before."""
    held = _held.get((trigger, market))
    _held[trigger, market] = Switch(
        plan=plan,
        market=market,
        reason=reason,
        trigger=trigger,
        switched_on_by=SYSTEM,
        since=now if held is None else held.since,
        until=now + lasts,
    )
    return held is None


def record_held(*, now: datetime) -> None:
    """Write down what this process has held and is over. Of many that have held the same, one is recorded."""
    for key, switch in list(_held.items()):
        if switch.until <= now:
            _record(switch, now=now)
            del _held[key]


@db.use_case
def _record(switch: Switch, *, now: datetime) -> None:
    """Locks: the revision of the switches."""
    revisions.count_up(REVISION)
    of_it = PlanSwitch.objects.filter(trigger=switch.trigger, market=switch.market)
    if of_it.filter(since__lt=switch.until, until__gt=switch.since).exists():
        return
    _insert(
        switch.plan,
        market=switch.market,
        since=switch.since,
        until=switch.until,
        reason=switch.reason,
        actor=SYSTEM,
        trigger=switch.trigger,
        now=now,
    )


def be_unheld() -> None:
    """Hold nothing: for tests."""
    _held.clear()


def _check_trigger(trigger: Trigger, *, now: datetime) -> bool:
    bound = trigger.bound.read()
    measured = trigger.measure() if bound else 0
    if not bound or measured < bound:
        return False
    reason = f"{trigger.measures}: {measured}, and the bound is {bound}"
    return pull(trigger.name, plan=trigger.plan, lasts=trigger.lasts, reason=reason, now=now)


def _is_at_rest(trigger: str, *, market: str, lasts: timedelta, now: datetime) -> bool:
    """Whether its last switch goes on for some time, or was ended by a person only a while ago."""
    last = PlanSwitch.objects.filter(trigger=trigger, market=market).order_by("-id").first()
    if last is None:
        return False
    if last.ended_at is not None:
        return now < last.ended_at + lasts
    return now < last.until - min(RENEWED_BEFORE_END, lasts / 4)


def _check(plan: str, *, market: str, until: datetime, now: datetime) -> None:
    """Refuses, in this order: NotFound, SwitchRefused."""
    if get_plan(plan).of_market != bool(market):
        reason = "one market is closed at a time: name it" if PLANS[plan].of_market else "it is of all markets"
        raise SwitchRefused(field="market", reason=reason)
    if not now < until <= now + LONGEST:
        raise SwitchRefused(field="until", reason=f"it is on for {LONGEST.days} days at most")


@db.transaction_required
def _insert(
    plan: str,
    *,
    market: str = "",
    since: datetime | None = None,
    until: datetime,
    reason: str,
    actor: str,
    trigger: str = "",
    now: datetime,
) -> Switch:
    row = PlanSwitch(
        plan=plan,
        market=market,
        reason=reason,
        trigger=trigger,
        switched_on_by=actor,
        since=now if since is None else since,
        until=until,
    )
    db.insert_later(row)
    audit.record(
        actor=actor,
        action="degradation.on",
        subject=_subject(plan, market),
        reason=reason,
        after={"until": until, "trigger": trigger},
        now=now,
    )
    _switches.forget()
    return _view(row)


def _subject(plan: str, market: str) -> str:
    return f"plan:{plan}:{market}" if market else f"plan:{plan}"


def _is_running(moment: datetime) -> Q:
    return Q(ended_at=None, until__gt=moment)


def _running(switches: Iterable[Switch]) -> list[Switch]:
    now = clock.real_now()
    return [switch for switch in switches if now < switch.until]


def _view(row: PlanSwitch) -> Switch:
    return Switch(
        plan=row.plan,
        market=row.market,
        reason=row.reason,
        trigger=row.trigger,
        switched_on_by=row.switched_on_by,
        since=row.since,
        until=row.until,
    )


def _load() -> tuple[Switch, ...]:
    """What is on, of the plans that there are."""
    rows = PlanSwitch.objects.filter(_is_running(clock.real_now()), plan__in=list(PLANS)).order_by("id")
    return tuple(map(_view, rows))


_switches: revisions.Watched[tuple[Switch, ...]] = revisions.Watched(REVISION, load=_load, empty=())

#: Trigger and market -> what this process alone has on: see `hold`.
_held: dict[tuple[str, str], Switch] = {}
