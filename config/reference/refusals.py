"""docs/errors.md: every refusal, by its code."""

from collections.abc import Iterator
from itertools import groupby

from config.reference.forms import describe_members
from config.reference.sources import import_everything, words_of
from tradecore.errors import PASSING_KINDS, Kind, Refusal
from tradecore.http.answers import members_of
from tradecore.http.openapi import FORBIDDEN, MALFORMED, NOT_ACCEPTABLE, UNAUTHENTICATED, UNSUPPORTED, Problem

INTRODUCTION = """\
# Refusals

What the product refuses to do, and how it says so: a problem document (RFC 9457) with a `code` that never changes and
the typed facts beside it. Every route's own refusals stand in the OpenAPI document (`/api/docs/`); in which order they
are checked stands in the docstring of the function that refuses.

```json
{
  "type": "urn:tradecore:problem:orders.line_unknown",
  "title": "The order has no such line.",
  "status": 422,
  "code": "orders.line_unknown",
  "line_id": "499381131708237574"
}
```
"""

KINDS = """\
## Kinds

The kind of a refusal is its status. Where the world may lift a refusal the `Idempotency-Key` is free again; else the
refusal is the outcome that the key keeps.

| kind | status | key |
| --- | --- | --- |
"""

#: What is answered without a refusal of ours being raised.
BESIDE = (
    MALFORMED,
    *UNAUTHENTICATED,
    FORBIDDEN,
    Problem(402, "payments.declined", "The payment was declined; the purchase stands, and may be paid another way."),
    Problem(405, "request.method_not_allowed", "The route does not know this method."),
    NOT_ACCEPTABLE,
    UNSUPPORTED,
    Problem(429, "request.throttled", "Too many requests."),
    Problem(500, "internal", "A defect. It has been logged, and no client should be able to cause it."),
)


def render_refusals() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, KINDS.rstrip(), *_kinds(), "", *_own_refusals(), *_beside()])


def list_refusals() -> list[type[Refusal]]:
    """Every refusal of the product that has a code of its own, by code."""
    import_everything()
    own = {found for found in _subclasses(Refusal) if found.__module__.startswith(("apps.", "tradecore."))}
    return sorted((found for found in own if "code" in vars(found)), key=lambda refusal: refusal.code)


def _subclasses(refusal: type[Refusal]) -> Iterator[type[Refusal]]:
    for found in refusal.__subclasses__():
        yield found
        yield from _subclasses(found)


def _kinds() -> Iterator[str]:
    for kind in Kind:
        yield f"| {kind.name} | {kind.value} | {'free again' if kind in PASSING_KINDS else 'keeps it'} |"


def _own_refusals() -> Iterator[str]:
    for area, refusals in groupby(list_refusals(), key=lambda refusal: refusal.code.partition(".")[0]):
        yield f"## {area.replace('_', ' ').capitalize()}\n"
        yield "| code | status | when | facts |\n| --- | --- | --- | --- |"
        for refusal in refusals:
            facts = describe_members(members_of(refusal))
            yield f"| `{refusal.code}` | {refusal.kind.value} | {_cell(words_of(refusal))} | {_cell(facts)} |"
        yield ""


def _beside() -> Iterator[str]:
    yield "## Before and beside our own\n"
    yield "| code | status | when |\n| --- | --- | --- |"
    for problem in sorted(BESIDE, key=lambda problem: problem.code):
        yield f"| `{problem.code}` | {problem.status} | {_cell(problem.title)} |"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
