"""The one route of the HTTP floor."""

import json
from typing import Any

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import path

from bench.floor.statements import make_ids, pay_for_two

_ids = make_ids()


def _buy(request: HttpRequest) -> JsonResponse:
    """A paid order of two SKUs, with raw cursors."""
    wish: dict[str, Any] = json.loads(request.body)
    with connection.cursor() as cursor:
        order_id = pay_for_two(cursor, connection.commit, ids=_ids, buyer_id=wish["buyer_id"], sku_ids=wish["sku_ids"])
    answer = JsonResponse({"order_id": str(order_id), "status": "PAID"}, status=201)
    # Without it the connection would not stay open; the product has a middleware for that.
    answer.headers["Content-Length"] = str(len(answer.content))
    return answer


urlpatterns = [path("orders", _buy)]
