"""Who comes, and what they find."""

from dataclasses import dataclass
from typing import Any

from config.demo.logins import PASSWORD
from config.tour.guide import Guide, Visitor
from config.tour.words import money, new_table

MARKET = "DEMO"

#: The SKUs of the story, by the codes that their shops gave them.
LAMP, NOTEBOOK, COFFEE, BOWL = "LAMP-BRASS", "NOTE-DOT-A5", "COFFEE-HUILA-1KG", "BOWL-OLIVE"


@dataclass(frozen=True, slots=True)
class Shelf:
    """What can be bought: ids and numbers of pieces, by SKU code."""

    sku_ids: dict[str, str]
    available: dict[str, int]


def arrive(guide: Guide) -> None:
    """Is anybody there, and is it the demo? Raises Unreachable before anything is said."""
    guide.look_for_marketplace()
    guide.chapter("Arriving", "Is the marketplace ready, and does it have the market whose clocks run for seconds?")
    guide.ask("GET", "/readyz", status=200, tell=lambda answer: str(answer["status"]))
    found = guide.ask("GET", "/store/v1/markets", status=200, tell=lambda answer: _names(answer["items"]))
    codes = {market["code"] for market in found["items"] or ()}
    guide.promise(f"the market {MARKET} is open (else: manage.py demo)", holds=MARKET in codes)


def sign_in(guide: Guide, name: str, email: str) -> Visitor:
    """A registered person comes with an OAuth2 access token."""
    answer = guide.ask(
        "POST",
        "/store/v1/sessions",
        body={"email": email, "password": PASSWORD},
        status=201,
        tell=lambda answer: f"a token for {answer['scope']}, good for {answer['expires_in']} s",
    )
    return Visitor(name, answer["access_token"])


def become_guest(guide: Guide) -> Visitor:
    """A guest comes with a token, and stands in no table."""
    guide.chapter("A guest", "Nobody has to register. A guest pays by card, and their bank wants to see them first.")
    answer = guide.ask(
        "POST", "/store/v1/guests", body={}, status=201, tell=lambda answer: f"guest {answer['guest_id']}"
    )
    return Visitor("a guest", answer["token"])


def browse(guide: Guide) -> Shelf:
    """What is for sale."""
    guide.chapter("Browsing", "Products with their SKUs, prices and what is in stock. Anybody may look.")
    path = f"/store/v1/products?market={MARKET}&page_size=20"
    answer = guide.ask("GET", path, status=200, tell=lambda answer: f"{len(answer['items'])} products")
    rows = [(product, sku) for product in answer["items"] for sku in product["skus"]]
    table = new_table("shop", "product", "SKU", "price:", "available:")
    for product, sku in rows:
        table.add_row(
            product["shop"]["name"], product["title"], sku["code"], money(sku["price"]), str(sku["available"])
        )
    guide.show(table)
    shelf = Shelf(
        sku_ids={sku["code"]: sku["id"] for _, sku in rows},
        available={sku["code"]: sku["available"] for _, sku in rows},
    )
    guide.promise("the demo's goods are there", holds={LAMP, NOTEBOOK, COFFEE, BOWL} <= shelf.sku_ids.keys())
    return shelf


def _names(markets: list[dict[str, Any]]) -> str:
    return ", ".join(f"{market['code']} ({market['currency']})" for market in markets)
