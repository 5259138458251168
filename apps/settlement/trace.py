"""What settlement has to say of one order's trace."""

from collections.abc import Iterator

from apps.settlement.models import Payout, Settlement, SettlementLine
from tradecore.money import Money
from tradecore.traces import Step, Traced


def trace_order(traced: Traced) -> Iterator[Step]:
    """Its settlement, every line of it, and the payout that took its money along with other orders'."""
    settled = Settlement.objects.filter(order_id=traced.order_id).first()
    if settled is None:
        return
    about = f"settlement:{settled.pk}"
    yield Step(at=settled.settled_at, what="settled", about=about)
    for line in SettlementLine.objects.filter(settlement=settled).order_by("id"):
        amount = str(Money(line.amount_minor, line.currency))
        yield Step(at=line.occurred_at, what=f"settlement {line.kind} {line.name}".rstrip(), about=about, detail=amount)
    yield from _payout(traced, settled)


def _payout(traced: Traced, settled: Settlement) -> Iterator[Step]:
    later = Payout.objects.filter(shop_id=traced.shop_id, proposed_at__gte=settled.settled_at)
    payout = later.order_by("id").first()
    if payout is None:
        return
    about, amount = f"payout:{payout.pk}", f"{Money(payout.amount_minor, payout.currency)}, with other orders"
    yield Step(at=payout.proposed_at, what="payout proposed", about=about, detail=amount)
    for row in payout.transitions.order_by("sequence"):
        yield Step(at=row.occurred_at, what=f"payout {row.after}", about=about, detail=row.reason)
