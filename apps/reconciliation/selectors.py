"""The reads of reconciliation."""

from django.db.models import Count, Sum

from apps.reconciliation.fuses import FUSES
from apps.reconciliation.invariants import INVARIANTS
from apps.reconciliation.models import Break


def list_open_breaks(*, limit: int) -> list[Break]:
    """The breaks that are open, those with the most money at risk first."""
    return list(Break.objects.filter(closed_at=None).order_by("-at_risk_minor", "id")[:limit])


def count_open_breaks() -> int:
    """How many breaks are open."""
    return Break.objects.filter(closed_at=None).count()


def money_at_risk() -> dict[str, tuple[int, int]]:
    """Currency -> (open breaks, minor units at risk in them); those without an amount are under ''."""
    sums = Break.objects.filter(closed_at=None).values_list("currency").order_by("currency")
    return {
        currency: (count, int(total)) for currency, count, total in sums.annotate(Count("id"), Sum("at_risk_minor"))
    }


def title_of(name: str) -> str:
    """What an invariant says, or a fuse; empty for one that is not there any more."""
    known = INVARIANTS.get(name) or FUSES.get(name)
    return known.title if known is not None else ""
