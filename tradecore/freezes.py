"""Freezes stop one thing and nothing else: a SKU's sale, a promotion, a shop's payouts, all payouts, all refunds.

The flows ask before they act; whoever watches the books, or an operator, places and lifts them with a reason.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from tradecore import audit, db
from tradecore.memo import Memo
from tradecore.models import Freeze

#: How late a process may hear of a freeze that another one has placed.
REMEMBERED_S = 2

#: Everything of a kind that is frozen: little, as each of it is somebody's to look at.
_frozen: Memo[str, frozenset[int]] = Memo(ttl_s=REMEMBERED_S)

SKU_SALE = "sku_sale"
PROMOTION = "promotion"
SHOP_PAYOUTS = "shop_payouts"
#: Of nobody in particular: their subject is EVERYBODY.
ALL_PAYOUTS = "all_payouts"
ALL_REFUNDS = "all_refunds"
OF_EVERYBODY = frozenset({ALL_PAYOUTS, ALL_REFUNDS})
KINDS = frozenset({SKU_SALE, PROMOTION, SHOP_PAYOUTS}) | OF_EVERYBODY

EVERYBODY = 0


@db.use_case
def place_freeze(*, kind: str, subject: int, reason: str, actor: str, now: datetime) -> None:
    """Freeze one thing. Freezing what is frozen changes nothing."""
    _, placed = Freeze.objects.get_or_create(
        kind=kind, subject=subject, defaults={"reason": reason, "placed_by": actor, "placed_at": now}
    )
    _frozen.forget(kind)
    if placed:
        audit.record(actor=actor, action="freeze.placed", subject=f"{kind}:{subject}", reason=reason, now=now)


@db.use_case
def lift_freeze(*, kind: str, subject: int, reason: str, actor: str, now: datetime) -> None:
    """Lift a freeze. Lifting what is not frozen changes nothing."""
    _frozen.forget(kind)
    if Freeze.objects.filter(kind=kind, subject=subject).delete()[0]:
        audit.record(actor=actor, action="freeze.lifted", subject=f"{kind}:{subject}", reason=reason, now=now)


def list_frozen(*, kind: str, subjects: Iterable[int]) -> frozenset[int]:
    """Those of the subjects that are frozen, as of REMEMBERED_S ago at most."""
    return _frozen.get_many([kind], _load)[kind].intersection(subjects)


def read_frozen(*, kind: str) -> frozenset[int]:
    """Everything of a kind that is frozen, as it is committed now: for money that leaves, 2 s ago is too long ago."""
    return frozenset(Freeze.objects.filter(kind=kind).values_list("subject", flat=True))


def _load(kinds: Collection[str]) -> dict[str, frozenset[int]]:
    return {kind: read_frozen(kind=kind) for kind in kinds}
