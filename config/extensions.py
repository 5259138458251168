"""What stands at each extension point: the one table. Called once, when the apps are ready."""

from collections.abc import Mapping

from django.conf import settings

from apps.aftersales import api as aftersales
from apps.catalog import api as catalog
from apps.checkout import api as checkout
from apps.documents import api as documents
from apps.fees import api as fees
from apps.fulfilment import api as fulfilment
from apps.integrations.api import PORT, ConsolePort, EmailPort, Message, MessagePort, NoPort
from apps.inventory import api as inventory
from apps.ledger import api as ledger
from apps.orders import api as orders
from apps.payments import api as payments
from apps.payments.api import PROVIDERS, Statement, store_webhook
from apps.payments.sandbox import make_sandbox_provider
from apps.promotions import api as promotions
from apps.reconciliation import api as reconciliation
from apps.settlement import api as settlement
from apps.settlement.bank import make_sandbox_bank
from config.degradation import ALARMS, DEPENDENCIES, TRIGGERS
from config.live_settings import LIVE_SETTINGS
from config.rail import ConnectedBank
from config.readings import READINGS
from tradecore import alarms, approvals, clock, degradation, live_settings, readings, traces, worlds
from tradecore.traces import Tracer

#: The book of a sandbox that is known to one process only.
IN_MEMORY = ":memory:"

#: Who has something to say of one order's trace; what happens at one moment is told in this order.
TRACERS: Mapping[str, Tracer] = {
    "orders": orders.trace_order,
    "promotions": promotions.trace_order,
    "inventory": inventory.trace_order,
    "payments": payments.trace_order,
    "ledger": ledger.trace_order,
    "fulfilment": fulfilment.trace_order,
    "aftersales": aftersales.trace_order,
    "documents": documents.trace_order,
    "settlement": settlement.trace_order,
}


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
    settlement.BANKS.register(
        "sandbox", ConnectedBank(make_sandbox_bank(url=settings.SANDBOX_BANK_URL, book=settings.SANDBOX_BANK_BOOK))
    )
    approvals.HANDLERS.register(ledger.REVERSAL, ledger.carry_out_reversal)
    approvals.HANDLERS.register(ledger.ADJUSTMENT, ledger.carry_out_adjustment)
    approvals.HANDLERS.register(fees.PUBLICATION, fees.carry_out_publication)
    approvals.REJECTION_HANDLERS.register(fees.PUBLICATION, fees.note_rejection)
    approvals.HANDLERS.register(catalog.PRICE_DROP, catalog.carry_out_price_drop)
    approvals.HANDLERS.register(inventory.BULK_CHANGE, inventory.carry_out_bulk_change)
    approvals.HANDLERS.register(promotions.PUBLISH_UNBOUNDED, promotions.carry_out_publication)
    approvals.HANDLERS.register(checkout.SETTLE_SUSPECT, checkout.carry_out_settlement)
    approvals.HANDLERS.register(aftersales.REFUND_ALL, aftersales.carry_out_refund)
    approvals.HANDLERS.register(settlement.PAYOUT_RUN_APPROVAL, settlement.carry_out_run)
    approvals.REJECTION_HANDLERS.register(settlement.PAYOUT_RUN_APPROVAL, settlement.note_run_rejection)
    approvals.HANDLERS.register(settlement.PAYOUT_ACCOUNT_CHANGE, settlement.carry_out_account_change)
    approvals.REJECTION_HANDLERS.register(settlement.PAYOUT_ACCOUNT_CHANGE, settlement.note_account_rejection)
    approvals.HANDLERS.register(settlement.ADJUSTMENT, settlement.carry_out_adjustment)
    approvals.HANDLERS.register(settlement.FX_RATE, settlement.carry_out_fx_rate)
    approvals.HANDLERS.register(reconciliation.EXPLANATION, reconciliation.carry_out_explanation)
    approvals.HANDLERS.register(live_settings.CHANGE, live_settings.carry_out_change)
    for setting in LIVE_SETTINGS:
        live_settings.SETTINGS.register(setting.name, setting)
    for name, tracer in TRACERS.items():
        traces.TRACERS.register(name, tracer)
    for reading in READINGS:
        readings.READINGS.register(reading.name, reading)
    for trigger in TRIGGERS:
        degradation.TRIGGERS.register(trigger.name, trigger)
    for alarm in ALARMS:
        alarms.ALARMS.register(alarm.name, alarm)
    for dependency in DEPENDENCIES:
        degradation.DEPENDENCIES.register(dependency.name, dependency)
    checkout.CREATOR_SHARES.register("default", checkout.NoCreators())
    PORT.register("default", _make_message_port())
    _install_in_shadow()


def _install_in_shadow() -> None:
    """What leads outside leads a stress test to sandboxes of its run, and its messages to nobody."""
    PROVIDERS.register_in_shadow(
        "sandbox",
        lambda: make_sandbox_provider(
            url="",
            webhook_secrets=settings.SANDBOX_WEBHOOK_SECRETS,
            book=shadow_book(settings.SANDBOX_BOOK, run=worlds.current()),
            sink=_store_event,
        ),
    )
    settlement.BANKS.register_in_shadow(
        "sandbox",
        lambda: ConnectedBank(make_sandbox_bank(book=shadow_book(settings.SANDBOX_BANK_BOOK, run=worlds.current()))),
    )
    PORT.register_in_shadow("default", Nobody)


def shadow_book(book: str, *, run: str) -> str:
    """Where a sandbox of a run keeps its book: beside that of the real world."""
    return book if book == IN_MEMORY else f"{book}.{run}{worlds.SUFFIX}"


class Nobody:
    """Gets every message, and keeps none."""

    def send(self, message: Message) -> None:
        """Nothing is sent."""


def _make_message_port() -> MessagePort:
    """Only the demo at home shows in its log what people are told: there it is nobody's secret."""
    if settings.MESSAGES_BY_EMAIL:
        return EmailPort()
    return ConsolePort() if settings.TRADECORE_ENV == "embedded" else NoPort()


def _store_event(event: Statement) -> None:
    """What a provider outside tells by webhook, the one in this process tells so: stored, and applied by the flow."""
    store_webhook(provider="sandbox", statement=event, now=clock.now())
