"""Who does what: each buyer's acts by the name of what is measured."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.crew import Act
from bench.place import FLOOR_DATABASE, HTTP_FLOOR, SQL_FLOOR, Place, Web
from bench.scenarios.afterwards import Cancel, Webhook
from bench.scenarios.buying import Browse, Flash, Hot, Purchase, Quote, Rush, RushOfFive, SoldOut, Till
from bench.scenarios.floors import HttpFloor, SqlFloor
from bench.scenarios.shopper import Account, Shopper, Visit
from bench.stage import Stage

SCENARIOS: Final[Mapping[str, type[Shopper]]] = {
    "browse": Browse,
    "quote": Quote,
    "purchase": Purchase,
    "hot": Hot,
    "till": Till,
    "rush": Rush,
    "rush_of_five": RushOfFive,
    "sold_out": SoldOut,
    "flash": Flash,
    "cancel": Cancel,
    "webhook": Webhook,
}


@dataclass(frozen=True)
class Acts:
    """Called in each buyer's own process, with the buyer's number. guest_count: those of each buyer in a flash sale."""

    place: Place
    stage: Stage
    store: Web
    floor: Web
    accounts: Sequence[Account]
    guest_count: int
    _run: str = field(default_factory=lambda: secrets.token_hex(4))

    def __call__(self, number: int) -> dict[str, Act]:
        acts: dict[str, Act] = {name: scenario(self._visit(name, number)) for name, scenario in SCENARIOS.items()}
        return acts | {
            SQL_FLOOR: SqlFloor(connect=self._connect, number=number, stage=self.stage),
            HTTP_FLOOR: HttpFloor(port=self.floor.port, number=number, stage=self.stage),
        }

    def _visit(self, name: str, number: int) -> Visit:
        return Visit(
            account=self.accounts[number],
            port=self.store.port,
            stage=self.stage,
            run=f"{self._run}-{name}",
            guest_count=self.guest_count,
            webhook_key=self.place.webhook_key,
        )

    def _connect(self) -> object:
        return self.place.connect(SQL_FLOOR, FLOOR_DATABASE)
