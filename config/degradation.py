"""What switches plans on by itself, and what the product can do without: its tables. See Note [Degradation]."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from apps.reconciliation import api as reconciliation
from tradecore import degradation, freezes
from tradecore.degradation import Dependency, Trigger
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
