"""What payment providers tell us: verified, stored, answered at once; applied later, by the flow."""

import json

from rest_framework.request import Request
from rest_framework.response import Response

from apps.integrations import openapi as docs
from apps.payments import api as payments
from tradecore import clock, wire
from tradecore.card_numbers import looks_like_card_number
from tradecore.errors import NotFound
from tradecore.http.endpoints import Endpoint, raw_body
from tradecore.http.problems import RequestTooLarge

BODY_SIZE_MAX = 65_536


class PaymentWebhooks(Endpoint):
    """One webhook of one provider. The same one again is acknowledged and changes nothing."""

    # Who signs is let in: a token of ours would say nothing.
    authentication_classes = ()
    permission_classes = ()
    serves_in_read_only = True

    @docs.receive_webhook
    def post(self, request: Request, provider: str) -> Response:
        if provider not in payments.PROVIDERS.names():
            raise NotFound(what="provider")
        body = raw_body(request)
        if len(body) > BODY_SIZE_MAX:
            raise RequestTooLarge
        now = clock.now()
        statement = payments.PROVIDERS.get(provider).read_webhook(headers=request.headers, body=body, now=now)
        if looks_like_card_number(json.dumps(wire.to_json(statement), ensure_ascii=False)):
            raise payments.WebhookRefused(reason="card_number")
        is_new = payments.store_webhook(provider=provider, statement=statement, now=now)
        return Response({"status": "stored" if is_new else "known"})
