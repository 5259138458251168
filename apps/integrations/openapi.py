"""Webhooks of payment providers, and the feed of events."""

from drf_spectacular.utils import OpenApiExample

from apps.integrations import serializers as forms
from apps.payments.api import WebhookRefused
from tradecore.errors import NotFound
from tradecore.http.openapi import ANYBODY, MEMBER, Documented, query

LIMIT_DEFAULT = 100
LIMIT_MAX = 500

_EVENT = {
    "position": "1207",
    "id": "420069437939290130",
    "kind": "orders.order_paid",
    "aggregate": "order",
    "aggregate_id": "420069437939290121",
    "sequence": 2,
    "shop_id": "420069437939290116",
    "occurred_at": "2026-03-11T12:00:04.000Z",
    "request_id": "b6c0b0a25c0d4c5f8d1f0f7be0ac6f0e",
    "data": {"order_id": "420069437939290121"},
}

receive_webhook = Documented(
    operation_id="receive_payment_webhook",
    in_read_only=True,
    summary="Receive a payment provider's webhook",
    tag="Integrations",
    by=ANYBODY,
    answers={200: forms.WebhookAnswer},
    refuses=[NotFound, WebhookRefused],
    examples=[OpenApiExample("answer", {"status": "stored"}, response_only=True)],
)

list_events = Documented(
    operation_id="list_events",
    summary="Read the events from a position on",
    tag="Integrations",
    by=MEMBER,
    answers={200: forms.EventsAnswer},
    parameters=[
        query("after", {"type": "string", "pattern": "^[0-9]{1,19}$", "default": "0"}, "Events beyond this position."),
        query(
            "limit",
            {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT},
            "How many events come at most.",
        ),
    ],
    examples=[OpenApiExample("answer", {"items": [_EVENT], "last_position": "1207"}, response_only=True)],
)
