"""`manage.py render_docs`: bring the pages of docs/ that are rendered from the code up to date."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.reference.pages import list_stale, write

HELP = """\
Render docs/states.md, docs/events.md and docs/errors.md from the tables of states, the events and the refusals of the
code. With --check nothing is written: stale pages are named, and the exit status is 1.
"""


class Command(BaseCommand):
    help = HELP
    # It reads the sources, and nothing that runs.
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only say which pages are stale")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        stale = list_stale()
        if check and stale:
            raise CommandError(f"stale: {', '.join(stale)}; run manage.py render_docs")
        for name in stale:
            write(name)
        self.stdout.write(f"rendered: {', '.join(stale) or 'nothing new'}")
