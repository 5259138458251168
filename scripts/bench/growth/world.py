"""Where growth is measured: the benchmark's place, with buyers and sellers who have signed in."""

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from bench.checks import work_off
from bench.counters import Meter
from bench.crew import Crew, open_crew
from bench.growth.acts import Acts, Seller, sign_in_seller
from bench.growth.options import Options
from bench.growth.siblings import id_at
from bench.place import FLOOR_DATABASE, HTTP_FLOOR, WEB, Place, Web
from bench.rounds import Contest, play_round
from bench.scenarios.shopper import Account, open_account
from bench.stage import Stage, Ware, build_stage

#: How long buyers buy before it is asked whether they have bought enough.
STRETCH_S = 5.0


@dataclass(frozen=True)
class World:
    """meters: a connection of the root's. since: the first id of buyers, and of everything that they do."""

    place: Place
    options: Options
    stage: Stage
    store: Web
    floor: Web
    meters: Any
    accounts: Sequence[Account]
    sellers: Sequence[Seller]
    since: int

    @contextmanager
    def crew(self, *, prices: Mapping[int, int] | None = None, basket: Sequence[int] = ()) -> Iterator[Crew]:
        """Buyers for a part. prices: what a piece of a SKU costs, where that is not its list price any more. basket:
        the SKUs of large quotes.
        """
        stage = self.stage.at(prices or {})
        wares = {ware.sku_id: ware for shelf in stage.shelves for ware in shelf}
        basket_wares: list[Ware] = [wares[sku_id] for sku_id in basket]
        acts = Acts(self.place, stage, self.store, self.floor, self.accounts, self.sellers, basket_wares)
        with open_crew(self.options.buyers, acts) as crew:
            yield crew

    def contest(self, name: str) -> Contest:
        web = self.floor if name == HTTP_FLOOR else self.store
        return Contest(name, Meter(self.meters, web.user, self.place.mariadb_pid, web.pid), web=web)

    def play(self, crew: Crew, names: Sequence[str]) -> list[Contest]:
        """Warm-up, then round after round in which each of them has its turn."""
        contests = [self.contest(name) for name in names]
        for contest in contests:
            contest.warm = play_round(crew, contest, seconds=self.options.warm_up_seconds)
        for _ in range(self.options.repeat):
            for contest in contests:
                contest.rounds.append(play_round(crew, contest, seconds=self.options.seconds))
        return contests

    def live(self, crew: Crew) -> Contest:
        """Let buyers buy until there are as many purchases as are to be lived."""
        contest = self.contest("purchase")
        while contest.total("paid") < self.options.lived:
            contest.rounds.append(play_round(crew, contest, seconds=min(STRETCH_S, self.options.seconds)))
        return contest

    def ask(self, sql: str, *arguments: Any) -> int:
        """The one number that a question to the database has for an answer."""
        with self.meters.cursor() as cursor:
            cursor.execute(sql, arguments)
            (answer,) = cursor.fetchone()
        self.meters.commit()
        return int(answer)


@contextmanager
def open_world(place: Place, options: Options) -> Iterator[World]:
    """Tables, shops, sellers, a served store; buyers who have signed in."""
    place.prepare()
    stage = build_stage(place, sku_count=options.sku_count, round_count=1, pieces=1)
    people = json.loads(place.run(sys.executable, "-m", "bench.growth.build_people"))
    with ExitStack() as stack:
        store = stack.enter_context(place.web(WEB))
        floor = stack.enter_context(
            place.web(HTTP_FLOOR, FLOOR_DATABASE, DJANGO_SETTINGS_MODULE="bench.floor.settings")
        )
        for web in (store, floor):
            web.wait()
        sellers = [sign_in_seller(store.port, number, *who) for number, who in enumerate(people)]
        work_off(place)  # so that nothing of what was there before is done among what is copied
        since = id_at(time.time())
        accounts = [open_account(store.port, number) for number in range(options.buyers)]
        meters = stack.enter_context(place.connect())
        yield World(place, options, stage, store, floor, meters, accounts, sellers, since)
