"""What comes after a purchase. Each round uses up purchases that are made before its clock starts."""

import base64
import hashlib
import hmac
import json
import time
from collections import deque
from dataclasses import dataclass
from typing import Final

from bench.crew import Wrong
from bench.scenarios.shopper import STORE, Shopper, Visit, expect

WEBHOOKS: Final = "/payments/v1/webhooks/sandbox"


class Cancel(Shopper):
    """The buyer changes their mind about a paid order, in the time for second thoughts: it is cancelled at once."""

    def __init__(self, visit: Visit) -> None:
        super().__init__(visit)
        self._order_ids: deque[str] = deque()

    def fill(self, seconds: float) -> None:
        self.fill_for(seconds, self._buy_something)

    def step(self) -> bool:
        if not self._order_ids:
            return False
        path = f"{STORE}/orders/{self._order_ids.popleft()}/cancel"
        order = expect(self.client.ask("cancel", "POST", path, {}, Idempotency_Key=self.new_key()), 200)
        if order["status"] != "CANCELLED":
            raise Wrong("not cancelled")
        return True

    def _buy_something(self) -> None:
        purchase = self.buy(self.choose_two())
        self._order_ids.extend(order["id"] for order in purchase["orders"])


@dataclass(frozen=True, slots=True)
class Event:
    """A webhook: what it says, and under which name."""

    name: str
    body: bytes


class Webhook(Shopper):
    """The provider tells that a buyer has confirmed a payment with their bank. It is verified, stored and answered; a
    worker applies it later.

    It is signed here, by the words of Standard Webhooks, before the clock starts.
    """

    def __init__(self, visit: Visit) -> None:
        super().__init__(visit)
        self._key = base64.b64decode(self.visit.webhook_key)
        self._events: deque[tuple[Event, dict[str, str]]] = deque()

    def fill(self, seconds: float) -> None:
        self.fill_for(seconds, self._leave_unconfirmed)

    def step(self) -> bool:
        if not self._events:
            return False
        event, headers = self._events.popleft()
        if expect(self.client.ask("webhook", "POST", WEBHOOKS, event.body, **headers), 200)["status"] != "stored":
            raise Wrong("known already")
        self.counts["paid"] += 1
        return True

    def _leave_unconfirmed(self) -> None:
        """A purchase whose buyer is sent to their bank."""
        quote = self.quote(self.choose_two())
        purchase = expect(self.purchase(quote, method_token="tok_3ds"), 202)  # noqa: S106 - a name
        event = captured(reference=purchase["next_action"]["url"].rpartition("/")[2], amount=quote["total"])
        self._events.append((event, self._sign(event)))

    def _sign(self, event: Event) -> dict[str, str]:
        timestamp = str(int(time.time()))
        signed = f"{event.name}.{timestamp}.".encode() + event.body
        signature = base64.b64encode(hmac.new(self._key, signed, hashlib.sha256).digest()).decode()
        return {"Webhook_Id": event.name, "Webhook_Timestamp": timestamp, "Webhook_Signature": f"v1,{signature}"}


def captured(*, reference: str, amount: dict[str, str]) -> Event:
    """What the sandbox provider tells of a call whose money it has taken."""
    data = {
        "reference": reference,
        "said": "captured",
        "provider_ref": f"sbx_{reference}",
        "amount": amount,
        "account": "sandbox_merchant",
        "decline_code": "",
        "next_action": None,
    }
    body = json.dumps({"type": "call.stated", "data": data}).encode()
    return Event(name=f"evt_{reference}_captured", body=body)
