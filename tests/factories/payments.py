"""Chargebacks as a provider tells them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from apps.checkout import api as checkout
from apps.payments import api as payments
from apps.payments.api import Said, Statement
from apps.payments.models import Dispute, ProviderCall
from tests.factories.checkout import ScriptedProvider
from tests.support import NOON
from tradecore.money import Money


def charge_back(
    provider: ScriptedProvider,
    *,
    payable_ref: int,
    minor: int | None = None,
    provider_ref: str = "dsp_1",
    now: datetime = NOON,
) -> Statement:
    """What the provider says of a chargeback that it has just taken: of the payment's first capture, or so much of it.

    It says so when it is asked; nothing is applied here.
    """
    captured = ProviderCall.objects.filter(tender__intent__payable_ref=payable_ref, status="SUCCEEDED")
    call = captured.filter(operation__in=["charge", "capture"]).select_related("tender__intent").earliest("id")
    provider.disputes[provider_ref] = Statement(
        said=Said.DISPUTED,
        reference=call.pk,
        provider_ref=provider_ref,
        amount=Money(call.amount_minor if minor is None else minor, call.tender.intent.currency),
        account=provider.account,
        event_id=f"evt_{provider_ref}_disputed",
        dispute=payments.DisputeFacts("10.4", evidence_by=now + timedelta(days=10)),
    )
    return provider.disputes[provider_ref]


def decide(provider: ScriptedProvider, said: Said, *, provider_ref: str = "dsp_1") -> Statement:
    """What the provider says of a chargeback from now on."""
    told = replace(provider.disputes[provider_ref], said=said, event_id=f"evt_{provider_ref}_{said}")
    provider.disputes[provider_ref] = told
    return told


def tell(statement: Statement, *, now: datetime = NOON) -> int:
    """Deliver a webhook and apply what waits. Returns how many answers were applied."""
    payments.store_webhook(provider="scripted", statement=statement, now=now)
    return checkout.apply_stored_answers(limit=10, now=now)


def dispute(provider: ScriptedProvider, *, payable_ref: int, now: datetime = NOON, **parts: Any) -> Dispute:
    """A chargeback that was told and applied, as its row."""
    told = charge_back(provider, payable_ref=payable_ref, now=now, **parts)
    tell(told, now=now)
    return Dispute.objects.get(provider="scripted", provider_ref=told.provider_ref)
