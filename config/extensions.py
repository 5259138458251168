"""What stands at each extension point: the one table. Called once, when the apps are ready."""

from django.conf import settings

from apps.integrations.api import PORT, ConsolePort, EmailPort
from apps.payments.api import PROVIDERS, Statement, store_webhook
from apps.payments.sandbox import make_sandbox_provider
from tradecore import clock


def install_extensions() -> None:
    """Put providers and ports in their places. A new payment provider is one more line here."""
    PROVIDERS.register(
        "sandbox",
        make_sandbox_provider(
            url=settings.SANDBOX_PROVIDER_URL,
            webhook_secrets=settings.SANDBOX_WEBHOOK_SECRETS,
            book=settings.SANDBOX_BOOK,
            sink=_store_event,
        ),
    )
    PORT.register("default", EmailPort() if settings.MESSAGES_BY_EMAIL else ConsolePort())


def _store_event(event: Statement) -> None:
    """What a provider outside tells by webhook, the one in this process tells so: stored, and applied by the flow."""
    store_webhook(provider="sandbox", statement=event, now=clock.now())


def _store_sandbox_statement(statement: Statement) -> None:
    """What the sandbox in this process says later comes as a webhook would."""
    store_webhook(provider="sandbox", statement=statement, now=clock.now())
