"""Check the report of a replay against the files that it is of: python scripts/check_replay.py DIR REPORT [FEE_PLAN]

FEE_PLAN is the file that the replay was given; without it, the one that the replay takes then.

Knows nothing of the program that made the report: it reads the same files in its own way, adds them up in its own way,
and compares to the centavo. Says what it compared, and ends with 1 if anything differs. Needs Python only.
"""

import csv
import json
import lzma
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

PLACED = "order_purchase_timestamp"
PAID = "order_approved_at"
COLLECTED = "order_delivered_carrier_date"
DELIVERED = "order_delivered_customer_date"
METHODS = {"credit_card": "card", "debit_card": "card", "boleto": "bank_slip", "voucher": "voucher"}
NAMES = {PLACED: "placed", PAID: "paid", COLLECTED: "collected", DELIVERED: "delivered"}

SHIPPED_PLAN = Path(__file__).parents[1] / "apps/integrations/replay/data/fee_plan.json"
ON_PAYMENT = {"PAYMENT", "PAYMENT_AND_PLATFORM_DISCOUNT"}

Row = dict[str, str]
Found = dict[str, Any]


def main() -> int:
    folder, report_file, plan_file = map(Path, [*sys.argv[1:], str(SHIPPED_PLAN)][:3])
    report: Found = json.loads(report_file.read_text(encoding="utf-8"))
    plan: Found = json.loads(plan_file.read_text(encoding="utf-8"))
    expected = recompute(folder, plan, considered=report["orders"]["considered"])
    wrong = [name for name, value in expected.items() if not agrees(name, value, find(report, name))]
    print(f"{len(expected) - len(wrong)} of {len(expected)} agree")
    return 1 if wrong else 0


def agrees(name: str, expected: object, reported: object) -> bool:
    """Say whether the two are the same; what is long is cut off."""
    if expected == reported:
        print(f"ok      {name}: {str(expected)[:100]}")
        return True
    print(f"DIFFERS {name}: the files say {str(expected)[:300]}, the report {str(reported)[:300]}")
    return False


def find(report: Found, name: str) -> Any:
    """The part of the report that a dotted name leads to."""
    part: Any = report
    for key in name.split("."):
        part = part.get(key, {})
    return part


def recompute(folder: Path, plan: Found, *, considered: int) -> Found:
    """What the report should say, by the dotted name of its place."""
    everything = sorted(read(folder, "orders"), key=lambda order: (order[PLACED], order["order_id"]))
    orders = everything[:considered]
    items, payments = by_order(read(folder, "order_items")), by_order(read(folder, "order_payments"))
    lived = [order for order in orders if items[order["order_id"]]]
    return {
        "orders": {
            "with_timeline": len(everything),
            "considered": len(orders),
            "lived": len(lived),
            "not_lived": len(orders) - len(lived),
        },
        **sums(lived, items, payments),
        **statuses(lived, items),
        "not_lived": [
            {
                "order_id": order["order_id"],
                "why": "no_items",
                "recorded_status": order["order_status"],
                "tenders_minor": sum(cents(payment["payment_value"]) for payment in payments[order["order_id"]]),
            }
            for order in orders
            if not items[order["order_id"]]
        ],
        **settlement(lived, items, plan),
        "differences": differences(lived, items, payments),
        "suspense": suspense(lived, items, payments),
        "tenders_not_opened": not_opened(orders, items, payments),
        "impossible_order": impossible(lived),
        "without_time": without_time(lived),
        "lived_otherwise": otherwise(lived),
        "trial_balance.BRL.sum_minor": 0,
        "disagreements": {},
    }


def read(folder: Path, name: str) -> list[Row]:
    with lzma.open(folder / f"olist_{name}_dataset.csv.xz", "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def by_order(rows: list[Row]) -> defaultdict[str, list[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["order_id"]].append(row)
    return found


def cents(amount: str) -> int:
    """Of "12.34": all of these amounts have two decimals."""
    whole, decimals = amount.split(".")
    if len(decimals) != 2:
        raise ValueError(f"{amount} has other decimals than two")
    return int(whole + decimals)


def is_paid_by(payment: Row) -> bool:
    return payment["payment_type"] != "not_defined" and cents(payment["payment_value"]) > 0


def paid_for(order: Row, payments: dict[str, list[Row]]) -> int:
    return sum(cents(payment["payment_value"]) for payment in payments[order["order_id"]] if is_paid_by(payment))


def was_paid(order: Row) -> bool:
    """Whether the order came as far as its payment, by its status or by any of its times."""
    says_so = order["order_status"] not in {"created", "canceled"}
    return says_so or any(order[time] for time in (PAID, COLLECTED, DELIVERED))


def sums(lived: list[Row], items: dict[str, list[Row]], payments: dict[str, list[Row]]) -> Found:
    of_items = [item for order in lived for item in items[order["order_id"]]]
    price = sum(cents(item["price"]) for item in of_items)
    freight = sum(cents(item["freight_value"]) for item in of_items)
    tenders: dict[str, Found] = {}
    for order in lived:
        for payment in filter(is_paid_by, payments[order["order_id"]]):
            type_, amount = payment["payment_type"], cents(payment["payment_value"])
            tender = tenders.setdefault(
                type_, {"method": METHODS[type_], "count": 0, "amount_minor": 0, "captured_minor": 0}
            )
            tender["count"] += 1
            tender["amount_minor"] += amount
            tender["captured_minor"] += amount if was_paid(order) else 0
    total = sum(tender["amount_minor"] for tender in tenders.values())
    return {
        "sums.units": len(of_items),
        "sums.items_minor": price,
        "sums.freight_minor": freight,
        "sums.total_minor": total,
        "sums.difference_minor": total - price - freight,
        "sums.captured_minor": sum(tender["captured_minor"] for tender in tenders.values()),
        "sums.refunded_minor": sum(refund(order, items, payments) for order in lived),
        "tenders": tenders,
    }


def refund(order: Row, items: dict[str, list[Row]], payments: dict[str, list[Row]]) -> int:
    """What goes back of a cancelled order: all that was paid, but for the freight of what was on its way."""
    if end_of(order) != "CANCELLED" or not was_paid(order):
        return 0
    spent = sum(cents(item["freight_value"]) for item in items[order["order_id"]] if order[COLLECTED])
    return paid_for(order, payments) - spent


def end_of(order: Row) -> str:
    """The status that an order's life ends in."""
    if order["order_status"] == "canceled" and not order[DELIVERED]:
        return "CANCELLED"
    if order["order_status"] in {"delivered", "canceled"} or order[DELIVERED]:
        return "COMPLETED"
    if order["order_status"] == "shipped" or order[COLLECTED]:
        return "IN_TRANSIT"
    return "AWAITING_SHIPMENT" if was_paid(order) else "UNPAID"


def statuses(lived: list[Row], items: dict[str, list[Row]]) -> Found:
    by_recorded: dict[str, Counter[str]] = defaultdict(Counter)
    shop_orders: Counter[str] = Counter()
    for order in lived:
        by_recorded[order["order_status"]][end_of(order)] += 1
        shop_orders[end_of(order)] += len({item["seller_id"] for item in items[order["order_id"]]})
    return {
        "final_statuses.recorded_orders": dict(Counter(end_of(order) for order in lived)),
        "final_statuses.by_recorded_status": {status: dict(ends) for status, ends in by_recorded.items()},
        "final_statuses.shop_orders": dict(shop_orders),
    }


def settlement(lived: list[Row], items: dict[str, list[Row]], plan: Found) -> Found:
    """What sellers get, by seller and altogether: nothing of it is left when all are paid.

    That is prices and freight of what was delivered, and the freight of what was handed over and then cancelled.
    """
    sellers: dict[str, Found] = {}
    for order in lived:
        is_delivered, is_refused = end_of(order) == "COMPLETED", end_of(order) == "CANCELLED" and order[COLLECTED]
        for seller, (price, freight) in by_seller(items[order["order_id"]]).items():
            part = (price if is_delivered else 0, freight)
            if (is_delivered or is_refused) and any(part):
                settle(sellers.setdefault(seller, nobody(plan)), part, plan)
    for found in sellers.values():
        taken = sum(found["fees_minor"].values()) + found["fee_tax_minor"]
        found["net_minor"] = found["paid_out_minor"] = found["sale_minor"] - taken
        found["fees_minor"] = {name: fee for name, fee in found["fees_minor"].items() if fee}
    names = ("orders", "sale_minor", "refunds_minor", "fee_tax_minor", "net_minor", "paid_out_minor")
    totals = {name: sum(found[name] for found in sellers.values()) for name in names}
    fees: Counter[str] = Counter()
    for found in sellers.values():
        fees.update(found["fees_minor"])
    totals |= {"fees_minor": dict(fees), "available_minor": 0, "reserve_minor": 0, "sellers_paid": len(sellers)}
    return {f"settlement.{name}": total for name, total in totals.items()} | {"settlement.sellers": sellers}


def nobody(plan: Found) -> Found:
    """A seller before their first order."""
    nothing = dict.fromkeys(("orders", "sale_minor", "refunds_minor", "fee_tax_minor", "net_minor"), 0)
    return nothing | {"fees_minor": {rule["kind"]: 0 for rule in plan["rules"]}, "paid_out_minor": 0}


def by_seller(items: list[Row]) -> dict[str, tuple[int, int]]:
    """Prices and freight of each seller's part of an order."""
    parts: dict[str, tuple[int, int]] = {}
    for item in items:
        price, freight = parts.get(item["seller_id"], (0, 0))
        parts[item["seller_id"]] = (price + cents(item["price"]), freight + cents(item["freight_value"]))
    return parts


def settle(found: Found, part: tuple[int, int], plan: Found) -> None:
    """Add one order of a seller. Every fee is rounded on the order, and a half goes up."""
    price, freight = part
    found["orders"] += 1
    found["sale_minor"] += price + freight
    for rule in plan["rules"]:
        base = price + freight if rule["basis"] in ON_PAYMENT else price
        fee = fee_on(base, rule)
        found["fees_minor"][rule["kind"]] += fee
        found["fee_tax_minor"] += half_up(fee, rule.get("tax_rate_e5", 0), 100_000)


def fee_on(base: int, rule: Found) -> int:
    """On nothing there is no fee, and none is above its cap."""
    fee = rule.get("fixed_minor", 0) + half_up(base, rule["rate_bp"], 10_000) if base else 0
    cap = rule.get("cap_minor")
    return fee if cap is None else min(fee, cap)


def half_up(amount: int, rate: int, of: int) -> int:
    whole, rest = divmod(amount * rate, of)
    return whole + (1 if rest * 2 >= of else 0)


def suspense(lived: list[Row], items: dict[str, list[Row]], payments: dict[str, list[Row]]) -> Found:
    """The differences of what was paid and has not gone back. No order that was refused on its way has one."""
    stands = {order["order_id"] for order in lived if was_paid(order) and end_of(order) != "CANCELLED"}
    return {id_: minor for id_, minor in differences(lived, items, payments).items() if id_ in stands}


def differences(lived: list[Row], items: dict[str, list[Row]], payments: dict[str, list[Row]]) -> Found:
    found = {}
    for order in lived:
        paid = paid_for(order, payments)
        cost = sum(cents(item["price"]) + cents(item["freight_value"]) for item in items[order["order_id"]])
        if paid != cost:
            found[order["order_id"]] = paid - cost
    return found


def not_opened(orders: list[Row], items: dict[str, list[Row]], payments: dict[str, list[Row]]) -> list[Found]:
    return [
        {
            "order_id": order["order_id"],
            "sequence": int(payment["payment_sequential"]),
            "type": payment["payment_type"],
            "value_minor": cents(payment["payment_value"]),
            "is_lived": bool(items[order["order_id"]]),
        }
        for order in orders
        for payment in sorted(payments[order["order_id"]], key=lambda row: int(row["payment_sequential"]))
        if not is_paid_by(payment)
    ]


def impossible(lived: list[Row]) -> Found:
    """Pairs of times in the wrong order; as texts they sort as they do as times."""
    found: dict[str, list[str]] = defaultdict(list)
    times = list(NAMES)
    for order in lived:
        for place, later in enumerate(times):
            for earlier in times[:place]:
                if order[later] and order[earlier] and order[later] < order[earlier]:
                    found[f"{NAMES[later]}_before_{NAMES[earlier]}"].append(order["order_id"])
    return {kind: sorted(ids) for kind, ids in found.items()}


def without_time(lived: list[Row]) -> Found:
    """What has no time and was lived all the same. That a parcel was arranged was never recorded at all."""
    found: dict[str, list[str]] = defaultdict(list)
    for order in lived:
        order_id, end = order["order_id"], end_of(order)
        if end in {"IN_TRANSIT", "COMPLETED"} or order[COLLECTED]:
            found["arranged"].append(order_id)
            if not order[COLLECTED]:
                found["collected"].append(order_id)
        if end == "COMPLETED" and not order[DELIVERED]:
            found["delivered"].append(order_id)
        if end == "CANCELLED":
            found["refused" if order[COLLECTED] else "cancelled"].append(order_id)
        if was_paid(order) and not order[PAID]:
            found["paid"].append(order_id)
    counts = {act: {"count": len(ids), "order_ids": sorted(ids)} for act, ids in found.items()}
    counts.get("arranged", {}).pop("order_ids", None)
    return counts


def otherwise(lived: list[Row]) -> Found:
    found: dict[str, list[str]] = defaultdict(list)
    for order in lived:
        if order["order_status"] == "canceled" and order[DELIVERED]:
            found["cancelled_after_delivery_lived_as_delivered"].append(order["order_id"])
        elif order["order_status"] == "canceled" and order[COLLECTED]:
            found["cancelled_after_hand_over_lived_as_refused_in_transit"].append(order["order_id"])
    return {kind: sorted(ids) for kind, ids in found.items()}


if __name__ == "__main__":
    raise SystemExit(main())
