"""What switches plans on by itself, and what the product can do without: its tables. See Note [Degradation]."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from apps.markets import api as markets
from apps.payments import api as payments
from apps.reconciliation import api as reconciliation
from tradecore import alarms, clock, degradation, freezes
from tradecore.alarms import EVERYWHERE, Alarm
from tradecore.degradation import Dependency, Trigger
from tradecore.http.gate import refuses_critical
from tradecore.live_settings import LiveSetting, WholeNumber

_BOUND = WholeNumber(0, 1_000_000)

PAYOUTS_OFF_AT_BREAKS = LiveSetting(
    name="degradation.payouts_off_at_breaks",
    meaning="At how many open breaks of the books payouts are switched off; 0: never.",
    schema=_BOUND,
    default=lambda: 50,
    needs_two=True,
)
PROMOTIONS_OFF_AT_FREEZES = LiveSetting(
    name="degradation.promotions_off_at_freezes",
    meaning="At how many frozen promotions all promotions are switched off; 0: never.",
    schema=_BOUND,
    default=lambda: 10,
)

_SECONDS = WholeNumber(0, 3600)

GUESTS_OFF_AFTER_S = LiveSetting(
    name="degradation.guests_off_after_s",
    meaning="For how many seconds a web process must have no thread for purchases until guests are off; 0: never.",
    schema=_SECONDS,
    # A crowd of some minutes is a sale, most of whose buyers are guests. Longer than that is somebody who means harm.
    default=lambda: 600,
)
READ_ONLY_AFTER_S = LiveSetting(
    name="degradation.read_only_after_s",
    meaning="For how many seconds the database must refuse writes until nothing is written; 0: never.",
    schema=_SECONDS,
    default=lambda: 1,
)
MARKETS_CLOSED_AFTER_S = LiveSetting(
    name="degradation.markets_closed_after_s",
    meaning="For how many seconds all payment providers must be silent until the markets are closed; 0: never.",
    schema=_SECONDS,
    default=lambda: 60,
)

TRIGGERS: tuple[Trigger, ...] = (
    # A break or two freeze the shops that they are of; so many say that the books themselves are wrong.
    Trigger(
        name="open_breaks",
        plan=degradation.PAYOUTS,
        measures="open breaks of the books",
        measure=reconciliation.count_open_breaks,
        bound=PAYOUTS_OFF_AT_BREAKS,
        lasts=timedelta(hours=1),
    ),
    # Each was frozen because its own sums do not add up; so many say that the sums of none can be trusted.
    Trigger(
        name="frozen_promotions",
        plan=degradation.PROMOTIONS,
        measures="frozen promotions",
        measure=lambda: len(freezes.read_frozen(kind=freezes.PROMOTION)),
        bound=PROMOTIONS_OFF_AT_FREEZES,
        lasts=timedelta(minutes=15),
    ),
)

ALARMS: tuple[Alarm, ...] = (
    # What is critical gets every thread; where that is not enough, those come first whom we know.
    Alarm(
        name="no_thread_for_purchases",
        plan=degradation.GUESTS,
        cause="a web process has no thread for purchases",
        sees=lambda: EVERYWHERE if refuses_critical() else (),
        after=GUESTS_OFF_AFTER_S,
        lasts=timedelta(minutes=2),
    ),
    Alarm(
        name="writes_refused",
        plan=degradation.READ_ONLY,
        cause="the database takes no writes",
        sees=alarms.sees_refused_writes,
        after=READ_ONLY_AFTER_S,
        lasts=timedelta(seconds=5),
        is_held=True,
    ),
    # What is bought meanwhile waits for nobody, and keeps goods from those who come later. Every provider serves every
    # market. While markets are closed nobody is tried: each end of it is the trial.
    Alarm(
        name="providers_silent",
        plan=degradation.MARKET_CLOSED,
        cause="no payment provider answers",
        sees=lambda: (
            [market.code for market in markets.list_markets(now=clock.now())] if payments.are_all_silent() else ()
        ),
        after=MARKETS_CLOSED_AFTER_S,
        lasts=timedelta(minutes=1),
    ),
)

DEPENDENCIES: tuple[Dependency, ...] = (
    Dependency(
        name="cache",
        variables=("REDIS_URL",),
        without_it="Three calls wait for it, a fifth of a second each; then each misses at once, until it is back. "
        "Whoever uses it does without it.",
    ),
    Dependency(
        name="broker",
        variables=("CELERY_BROKER_URL",),
        without_it="Workers tick by themselves: events, webhooks and expiries come within ten seconds.",
    ),
    Dependency(
        name="payment provider",
        variables=("SANDBOX_PROVIDER_URL",),
        without_it="Purchases are placed and answered as pending; its calls are asked about by our reference, and "
        "nothing is guessed. What is not paid in time expires and gives its stock back.",
    ),
    Dependency(
        name="bank",
        variables=("SANDBOX_BANK_URL",),
        without_it="Payouts stay as they stand and are asked about; no shop can change its account.",
    ),
    Dependency(
        name="mail server",
        variables=("EMAIL_URL",),
        without_it="Letters are tried again with the events that they are about, and nothing else waits for them.",
    ),
    Dependency(
        name="settings and switches",
        variables=(),
        without_it="While the database does not answer, every process goes on with what it read last.",
    ),
)

#: Who uses the cache, by module, and what each does where every call is a miss. See Note [A cache that is away].
CACHE_USERS: Final[Mapping[str, str]] = {
    "apps.integrations.views.health": "It says that the cache is away, and that the process is ready all the same.",
    "config.housekeeping": "What is purged by a walk through its whole table waits until the cache is back.",
}
