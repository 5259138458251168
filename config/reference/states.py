"""docs/states.md: every table of transitions as a diagram."""

from collections.abc import Iterator
from types import ModuleType

from config.reference.sources import comment_above, list_modules, words_of
from tradecore.states import TransitionTable

INTRODUCTION = """\
# States

What may follow what: the table of each app's `states.py`, as a diagram. A state changes in one function of its app,
which checks the table, compares and sets (`UPDATE ... WHERE id AND status`), writes the transition and publishes the
event. A state that nothing follows is final, and the same state again is no change.
"""

#: So many states still stand well side by side.
_IN_A_ROW_MAX = 4


def render_states() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *(section for module in list_modules("states") for section in _sections(module))])


def _sections(module: ModuleType) -> Iterator[str]:
    yield f"## {module.__name__.split('.')[1].capitalize()}\n\n{words_of(module).partition('. ')[0].rstrip('.')}.\n"
    for name, table in vars(module).items():
        if isinstance(table, TransitionTable):
            yield from _diagram(table, comment_above(module, name))


def _diagram(table: TransitionTable, comment: str) -> Iterator[str]:
    yield f"### {table.name.capitalize()}\n"
    if comment:
        yield f"{comment}\n"
    yield "```mermaid\nstateDiagram-v2"
    if len(table.edges) <= _IN_A_ROW_MAX:
        yield "    direction LR"
    yield f"    [*] --> {table.initial!s}"
    for before, followers in table.edges.items():
        yield from (f"    {before!s} --> {after!s}" for after in table.edges if after in followers)
        if not followers:
            yield f"    {before!s} --> [*]"
    yield "```\n"
