"""`manage.py tour`: live the life of an order over HTTP, and say what happens."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.management.screen import open_screen
from config.tour.client import Client, Unreachable
from config.tour.guide import Guide, PromiseBroken
from config.tour.story import tell

HELP = """\
Live the life of an order against a marketplace that runs (`make run`), over HTTP: quote, purchase, 3-D Secure, a
cancellation with its refund, parcels, an after-sales case, settlement, a payout by two operators, completion by timer,
documents, an unpaid purchase that expires, and the events of it all.

Takes less than two minutes, because the demo market has clocks of seconds. Exits with 1 when anything is not as
promised.
"""


class Command(BaseCommand):
    help = HELP
    # It talks to a server, wherever that is: what is set or missing here is none of its business.
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--url", default="http://127.0.0.1:8000", help="where the marketplace is served (default: %(default)s)"
        )

    def handle(self, *args: Any, url: str, **options: Any) -> None:
        console = open_screen(self.stdout)
        try:
            guide = Guide(Client(url), console)
            tell(guide)
        except (ValueError, Unreachable) as error:
            raise CommandError(str(error)) from error
        except PromiseBroken as broken:
            raise CommandError(f"not as promised: {broken}") from broken
        except (LookupError, TypeError) as error:
            raise CommandError(
                f"an answer is not of the documented form: {error!r} (--traceback says where)"
            ) from error
        console.print(f"\n[bold green]{guide.kept} promises kept[/] in {guide.seconds:.0f} s.")
