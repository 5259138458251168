"""What integrations answer, for the OpenAPI document."""

from rest_framework import serializers

from tradecore.http.answers import Answer
from tradecore.http.fields import IdField


class WebhookAnswer(Answer):
    """Stored now, or known from before; either way it need not come again."""

    status = serializers.ChoiceField(["stored", "known"])


class EventAnswer(Answer):
    """One fact. `position` orders all of them, `sequence` those of one aggregate; `data` depends on the kind."""

    position = serializers.CharField()
    id = IdField()
    kind = serializers.CharField()
    aggregate = serializers.CharField()
    aggregate_id = IdField()
    sequence = serializers.IntegerField()
    shop_id = IdField(allow_null=True)
    occurred_at = serializers.DateTimeField()
    request_id = serializers.CharField()
    data = serializers.DictField()  # type: ignore[assignment]  # a field, as serializers have them


class EventsAnswer(Answer):
    """`last_position` is the `after` of the next request."""

    items = EventAnswer(many=True)
    last_position = serializers.CharField()
