"""What runs in the background, each job in bounded rounds: whoever wakes it, the tables say what is due.

Any number of processes may run any of these at once.
"""

import time
import uuid
from collections.abc import Callable, Mapping

import structlog

from apps.checkout import api as checkout
from apps.inventory import api as inventory
from apps.ledger import api as ledger
from apps.promotions import api as promotions
from apps.reconciliation import api as reconciliation
from apps.settlement import api as settlement
from config.housekeeping import purge_old_rows
from config.subscriptions import EVENTS, TIMERS
from tradecore import audit_seals, clock, degradation, metrics, outbox, readings, samples, timers

log = structlog.get_logger()

#: A job stops after so long and leaves the rest to the next tick, so that no job holds a worker for itself.
ROUND_LIMIT_S = 20.0


#: How many questions to providers one step may bring: each may take as long as the provider's time limits allow, and a
#: claim must outlive its step.
ASKED_AT_ONCE = 5


def relay_events() -> int:
    """Deliver what the outbox holds and give positions to what was committed, by turns: neither waits for the other."""
    return _until_idle(lambda: outbox.stamp_positions() + outbox.relay(subscriptions=EVENTS))


def sweep_timers() -> int:
    """Fire the timers that are due on the real clock."""
    return _until_idle(lambda: timers.sweep(handlers=TIMERS, now=clock.now()))


def apply_answers() -> int:
    """Apply the webhooks that providers have sent."""
    return _until_idle(lambda: checkout.apply_stored_answers(limit=ASKED_AT_ONCE, now=clock.now()))


def poll_providers() -> int:
    """Send the calls that wait, and ask about those that were not answered."""
    return _until_idle(lambda: checkout.poll_provider_calls(limit=ASKED_AT_ONCE, now=clock.now()))


def send_payouts() -> int:
    """Tell the bank of payouts that are approved, and ask about those whose outcome is open."""
    return _until_idle(lambda: settlement.send_payouts(limit=ASKED_AT_ONCE, now=clock.now()))


def close_statements() -> int:
    """Fix the statements of the days that are over."""
    return _until_idle(lambda: settlement.close_statements(now=clock.now()))


def propose_payouts() -> int:
    """Propose what is available to be paid out, once on each market's day."""
    return settlement.propose_due_payouts(now=clock.now())


def seal_ledger() -> int:
    """Seal the postings that were committed, and close the days that are over."""
    sealed = _until_idle(lambda: ledger.seal_postings(real_now=clock.real_now()))
    return sealed + len(ledger.close_days(signer=ledger.own_signer(), real_now=clock.real_now()))


def seal_audit() -> int:
    """Seal the acts that were committed."""
    return _until_idle(lambda: audit_seals.seal_entries(real_now=clock.real_now()))


def reconcile_recent() -> int:
    """Ask what must always be true of whatever was made lately: what breaks it is found within a minute."""
    return len(reconciliation.reconcile(suite=reconciliation.Suite.RECENT, real_now=clock.real_now()).opened)


def reconcile_all() -> int:
    """The same of everything, once a day."""
    return reconciliation.reconcile_daily(real_now=clock.real_now())


def check_fuses() -> int:
    """Stop refunds or payouts whose amounts or rates have left their bounds."""
    return len(reconciliation.check_fuses(real_now=clock.real_now()))


def check_triggers() -> int:
    """Switch off for a while what can be done without, where a measure has reached its bound."""
    return degradation.check_triggers(now=clock.now())


def reconcile_files() -> int:
    """Fetch what providers and banks tell of the days that are over, once a day, and compare it with what we know."""
    return reconciliation.reconcile_due_files(real_now=clock.real_now())


def level_stock() -> int:
    """Spread the stock of what is hot over buckets, and gather it again."""
    return inventory.level_stock(now=clock.real_now())


def sample_tables() -> int:
    """Write down what the tables know, for the charts of the page Live."""
    known = [read for read in readings.read_all() if read.values is not None]
    levels = {
        " ".join((read.reading.name, *labels)): value for read in known for labels, value in (read.values or {}).items()
    }
    samples.write(source=samples.TABLES, slot=samples.slot_of(clock.real_now()), counts={}, levels=levels)
    return 1


def keep_house() -> int:
    """End holds that outlived their owners' timers, and purge what is older than it must be kept."""
    now = clock.now()
    return inventory.expire_holds(now=now) + promotions.expire_holds(now=now) + purge_old_rows()


#: Job name -> (queue, job, seconds between two runs).
JOBS: Mapping[str, tuple[str, Callable[[], int], float]] = {
    "sweep_timers": ("money", sweep_timers, 1.0),
    # Beside the timers, because a provider that hangs must not keep purchases from expiring.
    "apply_answers": ("providers", apply_answers, 1.0),
    "poll_providers": ("providers", poll_providers, 1.0),
    "send_payouts": ("providers", send_payouts, 2.0),
    "relay_events": ("events", relay_events, 1.0),
    "seal_ledger": ("bulk", seal_ledger, 1.0),
    "seal_audit": ("bulk", seal_audit, 5.0),
    # Beside the timers, because a fuse must blow while somebody keeps the books busy.
    "check_fuses": ("money", check_fuses, 30.0),
    "check_triggers": ("money", check_triggers, 5.0),
    "level_stock": ("money", level_stock, 2.0),
    "sample_tables": ("money", sample_tables, 10.0),
    "reconcile_recent": ("bulk", reconcile_recent, 30.0),
    "reconcile_all": ("bulk", reconcile_all, 600.0),
    "reconcile_files": ("bulk", reconcile_files, 600.0),
    "close_statements": ("bulk", close_statements, 30.0),
    "propose_payouts": ("bulk", propose_payouts, 300.0),
    "keep_house": ("bulk", keep_house, 60.0),
}


def run_due_jobs(*, last_runs: dict[str, float], queues: frozenset[str]) -> None:
    """Run the jobs of these queues whose time has come, one after the other. For a process that ticks by itself."""
    for name, (queue, job, every_s) in JOBS.items():
        if queue in queues and time.monotonic() - last_runs.get(name, 0.0) >= every_s:
            last_runs[name] = time.monotonic()
            run_job(job, name=name)


def run_job(job: Callable[[], int], *, name: str) -> int:
    """Run one job; what goes wrong is logged, and the next tick tries again."""
    started, outcome = time.perf_counter(), "failed"
    with structlog.contextvars.bound_contextvars(job=name, job_run=uuid.uuid4().hex):
        try:
            done = job()
            outcome = "done"
        except Exception:
            log.exception("job_failed")
            done = 0
    metrics.JOB_TIME.observe(name, outcome, seconds=time.perf_counter() - started)
    metrics.JOB_ITEMS.add(name, by=done)
    return done


def _until_idle(step: Callable[[], int]) -> int:
    started, total = time.monotonic(), 0
    while time.monotonic() - started < ROUND_LIMIT_S:
        done = step()
        total += done
        if done == 0:
            break
    return total
