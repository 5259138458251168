"""What the pages refer to is there."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from config.settings import BASE_DIR

PAGES = sorted([BASE_DIR / "README.md", BASE_DIR / "CHANGELOG.md", *(BASE_DIR / "docs").rglob("*.md")])

#: Folders whose files are named by their path.
ROOTS = ("apps/", "config/", "docs/", "requirements/", "scripts/", "tests/", "tradecore/")


def name_of(page: Path) -> str:
    return page.relative_to(BASE_DIR).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
class TestEveryPage:
    def test_links_to_files_that_exist(self, page: Path) -> None:
        links = re.findall(r"\]\(([^)#]+)", page.read_text())
        local = [link for link in links if not link.startswith("http")]
        assert [link for link in local if not (page.parent / link).exists()] == []

    def test_names_files_that_exist(self, page: Path) -> None:
        named = re.findall(r"`([a-z_]+/[\w./-]*)`", page.read_text())
        assert [path for path in named if path.startswith(ROOTS) and not (BASE_DIR / path).exists()] == []

    def test_names_commands_that_exist(self, page: Path) -> None:
        named = set(re.findall(r"manage\.py ([a-z_]+)", page.read_text()))
        assert named <= get_commands().keys()
