"""The commands that look after deadlines, events and provider calls: for people, and with --json for scripts."""

import json
import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.orders import api as orders
from apps.payments import api as payments
from config.subscriptions import TIMERS
from tests.back_office.market_day import MarketDay, live_a_market_day
from tests.factories.checkout import buy, make_shop_floor, place, tender
from tradecore.models import OutboxEvent, Timer


def run(*words: object) -> str:
    """What the command writes."""
    out = StringIO()
    call_command(*map(str, words), stdout=out)
    return out.getvalue()


def run_json(*words: object) -> Any:
    return json.loads(run(*words, "--json"))


@pytest.fixture
def day(db: None) -> MarketDay:
    return live_a_market_day()


class TestHelp:
    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["timers"], "fire those that are due"),
            (["timers", "list"], "parked ones say why"),
            (["timers", "fire"], "safe beside running sweepers"),
            (["timers", "revive"], "another round of attempts"),
            (["dead_letters"], "delivered again"),
            (["dead_letters", "list"], "what went wrong"),
            (["dead_letters", "replay"], "another round of attempts"),
            (["poll_provider"], "our own reference"),
            (["approvals"], "another one must decide"),
            (["approvals", "approve"], "in both your names"),
            (["suspects", "settle"], "once a second person approves it"),
            (["order"], "the order's number"),
        ],
        ids=" ".join,
    )
    def test_explains_itself(self, words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as ended:
            run(*words, "--help")
        assert ended.value.code == 0
        assert said in " ".join(capsys.readouterr().out.split())

    @pytest.mark.django_db
    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["timers", "list", "--limit", "-1"], "'-1' is not a whole number from 1 on"),
            (["timers", "fire", "--limit", "0"], "'0' is not a whole number from 1 on"),
            (["timers", "revive", str(2**63)], f"'{2**63}' is not an id"),
            (["dead_letters", "list", "--limit", "-1"], "is not a whole number"),
            (["dead_letters", "replay", "9" * 5000], "is not an id"),
            (["poll_provider", "--limit", "-1"], "is not a whole number"),
            (["poll_provider", str(2**63)], "is not an id"),
            (["poll_provider", "12"], "there is no call 12"),
            (["suspects", "list", "--limit", "-1"], "is not a whole number"),
            (["suspects", "settle", "\u0661", "--accept", "--reason", "x"], "is not an id"),
            (["approvals", "list", "--limit", "-1"], "is not a whole number"),
            (["approvals", "show", "1_000"], "is not an id"),
            (["refunds", "list", "--limit", "-1"], "is not a whole number"),
            (["stock", "show", "1_000"], "is not an id"),
            (
                ["load_markets", "README.md"],
                "README.md: This does not define a market. reason: it is not JSON: Expecting",
            ),
            (["load_markets", "docs"], "docs: Is a directory"),
            (["sandbox_provider", "--port", "65536"], "is not a whole number from 0 to 65535"),
        ],
    )
    def test_says_in_one_line_what_is_wrong_with_an_argument(self, words: list[str], said: str) -> None:
        with pytest.raises(CommandError, match=re.escape(said)):
            run(*words)

    @pytest.mark.parametrize(
        "words", [["timers"], ["dead_letters"], ["timers", "stop"], ["timers", "list", "--kind", "tea"]]
    )
    def test_refuses_what_it_does_not_know(self, words: list[str]) -> None:
        with pytest.raises(CommandError):
            run(*words)


class TestTimers:
    def test_are_listed_earliest_first(self, day: MarketDay) -> None:
        listed = run_json("timers", "list")
        assert {row["id"] for row in listed} == {
            str(pk) for pk in Timer.objects.filter(fired_at=None).values_list("pk", flat=True)
        }
        assert [row["due_at"] for row in listed] == sorted(row["due_at"] for row in listed)

    def test_say_why_they_are_parked(self, day: MarketDay) -> None:
        (parked,) = [row for row in run_json("timers", "list") if row["dead_at"]]
        assert (parked["id"], parked["attempts"]) == (str(day.parked_timer), 20)
        assert parked["subject"] == str(day.on_hold.id)
        assert "parked: OperationalError" in run("timers", "list")

    def test_are_narrowed_by_kind_clock_and_number(self, day: MarketDay) -> None:
        assert {row["kind"] for row in run_json("timers", "list", "--kind", "expire_purchase")} == {"expire_purchase"}
        assert run_json("timers", "list", "--clock", "replay") == []
        assert len(run_json("timers", "list", "--limit", "1")) == 1

    def test_fire_what_is_due(self, day: MarketDay) -> None:
        assert run_json("timers", "fire")["fired"] > 0
        assert orders.get_order(order_id=day.unpaid.id).status == "CANCELLED"
        while run_json("timers", "fire")["fired"]:
            pass
        assert run("timers", "fire") == "fired: 0\n"

    def test_are_revived_by_id(self, day: MarketDay) -> None:
        assert run_json("timers", "revive", day.parked_timer + 1) == {"revived": 0}
        assert run("timers", "revive", day.parked_timer) == "revived: 1\n"
        assert Timer.objects.get(pk=day.parked_timer).dead_at is None

    def test_are_revived_all_together(self, day: MarketDay) -> None:
        assert run_json("timers", "revive") == {"revived": 1}
        assert run_json("timers", "revive") == {"revived": 0}

    @pytest.mark.django_db
    def test_that_are_not_there_are_an_empty_list(self) -> None:
        assert run_json("timers", "list") == []
        assert run("timers", "list") == "no timer waits\n"

    def test_of_every_kind_have_a_use_case(self) -> None:
        assert "expire_purchase" in TIMERS


class TestDeadLetters:
    def test_are_listed_with_what_went_wrong(self, day: MarketDay) -> None:
        (letter,) = run_json("dead_letters", "list")
        assert letter == {
            "id": str(day.dead_letter),
            "kind": "orders.hold_placed",
            "attempts": 12,
            "last_error": "ConnectionRefusedError: mail is down",
        }
        assert "mail is down" in run("dead_letters", "list")

    def test_are_replayed_by_id(self, day: MarketDay) -> None:
        assert run_json("dead_letters", "replay", day.dead_letter + 1) == {"replayed": 0}
        assert run("dead_letters", "replay", day.dead_letter) == "replayed: 1\n"
        assert OutboxEvent.objects.get(pk=day.dead_letter).dead_at is None
        assert run("dead_letters", "list") == "there are no dead letters\n"

    def test_are_replayed_all_together(self, day: MarketDay) -> None:
        assert run_json("dead_letters", "replay") == {"replayed": 1}
        assert run_json("dead_letters", "list") == []


class TestPollProvider:
    @pytest.mark.django_db
    def test_sends_what_nobody_has_sent(self) -> None:
        floor = make_shop_floor()
        placed = place((floor.add_sku(), 1))
        (call,) = payments.list_unsent_calls(payable_ref=placed.purchase.id)
        assert run_json("poll_provider", call.reference) == {"polled": 1, "revived": 0}
        assert orders.get_purchase(purchase_id=placed.purchase.id).status == "PAID"
        assert run("poll_provider", call.reference) == "polled: 0, revived: 0\n"

    @pytest.mark.django_db
    def test_asks_about_what_was_not_answered(self) -> None:
        floor = make_shop_floor()
        silent = buy((floor.add_sku(), 1), tenders=(tender("tok_silent"),))
        assert orders.get_purchase(purchase_id=silent.purchase.id).status == "AWAITING_PAYMENT"
        assert run_json("poll_provider", floor.provider.calls[0].reference) == {"polled": 1, "revived": 0}
        assert orders.get_purchase(purchase_id=silent.purchase.id).status == "PAID"

    @pytest.mark.django_db
    def test_leaves_alone_what_is_not_due(self) -> None:
        floor = make_shop_floor()
        buy((floor.add_sku(), 1), tenders=(tender("tok_silent"),))
        assert run_json("poll_provider") == {"polled": 0, "revived": 0}
