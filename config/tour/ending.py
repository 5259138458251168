"""The ends that orders come to, and what is known of them afterwards."""

from collections.abc import Sequence
from typing import Any

from config.tour.arriving import BOWL, MARKET, Shelf
from config.tour.buying import GUEST_EMAIL, Purchase
from config.tour.client import Answer
from config.tour.guide import Guide, PromiseBroken, Visitor, new_key
from config.tour.selling import Counter
from config.tour.words import money, new_table

_EVENTS_PER_PAGE = 500
_PAGES_MAX = 200


def see_completed(guide: Guide, bea: Visitor, purchase: Purchase) -> None:
    """Both orders complete by themselves."""
    guide.chapter("Completion", "When the time for after-sales is over (15 s here), a timer completes the order.")
    for order_id in purchase.order_ids.values():
        order = guide.wait(
            f"/store/v1/orders/{order_id}",
            who=bea,
            promise="the order is completed",
            until=lambda order: order["status"] == "COMPLETED",
            within_s=20,
        )
        guide.show(_timeline(order))


def cancel(guide: Guide, guest: Visitor, purchase: Purchase, counters: Sequence[Counter]) -> None:
    """A paid order is cancelled before it is shipped, by asking its seller, and its money goes back."""
    guide.chapter(
        "A cancellation",
        "The guest thinks better of it. In the time for second thoughts nobody is asked; after that the seller is.",
    )
    ((shop_id, order_id),) = purchase.order_ids.items()
    (counter,) = (counter for counter in counters if counter.shop_id == shop_id)
    guide.wait(
        f"/store/v1/orders/{order_id}",
        who=guest,
        promise="the order is its seller's to ship",
        until=lambda order: order["status"] == "AWAITING_SHIPMENT",
        within_s=15,
    )
    order = guide.ask(
        "POST",
        f"/store/v1/orders/{order_id}/cancel",
        who=guest,
        body={"reason": "changed_mind"},
        key=new_key(),
        status=202,
        tell=_describe_request,
    )
    _approve(guide, counter, order_id)
    guide.wait(
        f"/store/v1/purchases/{purchase.id}",
        who=guest,
        promise="all of the money is to go back to where it came from",
        until=lambda answer: answer["payment"]["refunded"] == answer["payment"]["captured"],
        within_s=20,
    )
    _find_as_guest(guide, order["number"])


def see_expired(guide: Guide, bea: Visitor, purchase: Purchase, shelf: Shelf) -> None:
    """What was never paid ends by itself, and lets go of what it held."""
    guide.chapter("The purchase that nobody paid", "A card must be charged within 20 s here; then a timer ends it.")
    answer = guide.wait(
        f"/store/v1/purchases/{purchase.id}",
        who=bea,
        promise="the unpaid purchase has expired",
        until=lambda answer: answer["status"] == "EXPIRED",
        within_s=30,
    )
    guide.promise("no money was taken", holds=answer["payment"]["captured"]["amount"] == "0.00")
    sku = guide.ask(
        "GET",
        f"/store/v1/skus/{shelf.sku_ids[BOWL]}?market={MARKET}",
        status=200,
        tell=lambda sku: f"{sku['title']}: {sku['available']} pieces",
    )
    guide.promise("every bowl is for sale again", holds=sku["available"] == shelf.available[BOWL])


def read_events(guide: Guide, counter: Counter, purchase: Purchase) -> None:
    """What happened to an order, as its shop's systems hear of it."""
    guide.chapter("Events", "The facts in the order of their position: a shop sees its own, an operator all of them.")
    events = _read_events(guide, counter.seller, about={"order_id": purchase.order_ids[counter.shop_id]})
    ends = [event["data"].get("after") for event in events if event["kind"] == "orders.order_moved"]
    guide.promise("the order's whole life is there, in order", holds="COMPLETED" in ends[-1:])
    positions = [int(event["position"]) for event in events]
    guide.promise("positions only grow", holds=positions == sorted(set(positions)))


def see_refund(guide: Guide, operator: Visitor, purchase: Purchase) -> None:
    """What the provider did about the guest's money, as the operators' systems hear of it."""
    events = _read_events(guide, operator, about={"payable_ref": purchase.id})
    ends = [event["kind"] for event in events][-1:]
    guide.promise("the provider has sent the guest's money back", holds=ends == ["payments.refund_succeeded"])


def _approve(guide: Guide, counter: Counter, order_id: str) -> None:
    """The seller finds the request, cannot ship meanwhile, and agrees."""
    asked = guide.ask(
        "GET",
        f"{counter.path}/orders?cancel_request=OPEN",
        who=counter.seller,
        status=200,
        tell=lambda page: f"to be answered: {', '.join(order['number'] for order in page['items'])}",
    )
    guide.promise("the seller sees who asks", holds=order_id in [order["id"] for order in asked["items"]])
    refusal = guide.ask(
        "POST",
        f"{counter.path}/orders/{order_id}/packages",
        who=counter.seller,
        body={"carrier": "royal-mail", "tracking_number": "TT0GB"},
        key=new_key(),
        status=409,
        tell=lambda answer: f"{answer['code']}: {answer['title']}",
    )
    guide.promise("it cannot be shipped until they answer", holds=refusal["holds"] == ["cancel_request"])
    order = guide.ask(
        "POST",
        f"{counter.path}/orders/{order_id}/cancel-request/approve",
        who=counter.seller,
        body={},
        key=new_key(),
        status=200,
        tell=lambda order: f"order {order['number']}: {order['status']}",
    )
    guide.promise("the order is cancelled", holds=order["status"] == "CANCELLED")


def _describe_request(order: Answer) -> str:
    action = order["cancel_request"]["next_action"]
    return f"order {order['number']}: the {action['actor']} answers by {action['due_at']}, else: {action['default']}"


def _find_as_guest(guide: Guide, order_number: str) -> None:
    """Without a token, a guest's order is found by its number and e-mail address."""
    order = guide.ask(
        "POST",
        "/store/v1/guest-orders",
        body={"number": order_number, "email": GUEST_EMAIL},
        status=200,
        tell=lambda order: (
            f"order {order['number']}: {order['status']}, {money(order['breakdown']['refunded'])} refunded"
        ),
    )
    guide.promise("a guest finds their order again by number and e-mail", holds=order["status"] == "CANCELLED")


def _read_events(guide: Guide, reader: Visitor, *, about: dict[str, str]) -> list[dict[str, Any]]:
    """The events that the reader may see and whose data say what `about` says."""
    events = [event for event in _read_all(guide, reader) if about.items() <= event["data"].items()]
    table = new_table("position:", "kind", "what")
    for event in events:
        table.add_row(event["position"], event["kind"], _gist(event["data"]))
    guide.show(table)
    return events


def _read_all(guide: Guide, reader: Visitor) -> list[dict[str, Any]]:
    """Every event that the reader may see, page by page."""
    events: list[dict[str, Any]] = []
    after = "0"
    for _ in range(_PAGES_MAX):
        page = guide.ask(
            "GET",
            f"/events/v1?after={after}&limit={_EVENTS_PER_PAGE}",
            who=reader,
            status=200,
            tell=lambda page: f"{len(page['items'])} events, up to position {page['last_position']}",
        )
        events += page["items"]
        after = page["last_position"]
        if len(page["items"]) < _EVENTS_PER_PAGE:
            return events
    raise PromiseBroken(f"the events end within {_PAGES_MAX} pages")


def _timeline(order: Answer) -> Any:
    table = new_table("when", "status", "by", "because")
    for entry in order["timeline"]:
        table.add_row(entry["occurred_at"], entry["status"], entry["initiator"], entry["reason"])
    return table


def _gist(data: dict[str, Any]) -> str:
    match data:
        case {"before": before, "after": after}:
            return f"{before} → {after}"
        case {"amount": amount}:
            return money(amount)
        case {"package_id": package_id}:
            return f"parcel {package_id}"
    return ""
