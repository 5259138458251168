"""What came of an order after its sale, as its page shows it: chargebacks, earnings, cases, documents."""

import re
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.aftersales.api import CaseView
from apps.back_office.aftermath import read_aftermath
from apps.back_office.books import read_books
from apps.documents import api as documents
from apps.orders import api as orders
from apps.settlement import api as settlement
from tests.back_office.test_order_page import sections_of
from tests.factories import aftersales as cases
from tests.factories.checkout import ShopFloor, add_shop, buy, make_shop_floor
from tests.factories.fulfilment import READY, let_time_pass, make_ready_order
from tests.factories.payments import dispute
from tests.factories.payouts import approve, give_account, open_bank, propose, send
from tests.factories.settlement import DAY

SETTLED = READY + 30 * DAY


@dataclass(frozen=True, slots=True)
class Story:
    """An order of two units that arrived, of which one was paid back by a case, before the order settled."""

    floor: ShopFloor
    order: orders.OrderView
    case: CaseView


@pytest.fixture
def story(db: None) -> Story:
    open_bank()
    floor = make_shop_floor()
    order = cases.make_delivered_order(floor, 2)
    cases.relay()
    case = cases.approve(cases.open_case(cases.ask_refund(order)))
    cases.send_money()
    let_time_pass(SETTLED)
    cases.relay()
    return Story(floor=floor, order=orders.get_order(order_id=order.id), case=cases.see(case.id))


def pay_out(story: Story) -> settlement.PayoutView:
    """Propose, approve and send what the shop has."""
    give_account(story.order.shop_id)
    run_id = propose(now=SETTLED)
    approve(run_id, now=SETTLED)
    send(now=SETTLED)
    (payout,) = settlement.list_payouts(limit=2, shop_id=story.order.shop_id)
    return payout


class TestEarnings:
    def test_are_shown_line_by_line_with_what_they_come_to(self, operator: Client, story: Story) -> None:
        shown = sections_of(operator, story.order.id)["earnings"]
        settled = settlement.find_settlement(order_id=story.order.id)
        assert settled is not None
        assert "Sale this order" in shown
        assert re.search(r"Refund \d+ 10 Apr 2026 \N{MINUS SIGN}10.00 GBP", shown)
        assert "Fee Commission" in shown
        assert f"Earned what is kept back of it included {settled.amount.amount} GBP" in shown
        assert sum(line.amount.minor for line in settled.lines) == settled.amount.minor
        assert "No payout has been proposed since it settled." in shown

    def test_name_the_payout_that_they_went_with(self, operator: Client, story: Story) -> None:
        payout = pay_out(story)
        shown = sections_of(operator, story.order.id)["earnings"]
        assert f"{payout.status} Goes to the bank with payout {payout.number} {payout.amount.amount} GBP" in shown

    def test_are_told_before_they_settle(self, operator: Client, story: Story) -> None:
        order = cases.deliver(make_ready_order(story.floor, 1))
        shown = sections_of(operator, order.id)["earnings"]
        upcoming = settlement.find_upcoming(order_id=order.id)
        assert upcoming is not None
        assert f"As it stands {upcoming.amount.amount} GBP Settles {upcoming.due_at:%-d %b %Y %H:%M:%S}" in shown

    def test_say_what_keeps_them(self, operator: Client, story: Story) -> None:
        order = cases.deliver(make_ready_order(story.floor, 1))
        cases.open_case(cases.ask_refund(order))
        assert "Not while it is on hold: case." in sections_of(operator, order.id)["earnings"]


class TestAPayoutThatCameToNothing:
    def test_is_not_what_the_earnings_went_with(self, story: Story) -> None:
        give_account(story.order.shop_id, token="acct_closed")
        approve(propose(now=SETTLED), now=SETTLED)
        send(now=SETTLED)
        (payout,) = settlement.list_payouts(limit=2, shop_id=story.order.shop_id)
        assert payout.status == "REJECTED"
        assert settlement.find_next_payout(shop_id=story.order.shop_id, since=READY) is None

    def test_nor_is_one_that_left_before(self, story: Story) -> None:
        payout = pay_out(story)
        found = settlement.find_next_payout(shop_id=story.order.shop_id, since=SETTLED)
        assert found is not None
        assert found.id == payout.id
        later = SETTLED + timedelta(microseconds=1)
        assert settlement.find_next_payout(shop_id=story.order.shop_id, since=later) is None


class TestCases:
    def test_are_shown_with_who_acts_next(self, operator: Client, story: Story) -> None:
        shown = sections_of(operator, story.order.id)
        assert f"{story.case.number} Refund only Defective COMPLETE Nobody" in shown["cases"]
        assert "aftersales.case_closed" in shown["events"]

    def test_say_until_when_and_what_otherwise(self, operator: Client, story: Story) -> None:
        order = cases.deliver(make_ready_order(story.floor, 1))
        case = cases.open_case(cases.ask_refund(order))
        shown = sections_of(operator, order.id)
        due = f"{case.next_action.due_at:%-d %b %Y %H:%M:%S}"
        assert f"REQUEST PENDING Seller: review by {due} , or approve" in shown["cases"]
        assert f"Case due due {due}" in shown["timers"]


class TestDocuments:
    def test_are_shown_with_what_they_come_to(self, operator: Client, story: Story) -> None:
        shown = sections_of(operator, story.order.id)["documents"]
        issued = documents.list_order_documents(order_id=story.order.id, buyer_ref=story.order.buyer_ref)
        assert [document.kind.value for document in issued] == ["RECEIPT", "INVOICE", "CREDIT_NOTE"]
        for document in issued:
            assert document.number in shown
            assert document.total.amount in shown


class TestChargebacks:
    def test_are_shown_where_the_money_is(self, operator: Client, story: Story) -> None:
        bought = buy((story.floor.add_sku(price_minor=1999), 1))
        dispute(story.floor.provider, payable_ref=bought.purchase.id)
        shown = sections_of(operator, bought.purchase.orders[0].id)["payment"]
        assert "Chargebacks" in shown
        assert "dsp_1 10.4 OPEN 21 Mar 2026 12:00:00" in shown

    def test_are_left_out_of_who_has_none(self, operator: Client, story: Story) -> None:
        assert "Chargebacks" not in sections_of(operator, story.order.id)["payment"]


class TestTheBooks:
    def test_show_what_is_left_on_every_account(self, story: Story) -> None:
        books = read_books(order_refs=[story.order.purchase_id, story.order.id], currency="GBP")
        left = {row.account: row.left.minor for row in books.accounts}
        assert books.is_balanced
        assert (left["BUYER_FUNDS"], left["BUYER_REFUND_CLEARING"], left["SELLER_PENDING"]) == (0, 0, 0)
        settled = settlement.find_settlement(order_id=story.order.id)
        assert settled is not None
        assert left["SELLER_AVAILABLE"] == settled.amount.minor - settled.reserve.minor

    def test_put_it_before_one_s_eyes(self, operator: Client, story: Story) -> None:
        shown = sections_of(operator, story.order.id)["books"]
        assert "and what is left of it" in shown
        assert "SELLER_PENDING" in shown


class TestItsCost:
    def count(self, order: orders.OrderView) -> int:
        with CaptureQueriesContext(connection) as captured:
            read_aftermath(order)
        return len(captured)

    def test_does_not_depend_on_how_much_came_of_it(self, story: Story) -> None:
        other = add_shop(story.floor.provider)
        quiet = orders.get_order(order_id=buy((other.add_sku(), 1)).purchase.orders[0].id)
        self.count(quiet)  # what is remembered is remembered from here on
        assert self.count(story.order) <= 7
        assert self.count(quiet) <= 10


class TestTheCommand:
    def test_tells_what_came_of_an_order(self, story: Story) -> None:
        payout = pay_out(story)
        out = StringIO()
        call_command("order", str(story.order.id), stdout=out)
        settled = settlement.find_settlement(order_id=story.order.id)
        assert settled is not None
        assert f"Settled {SETTLED:%Y-%m-%d %H:%M:%S}  {settled.amount.amount} GBP" in out.getvalue()
        assert re.search(r"\n  sale +23.99 GBP\n", out.getvalue())
        assert f"payout {payout.number}  CONFIRMED" in out.getvalue()
        assert f"Case {story.case.number}  COMPLETE  REFUND_ONLY, defective" in out.getvalue()
        assert re.search(r"\n  CREDIT_NOTE +\S+ +10.00 GBP\n", out.getvalue())

    def test_tells_what_an_order_is_to_come_to(self, story: Story) -> None:
        order = cases.deliver(make_ready_order(story.floor, 1))
        cases.open_case(cases.ask_refund(order))
        out = StringIO()
        call_command("order", str(order.id), stdout=out)
        assert "To settle 2026-" in out.getvalue()
        assert "waits for seller: review by 2026-03-13 14:00:00" in out.getvalue()


class TestLinks:
    def test_lead_to_what_came_of_it(self, operator: Client, story: Story) -> None:
        pay_out(story)
        page = operator.get(reverse("back_office:order", args=[story.order.id])).content.decode()
        addresses = set(re.findall(r'class="bo-link[^"]*" href="([^"]+)"', page))
        for table in ("aftersales/case", "settlement/settlementline", "settlement/payout", "documents/document"):
            assert any(f"/admin/{table}/" in address for address in addresses), table
        for address in addresses:
            assert operator.get(address).status_code == 200, address
