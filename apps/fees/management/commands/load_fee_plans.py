"""`manage.py load_fee_plans`: publish the fee plans that a marketplace starts from."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.fees.contracts import FeePlanDraft
from apps.fees.drafts import read_draft
from apps.fees.services import load_standard_fee_plans, publish_first_version
from tradecore import clock
from tradecore.errors import Refusal


class Command(BaseCommand):
    help = (
        "Publish version 1 of the fee plans that are shipped, one for each market. Safe to run again: a plan that "
        "exists, in whatever version, is left alone. With --file: version 1 of the plan in that file instead, of the "
        "form of those in apps/fees/data; a plan that exists is refused, for its next version needs a second person."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--file", type=Path, metavar="FILE", help="one plan in JSON")

    def handle(self, *args: Any, file: Path | None, **options: Any) -> None:
        now = clock.now()
        if file is None:
            new = load_standard_fee_plans(now=now)
            self.stdout.write(f"published: {', '.join(new) or 'nothing new'}")
            return
        draft = _read(file)
        try:
            publish_first_version(draft=draft, actor="manage.py", now=now)
        except Refusal as refusal:
            raise CommandError(f"{file}: {_in_words(refusal)}") from refusal
        self.stdout.write(f"published: {draft.code}")


def _read(path: Path) -> FeePlanDraft:
    try:
        return read_draft(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{path}: it is not text in UTF-8") from error
    except Refusal as refusal:
        raise CommandError(f"{path}: {_in_words(refusal)}") from refusal


def _in_words(refusal: Refusal) -> str:
    """What was refused, and the facts of it."""
    return " ".join([refusal.title, *(f"{name}: {value}" for name, value in refusal.facts().items())])
