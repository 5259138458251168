"""docs/events.md: every fact that is published, with its fields and who is told."""

from collections.abc import Iterator
from types import ModuleType

from config.reference.forms import describe_members
from config.reference.sources import list_modules, words_of
from config.subscriptions import EVENTS
from tradecore.http.answers import members_of
from tradecore.outbox import Event, Handler

INTRODUCTION = """\
# Events

Every fact that the product publishes, written in the transaction that makes it true (`tradecore/outbox.py`) and
delivered at least once, in order per aggregate. `GET /events/v1?after=POSITION` reads them in the order of their
positions, gapless; staff see all, a shop's people those of their shops.

Around each `data` stand `position`, `id`, `kind`, `aggregate`, `aggregate_id`, `sequence` (the aggregate's version
after the change), `shop_id` or null, `occurred_at` and `request_id`. Ids are strings, money is
`{"amount": "69.44", "currency": "GBP"}`, moments are RFC 3339 in UTC. Who is told stands in
`config/subscriptions.py`; a fact that nobody here is told of is kept for readers.
"""


def render_events() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *(section for module in list_modules("events") for section in _sections(module))])


def list_events(module: ModuleType) -> list[type[Event]]:
    """The facts that a module of events defines, in its order; a base that they share is none."""
    return [
        found
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, Event) and found.__module__ == module.__name__
        if "kind" in vars(found)
    ]


def _sections(module: ModuleType) -> Iterator[str]:
    yield f"## {module.__name__.split('.')[1].capitalize()}\n\n{words_of(module)}\n"
    for event in list_events(module):
        yield from _section(event)


def _section(event: type[Event]) -> Iterator[str]:
    yield f"### `{event.kind}`\n\n{words_of(event)}\n"
    yield f"- data: {describe_members(members_of(event))}"
    handlers = ", ".join(map(_name_of, EVENTS.get(event.kind, ())))
    yield f"- told: {handlers}\n" if handlers else ""


def _name_of(handler: Handler) -> str:
    app = handler.__module__.split(".")[1]
    return f"`{app}.{handler.__name__}`"
