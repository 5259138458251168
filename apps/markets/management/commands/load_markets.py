"""`manage.py load_markets`: bring markets to what their files define."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.markets.definitions import MarketDefinition, read_definition
from apps.markets.services import load_market, load_standard_markets
from tradecore import clock
from tradecore.errors import Refusal

HELP = """\
Load the markets that are shipped (US, GB, FR, JP, BR and DEMO), or those that the given files define.

Safe to run again and while the shop is open: it adds what is new, changes only names, policies and rules that have not
begun, and removes nothing. Run it with every deployment: it also brings the holidays up to the end of the year after
next. To announce a new tax rate or deadline, add a rule with the day from which it holds to a copy of the market's file
in apps/markets/data, and load that.
"""


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="a market's definition in JSON")

    def handle(self, *args: Any, files: list[Path], **options: Any) -> None:
        now = clock.now()
        definitions = [_read(path) for path in files]
        try:
            loaded = [load_market(definition=definition, actor="manage.py", now=now) for definition in definitions]
        except Refusal as refusal:
            raise CommandError(_in_words(refusal)) from refusal
        for market in loaded if files else load_standard_markets(now=now):
            self.stdout.write(f"{market.code}: {market.added_count} added, {market.changed_count} changed")


def _read(path: Path) -> MarketDefinition:
    try:
        return read_definition(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{path}: it is not text in UTF-8") from error
    except Refusal as refusal:
        raise CommandError(f"{path}: {_in_words(refusal)}") from refusal


def _in_words(refusal: Refusal) -> str:
    """What was refused, and the facts of it."""
    return " ".join([refusal.title, *(f"{name}: {value}" for name, value in refusal.facts().items())])
