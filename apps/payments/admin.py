"""Payments in the admin: rows to be found and read. What providers say changes them, through the flow."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q

from apps.payments import models, states
from apps.payments.provider import PROVIDERS
from tradecore.admin import ReadOnlyAdmin, ReadOnlyInline, StateFilter, filter_by, money


class _TenderInline(ReadOnlyInline):
    model = models.Tender
    fields: ClassVar = ["position", "provider", "method", "instalments", "amount_minor", "status", "decline_code"]
    ordering: ClassVar = ["position"]
    currency_path = "intent.currency"
    hide_title = False  # it carries the link
    show_change_link = True


class _RefundInline(ReadOnlyInline):
    model = models.Refund
    fields: ClassVar = ["order_ref", "reason", "amount_minor", "status", "created_at", "succeeded_at"]
    currency_path = "intent.currency"
    hide_title = False  # it carries the link
    show_change_link = True


class _ShareInline(ReadOnlyInline):
    model = models.CaptureShare
    fields: ClassVar = ["order_ref", "amount_minor", "refunded_minor", "charged_back_minor"]
    currency_path = "intent.currency"


class _DisputeInline(ReadOnlyInline):
    model = models.Dispute
    fields: ClassVar = ["reason_code", "amount_minor", "status", "evidence_by", "opened_at", "closed_at"]
    currency_path = "intent.currency"
    hide_title = False  # it carries the link
    show_change_link = True


@admin.register(models.PaymentIntent)
class PaymentIntentAdmin(ReadOnlyAdmin):
    """Payments, found by their id or by what is paid for."""

    list_display: ClassVar = [
        "id",
        "payable_ref",
        "status",
        money("amount_minor"),
        money("captured_minor"),
        money("refunded_minor"),
        money("charged_back_minor"),
        "created_at",
    ]
    list_filter: ClassVar = [filter_by("status", sorted(states.INTENT.states))]
    number_fields: ClassVar = ["id", "payable_ref"]
    search_help_text = "The id of a payment, or the number of its purchase"
    currency_path = "currency"
    inlines: ClassVar = [_TenderInline, _RefundInline, _ShareInline, _DisputeInline]


class _CallInline(ReadOnlyInline):
    model = models.ProviderCall
    fields: ClassVar = ["id", "operation", "amount_minor", "status", "provider_ref", "asked_count", "ask_at"]
    currency_path = "tender.intent.currency"
    hide_title = False  # it carries the link
    show_change_link = True


@admin.register(models.Tender)
class TenderAdmin(ReadOnlyAdmin):
    """Tenders. The token of the method stays where it is: nobody has to read it to find out what happened."""

    list_display: ClassVar = [
        "id",
        "provider",
        "method",
        "status",
        money("amount_minor", currency="intent.currency"),
        "decline_code",
        "created_at",
    ]
    list_filter: ClassVar = [filter_by("status", sorted(states.TENDER.states))]
    number_fields: ClassVar = ["id", "intent_id"]
    search_help_text = "The id of a tender or of its payment"
    exclude: ClassVar = ["method_token"]
    currency_path = "intent.currency"
    inlines: ClassVar = [_CallInline]


class _CallStateFilter(StateFilter):
    """Calls that are open are few, and found by the moment at which they are asked about."""

    def conditions(self) -> Mapping[str, Q]:
        return {
            "not sent": Q(ask_at__isnull=False, status="CREATED"),
            "unanswered": Q(ask_at__isnull=False, status="UNKNOWN"),
            "pending": Q(ask_at__isnull=False, status="PENDING"),
        }


class _AnswerStateFilter(StateFilter):
    def conditions(self) -> Mapping[str, Q]:
        return {"waiting": Q(applied_at=None), "applied": Q(applied_at__isnull=False)}


@admin.register(models.ProviderCall)
class ProviderCallAdmin(ReadOnlyAdmin):
    """What was asked of providers, found by our reference or theirs."""

    list_display: ClassVar = [
        "id",
        "operation",
        "status",
        money("amount_minor", currency="tender.intent.currency"),
        "provider_ref",
        "asked_count",
        "ask_at",
        "created_at",
    ]
    list_filter: ClassVar = [_CallStateFilter]
    number_fields: ClassVar = ["id", "tender_id", "refund_id", "dispute_id"]
    text_fields: ClassVar = ["provider_ref"]
    search_help_text = "Our reference of a call, the provider's, or the id of a tender, refund or dispute"
    currency_path = "tender.intent.currency"


@admin.register(models.ProviderAnswer)
class ProviderAnswerAdmin(ReadOnlyAdmin):
    """What providers said, found by our reference of the call or their id of the event."""

    list_display: ClassVar = ["id", "provider", "source", "said", "call_ref", "received_at", "applied_at", "verdict"]
    list_filter: ClassVar = [_AnswerStateFilter]
    number_fields: ClassVar = ["id", "call_ref"]
    search_help_text = "Our reference of a call, or the provider's id of an event"

    def find(self, term: str) -> Q:
        return super().find(term) | Q(provider__in=PROVIDERS.names(), event_id=term)

    @admin.display
    def said(self, row: models.ProviderAnswer) -> Any:
        return row.statement.get("said")


@admin.register(models.Capture)
class CaptureAdmin(ReadOnlyAdmin):
    """Money that providers took for us, found by its tender or the provider's reference."""

    list_display: ClassVar = [
        "id",
        "provider",
        "provider_ref",
        money("amount_minor", currency="tender.intent.currency"),
        money("refunded_minor", currency="tender.intent.currency"),
        money("charged_back_minor", currency="tender.intent.currency"),
        "is_late",
        "captured_at",
    ]
    number_fields: ClassVar = ["id", "tender_id"]
    search_help_text = "The id of a capture or of its tender, or the provider's reference"
    currency_path = "tender.intent.currency"

    def find(self, term: str) -> Q:
        return super().find(term) | Q(provider__in=PROVIDERS.names(), provider_ref=term)


@admin.register(models.Refund)
class RefundAdmin(ReadOnlyAdmin):
    """Money on its way back, found by its id, its order's or its payment's."""

    list_display: ClassVar = [
        "id",
        "order_ref",
        "reason",
        money("amount_minor", currency="intent.currency"),
        "status",
        "created_at",
        "succeeded_at",
    ]
    list_filter: ClassVar = [filter_by("status", sorted(states.REFUND.states))]
    number_fields: ClassVar = ["id", "order_ref", "intent_id"]
    search_help_text = "The id of a refund or of its payment, or the number of its order"
    currency_path = "intent.currency"
    inlines: ClassVar = [_CallInline]


class _DisputeShareInline(ReadOnlyInline):
    model = models.DisputeShare
    fields: ClassVar = ["order_ref", "amount_minor"]
    currency_path = "dispute.intent.currency"


@admin.register(models.Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    """Chargebacks, found by their id, their payment's or their capture's, or the provider's reference."""

    list_display: ClassVar = [
        "id",
        "provider_ref",
        "reason_code",
        money("amount_minor", currency="intent.currency"),
        money("uncovered_minor", currency="intent.currency"),
        "status",
        "evidence_by",
        "opened_at",
        "closed_at",
    ]
    list_filter: ClassVar = [filter_by("status", sorted(states.DISPUTE.states))]
    number_fields: ClassVar = ["id", "intent_id", "capture_id"]
    search_help_text = "The id of a dispute, of its payment or its capture, or the provider's reference"
    currency_path = "intent.currency"
    inlines: ClassVar = [_DisputeShareInline, _CallInline]

    def find(self, term: str) -> Q:
        return super().find(term) | Q(provider__in=PROVIDERS.names(), provider_ref=term)


@admin.register(models.PaymentTransition)
class PaymentTransitionAdmin(ReadOnlyAdmin):
    """Every change of state of a payment and its parts, found by the payment."""

    list_display: ClassVar = ["occurred_at", "intent_id", "subject", "subject_id", "before", "after"]
    number_fields: ClassVar = ["intent_id"]
    search_help_text = "The id of a payment"
