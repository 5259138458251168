"""A purchase, lists of orders and a quote, with as many orders as were lived and with as many as are asked for."""

import time
from collections.abc import Sequence
from typing import Final

from bench.checks import Check, check_stock, count_paid, work_off
from bench.growth.fill import Filled, multiply
from bench.growth.findings import Findings, Ratio, compare_costs
from bench.growth.siblings import id_at
from bench.growth.world import World
from bench.place import HTTP_FLOOR
from bench.rounds import Contest

#: What is measured, and what it may cost at most with all of the orders, as a multiple. The floor has none of them in
#: its tables: it says what the machine has become in between.
_AT_MOST: Final = {HTTP_FLOOR: None, "purchase": 1.2, "buyer_orders": 1.2, "seller_orders": 1.2, "quote": 1.2}

_ORDERS_SQL: Final = "SELECT COUNT(*) FROM orders_order"


def measure(world: World) -> Findings:
    """See the module. What is copied was worked off before, so that the copies are as far as what they are made of."""
    with world.crew() as crew:
        lived = world.live(crew)
        work_off(world.place)
        before = world.ask(_ORDERS_SQL)
        little = world.play(crew, list(_AT_MOST))
        work_off(world.place)
        told = _told([lived, *little])
        begun = time.monotonic()
        filled = _fill(world)
        filled_s = time.monotonic() - begun
        after = world.ask(_ORDERS_SQL)
        much = world.play(crew, list(_AT_MOST))
    work_off(world.place)
    return Findings(
        ratios=[*_compare(little, much), Ratio("orders", "rows", before, after)],
        measured={"filling": {"seconds": filled_s, "copies": filled.copies, "rows": sum(filled.rows.values())}},
        contests={
            **{f"{contest.name}, {before} orders": contest for contest in little},
            **{f"{contest.name}, {after} orders": contest for contest in much},
        },
        checks=[check_stock(world.place), _check_paid(world, told * (filled.copies + 1) + _told(much))],
    )


def _fill(world: World) -> Filled:
    orders = world.ask(_ORDERS_SQL)
    copies = max(world.options.orders // orders - 1, 1)
    return multiply(world.place.connect, since=world.since, until=id_at(time.time()), copies=copies)


def _compare(little: Sequence[Contest], much: Sequence[Contest]) -> list[Ratio]:
    return [
        ratio
        for few, many in zip(little, much, strict=True)
        for ratio in compare_costs(few, many, what=few.name, at_most=_AT_MOST[few.name])
    ]


def _told(contests: Sequence[Contest]) -> int:
    """Of how many paid purchases buyers were told at the store."""
    return sum(contest.total("paid") for contest in contests if contest.name != HTTP_FLOOR)


def _check_paid(world: World, told: int) -> Check:
    paid = count_paid(world.place)
    return Check(f"{paid} purchases are paid: what buyers were told of, and its copies, are {told}", holds=paid == told)
