"""`manage.py sandbox_provider`: the sandbox payment provider as a process of its own."""

import signal
import sqlite3
import threading
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterator
from dataclasses import fields
from textwrap import fill, indent
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.payments.sandbox.behaviour import Behaviour
from apps.payments.sandbox.book import IN_MEMORY, Book
from apps.payments.sandbox.server import HOST, SandboxServer
from apps.payments.sandbox.tokens import CARD, TOKENS
from tradecore.arguments import whole_number

PORT_MAX = 65_535

HELP = f"""\
Run the sandbox payment provider: HTTP on {HOST}, with a book of its own, and without any money behind it.

The product uses it instead of the provider in its own process once it is told its address. It ends cleanly on SIGTERM
and Ctrl-C, and a book that is a file goes on where it was.
"""

ROUTES = """\
Routes:
  POST /v1/calls                        a call, answered with what the provider says of it
  GET  /v1/calls/{reference}            what the provider says of an earlier call; 404 if it never came
  POST /v1/calls/{reference}/complete   {"outcome": "ok"} or {"outcome": "failed"}: 3-D Secure done, slip paid, or not
  GET  /3ds/{reference}                 the page on which a buyer does the same by hand
  POST /v1/calls/{reference}/disputes   {"reason_code": "10.4", "amount": null, "evidence_seconds": 864000}: charge back
  GET  /v1/disputes/{ref}               what the provider says of a chargeback
  POST /v1/disputes/{ref}/decide        {"outcome": "won"} or {"outcome": "lost"}
  GET  /v1/settlements/{day}            what it has settled of a day that is over: CSV, one transfer per currency
  POST /v1/settlements                  {}: settle what is not settled yet, before its day is over
  GET  /v1/book                         every call and what they come to, for reconciliation
  GET  /v1/behaviour                    how it behaves
  PUT  /v1/behaviour                    how it is to behave: a JSON object with some of the names below; {} is well
"""


class Command(BaseCommand):
    help = HELP
    # It is an outsider: it neither needs our database nor should our checks keep it from starting.
    requires_system_checks: tuple[str, ...] = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        epilog = "\n".join([ROUTES, *_behaviour_lines(), "", *_token_lines()])
        return super().create_parser(
            prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, epilog=epilog, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port", type=whole_number(0, PORT_MAX), default=0, help="the port; 0, the default, takes a free one"
        )
        parser.add_argument(
            "--book", default=IN_MEMORY, metavar="FILE", help="where the book is kept (default: in memory, then gone)"
        )
        parser.add_argument(
            "--webhook-url", default="", metavar="URL", help="where webhooks are sent (default: nowhere)"
        )
        parser.add_argument(
            "--secret",
            action="append",
            default=[],
            metavar="WHSEC",
            help="what webhooks are signed with: whsec_ and base64; given twice, they are signed with both",
        )

    def handle(self, *args: Any, port: int, book: str, webhook_url: str, secret: list[str], **options: Any) -> None:
        if webhook_url and not secret:
            raise CommandError("webhooks need a secret to be signed with: give --secret")
        try:
            server = SandboxServer(port=port, book=Book(book), secrets=secret, webhook_url=webhook_url)
        except OSError as error:
            raise CommandError(f"port {port} of {HOST} cannot be used: {error.strerror}") from error
        except (ValueError, sqlite3.OperationalError) as error:
            raise CommandError(str(error)) from error
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        server.start()
        self.stdout.write(f"The sandbox provider listens on {server.url}")
        self.stdout.flush()
        stop.wait()
        server.stop()


def _behaviour_lines() -> Iterator[str]:
    yield "Behaviour (a name in _bp is a chance of so many in 10,000; all are 0 unless said otherwise):"
    for each in fields(Behaviour):
        default = f" (default {each.default})" if each.default else ""
        yield f"  {each.name:<22}{each.metadata['meaning']}{default}"


def _token_lines() -> Iterator[str]:
    yield "Method tokens (a single tender is charged in one step; several are authorised, and captured once all are):"
    for token in TOKENS.values():
        # Who names no method pays by card.
        methods = "" if CARD in token.methods else f'  (needs "method": "{", ".join(token.methods)}")'
        yield f"  {token.name}{methods}"
        yield indent(fill(token.meaning, width=110), " " * 8)
