"""The buyer sends the goods back."""

from datetime import datetime

from apps.aftersales import rows
from apps.aftersales.contracts import Act, Actor, CaseState
from apps.aftersales.rows import By
from tradecore import db


@db.use_case
def ship_back(*, case_id: int, carrier: str, tracking_number: str, now: datetime) -> None:
    """Say with which parcel the goods come back: the seller has to look at them when they do.

    Refuses, in this order: CaseInvalid, NotFound, CaseNotWaiting. Locks, in this order: purchase, order, case.
    """
    rows.refuse_parcel(carrier, tracking_number)
    case = rows.lock_waiting(case_id, Act.SHIP_BACK)
    rows.move(
        case,
        CaseState.BUYER_SHIPPED_ITEM,
        "ship_back",
        by=By(actor=Actor.BUYER),
        waits_for=Act.INSPECT,
        now=now,
        return_carrier=carrier,
        return_tracking_number=tracking_number,
    )
    db.insert_pending()
