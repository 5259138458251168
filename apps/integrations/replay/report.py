"""The report: what was lived and what was not, to the centavo, and everything about the record that did not add up.

The same record gives the same report, however often and by however many workers it was lived: it holds no time of this
machine, no id of this database, and everything in it is sorted. How many payouts it took alone depends on it: what was
lived in parts was paid out in parts.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from apps.integrations.replay.defaults import DEADLINES, REMORSE_MEANS, list_missed
from apps.integrations.replay.earnings import Earnings, expect_earnings
from apps.integrations.replay.lives import Act, Life, Obstacle
from apps.integrations.replay.market import Stage
from apps.integrations.replay.outcomes import Outcome, list_disagreements
from apps.integrations.replay.records import RecordedOrder, Records
from apps.integrations.replay.statements import (
    Books,
    SellerOutcome,
    compare_suspense,
    expect_suspense,
    list_seller_disagreements,
)
from apps.markets.api import Clock
from tradecore import wire

NOTES: Final = (
    "Amounts are centavos. What came of orders and what sellers got is read from the books, the rest from the record.",
    "Recorded times are read as those of São Paulo.",
    "An act without a recorded time follows by a second the latest recorded one that must precede it.",
    "An act that was recorded before another that it needs is lived a second after that one.",
    "Nobody recorded when a parcel was arranged, or when an order was cancelled and by whom.",
    "Orders approved, processing, invoiced or unavailable are left awaiting shipment: the record says no more of them.",
    "Orders shipped and not delivered are left in transit, for the same reason.",
    "An order cancelled after its hand-over is lived as refused in transit, one after its delivery as delivered.",
    "What was delivered settles under the fee plan, and is paid out once everything has settled.",
    "Of an order refused on its way the items go back to its buyer, and the freight is its seller's.",
    "In suspense stands by how much the tenders differ from items and freight, of what was paid and has not gone back.",
    "In the trial balance a debit is positive.",
    "An order may be in several counts of missed_defaults, which go by the clocks of the standard market.",
)

Json = dict[str, Any]


def make_report(
    *,
    records: Records,
    considered: Sequence[RecordedOrder],
    obstacles: Mapping[str, Obstacle],
    lives: Sequence[Life],
    outcomes: Sequence[Outcome],
    books: Books,
    stage: Stage,
) -> Json:
    """What came of a replay of `considered`, the first so many orders of the record, as JSON.

    `outcomes` are in the order of `lives`.
    """
    return {
        "orders": {
            "with_timeline": len(records.orders),
            "considered": len(considered),
            "lived": len(lives),
            "not_lived": len(obstacles),
        },
        "sums": _add_up(outcomes),
        "tenders": _add_up_tenders(outcomes),
        "final_statuses": _count_statuses(lives, outcomes),
        "not_lived": [_describe_unlived(order, obstacles) for order in considered if order.id in obstacles],
        "differences": {found.order_id: found.difference_minor for found in outcomes if found.difference_minor},
        "tenders_not_opened": _list_unopened(considered, obstacles),
        "impossible_order": _group((kind, life) for life in lives for kind in life.impossible),
        "without_time": _describe_without_time(lives),
        "lived_otherwise": _group((life.otherwise, life) for life in lives if life.otherwise is not None),
        "missed_defaults": _count_missed(records, lives, stage),
        "settlement": _describe_settlement(books.sellers),
        "suspense": dict(books.suspense),
        "trial_balance": {
            currency: {"accounts": dict(accounts), "sum_minor": sum(accounts.values())}
            for currency, accounts in books.trial_balance.items()
        },
        "disagreements": _list_disagreements(lives, outcomes, books, stage),
        "market": dict(stage.file),
        "fee_plan": wire.to_json(stage.plan),
        "notes": list(NOTES),
    }


def _add_up(outcomes: Iterable[Outcome]) -> Json:
    names = ("items", "freight", "difference", "total", "captured", "refunded")
    sums = {f"{name}_minor": sum(getattr(outcome, f"{name}_minor") for outcome in outcomes) for name in names}
    return sums | {"units": sum(outcome.units for outcome in outcomes)}


def _add_up_tenders(outcomes: Iterable[Outcome]) -> Json:
    """By recorded type: as which method, how many, worth how much, and how much of that was captured."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    methods = {}
    for tender in (tender for outcome in outcomes for tender in outcome.tenders):
        methods[tender.type] = tender.method
        captured_minor = tender.amount_minor if tender.status == "CAPTURED" else 0
        sums[tender.type].update(count=1, amount_minor=tender.amount_minor, captured_minor=captured_minor)
    return {type_: {"method": methods[type_], **sums[type_]} for type_ in sorted(sums)}


def _count_statuses(lives: Sequence[Life], outcomes: Sequence[Outcome]) -> Json:
    """Recorded orders by the status that they ended in, the same by recorded status, and the shops' orders."""
    final: Counter[str] = Counter()
    by_recorded: dict[str, Counter[str]] = defaultdict(Counter)
    for life, outcome in zip(lives, outcomes, strict=True):
        status = " and ".join(sorted(set(outcome.statuses)))
        final[status] += 1
        by_recorded[life.order.status][status] += 1
    shop_orders = Counter(status for outcome in outcomes for status in outcome.statuses)
    return {
        "recorded_orders": dict(sorted(final.items())),
        "by_recorded_status": {status: dict(sorted(by_recorded[status].items())) for status in sorted(by_recorded)},
        "shop_orders": dict(sorted(shop_orders.items())),
    }


def _describe_unlived(order: RecordedOrder, obstacles: Mapping[str, Obstacle]) -> Json:
    return {
        "order_id": order.id,
        "why": obstacles[order.id].value,
        "recorded_status": order.status,
        "tenders_minor": sum(tender.value_minor for tender in order.tenders),
    }


def _list_unopened(considered: Iterable[RecordedOrder], obstacles: Mapping[str, Obstacle]) -> list[Json]:
    """Tenders of nothing, and those of no known type; whether their orders were lived or not."""
    return [
        {
            "order_id": order.id,
            "sequence": tender.sequence,
            "type": tender.type,
            "value_minor": tender.value_minor,
            "is_lived": order.id not in obstacles,
        }
        for order in considered
        for tender in order.tenders
        if not tender.is_opened
    ]


def _describe_without_time(lives: Iterable[Life]) -> Json:
    """How often each act had no recorded time; and of which orders, but for the arrangement, which never has one."""
    grouped = _group((act.value, life) for life in lives for act in life.without_time)
    return {
        act: {"count": len(order_ids)} | ({} if act == Act.ARRANGE else {"order_ids": order_ids})
        for act, order_ids in grouped.items()
    }


def _count_missed(records: Records, lives: Iterable[Life], stage: Stage) -> Json:
    missed = Counter(
        clock for life in lives for clock in list_missed(life, market=stage.standard, until=records.last_at)
    )
    meanings = {clock: means for clock, (_, _, means) in DEADLINES.items()} | {Clock.REMORSE: REMORSE_MEANS}
    rules = stage.standard.clocks
    return {
        clock.value: {
            "orders": missed[clock],
            "after": f"{rules[clock].amount} {rules[clock].unit}",
            "means": meanings[clock],
        }
        for clock in sorted(meanings)
    }


def _describe_settlement(sellers: Sequence[SellerOutcome]) -> Json:
    """All of it, and of each seller who has anything: what orders came to, and where that is now."""
    fees: Counter[str] = Counter()
    for seller in sellers:
        fees.update(seller.earned.fees_minor)
    return {
        "orders": sum(seller.earned.orders for seller in sellers),
        "sale_minor": sum(seller.earned.sale_minor for seller in sellers),
        "refunds_minor": sum(seller.earned.refunds_minor for seller in sellers),
        "fees_minor": dict(sorted(fees.items())),
        "fee_tax_minor": sum(seller.earned.fee_tax_minor for seller in sellers),
        "net_minor": sum(seller.earned.net_minor for seller in sellers),
        "available_minor": sum(seller.available_minor for seller in sellers),
        "reserve_minor": sum(seller.reserve_minor for seller in sellers),
        "paid_out_minor": sum(seller.paid_out_minor for seller in sellers),
        "payouts": sum(seller.payouts for seller in sellers),
        "sellers_paid": sum(seller.paid_out_minor > 0 for seller in sellers),
        "sellers": {seller.seller_id: _describe_seller(seller) for seller in sellers if seller.earned != Earnings()},
    }


def _describe_seller(seller: SellerOutcome) -> Json:
    earned = seller.earned
    return {
        "orders": earned.orders,
        "sale_minor": earned.sale_minor,
        "refunds_minor": earned.refunds_minor,
        "fees_minor": dict(earned.fees_minor),
        "fee_tax_minor": earned.fee_tax_minor,
        "net_minor": earned.net_minor,
        "paid_out_minor": seller.paid_out_minor,
    }


def _list_disagreements(lives: Sequence[Life], outcomes: Sequence[Outcome], books: Books, stage: Stage) -> Json:
    """By order, by seller, and of the books as a whole: nothing, if all is well."""
    found: dict[str, list[str]] = defaultdict(list)
    for life, outcome in zip(lives, outcomes, strict=True):
        found[life.order.id] += list_disagreements(life, outcome)
    for order_id, difference in compare_suspense(expect_suspense(lives, outcomes), books.suspense).items():
        found[order_id].append(difference)
    expected = expect_earnings(lives, stage.plan)
    for seller in books.sellers:
        earnings = expected.get(seller.seller_id, Earnings())
        found[f"seller {seller.seller_id}"] += list_seller_disagreements(earnings, seller)
    for currency, accounts in books.trial_balance.items():
        if total := sum(accounts.values()):
            found["trial balance"].append(f"all accounts in {currency} come to {total}")
    return {what: differences for what, differences in found.items() if differences}


def _group(pairs: Iterable[tuple[str, Life]]) -> dict[str, list[str]]:
    """Ids of orders by kind, both sorted."""
    groups: dict[str, list[str]] = defaultdict(list)
    for kind, life in pairs:
        groups[kind].append(life.order.id)
    return {str(kind): sorted(groups[kind]) for kind in sorted(groups)}
