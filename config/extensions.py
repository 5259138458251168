"""What stands at each extension point: the one table. Called once, when the apps are ready."""

from django.conf import settings

from apps.integrations.api import PORT, ConsolePort, EmailPort, MessagePort, NoPort
from apps.ledger import api as ledger
from apps.payments.api import PROVIDERS, Statement, store_webhook
from apps.payments.sandbox import make_sandbox_provider
from tradecore import approvals, clock


def install_extensions() -> None:
    """Put providers, ports and doers of what was approved in their places. A new payment provider is one more line."""
    PROVIDERS.register(
        "sandbox",
        make_sandbox_provider(
            url=settings.SANDBOX_PROVIDER_URL,
            webhook_secrets=settings.SANDBOX_WEBHOOK_SECRETS,
            book=settings.SANDBOX_BOOK,
            sink=_store_event,
        ),
    )
    approvals.HANDLERS.register(ledger.REVERSAL, ledger.carry_out_reversal)
    approvals.HANDLERS.register(ledger.ADJUSTMENT, ledger.carry_out_adjustment)
    PORT.register("default", _make_message_port())


def _make_message_port() -> MessagePort:
    """Only the demo at home shows in its log what people are told: there it is nobody's secret."""
    if settings.MESSAGES_BY_EMAIL:
        return EmailPort()
    return ConsolePort() if settings.TRADECORE_ENV == "embedded" else NoPort()


def _store_event(event: Statement) -> None:
    """What a provider outside tells by webhook, the one in this process tells so: stored, and applied by the flow."""
    store_webhook(provider="sandbox", statement=event, now=clock.now())
