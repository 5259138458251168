"""A case ends without anything given back: taken back by its buyer, left alone, or decided for the seller."""

from datetime import datetime
from typing import Any, Final

from apps.aftersales import rows
from apps.aftersales.contracts import Act, Actor, CaseState
from apps.aftersales.models import Case
from apps.aftersales.rows import By
from apps.inventory import api as inventory
from tradecore import db

#: What a case waits for while its buyer may still take it back.
_UNDECIDED: Final = (Act.REVIEW, Act.ANSWER_OFFER, Act.SHIP_BACK, Act.ESCALATE, Act.ARBITRATE)


@db.use_case
def withdraw_case(*, case_id: int, comment: str, now: datetime) -> None:
    """The buyer wants nothing any more. Not while goods are on their way back: the seller has to look at those.

    Refuses, in this order: CaseInvalid, NotFound, CaseNotWaiting.
    Locks, in this order: purchase, order, case, stock hold, stock.
    """
    rows.refuse_comment(comment)
    case = rows.lock_waiting(case_id, *_UNDECIDED)
    close(case, "withdraw", by=By(actor=Actor.BUYER, comment=comment), now=now)


@db.transaction_required
def close(case: Case, act: str, *, by: By, now: datetime, **facts: Any) -> None:
    """End a locked case; what was set aside for it is for sale again."""
    held_stock = case.holds_stock
    rows.move(case, CaseState.CANCELLED, act, by=by, waits_for=None, now=now, holds_stock=False, **facts)
    db.insert_pending()
    if held_stock:
        inventory.void(owner_ref=case.pk, now=now)
