"""`manage.py demo`: build the demo marketplace, and say where it is and who can sign in."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.demo.build import build_demo
from config.demo.card import print_card
from config.management.screen import open_screen
from tradecore import clock

HELP = """\
Build the demo marketplace: markets, shops, products, stock, promotions, and people of each kind with known passwords.

Run again, it makes only what is not there, and changes nothing. It refuses to run in production, where known passwords
would be everybody's.
"""


class Command(BaseCommand):
    help = HELP

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--url", default="http://127.0.0.1:8000", help="where the marketplace is served (default: %(default)s)"
        )

    def handle(self, *args: Any, url: str, **options: Any) -> None:
        if settings.TRADECORE_ENV == "production":
            raise CommandError("this is production (TRADECORE_ENV), where nobody may sign in with a known password")
        site = build_demo(now=clock.now())
        print_card(open_screen(self.stdout), site, url=url.rstrip("/"))
