"""What was promised of a flash sale, and whether it holds."""

from collections.abc import Sequence

from bench.checks import Check, check_stock, count_paid, reconcile
from bench.crew import Stint
from bench.place import Place
from bench.stage import Ware
from sale.options import Options

_STOCK_SQL = "SELECT SUM(available), SUM(held), SUM(committed) FROM inventory_stock WHERE sku_id = %s"
_SOLD_SQL = """
    SELECT COUNT(*), COUNT(DISTINCT line.order_id), COUNT(DISTINCT sold.purchase_id), COUNT(DISTINCT purchase.quote_id)
    FROM orders_line AS line
    JOIN orders_order AS sold ON sold.id = line.order_id
    JOIN orders_purchase AS purchase ON purchase.id = sold.purchase_id
    WHERE line.sku_id = %s AND sold.paid_at IS NOT NULL
"""


def judge(place: Place, ware: Ware, stints: Sequence[Stint], options: Options) -> list[Check]:
    """The numbers of the buyers against those of the store, and the store's against one another."""
    counts = sum((stint.notes.counts for stint in stints), start=type(stints[0].notes.counts)())
    errors = sum((stint.errors for stint in stints), start=type(stints[0].errors)())
    to_sell = min(options.pieces, options.attempts)
    with place.connect() as connection, connection.cursor() as cursor:
        cursor.execute(_STOCK_SQL, [ware.sku_id])
        stock = tuple(int(number) for number in cursor.fetchone())
        cursor.execute(_SOLD_SQL, [ware.sku_id])
        sold = cursor.fetchone()
    paid = count_paid(place)
    answered = counts["paid"] + counts["refused"]
    return [
        Check(f"{answered} of {options.attempts} attempts were answered", holds=answered == options.attempts),
        Check(f"answers of another kind: {dict(errors) or 'none'}", holds=not errors),
        Check(f"{counts['paid']} of {options.pieces} pieces were sold", holds=counts["paid"] == to_sell),
        Check(
            f"{counts['told again']} buyers were told the same under the same key",
            holds=counts["told again"] == counts["paid"],
        ),
        Check(f"the stock is {stock}", holds=stock == (options.pieces - to_sell, 0, to_sell)),
        Check(f"lines, orders, purchases and quotes of what was sold: {sold}", holds=set(sold) == {to_sell}),
        Check(f"{paid} purchases are paid, and buyers were told so of {counts['paid']}", holds=paid == counts["paid"]),
        check_stock(place),
        reconcile(place),
    ]
