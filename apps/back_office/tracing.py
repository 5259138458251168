"""One order's whole trace: for its page in the admin, and for the command."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from apps.orders import api as orders
from tradecore.traces import Step, Traced, trace

_UNITS = (
    (timedelta(days=1), "days"),
    (timedelta(hours=1), "h"),
    (timedelta(minutes=1), "min"),
    (timedelta(seconds=1), "s"),
)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A step, and how long after the one before it that was, in words; empty where it was at the same moment."""

    step: Step
    gap: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What one request, or one piece of background work, did in a row. `origin` is its id, empty where nobody said."""

    origin: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePage:
    """All that the page shows. `sources` are those that have something to say, `source` the one that is chosen."""

    order: orders.OrderView
    step_count: int
    sources: tuple[str, ...]
    source: str
    stretches: tuple[Stretch, ...]


def trace_order(order: orders.OrderView) -> list[Step]:
    """Every step of an order, earliest first, in a number of statements that does not grow with the order."""
    return trace(
        Traced(
            order_id=order.id,
            purchase_id=order.purchase_id,
            shop_id=order.shop_id,
            line_ids=frozenset(line.id for line in order.lines),
        )
    )


def build_trace_page(order: orders.OrderView, *, source: str) -> TracePage:
    """The steps of one source, or of all where it is empty, in stretches of who did them."""
    steps = trace_order(order)
    shown = [step for step in steps if source in ("", step.source)]
    return TracePage(
        order=order,
        step_count=len(shown),
        sources=tuple(sorted({step.source for step in steps})),
        source=source,
        stretches=tuple(
            Stretch(origin=origin, rows=tuple(rows))
            for origin, rows in groupby(_rows(shown), key=lambda row: row.step.request_id)
        ),
    )


def _rows(steps: Iterable[Step]) -> Iterable[Row]:
    before = None
    for step in steps:
        yield Row(step=step, gap="" if before is None or before.at == step.at else _spell(step.at - before.at))
        before = step


def _spell(gap: timedelta) -> str:
    """In the unit that says most."""
    for unit, name in _UNITS:
        if gap >= 2 * unit:
            return f"+{gap / unit:.0f} {name}"
    return f"+{gap / _MILLISECOND:.0f} ms"
