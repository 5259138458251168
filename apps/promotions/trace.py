"""What promotions have to say of one order's trace: they are held for its purchase."""

from collections.abc import Iterator

from apps.promotions.models import PromotionHold, PromotionUse
from tradecore.traces import Step, Traced


def trace_order(traced: Traced) -> Iterator[Step]:
    """The hold of its purchase, and each promotion that it used."""
    hold = PromotionHold.objects.filter(owner_ref=traced.purchase_id).first()
    if hold is None:
        return
    about = f"purchase:{traced.purchase_id}"
    for use in PromotionUse.objects.filter(hold=hold).order_by("id"):
        detail = f"promotion {use.promotion_id}: {use.units} uses, {use.amount_minor} minor units"
        came_back = f"; {use.given_back_units} uses, {use.given_back_minor} minor units came back"
        detail += came_back if use.given_back_units or use.given_back_minor else ""
        yield Step(at=hold.opened_at, what="promotion held", about=about, detail=detail)
    if hold.resolved_at is not None:
        yield Step(at=hold.resolved_at, what=f"promotion hold {hold.status}", about=about)
