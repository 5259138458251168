"""Which pages there are, and whether they say what the code says."""

from collections.abc import Callable, Mapping
from pathlib import Path

from django.conf import settings

from config.reference.events import render_events
from config.reference.metrics import render_metrics
from config.reference.refusals import render_refusals
from config.reference.states import render_states

FOLDER = Path(settings.BASE_DIR) / "docs"

NOTICE = "<!-- Rendered from the code: manage.py render_docs -->\n\n"

#: File in docs/ -> what renders it.
PAGES: Mapping[str, Callable[[], str]] = {
    "errors.md": render_refusals,
    "events.md": render_events,
    "metrics.md": render_metrics,
    "states.md": render_states,
}


def render(name: str) -> str:
    """What stands in the page when it is up to date."""
    return NOTICE + PAGES[name]().rstrip() + "\n"


def list_stale() -> list[str]:
    """The pages that say something else than the code."""
    return [name for name in PAGES if not _is_fresh(name)]


def write(name: str) -> None:
    """Bring a page up to date."""
    (FOLDER / name).write_text(render(name), encoding="utf-8")


def _is_fresh(name: str) -> bool:
    page = FOLDER / name
    return page.exists() and page.read_text(encoding="utf-8") == render(name)
