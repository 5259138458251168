"""`manage.py sandbox_bank`: the sandbox bank as a process of its own."""

import signal
import threading
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.settlement.bank.book import IN_MEMORY
from apps.settlement.bank.sandbox import SPECIAL_NUMBERS, Behaviour, SandboxBank
from apps.settlement.bank.server import HOST, SandboxBankServer
from tradecore.arguments import whole_number

PORT_MAX = 65_535

HELP = f"""\
Run the sandbox bank: HTTP on {HOST}, with a book of its own, and without any money behind it.

The product uses it instead of the bank in its own process once SANDBOX_BANK_URL names its address. It ends cleanly on
SIGTERM and Ctrl-C, and a book that is a file goes on where it was.
"""

MEANINGS = {
    Behaviour.OK: "carried out at once",
    Behaviour.REJECTED: "refused at once",
    Behaviour.RETURNED: "carried out at once, and returned a moment later",
    Behaviour.SILENT: "carried out, but the answer to the first sending is lost",
    Behaviour.LOST: "never arrives, however often it is sent",
    Behaviour.SLOW: "accepted, and carried out a moment later",
}

EPILOG = "\n".join(
    [
        "What is paid to an account of a number that ends with",
        *(f"  {digits}  {MEANINGS[behaviour]}" for digits, behaviour in SPECIAL_NUMBERS.items()),
        f"  others  {MEANINGS[Behaviour.OK]}",
    ]
)


class Command(BaseCommand):
    help = HELP
    # It is an outsider: it neither needs our database nor should our checks keep it from starting.
    requires_system_checks: tuple[str, ...] = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(
            prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, epilog=EPILOG, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port", type=whole_number(0, PORT_MAX), default=0, help="the port; 0, the default, takes a free one"
        )
        parser.add_argument(
            "--book", default=IN_MEMORY, metavar="FILE", help="where the book is kept (default: in memory, then gone)"
        )

    def handle(self, *args: Any, port: int, book: str, **options: Any) -> None:
        try:
            server = SandboxBankServer(port=port, bank=SandboxBank(book=book))
        except OSError as error:
            raise CommandError(f"port {port} of {HOST} cannot be used: {error.strerror}") from error
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        server.start()
        self.stdout.write(f"The sandbox bank listens on {server.url}")
        self.stdout.flush()
        stop.wait()
        server.stop()
