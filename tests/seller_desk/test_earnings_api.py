"""A shop's money: over HTTP."""

from typing import Any

import pytest

from apps.orders import api as orders
from apps.pricing.api import RefundCause
from apps.settlement.models import PayoutAccount
from tests.api import Api, code_of, read
from tests.factories.checkout import buy
from tests.factories.payouts import APPROVER, earn, give_account, pay_out, send, set_rate
from tests.factories.settlement import deliver_order, settle_in_time, tell
from tests.seller_desk.conftest import World
from tests.support import NOON, in_use_case
from tradecore import approvals
from tradecore.models import Approval
from tradecore.money import Money

pytestmark = pytest.mark.django_db

NUMBER = "GB33BUKB20201555551234"


def gbp(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "GBP"}


def buy_one(world: World, *, price_minor: int = 1999) -> int:
    return buy((world.floor.add_sku(price_minor=price_minor), 1)).purchase.orders[0].id


def account_form(**parts: Any) -> dict[str, Any]:
    return {"holder_name": "North Wool Ltd", "account_number": NUMBER, "currency": "GBP", **parts}


def read_all(caller: Api, path: str, *, page_size: int) -> list[Any]:
    """Every item of a list, page by page."""
    page = read(caller.get(path, query={"page_size": page_size}))
    items = list(page["items"])
    while page["next_page_token"] is not None:
        page = read(caller.get(path, query={"page_size": page_size, "page_token": page["next_page_token"]}))
        items += page["items"]
    return items


class TestAccount:
    def test_is_what_the_shop_has(self, world: World, owner: Api, rival: Api) -> None:
        answer = read(owner.get(f"{world.root}/account"))
        assert (answer["available"], answer["reserve"]) == (gbp("67.55"), gbp("0.00"))
        other = read(rival.get("/seller/v1/shops"))["items"][0]["id"]
        assert read(rival.get(f"/seller/v1/shops/{other}/account"))["available"] == gbp("0.00")


class TestStatements:
    def test_add_up_their_lines(self, world: World, owner: Api) -> None:
        settle_in_time(buy_one(world), now=NOON)
        items = read(owner.get(f"{world.root}/statements"))["items"]
        assert [item["on"] for item in items] == sorted((item["on"] for item in items), reverse=True)
        latest = read(owner.get(f"{world.root}/statements/{items[0]['on']}"))
        lines = read(owner.get(f"{world.root}/statements/{items[0]['on']}/lines"))["items"]
        assert latest == items[0]
        assert latest["opening"] == gbp("67.55")
        assert len(lines) == latest["line_count"]

    def test_come_in_pages(self, world: World, owner: Api) -> None:
        settle_in_time(buy_one(world), now=NOON)
        path = f"{world.root}/statements"
        assert len(read_all(owner, path, page_size=1)) == 2
        assert read_all(owner, path, page_size=1) == read(owner.get(path))["items"]

    def test_have_lines_in_pages_oldest_first(self, world: World, owner: Api) -> None:
        for minor in (100, 200):
            earn(minor, shop_id=world.floor.shop_id)
        items = read_all(owner, f"{world.root}/statements/2026-03-11/lines", page_size=2)
        assert [item["amount"]["amount"] for item in items] == ["67.55", "1.00", "2.00"]

    @pytest.mark.parametrize("day", ["2026-03-10", "2026-13-01", "20260311", "yesterday", "2026-03-11T00:00"])
    def test_of_no_such_day_are_not_there(self, world: World, owner: Api, day: str) -> None:
        for path in (f"{world.root}/statements/{day}", f"{world.root}/statements/{day}/lines"):
            answer = owner.get(path)
            assert (answer.status_code, read(answer)["what"]) == (404, "statement")


class TestOrderSettlement:
    def test_says_line_by_line_why_it_is_what_it_is(self, world: World, owner: Api) -> None:
        order_id = buy_one(world)
        settle_in_time(order_id, now=NOON)
        answer = read(owner.get(f"{world.root}/orders/{order_id}/settlement"))
        lines = {line["kind"]: line for line in answer["lines"] if not line["kind"].startswith("reserve")}
        assert (answer["state"], lines["sale"]["amount"]) == ("SETTLED", gbp("23.98"))
        assert lines["sale"]["text"] == "The buyer paid 23.98 GBP."
        assert lines["fee"]["text"].startswith("Commission: ")
        assert lines["fee"]["text"].endswith(" % of 23.98 GBP.")
        amounts = [Money.parse(line["amount"]["amount"], "GBP").minor for line in lines.values()]
        assert Money(sum(amounts), "GBP").amount == answer["amount"]["amount"]

    def test_says_what_went_back(self, world: World, owner: Api) -> None:
        order_id = buy_one(world)
        when = settle_in_time(order_id, now=NOON)
        units = [orders.LineUnits(line_id=orders.get_order(order_id=order_id).lines[0].id, quantity=1)]
        in_use_case(
            lambda: orders.refund_units(
                order_id=order_id,
                units=units,
                cause=RefundCause.SELLER_FAULT,
                initiator="buyer",
                reason="damaged",
                now=when,
            )
        )
        tell()
        answer = read(owner.get(f"{world.root}/orders/{order_id}/settlement"))
        (refund,) = [line for line in answer["lines"] if line["kind"] == "refund"]
        assert "damaged" in refund["text"]
        assert any("has gone back" in line["text"] for line in answer["lines"] if line["kind"] == "fee")

    def test_says_what_an_order_will_come_to_and_when(self, world: World, owner: Api) -> None:
        path = f"{world.root}/orders/{world.order.id}/settlement"
        answer = read(owner.get(path))
        assert (answer["state"], answer["due_at"], answer["lines"]) == ("UPCOMING", None, [])
        order_id = buy_one(world)
        deliver_order(order_id, now=NOON)
        assert read(owner.get(f"{world.root}/orders/{order_id}/settlement"))["due_at"] is not None


class TestUpcoming:
    def test_are_delivered_and_not_settled(self, world: World, owner: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tradecore.clock.now", lambda: NOON)
        settled, delivered, _ = buy_one(world), buy_one(world), buy_one(world)
        settle_in_time(settled, now=NOON)
        deliver_order(delivered, now=NOON)
        items = read_all(owner, f"{world.root}/upcoming-settlements", page_size=2)
        assert [item["order_id"] for item in items] == [str(delivered)]


class TestPayouts:
    def test_say_what_became_of_them(self, world: World, owner: Api) -> None:
        give_account(world.floor.shop_id, token="acct_returned")
        pay_out()
        path = f"{world.root}/payouts"
        (payout,) = read(owner.get(path))["items"]
        assert (payout["status"], payout["amount"], payout["account"]) == ("CONFIRMED", gbp("67.55"), "…1234")
        send(world.floor.shop_id)
        (payout,) = read(owner.get(path))["items"]
        assert (payout["status"], payout["reason"]) == ("RETURNED", "account_closed_since")
        texts = [line["text"] for line in read(owner.get(f"{world.root}/statements/2026-03-11/lines"))["items"]]
        assert texts[1:] == [
            "Paid out to your account …1234.",
            "A payout came back (account closed since).",
        ]

    def test_say_what_was_sent_in_another_currency(self, world: World, owner: Api) -> None:
        give_account(world.floor.shop_id, currency="USD")
        set_rate("1.25", pair="GBP/USD")
        pay_out()
        (payout,) = read(owner.get(f"{world.root}/payouts"))["items"]
        assert (payout["pays"], payout["rate"]) == ({"amount": "84.44", "currency": "USD"}, "1.250000")
        (_, line) = read(owner.get(f"{world.root}/statements/2026-03-11/lines"))["items"]
        assert line["text"] == "Paid out to your account …1234 as 84.44 USD, at 1.250000."


class TestPayoutAccount:
    def test_is_set_and_read_without_its_number(self, world: World, owner: Api) -> None:
        path = f"{world.root}/payout-account"
        empty = owner.get(path)
        assert (empty["ETag"], read(empty)["current"]) == ('"1"', None)
        answer = owner.put(path, account_form(), if_match='"1"')
        assert (answer.status_code, answer["ETag"], read(answer)["current"]["account"]) == (200, '"2"', "…1234")
        assert "20201555" not in answer.content.decode()
        assert read(owner.get(path)) == read(answer)

    def test_is_changed_by_two(self, world: World, owner: Api) -> None:
        path = f"{world.root}/payout-account"
        owner.put(path, account_form(), if_match='"1"')
        asked = read(owner.put(path, account_form(account_number="GB33BUKB20201555559876"), if_match='"2"'))
        assert (asked["current"]["account"], asked["proposed"]["account"]) == ("…1234", "…9876")
        again = owner.put(path, account_form(), if_match='"3"')
        assert code_of(again) == "settlement.payout_account_waits"
        approval = Approval.objects.get()
        approvals.approve(
            approval_id=approval.pk,
            content_hash=approval.content_hash,
            actor=APPROVER,
            now=approval.requested_at,
        )
        changed = owner.get(path)
        assert read(changed)["current"]["account"] == "…9876"
        assert changed["ETag"] > '"3"'

    @pytest.mark.parametrize(
        ("parts", "code"),
        [
            ({"currency": "XXX"}, "money.unknown_currency"),
            ({"account_number": "12345"}, "settlement.payout_account_unusable"),
            ({"account_number": "GB33 BUKB"}, "request.invalid"),
            ({"account_number": "1" * 35}, "request.invalid"),
            ({"holder_name": ""}, "request.invalid"),
            ({"currency": "gb"}, "request.invalid"),
        ],
    )
    def test_refuses_what_cannot_be_paid_to(self, world: World, owner: Api, parts: dict[str, Any], code: str) -> None:
        answer = owner.put(f"{world.root}/payout-account", account_form(**parts), if_match='"1"')
        assert code_of(answer) == code
        assert not PayoutAccount.objects.exists()
        assert NUMBER not in answer.content.decode()
