"""The provider in both of its shapes: what is true of one is true of the other."""

from collections.abc import Callable, Iterator

import pytest

from apps.payments.provider import Statement
from apps.payments.sandbox.book import Book
from apps.payments.sandbox.http_provider import HttpSandboxProvider
from apps.payments.sandbox.provider import SandboxProvider
from apps.payments.sandbox.server import SandboxServer
from tests.payments.sandbox.support import SECRET, Disputing, Receiver, wait_for
from tradecore import clock

SHAPES = ("in_process", "over_http")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def server(receiver: Receiver) -> Iterator[SandboxServer]:
    """The process, as a thread, with its webhooks going to `receiver`."""
    server = SandboxServer(port=0, book=Book(), secrets=[SECRET], webhook_url=receiver.url)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(server: SandboxServer) -> HttpSandboxProvider:
    return HttpSandboxProvider(url=server.url, secrets=[SECRET])


@pytest.fixture
def hasty_client(server: SandboxServer) -> HttpSandboxProvider:
    """One that does not wait, for answers that do not come."""
    return HttpSandboxProvider(url=server.url, secrets=[SECRET], answer_timeout_s=0.2)


@pytest.fixture
def told() -> list[Statement]:
    """What the provider in process has told its sink."""
    return []


@pytest.fixture(params=SHAPES)
def provider(request: pytest.FixtureRequest) -> Disputing:
    """The provider under test: once in process, once over HTTP."""
    if request.param == "in_process":
        told: list[Statement] = request.getfixturevalue("told")
        return SandboxProvider(secrets=[SECRET], sink=told.append)
    over_http: HttpSandboxProvider = request.getfixturevalue("client")
    return over_http


@pytest.fixture
def next_event(request: pytest.FixtureRequest, provider: Disputing) -> Callable[[], Statement]:
    """The next thing that the provider tells unasked: through its sink, or by a webhook that is verified."""
    if isinstance(provider, SandboxProvider):
        told: list[Statement] = request.getfixturevalue("told")
        return lambda: told.pop(0)
    receiver: Receiver = request.getfixturevalue("receiver")

    def receive() -> Statement:
        wait_for(lambda: bool(receiver.received))
        webhook = receiver.received.pop(0)
        return provider.read_webhook(headers=webhook.headers, body=webhook.body, now=clock.real_now())

    return receive
