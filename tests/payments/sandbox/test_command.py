"""`manage.py sandbox_provider`, as a process."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from apps.payments.management.commands.sandbox_provider import Command
from apps.payments.provider import Operation, Said
from apps.payments.sandbox.behaviour import Behaviour
from apps.payments.sandbox.http_provider import HttpSandboxProvider
from apps.payments.sandbox.tokens import TOKENS
from tests.payments.sandbox.support import SECRET, Receiver, make_call, wait_for
from tradecore import clock

STOP_TIMEOUT_S = 60


@contextmanager
def process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], HttpSandboxProvider]]:
    """The provider as a process, once it listens, and a client of it."""
    running = subprocess.Popen(
        [sys.executable, "manage.py", "sandbox_provider", *arguments],
        cwd=settings.BASE_DIR,
        env=os.environ | {"TRADECORE_ENV": "test"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert running.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", running.stdout.readline())
        assert found is not None
        yield running, HttpSandboxProvider(url=found.group(), secrets=[SECRET])
    finally:
        running.kill()
        running.communicate(timeout=STOP_TIMEOUT_S)


class TestSandboxProvider:
    def test_survives_being_killed_and_stops_when_asked(self, tmp_path: Path, receiver: Receiver) -> None:
        arguments = ["--book", str(tmp_path / "book.sqlite3"), "--webhook-url", receiver.url, "--secret", SECRET]
        with process(*arguments) as (running, client):
            said = client.send(charge := make_call())
            wait_for(lambda: bool(receiver.received))
            webhook = receiver.received[0]
            event = client.read_webhook(headers=webhook.headers, body=webhook.body, now=clock.real_now())
            assert (event.reference, event.said) == (charge.reference, Said.CAPTURED)
            running.kill()

        with process(*arguments) as (running, client):
            assert client.ask(charge.reference) == said
            assert client.send(make_call(Operation.REFUND, about=charge)).said is Said.REFUNDED
            running.send_signal(signal.SIGTERM)
            assert running.wait(timeout=STOP_TIMEOUT_S) == 0

    def test_explains_itself(self) -> None:
        help_text = Command().create_parser("manage.py", "sandbox_provider").format_help()
        assert 'tok_slip  (needs "method": "bank_slip")' in help_text
        for name in [*TOKENS, *Behaviour.__dataclass_fields__, "/v1/calls", "--webhook-url"]:
            assert name in help_text

    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            (["--webhook-url", "http://127.0.0.1:1/"], "give --secret"),
            (["--webhook-url", "http://127.0.0.1:1/", "--secret", "hush"], "begins with whsec_"),
            (["--webhook-url", "nowhere", "--secret", SECRET], "http://host:port/path"),
            (["--book", "/nowhere/book.sqlite3"], "unable to open database file"),
        ],
    )
    def test_says_what_is_wrong(self, arguments: list[str], complaint: str) -> None:
        with pytest.raises(CommandError, match=re.escape(complaint)):
            call_command("sandbox_provider", *arguments)

    def test_says_that_its_port_is_taken(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(
                CommandError, match=f"^port {port} of 127.0.0.1 cannot be used: Address already in use$"
            ):
                call_command("sandbox_provider", "--port", str(port))
