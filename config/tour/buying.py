"""Buying: a quote, and a purchase of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from config.tour.arriving import BOWL, COFFEE, LAMP, MARKET, NOTEBOOK, Shelf
from config.tour.client import Answer
from config.tour.guide import Form, Guide, Visitor, new_key
from config.tour.words import Document, money, promotion_table, quote_table

#: What the sandbox provider makes of a card.
PAYS_AT_ONCE, ASKS_THE_BUYER = "tok_ok", "tok_3ds"

#: Bea's coupons: one that she gets, and one that her basket is too small for.
GOOD_COUPON, DEAR_COUPON = "WELCOME10", "LARKSPUR15"

GUEST_EMAIL = "guest@visitor.example"
GUEST_ADDRESS = {
    "recipient": "Gus Quest",
    "line1": "3 Station Road",
    "city": "Norwich",
    "postal_code": "NR1 1EF",
    "country": "GB",
}


@dataclass(frozen=True, slots=True)
class Purchase:
    """A purchase: its id, its number, and the ids of its orders by shop."""

    id: str
    number: str
    order_ids: dict[str, str]


def take_quote(guide: Guide, bea: Visitor, shelf: Shelf) -> Answer:
    """What a basket from two shops costs, step by step, and why."""
    guide.chapter("A quote", "Two shops, two coupons. Nothing is written and nothing is held.")
    addresses = guide.ask(
        "GET",
        "/store/v1/addresses",
        who=bea,
        status=200,
        tell=lambda answer: ", ".join(f"{item['line1']}, {item['city']}" for item in answer["items"]),
    )
    wish = {
        "market": MARKET,
        "lines": _lines(shelf, (LAMP, 1), (NOTEBOOK, 2), (COFFEE, 1)),
        "coupon_codes": [GOOD_COUPON, DEAR_COUPON],
        "address_id": addresses["items"][0]["id"],
        "delivery_option": "standard",
    }
    quote = guide.ask("POST", "/store/v1/quotes", who=bea, body=wish, status=200, tell=_price)
    guide.show(quote_table(quote.body))
    guide.show(promotion_table(quote.body))
    outcomes = {item["code"]: item for item in quote["promotions"]}
    guide.promise(f"{GOOD_COUPON} applies", holds=outcomes[GOOD_COUPON]["outcome"] == "applied")
    missing = outcomes[DEAR_COUPON]["missing"]
    guide.promise(f"{DEAR_COUPON} misses, and says by how much", holds=bool(missing))
    return quote


def buy(guide: Guide, bea: Visitor, quote: Answer) -> Purchase:
    """Pay at once; and then all that may go wrong on the way of the answer."""
    guide.chapter("A purchase", "One key, one effect, however often the request comes.")
    body, key = _order_of(quote, token=PAYS_AT_ONCE), new_key()
    first = guide.ask("POST", "/store/v1/purchases", who=bea, body=body, key=key, status=201, tell=_describe)
    guide.promise("it is paid: one payment, an order for each shop", holds=_is_paid(first) and _has_two_orders(first))
    again = guide.ask("POST", "/store/v1/purchases", who=bea, body=body, key=key, status=201, tell=_describe)
    replayed = again.headers.get("Idempotent-Replayed") == "true" and again.body == first.body
    guide.promise("the same key again: the same answer, and nothing else", holds=replayed)
    other = guide.ask("POST", "/store/v1/purchases", who=bea, body=body, key=new_key(), status=409, tell=_refusal)
    guide.promise("the same quote from another tab: a quote buys once", holds=other["code"] == "checkout.quote_used")
    return _purchase_of(first)


def leave_unpaid(guide: Guide, bea: Visitor, shelf: Shelf) -> Purchase:
    """Begin to pay, and forget about it."""
    guide.chapter(
        "A purchase that nobody pays", "Bea's bank asks her to confirm, and she never does. We come back to it."
    )
    quote = _quote_bowl(guide, bea, shelf)
    body = _order_of(quote, token=ASKS_THE_BUYER, email=GUEST_EMAIL)
    answer = guide.ask("POST", "/store/v1/purchases", who=bea, body=body, key=new_key(), status=202, tell=_describe)
    guide.promise("its goods are held until it must be paid", holds=answer["status"] == "AWAITING_PAYMENT")
    return _purchase_of(answer)


def pay_at_the_bank(guide: Guide, guest: Visitor, shelf: Shelf) -> Purchase:
    """3-D Secure: the buyer is sent to their bank, and what the bank says comes back by itself."""
    quote = _quote_bowl(guide, guest, shelf)
    body = _order_of(quote, token=ASKS_THE_BUYER, email=GUEST_EMAIL)
    answer = guide.ask("POST", "/store/v1/purchases", who=guest, body=body, key=new_key(), status=202, tell=_describe)
    action = answer["next_action"] or {}
    guide.promise("the answer says where to confirm it", holds=action.get("kind") == "redirect")
    guide.ask("GET", action["url"], status=200, tell=lambda _: "the page of the sandbox's bank")
    guide.ask("POST", action["url"], body=Form(outcome="ok"), status=200, tell=lambda _: "confirmed")
    guide.wait(
        f"/store/v1/purchases/{answer['purchase_id']}",
        who=guest,
        promise="the bank's word has arrived, and the purchase is paid",
        until=_is_paid,
        within_s=15,
    )
    return _purchase_of(answer)


def _lines(shelf: Shelf, *wanted: tuple[str, int]) -> Sequence[dict[str, Any]]:
    """So many pieces of SKUs, as quotes want them."""
    return [{"sku_id": shelf.sku_ids[code], "quantity": quantity} for code, quantity in wanted]


def _describe(answer: Answer) -> str:
    """A purchase in a line."""
    action = answer["next_action"]
    rest = f", to be paid by {answer['pay_by']}, next: {action['kind']} {action.get('url', '')}" if action else ""
    return f"purchase {answer['number']}: {answer['status']}, {money(answer['total'])}{rest}"


def _quote_bowl(guide: Guide, who: Visitor, shelf: Shelf) -> Answer:
    wish = {
        "market": MARKET,
        "lines": _lines(shelf, (BOWL, 1)),
        "address": GUEST_ADDRESS,
        "delivery_option": "standard",
    }
    return guide.ask("POST", "/store/v1/quotes", who=who, body=wish, status=200, tell=_price)


def _order_of(quote: Answer, *, token: str, email: str | None = None) -> Document:
    """The body that buys a quote."""
    return {
        "quote_token": quote["quote_token"],
        "expected_total": quote["total"],
        "payment": {"provider": "sandbox", "method_token": token},
        **({"email": email} if email else {}),
    }


def _price(quote: Answer) -> str:
    return f"{money(quote['total'])}, good until {quote['expires_at']}"


def _refusal(answer: Answer) -> str:
    return f"{answer['code']}: {answer['title']}"


def _is_paid(answer: Answer) -> bool:
    return bool(answer["status"] == "PAID" and answer["payment"]["captured"] == answer["total"])


def _has_two_orders(answer: Answer) -> bool:
    first, *others = answer["orders"]
    return len(others) == 1 and first["shop_id"] != others[0]["shop_id"]


def _purchase_of(answer: Answer) -> Purchase:
    orders = {order["shop_id"]: order["id"] for order in answer["orders"]}
    return Purchase(id=answer["purchase_id"], number=answer["number"], order_ids=orders)
