"""The pages that are rendered from the code say what the code says."""

from collections import Counter
from dataclasses import fields
from itertools import chain

import pytest

from config.reference import pages
from config.reference.events import list_events
from config.reference.refusals import list_refusals
from config.reference.sources import list_modules
from config.subscriptions import EVENTS
from tradecore.http import problems


class TestEveryPage:
    @pytest.mark.parametrize("name", pages.PAGES)
    def test_is_up_to_date(self, name: str) -> None:
        assert (pages.FOLDER / name).read_text() == pages.render(name), "run manage.py render_docs"


class TestCodesOfRefusals:
    def test_are_unique(self) -> None:
        counts = Counter(refusal.code for refusal in list_refusals())
        assert [code for code, count in counts.items() if count > 1] == []

    def test_begin_with_where_they_come_from(self) -> None:
        """So that nobody can take a code that another app may want."""
        strangers = [
            f"{refusal.__module__}: {refusal.code}"
            for refusal in list_refusals()
            if refusal.__module__.startswith("apps.")
            if refusal.code.partition(".")[0] not in refusal.__module__.split(".")
        ]
        assert strangers == []

    def test_of_the_framework_stand_on_the_page_too(self) -> None:
        page = pages.render("errors.md")
        assert [code for _, code, status in problems._FRAMEWORK if f"| `{code}` | {status} |" not in page] == []


class TestFactsOfRefusals:
    def test_stand_beside_the_standard_members(self) -> None:
        """A fact of the same name would take the place of the status, and be answered as one."""
        standard = problems.problem(status=400, code="", title="").keys()
        hiding = [refusal.code for refusal in list_refusals() if standard & {fact.name for fact in fields(refusal)}]
        assert hiding == []


class TestKindsOfEvents:
    def test_are_unique_and_begin_with_their_app(self) -> None:
        kinds = {module.__name__.split(".")[1]: list_events(module) for module in list_modules("events")}
        counts = Counter(event.kind for event in chain(*kinds.values()))
        assert [kind for kind, count in counts.items() if count > 1] == []
        assert all(event.kind.startswith(f"{app}.") for app, events in kinds.items() for event in events)

    def test_that_somebody_is_told_of_exist(self) -> None:
        known = {event.kind for module in list_modules("events") for event in list_events(module)}
        assert EVENTS.keys() <= known
