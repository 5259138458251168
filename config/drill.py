"""What the drill lives in: the real tables of who answers to what, and a provider and a bank of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from apps.integrations.api import PORT
from apps.payments.api import PROVIDERS
from apps.payments.sandbox.book import Book
from apps.payments.sandbox.provider import SandboxProvider
from apps.reconciliation import api as reconciliation
from apps.settlement import api as settlement
from apps.settlement.bank.sandbox import SandboxBank
from config.extensions import Nobody
from config.rail import ConnectedBank
from config.subscriptions import EVENTS, TIMERS


@contextmanager
def drill_world(*, now: datetime) -> Iterator[reconciliation.World]:
    """Put a provider and a bank that remember nothing in the sandbox's places, until the end of the block.

    Nobody is written to meanwhile.
    """
    provider, bank, port = PROVIDERS.get("sandbox"), settlement.BANKS.get("sandbox"), PORT.get("default")
    desk = SandboxProvider(book=Book())
    doctored = reconciliation.DoctoredDesk(desk)
    PROVIDERS.register("sandbox", doctored)
    settlement.BANKS.register("sandbox", ConnectedBank(SandboxBank(moment_ms=0)))
    PORT.register("default", Nobody())
    try:
        yield reconciliation.World(events=EVENTS, timers=TIMERS, desk=desk, provider=doctored, now=now)
    finally:
        PROVIDERS.register("sandbox", provider)
        settlement.BANKS.register("sandbox", bank)
        PORT.register("default", port)
