"""The seller's side: a parcel, and what its carrier says of it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from config.tour.arriving import sign_in
from config.tour.buying import Purchase
from config.tour.client import Answer
from config.tour.guide import Guide, Visitor, new_key

#: What the carrier reports, in the order in which it does.
_JOURNEY = ("COLLECTED", "IN_TRANSIT", "DELIVERED")


@dataclass(frozen=True, slots=True)
class Counter:
    """A seller behind the counter of their shop."""

    seller: Visitor
    shop_id: str
    shop_name: str

    @property
    def path(self) -> str:
        return f"/seller/v1/shops/{self.shop_id}"


def go_to_counter(guide: Guide, name: str, email: str) -> Counter:
    """A seller signs in and sees the shops that they work for."""
    guide.chapter(f"{name} opens the shop", "Sellers sign in like everybody, and see what is theirs.")
    seller = sign_in(guide, name, email)
    shops = guide.ask(
        "GET",
        "/seller/v1/shops",
        who=seller,
        status=200,
        tell=lambda answer: ", ".join(f"{shop['name']} ({shop['market']})" for shop in answer["items"]),
    )
    (shop,) = shops["items"]
    return Counter(seller, shop["id"], shop["name"])


def send_parcel(guide: Guide, counter: Counter, purchase: Purchase) -> None:
    """Ship an order once its buyer can no longer think better of it, and follow the parcel to its door."""
    guide.chapter(
        f"{counter.shop_name} ships", "After the time for second thoughts (3 s here) a timer releases the order."
    )
    order_path = f"{counter.path}/orders/{purchase.order_ids[counter.shop_id]}"
    guide.wait(
        order_path,
        who=counter.seller,
        promise="a timer has released the order to be shipped",
        until=lambda order: order["status"] == "AWAITING_SHIPMENT",
        within_s=15,
    )
    parcel = guide.ask(
        "POST",
        f"{order_path}/packages",
        who=counter.seller,
        body={"carrier": "royal-mail", "tracking_number": f"TT{purchase.id[-9:]}GB"},
        key=new_key(),
        status=201,
        tell=lambda package: f"parcel {package['number']}: {package['state']}",
    )
    for status in _JOURNEY:
        _report(guide, counter, parcel["id"], status)
    order = guide.ask("GET", order_path, who=counter.seller, status=200, tell=_describe)
    guide.promise("the order is delivered", holds=order["status"] in {"DELIVERED", "COMPLETED"})


def _report(guide: Guide, counter: Counter, package_id: str, status: str) -> None:
    guide.ask(
        "POST",
        f"{counter.path}/packages/{package_id}/tracking",
        who=counter.seller,
        body={"event_id": f"scan-{status.lower()}", "status": status, "occurred_at": _now()},
        key=new_key(),
        status=200,
        tell=lambda package: f"parcel {package['number']}: {package['state']}",
    )


def _describe(order: Answer) -> str:
    due = ", ".join(f"{item['kind']} at {item['due_at']}" for item in order["deadlines"])
    return f"order {order['number']}: {order['status']}{f' ({due})' if due else ''}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
