"""An order settles: its seller gets what it came to. And what goes back of it afterwards is unwound.

# Note [Settlement on hold]
An order on hold does not settle: its timer fires and leaves it as it is. The release of the hold sets the timer anew,
for the moment at which the order would have settled; if that has passed, it fires at once.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from apps.ledger import api as ledger
from apps.ledger.api import seller_journals as journals
from apps.orders import api as orders
from apps.pricing.api import cover_debit, reserve
from apps.settlement.contracts import LineKind, NewLine
from apps.settlement.events import OrderSettled, SettlementChanged
from apps.settlement.models import Settlement
from apps.settlement.reckoning import Charge, Reckoning, reckon
from apps.settlement.services.lines import lock_account, publish, reserve_line, write_lines
from apps.settlement.terms import read_plan
from tradecore import db, inbox
from tradecore.errors import NotFound
from tradecore.ids import gene_of, new_id
from tradecore.money import Money
from tradecore.timers import Deadline, reset_timer

#: What an order's lines are told apart by, beside its refunds: (kind, name).
_Key = tuple[LineKind, str]


@db.use_case
def settle_order(order_id: int, now: datetime) -> None:
    """Timer `settle_order`: settle an order that is over, or bring its settlement up to what has gone back since.

    Nothing if it is neither, is on hold (see Note [Settlement on hold]), or nothing has changed.
    Locks, in this order: purchase, order, account.
    """
    reckon_order(order_id, now=now)


@db.use_case
def follow_change(*, order_id: int, event_id: int, now: datetime) -> None:
    """Something went back of an order, says this event: unwind it, if the order is settled.

    Locks, in this order: purchase, order, account.
    """
    if not inbox.first_time(consumer="settlement.follow_change", event_id=event_id, now=now):
        return
    if Settlement.objects.filter(order_id=order_id).exists():
        reckon_order(order_id, now=now)


@db.use_case
def schedule_settlement(*, order_id: int, event_id: int, now: datetime) -> None:
    """An order is over, or free of a hold, says this event: set the timer that settles it, or releases its reserve.

    Again is nothing.
    """
    if not inbox.first_time(consumer="settlement.schedule", event_id=event_id, now=now):
        return
    settlement = Settlement.objects.filter(order_id=order_id).first()
    due_at = find_due_at(order_id) if settlement is None else None
    if due_at is not None:
        reset_timer(Deadline("settle_order", order_id, due_at))
    if settlement is not None and settlement.reserve_minor and settlement.reserve_until is not None:
        reset_timer(Deadline("release_reserve", order_id, settlement.reserve_until))


def find_due_at(order_id: int) -> datetime | None:
    """When an order settles: so long after it was over, as its terms say; None while it is not, or was never paid."""
    try:
        sale = orders.get_sale(order_id=order_id)
    except NotFound:
        return None
    return due_at_of(sale)


def due_at_of(sale: orders.Sale) -> datetime | None:
    """When a sale settles: so long after it was over, as its terms say; None while it is not."""
    over_at = sale.delivered_at or sale.completed_at or sale.cancelled_at
    plan = read_plan(sale.lines[0].terms)
    if over_at is None or plan is None:
        return None
    return over_at + timedelta(seconds=plan.settle_after_s)


@db.transaction_required
def reckon_order(order_id: int, *, now: datetime) -> None:
    """Bring an order's settlement up to what it comes to now, under the order's lock. See Note [Reckoning].

    The first time there is a sale line; whatever comes later is only the difference. Locks as `settle_order`.
    """
    orders.lock_order(order_id=order_id)
    sale = orders.get_sale(order_id=order_id)
    settlement = Settlement.objects.filter(order_id=order_id).first()
    if settlement is None and not _may_settle(sale, now):
        return
    lines = _missing_lines(sale, reckon(sale), settlement)
    if lines and settlement is None:
        _settle(sale, lines, now=now)
    elif lines and settlement is not None:
        _unwind(sale, settlement, lines, now=now)


def _may_settle(sale: orders.Sale, now: datetime) -> bool:
    due_at = due_at_of(sale)
    return due_at is not None and due_at <= now and not sale.holds


def _missing_lines(sale: orders.Sale, reckoning: Reckoning, settlement: Settlement | None) -> list[NewLine]:
    """The lines that bring what is written up to what is reckoned; none where it is that already.

    Fees refer to what changed them: the order that settles, or what went back last.
    """
    reference = sale.order_id if settlement is None else sale.gone[-1].id if sale.gone else sale.order_id
    written: Counter[_Key] = Counter()
    refunded: set[int] = set()
    if settlement is not None:
        for kind, name, of, minor in settlement.lines.values_list("kind", "name", "reference", "amount_minor"):
            written[LineKind(kind), name] += minor
            if kind == LineKind.REFUND.value:
                refunded.add(of)
    lines = [_sale_line(sale, reckoning)] if settlement is None else []
    lines += [
        NewLine(
            kind=LineKind.REFUND,
            amount_minor=-minor,
            reference=gone_id,
            order_id=sale.order_id,
            details=_gone(sale, gone_id),
        )
        for gone_id, minor in reckoning.refunds.items()
        if gone_id not in refunded
    ]
    for charge in reckoning.charges:
        lines += _charge_lines(sale, charge, written, reference=reference)
    return [line for line in lines if line.amount_minor]


def _sale_line(sale: orders.Sale, reckoning: Reckoning) -> NewLine:
    earned = sale.proceeds
    details = {
        "customer_payment_minor": earned.paid_minor,
        "platform_discount_minor": earned.coupon_minor + earned.payment_discount_minor,
        "shipping_subsidy_minor": earned.shipping_subsidy_minor,
        "not_the_sellers_minor": earned.tax_minor + earned.duty_minor + earned.surcharges_minor,
        "never_sold_minor": earned.seller_minor - reckoning.sale_minor,
    }
    return NewLine(
        kind=LineKind.SALE,
        amount_minor=reckoning.sale_minor,
        reference=sale.order_id,
        order_id=sale.order_id,
        details=details,
    )


def _gone(sale: orders.Sale, gone_id: int) -> dict[str, str]:
    entry = next(entry for entry in sale.gone if entry.id == gone_id)
    return {"how": entry.kind.value, "cause": entry.cause, "reason": entry.reason}


def _charge_lines(sale: orders.Sale, charge: Charge, written: Counter[_Key], *, reference: int) -> Iterable[NewLine]:
    """What the charge, and the tax on it, has changed by."""
    details = {
        "base_minor": charge.base_minor,
        "returned_minor": charge.returned_minor,
        "rate_bp": charge.terms.rate_bp,
        "fixed_minor": charge.terms.fixed_minor,
        "refund_policy": charge.terms.refund_policy.value,
    }
    kept = {charge.kind: charge.kept.amount_minor, LineKind.FEE_TAX: charge.kept.tax_minor}
    for kind, minor in kept.items():
        yield NewLine(
            kind=kind,
            name=charge.name,
            amount_minor=-minor - written[kind, charge.name],
            reference=reference,
            owner_ref=charge.owner_ref,
            order_id=sale.order_id,
            details=details,
        )


def _settle(sale: orders.Sale, lines: list[NewLine], *, now: datetime) -> None:
    """The first time: part of it is kept back for a while."""
    plan = read_plan(sale.lines[0].terms)
    assert plan is not None, "what has no terms never comes due"
    amount_minor = sum(line.amount_minor for line in lines)
    held_minor = reserve(settlement_minor=amount_minor, rate_bp=plan.reserve_bp)
    settlement = Settlement(
        id=new_id(gene_of(sale.order_id)),
        order_id=sale.order_id,
        shop_id=sale.shop_id,
        currency=sale.currency,
        settled_at=now,
    )
    if held_minor:
        settlement.reserve_minor = held_minor
        settlement.reserve_until = now + timedelta(seconds=plan.reserve_s)
        reset_timer(Deadline("release_reserve", sale.order_id, settlement.reserve_until))
        lines.append(reserve_line(LineKind.RESERVE_HELD, -held_minor, reference=sale.order_id, order_id=sale.order_id))
    event = OrderSettled(
        order_id=sale.order_id,
        shop_id=sale.shop_id,
        settlement_id=settlement.pk,
        amount=Money(amount_minor, sale.currency),
        reserve=Money(held_minor, sale.currency),
    )
    publish(settlement, event, now=now)
    settlement.save(force_insert=True)
    _post(sale, lines, kind=journals.SETTLEMENT, reference=sale.order_id, now=now)
    _write(sale, settlement, lines, now=now)


def _unwind(sale: orders.Sale, settlement: Settlement, lines: list[NewLine], *, now: datetime) -> None:
    """Later: a debit is taken from what is kept back of this order, before it is taken from anything else. E8."""
    reference = sale.gone[-1].id
    amount_minor = sum(line.amount_minor for line in lines)
    cover = cover_debit(debit_minor=max(0, -amount_minor), reserve_minor=settlement.reserve_minor)
    if cover.from_reserve_minor:
        settlement.reserve_minor -= cover.from_reserve_minor
        lines.append(
            reserve_line(LineKind.RESERVE_USED, cover.from_reserve_minor, reference=reference, order_id=sale.order_id)
        )
    event = SettlementChanged(
        order_id=sale.order_id,
        shop_id=sale.shop_id,
        settlement_id=settlement.pk,
        amount=Money(amount_minor, sale.currency),
        from_reserve=Money(cover.from_reserve_minor, sale.currency),
    )
    publish(settlement, event, now=now)
    settlement.save(update_fields=["reserve_minor", "version"])
    _post(sale, lines, kind=journals.SETTLEMENT_CHANGE, reference=reference, now=now)
    _write(sale, settlement, lines, now=now)


def _post(sale: orders.Sale, lines: Iterable[NewLine], *, kind: str, reference: int, now: datetime) -> None:
    parts = [
        journals.SettledPart(kind=line.kind.value, name=line.name, owner_ref=line.owner_ref, minor=line.amount_minor)
        for line in lines
    ]
    ledger.post(
        journals.settlement(
            kind=kind,
            reference=reference,
            order_ref=sale.order_id,
            shop_ref=sale.shop_id,
            market=sale.market,
            currency=sale.currency,
            parts=parts,
        ),
        now=now,
    )


def _write(sale: orders.Sale, settlement: Settlement, lines: Sequence[NewLine], *, now: datetime) -> None:
    db.insert_pending()
    account = lock_account(shop_id=sale.shop_id, market=sale.market, currency=sale.currency)
    write_lines(account, lines, settlement=settlement, now=now)
