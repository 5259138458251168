"""docs/statements.md lists what runs: a purchase of two lines with one coupon, from its quote to its end."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeVar

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.aftersales import api as aftersales
from apps.checkout import api as checkout
from apps.fulfilment import api as fulfilment
from apps.fulfilment.api import TrackingStatus
from apps.orders import api as orders
from apps.pricing.api import AmountOff
from apps.promotions.api import PromotionKind
from config.reference.pages import FOLDER
from tests.factories.aftersales import ask_refund, deliver
from tests.factories.checkout import ShopFloor, make_buyer, make_shop_floor, make_wish, place_quote, tender
from tests.factories.promotions import make_promotion
from tests.support import NOON

PAGE = FOLDER / "statements.md"

LATER = NOON + timedelta(hours=3)

R = TypeVar("R")
Lists = dict[str, list[str]]


@pytest.fixture
def floor(db: None) -> ShopFloor:
    return make_shop_floor()


class Life:
    """Lives purchases and writes down the statements of each step, by the step's name on the page."""

    def __init__(self, floor: ShopFloor) -> None:
        make_promotion(
            PromotionKind.SELLER_COUPON,
            shop_id=floor.shop_id,
            benefit=AmountOff(100),
            code="SAVE",
            min_spend_minor=0,
            uses_cap=1_000,
            budget_minor=100_000,
        )
        self.buyer = make_buyer()
        self.wish = make_wish((floor.add_sku(), 1), (floor.add_sku(), 2), coupon_codes=("SAVE",))
        self.lists: Lists = {}

    def take(self, step: str, act: Callable[[], R]) -> R:
        with CaptureQueriesContext(connection) as captured:
            result = act()
        self.lists[step] = [shorten(query["sql"]) for query in captured.captured_queries]
        return result

    def quote(self) -> checkout.Quote:
        return checkout.make_quote(wish=self.wish, buyer=self.buyer, now=NOON)

    def place(self) -> checkout.PaymentProgress:
        return place_quote(self.quote(), self.buyer, tenders=(tender(),))

    @staticmethod
    def pay_at_once(placed: checkout.PaymentProgress) -> Callable[[], object]:
        return lambda: checkout.collect_payment(purchase_id=placed.purchase.id, now=NOON, placed=placed)

    def pay(self) -> int:
        """Returns the id of the one order."""
        placed = self.place()
        checkout.collect_payment(purchase_id=placed.purchase.id, now=NOON)
        return orders.list_purchase_order_ids(purchase_id=placed.purchase.id)[0]

    def live(self) -> Lists:
        self.quote()  # masters are remembered for seconds
        quote = self.take("Quote", self.quote)
        placed = self.take("Placing", lambda: place_quote(quote, self.buyer, tenders=(tender(),)))
        purchase_id = placed.purchase.id
        self.take("Payment", lambda: checkout.collect_payment(purchase_id=purchase_id, now=NOON))
        self.take("Payment at once", self.pay_at_once(self.place()))
        (order_id,) = orders.list_purchase_order_ids(purchase_id=purchase_id)
        self.take("End of remorse", lambda: checkout.end_remorse(order_id, LATER))
        self.arrive(order_id)
        self.take("Completion", lambda: fulfilment.complete_order(order_id, LATER + timedelta(days=90)))
        unpaid = self.place().purchase.id
        self.take("Expiry", lambda: checkout.expire_purchase(unpaid, LATER))
        self.cancel(self.pay())
        self.refund(self.pay())
        return self.lists

    def arrive(self, order_id: int) -> None:
        package = self.take(
            "Shipment",
            lambda: fulfilment.ship_order(
                order_id=order_id, units=None, carrier="royal-mail", tracking_number="TT1", now=LATER
            ),
        )
        scans = {"First scan": TrackingStatus.COLLECTED, "Delivery": TrackingStatus.DELIVERED}
        for step, status in scans.items():
            self.take(step, lambda status=status: track(package.id, status))  # type: ignore[misc]

    def refund(self, order_id: int) -> None:
        """All of a delivered order comes back: asked for, approved, and paid with the shipping."""
        checkout.end_remorse(order_id, LATER)
        order = deliver(orders.get_order(order_id=order_id), now=LATER)
        request = ask_refund(order, *(line.quantity for line in order.lines))
        case_id = self.take("Case", lambda: aftersales.open_case(request=request, now=LATER))
        self.take(
            "Refund",
            lambda: aftersales.approve_case(
                case_id=case_id, version=None, buyer_keeps_goods=False, comment="", now=LATER
            ),
        )

    def cancel(self, order_id: int) -> None:
        self.take(
            "Cancellation",
            lambda: checkout.request_cancellation(order_id=order_id, units=None, reason="changed_mind", now=NOON),
        )


def track(package_id: int, status: TrackingStatus) -> None:
    fulfilment.record_tracking(package_id=package_id, event_id=status, status=status, occurred_at=LATER, now=LATER)


def shorten(sql: str) -> str:
    """Verb, table and lock. A test's savepoint stands for the transaction of a use case."""
    plain = sql.translate(str.maketrans("", "", '"`')).lstrip("(")
    verb = plain.split()[0]
    if verb in {"SAVEPOINT", "RELEASE"}:
        return {"SAVEPOINT": "BEGIN", "RELEASE": "COMMIT"}[verb]
    lock = " FOR UPDATE" if "FOR UPDATE" in plain else ""
    return f"{verb} {table_of(plain)}{lock}"


def table_of(sql: str) -> str:
    """The table that is named at the least depth of parentheses: not that of a subquery."""
    named = re.finditer(r"\b(?:FROM|INTO|UPDATE) (\w+)", sql)
    return min(named, key=lambda found: sql.count("(", 0, found.start()) - sql.count(")", 0, found.start()))[1]


def on_the_page() -> Lists:
    """The lists of the page, by step."""
    sections = re.findall(r"^### ([^:\n]+).*?^```sql\n(.*?)^```", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    return {step: block.splitlines() for step, block in sections}


def without_locks(lists: Mapping[str, list[str]]) -> Lists:
    """SQLite has one writer and locks no rows."""
    return {step: [line.removesuffix(" FOR UPDATE") for line in lines] for step, lines in lists.items()}


class TestThePage:
    def test_lists_the_statements_that_run(self, floor: ShopFloor) -> None:
        expected, lived = on_the_page(), Life(floor).live()
        if connection.vendor == "sqlite":
            expected, lived = without_locks(expected), without_locks(lived)
        assert expected == lived

    def test_counts_them(self) -> None:
        counted = {
            step: (int(transactions), int(statements))
            for step, transactions, statements in re.findall(
                r"^\| ([A-Z][a-z ]+) \|.*\| (\d+) \| (\d+) \|$", PAGE.read_text(), flags=re.MULTILINE
            )
        }
        listed = {
            step: (lines.count("BEGIN"), len(lines) - lines.count("BEGIN") - lines.count("COMMIT"))
            for step, lines in on_the_page().items()
        }
        assert counted == listed
