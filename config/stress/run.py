"""One run: a shadow, a server, a load that rises, and what is then said of it."""

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from django.conf import settings

from apps.integrations.api import FileMalformed, StagedOrder, stage_recorded_orders
from apps.payments.sandbox.book import Book
from apps.payments.sandbox.desk import Desk
from apps.reconciliation import api as reconciliation
from config.extensions import shadow_book
from config.stress import backstage, gauges, proof, shadow, web
from config.stress.client import Client, NoAnswer
from config.stress.load import Arrival, Tally, come_as_recorded, come_at_rate, live_through
from config.stress.shoppers import Shoppers, TurnedAway, Wrong
from config.stress.verdict import Step, Verdict, judge, percentile, shares
from tradecore import clock, ids, worker_leases, worlds
from tradecore.http import marks

GUESTS: Final = 50
#: So many steps are lived after the first that was not carried, to show what becomes of more.
STEPS_BEYOND: Final = 1
#: Recorded orders go on for so many steps at most.
RECORDED_STEPS_MAX: Final = 60


class StressRefused(Exception):
    """Nothing was stressed; the text says why."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Orders of the files of a folder from a moment on, so many at most, at so many times their speed."""

    folder: Path
    since: datetime
    limit: int
    speed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """rates: acts a second of each step. mix: act -> parts. p99_max_s: what the slowest hundredth may take.

    With `recorded` its orders come instead, and steps are parts of their time.
    """

    target: web.Target | None
    rates: Sequence[float]
    seconds: float
    mix: Mapping[str, int]
    market: str
    delivery: str
    sku_count: int
    pieces: int
    p99_max_s: float
    recorded: Recorded | None = None
    keep: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a run has found. offences: rows of the shadow that break an invariant."""

    run: str
    began: datetime
    steps: Sequence[Step]
    verdict: Verdict
    proof: proof.Proof
    offences: Sequence[str]

    @property
    def is_clean(self) -> bool:
        """Whether the real tables are free of the run, and the books of the shadow are right."""
        return self.proof.holds and not self.offences


Say = Callable[[str], None]


def stress(plan: Plan, *, say: Say) -> Findings:
    """Live through a plan. Raises StressRefused, ShadowRefused, WebRefused."""
    began = clock.real_now()
    _refuse_unless_allowed(now=began)
    run, before = shadow.new_run(), proof.take_fingerprints()
    say(f"Run {run}: the real world has {len(before)} tables. Making its shadow ...")
    with shadow.open_shadow(run, keep=plan.keep):
        worker_leases.ensure()
        since = ids.new_id()
        with worlds.shadow(run):
            wares, staged = _stock(plan, now=began, say=say)
        with _target(plan) as target, backstage.worker(run):
            steps = _Load(plan, target, wares, staged, run=run, say=say).live()
        offences = _reconcile(run)
        proved = proof.prove(before, run=run, since=since)
    verdict = judge(steps, p99_max_s=plan.p99_max_s)
    return Findings(run=run, began=began, steps=steps, verdict=verdict, proof=proved, offences=offences)


class _Load:
    """The shoppers of a run, step by step."""

    def __init__(
        self,
        plan: Plan,
        target: web.Target,
        wares: Sequence[shadow.Ware],
        staged: Sequence[StagedOrder],
        *,
        run: str,
        say: Say,
    ) -> None:
        self._plan, self._target, self._staged, self._say = plan, target, staged, say
        self._client = Client(target.host, target.port, run=run)
        self._shoppers = Shoppers(
            self._client,
            wares,
            market=plan.market,
            delivery=plan.delivery,
            desk=Desk(book=Book(shadow_book(settings.SANDBOX_BOOK, run=run)), pages_url="/sandbox"),
        )

    def live(self) -> list[Step]:
        """The steps, as far as it makes sense to go. Raises StressRefused where not even one shopper is served."""
        with asyncio.Runner() as runner:
            runner.run(self._arrive())
            try:
                return list(self._steps(runner))
            finally:
                self._client.close()

    async def _arrive(self) -> None:
        """Those who shop come, and each act is done once, as what is done for the first time takes longer."""
        try:
            await self._shoppers.arrive(GUESTS)
            for name in () if self._staged else self._plan.mix:
                await self._shoppers.acts[name]()
        except (NoAnswer, TurnedAway, Wrong) as error:
            raise StressRefused(f"{self._target.url} does not serve a marked request: {error}") from error

    def _steps(self, runner: asyncio.Runner) -> Iterator[Step]:
        place = gauges.Place.of_this_machine(web_port=self._target.port)
        beyond = 0
        for number, arrivals in enumerate(self._loads()):
            with gauges.measuring(place) as measured:
                tally = runner.run(live_through(arrivals))
            step = _step(tally, measured, seconds=self._plan.seconds)
            self._say(f"step {number + 1}: {step.offered:.1f}/s came, {step.goodput:.1f}/s were done")
            yield step
            beyond += not step.is_carried(p99_max_s=self._plan.p99_max_s)
            if beyond > STEPS_BEYOND:
                return

    def _loads(self) -> Iterator[Sequence[Arrival]]:
        """Who comes in each step."""
        if self._plan.recorded is not None:
            arrivals = self._bought_again(self._plan.recorded)
            yield from islice(come_as_recorded(arrivals, seconds=self._plan.seconds), RECORDED_STEPS_MAX)
            return
        plan, chance = self._plan, random.Random(11)  # noqa: S311 - when who comes, not a secret
        for rate in plan.rates:
            yield come_at_rate(rate, plan.seconds, acts=self._shoppers.acts, mix=plan.mix, chance=chance)

    def _bought_again(self, recorded: Recorded) -> Iterator[Arrival]:
        first_at = self._staged[0].purchased_at
        for number, order in enumerate(self._staged):
            buy = partial(self._shoppers.buy, order.wish, guest_number=number)
            yield Arrival((order.purchased_at - first_at).total_seconds() / recorded.speed, buy)


def _stock(plan: Plan, *, now: datetime, say: Say) -> tuple[Sequence[shadow.Ware], Sequence[StagedOrder]]:
    """Put on sale in the shadow what the plan wants bought. Raises StressRefused, ShadowRefused."""
    if plan.recorded is not None:
        staged = _stage(plan.recorded, now=now)
        say(f"{len(staged)} recorded orders can be bought there.")
        return (), staged
    wares = shadow.list_wares(market=plan.market, limit=plan.sku_count, now=now)
    wares = shadow.stock_up(wares, pieces=plan.pieces, now=now)
    if not wares:
        raise StressRefused(f"nothing is for sale in {plan.market}")
    say(f"{len(wares)} SKUs are on sale there, {plan.pieces} pieces of each.")
    return wares, ()


def _stage(recorded: Recorded, *, now: datetime) -> Sequence[StagedOrder]:
    try:
        staged = stage_recorded_orders(recorded.folder, since=recorded.since, limit=recorded.limit, now=now)
    except (FileMalformed, OSError) as error:
        raise StressRefused(str(error)) from error
    if not staged:
        raise StressRefused(f"no order was recorded from {recorded.since:%Y-%m-%d} on that could be bought")
    return staged


def _step(tally: Tally, measured: gauges.Measured, *, seconds: float) -> Step:
    return Step(
        seconds=seconds,
        came=tally.came,
        done=len(tally.took_s),
        shed=tally.shed,
        limited=tally.limited,
        unanswered=tally.unanswered,
        unsent=tally.unsent,
        wrong=dict(tally.wrong),
        p50_s=percentile(tally.took_s, 50),
        p99_s=percentile(tally.took_s, 99),
        use=measured.use | shares(came=tally.came, shed=tally.shed, limited=tally.limited),
        figures=measured.figures,
        contended=measured.contended,
    )


def _target(plan: Plan) -> AbstractContextManager[web.Target]:
    return web.started_web() if plan.target is None else nullcontext(plan.target)


def _refuse_unless_allowed(*, now: datetime) -> None:
    if not settings.STRESS_KEY:
        raise StressRefused("STRESS_KEY is not set: web and this command need the same one")
    if not marks.is_allowed(now=now):
        raise StressRefused(
            f"nobody has allowed it: manage.py settings set {marks.STRESS_UNTIL.name} says until when, a day at most"
        )


def _reconcile(run: str) -> list[str]:
    """What breaks an invariant in the shadow."""
    with worlds.shadow(run):
        report = reconciliation.reconcile(suite=reconciliation.Suite.ALL, real_now=clock.real_now())
    return [f"{offence.invariant} {offence.ref}: {offence.what}" for offence in report.offences]
