"""The platform decides between a buyer and a seller.

It decides about money: goods that were to be replaced are refunded instead, once they are back where that was asked
for. What the seller has seen come back, or has sent a replacement for, does not come back again.
"""

from datetime import datetime
from typing import Any

from apps.aftersales import close_case, rows
from apps.aftersales.contracts import Act, Actor, CaseKind, CaseState, Verdict
from apps.aftersales.models import Case
from apps.aftersales.pay_back import pay_back
from apps.aftersales.rows import By
from tradecore import audit, db


@db.use_case
def arbitrate(
    *,
    case_id: int,
    verdict: Verdict,
    buyer_keeps_goods: bool,
    platform_pays: bool,
    comment: str,
    actor: str,
    now: datetime,
) -> None:
    """Decide for the buyer or for the seller. With `platform_pays` the seller is to be compensated for a refund.

    Refuses, in this order: CaseInvalid, NotFound, CaseNotWaiting, OrderOnHold. Locks as `pay_back` does.
    """
    rows.refuse_comment(comment)
    case = rows.lock_waiting(case_id, Act.ARBITRATE)
    by = By(actor=Actor.PLATFORM, ref=actor, comment=comment)
    audit.record(
        actor=actor,
        action="case.arbitrated",
        subject=f"case:{case.pk}",
        reason=comment[:300],
        after={"verdict": verdict, "buyer_keeps_goods": buyer_keeps_goods, "platform_pays": platform_pays},
        now=now,
    )
    if verdict is Verdict.SUPPORT_SELLER:
        close_case.close(case, "support_seller", by=by, now=now, verdict=verdict.value)
    else:
        support_buyer(case, by=by, buyer_keeps_goods=buyer_keeps_goods, platform_pays=platform_pays, now=now)
    db.insert_pending()


@db.transaction_required
def support_buyer(case: Case, *, by: By, buyer_keeps_goods: bool, platform_pays: bool, now: datetime) -> None:
    """Everything that is true once a locked case was decided for its buyer. Refuses: OrderOnHold."""
    facts: dict[str, Any] = {"verdict": Verdict.SUPPORT_BUYER.value, "platform_pays": platform_pays}
    if case.escalated_from == CaseState.REJECTED and case.kind != CaseKind.REFUND_ONLY and not buyer_keeps_goods:
        facts |= {"kind": CaseKind.RETURN_AND_REFUND.value}
        rows.move(
            case, CaseState.AWAITING_BUYER_SHIP, "support_buyer", by=by, waits_for=Act.SHIP_BACK, now=now, **facts
        )
    else:
        pay_back(case, "support_buyer", by=by, now=now, **facts)
