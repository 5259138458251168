"""The two floors, bought by the same buyers."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from bench.client import Client
from bench.crew import Notes, Wrong
from bench.floor.statements import NothingLeft, make_ids, pay_for_two
from bench.place import HOST
from bench.scenarios.shopper import expect
from bench.stage import Stage, Ware


def _two(chance: random.Random, shelves: Sequence[Sequence[Ware]]) -> list[int]:
    return [ware.sku_id for ware in chance.sample(chance.choice(shelves), 2)]


class SqlFloor:
    """The least SQL of a paid order, by mysqlclient, with nothing between."""

    def __init__(self, *, connect: Callable[[], Any], number: int, stage: Stage) -> None:
        self._open, self._number, self._shelves = connect, number, stage.shelves
        self._chance, self._ids, self._counts = random.Random(), make_ids(), Counter[str]()
        self._connection: Any = None

    def connect(self) -> int | None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._open()
        return None

    def fill(self, seconds: float) -> None:
        """Nothing is used up."""

    def step(self) -> bool:
        skus = _two(self._chance, self._shelves)
        with self._connection.cursor() as cursor:
            try:
                pay_for_two(cursor, self._connection.commit, ids=self._ids, buyer_id=self._number, sku_ids=skus)
            except NothingLeft as error:
                raise Wrong("nothing left") from error
        self._counts["paid"] += 1
        return True

    def take_notes(self) -> Notes:
        notes, self._counts = Notes(counts=self._counts), Counter()
        return notes


class HttpFloor:
    """The same SQL in a bare view, behind the same gunicorn: one call for a paid order."""

    def __init__(self, *, port: int, number: int, stage: Stage) -> None:
        self._client, self._number, self._shelves = Client(port, HOST, {}), number, stage.shelves
        self._chance, self._counts = random.Random(), Counter[str]()

    def connect(self) -> int | None:
        return self._client.connect()

    def fill(self, seconds: float) -> None:
        """Nothing is used up."""

    def step(self) -> bool:
        wish = {"buyer_id": self._number, "sku_ids": _two(self._chance, self._shelves)}
        if expect(self._client.ask("order", "POST", "/orders", wish), 201)["status"] != "PAID":
            raise Wrong("not paid")
        self._counts["paid"] += 1
        return True

    def take_notes(self) -> Notes:
        notes = Notes(dict(self._client.times), self._counts)
        self._client.times.clear()
        self._counts = Counter()
        return notes
