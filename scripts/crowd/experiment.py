"""Ten times as many buyers as the server can take, and then as few as before: how many it served.

First the capacity is measured: as many buyers as there are threads, each of whom buys again at once. Half of that is a
calm day. A calm day comes before the crowd and after it; in between the crowd comes, each of whom, when refused, tries
three times more at once. At last the capacity is measured again, because a machine that has other things to do has them
at some times more than at others: what the crowd was sold is compared with the mean of both.
"""

import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from crowd.buyers import Buyers, Diary, Second, gather_quotes
from crowd.chart import Chart
from crowd.client import Client

CROWD_TIMES = 10
CALM_TIMES = 0.5
#: Of the capacity so much is still sold while the crowd is there.
GOODPUT_MIN = 0.8
#: A refusal takes so long at most.
REFUSAL_MAX_S = 0.05
#: On a calm day a purchase takes so many times as long as before the crowd, at most.
SLOWER_MAX = 1.5


@dataclass(frozen=True)
class Plan:
    """How long each part takes, in seconds. rest_s: from when the crowd has gone until all must be as before."""

    threads: int = 10
    calm_s: int = 10
    measuring_s: int = 15
    crowd_s: int = 60
    rest_s: int = 30


@dataclass(frozen=True)
class Findings:
    """What was measured. The diary begins with the calm day; `crowd` and `after` are its seconds, from and to.

    capacities: before all of it, and after. The last three are of a core, while the crowd was there.
    """

    capacities: tuple[float, float]
    seconds: Sequence[Second]
    crowd: tuple[int, int]
    after: tuple[int, int]
    before_s: float
    after_s: float
    client_cpu: float
    server_cpu: float
    machine_cpu: float

    @property
    def capacity(self) -> float:
        return sum(self.capacities) / len(self.capacities)

    @property
    def goodput(self) -> float:
        """Purchases a second while the crowd was there; in its first second it only just came."""
        begin, end = self.crowd
        return sum(second.bought for second in self.seconds[begin + 1 : end]) / (end - begin - 1)

    @property
    def refusals_s(self) -> list[float]:
        """How long each refusal took while the crowd was there, the quickest first."""
        begin, end = self.crowd
        return sorted(took for second in self.seconds[begin:end] for took in second.refusing_s)

    @property
    def turned_away_after(self) -> int:
        """Who was refused, or not answered, when all must be as before."""
        begin, end = self.after
        return sum(second.refused + second.unanswered for second in self.seconds[begin:end])

    def faults(self) -> list[str]:
        """What is not as promised."""
        promised = self.capacity * GOODPUT_MIN
        strange = {status for second in self.seconds for status in second.other}
        refusals, without = self.refusals_s, sum(second.without_quote for second in self.seconds)
        return [
            words
            for is_wrong, words in (
                (self.goodput < promised, f"goodput {self.goodput:.1f}/s is below {promised:.1f}/s"),
                (not refusals, "nobody was refused: there was no crowd"),
                (bool(refusals) and median(refusals) > REFUSAL_MAX_S, "refusals take longer than 50 ms"),
                (bool(self.turned_away_after), f"{self.turned_away_after} were turned away after the crowd had gone"),
                (self.after_s > self.before_s * SLOWER_MAX, f"a purchase takes {self.after_s:.2f} s after the crowd"),
                (bool(without), f"{without} buyers found no quote: the crowd was smaller than it was to be"),
                (bool(strange), f"answers of another kind: {sorted(strange)}"),
            )
            if is_wrong
        ]

    def chart(self) -> Chart:
        return Chart(
            title="Ten times the capacity, with buyers who try again at once",
            bought=[second.bought for second in self.seconds],
            wanted=[second.wanted for second in self.seconds],
            capacity=self.capacity,
            promised=self.capacity * GOODPUT_MIN,
            crowd=self.crowd,
        )


class Experiment:
    """One run of a plan.

    wish: makes the body of a quote, each time of something that there is enough of. server_cpu_s, machine_cpu_s: how
    much processor time the server has taken so far, and everything on the machine. say: tells whoever watches.
    """

    def __init__(
        self,
        client: Client,
        plan: Plan,
        *,
        wish: Callable[[], Any],
        server_cpu_s: Callable[[], float],
        machine_cpu_s: Callable[[], float],
        say: Callable[[str], None],
    ) -> None:
        self._client = client
        self._plan = plan
        self._wish = wish
        self._server_cpu_s = server_cpu_s
        self._machine_cpu_s = machine_cpu_s
        self._say = say
        self._headers: dict[str, str] = {}

    async def run(self) -> Findings:
        guest = (await self._client.ask("POST", "/store/v1/guests")).document
        self._headers = {"Authorization": f"Bearer {guest['token']}"}
        await self._measure(seconds=2)  # what is done for the first time takes longer
        capacity = await self._measure(seconds=self._plan.measuring_s)
        return await self._live(capacity)

    async def _measure(self, *, seconds: int) -> float:
        """Purchases a second, by as many buyers as there are threads."""
        threads = self._plan.threads
        # With a provider of 300 ms no thread serves more than four a second.
        buyers, diary = await self._gather(4 * threads * seconds + threads), Diary()
        cpu = self._server_cpu_s()
        await buyers.buy_in_turn(diary, buyers=threads, seconds=seconds)
        bought = sum(second.bought for second in diary.seconds)
        each_ms = (self._server_cpu_s() - cpu) / max(bought, 1) * 1000
        self._say(
            f"{bought / seconds:.1f} purchases a second by {threads} buyers; {each_ms:.0f} ms of a processor each."
        )
        return sum(second.bought for second in diary.seconds[:seconds]) / seconds

    async def _live(self, capacity: float) -> Findings:
        plan, calm, crowd = self._plan, capacity * CALM_TIMES, capacity * CROWD_TIMES
        sold = capacity * (plan.crowd_s + CALM_TIMES * (2 * plan.calm_s + plan.rest_s))
        # As many again are in the hands of the crowd at once, while each of them tries.
        buyers, diary = await self._gather(int(1.1 * sold + 2 * crowd)), Diary()
        self._say(f"A calm day: {calm:.1f} buyers a second.")
        await buyers.come(diary, per_second=calm, seconds=plan.calm_s)

        self._say(f"The crowd: {crowd:.0f} buyers a second for {plan.crowd_s} s, each of whom tries four times.")
        begin, began = len(diary.seconds), time.monotonic()
        before = self._cpus_s()
        await buyers.come(diary, per_second=crowd, seconds=plan.crowd_s)
        end, took = len(diary.seconds) - 1, time.monotonic() - began
        client_cpu, server_cpu, machine_cpu = (
            (now - then) / took for now, then in zip(self._cpus_s(), before, strict=True)
        )

        self._say("The crowd has gone.")
        await buyers.come(diary, per_second=calm, seconds=plan.rest_s)
        after = len(diary.seconds)
        await buyers.come(diary, per_second=calm, seconds=plan.calm_s)
        await buyers.leave()
        capacities = (capacity, await self._measure(seconds=plan.measuring_s))
        return Findings(
            capacities=capacities,
            seconds=diary.seconds,
            crowd=(begin, end),
            after=(after, after + plan.calm_s),
            before_s=_median_s(diary.seconds[:begin]),
            after_s=_median_s(diary.seconds[after : after + plan.calm_s]),
            client_cpu=client_cpu,
            server_cpu=server_cpu,
            machine_cpu=machine_cpu,
        )

    def _cpus_s(self) -> tuple[float, float, float]:
        """The processor time of the crowd, of the server, and of everything on the machine."""
        return _cpu_s(), self._server_cpu_s(), self._machine_cpu_s()

    async def _gather(self, count: int) -> Buyers:
        quotes = await gather_quotes(self._client, self._wish, count=count, headers=self._headers)
        return Buyers(self._client, quotes, headers=self._headers)


def _median_s(seconds: Sequence[Second]) -> float:
    return median([took for second in seconds for took in second.buying_s] or [0.0])


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
