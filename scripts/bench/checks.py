"""What must hold after a run, whatever was measured: a figure that was reached by breaking it is none."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from bench.floor.statements import count_sold
from bench.place import FLOOR_DATABASE, HTTP_FLOOR, SQL_FLOOR, Place, PlaceFailed
from bench.rounds import Contest

# The pieces that each stock has committed are those that paid orders want and nobody has cancelled.
_DIFFERING_SQL = """
    SELECT COUNT(*) FROM (
        SELECT sku_id, SUM(committed) AS committed FROM inventory_stock GROUP BY sku_id
    ) AS stock
    LEFT JOIN (
        SELECT line.sku_id, SUM(line.quantity) AS pieces
        FROM orders_line AS line JOIN orders_order AS sold ON sold.id = line.order_id
        WHERE sold.status NOT IN ('UNPAID', 'CANCELLED')
        GROUP BY line.sku_id
    ) AS wanted ON wanted.sku_id = stock.sku_id
    WHERE stock.committed <> COALESCE(wanted.pieces, 0)
"""
_PAID_SQL = "SELECT COUNT(*) FROM orders_purchase WHERE paid_at IS NOT NULL"


@dataclass(frozen=True)
class Check:
    """Something that must hold: what it says, and whether it does."""

    text: str
    holds: bool


def work_off(place: Place) -> None:
    """Let the workers' jobs do what was left to them: webhooks, refunds, events, the seal. Raises PlaceFailed."""
    place.run(sys.executable, "-m", "bench.work_off")


def reconcile(place: Place) -> Check:
    """`manage.py reconcile`: every invariant of the product, over everything that the run has written."""
    try:
        said = place.run(sys.executable, "manage.py", "reconcile")
    except PlaceFailed as failed:
        return Check(f"manage.py reconcile: {failed}", holds=False)
    return Check(f"manage.py reconcile: {said.strip()}", holds=True)


def compare(place: Place, contests: Sequence[Contest], *, pieces: int) -> list[Check]:
    """What was sold against what has left the stocks, and both against what the buyers were told."""
    floors = [contest for contest in contests if contest.name in (HTTP_FLOOR, SQL_FLOOR)]
    told_by_floors = sum(contest.total("paid") for contest in floors)
    told = sum(contest.total("paid") for contest in contests) - told_by_floors
    paid = count_paid(place)
    with place.connect(database=FLOOR_DATABASE) as connection:
        paid_on_floors, gone = count_sold(connection)
    return [
        *(compare_flash(contest, pieces=pieces) for contest in contests if contest.name == "flash"),
        check_stock(place),
        Check(f"{paid} purchases are paid, and buyers were told so of {told}", holds=paid == told),
        Check(
            f"on the floors {paid_on_floors} orders are paid, buyers were told so of {told_by_floors}, "
            f"and {gone} pieces are gone",
            holds=paid_on_floors == told_by_floors and gone == 2 * paid_on_floors,
        ),
    ]


def check_stock(place: Place) -> Check:
    """What has left the stocks is what paid orders want."""
    differing = _ask(place, _DIFFERING_SQL)
    return Check(f"{differing} SKUs have another number of pieces committed than paid orders want", holds=not differing)


def count_paid(place: Place) -> int:
    """How many purchases are paid."""
    return _ask(place, _PAID_SQL)


def _ask(place: Place, sql: str) -> int:
    with place.connect() as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        (count,) = cursor.fetchone()
    return int(count)


def compare_flash(contest: Contest, *, pieces: int) -> Check:
    """In each round as many pieces were sold as there were, and everybody else was told that there are no more."""
    played = [*([contest.warm] if contest.warm else []), *contest.rounds]
    sold = [each.counts.get("paid", 0) for each in played]
    answered = all(each.count == each.counts["paid"] + each.counts["refused"] and not each.errors for each in played)
    text = f"of {pieces} pieces in each flash sale {', '.join(map(str, sold))} were sold, and the rest refused"
    return Check(text, holds=answered and set(sold) == {pieces})
