"""Payouts from what is available to the seller's bank. Books are looked at after every test: see conftest."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import override_settings

from apps.ledger.models import Posting
from apps.settlement import api as settlement
from apps.settlement.api import BankAnswer, BankSaid, FxRateInvalid, PayoutRunOver, PayoutsFrozen
from apps.settlement.models import Payout, PayoutAccount, PayoutRun, PayoutTransition, SettlementLine
from apps.settlement.send_payouts import WATCH_COUNT
from config import jobs
from tests.books import assert_books_agree, balance_of
from tests.factories.payouts import (
    APPROVER,
    ASKER,
    WatchedBank,
    approve,
    available_of,
    earn,
    give_account,
    make_seller,
    open_bank,
    pay_out,
    payout_of,
    propose,
    reject,
    send,
    set_rate,
)
from tests.support import NOON
from tradecore import approvals, freezes
from tradecore.approvals import AlreadyDecided, ContentChanged, SamePerson
from tradecore.errors import Refusal
from tradecore.models import Approval, OutboxEvent
from tradecore.money import Money, UnknownCurrency

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def bank(db: None) -> WatchedBank:
    return open_bank()


def content_of(run_id: int) -> Any:
    """What the second person reads of a run."""
    return Approval.objects.get(pk=settlement.get_payout_run(run_id=run_id).approval_id).content


def freeze(kind: str, subject: int = freezes.EVERYBODY) -> None:
    freezes.place_freeze(kind=kind, subject=subject, reason="the books differ", actor=ASKER, now=NOON)


def lift(kind: str, subject: int = freezes.EVERYBODY) -> None:
    freezes.lift_freeze(kind=kind, subject=subject, reason="they agree", actor=ASKER, now=NOON)


def path_of(shop_id: int) -> list[str]:
    """Every status that the latest payout of a shop has had."""
    moves = PayoutTransition.objects.filter(payout_id=payout_of(shop_id).id).order_by("sequence")
    return ["PROPOSED", *moves.values_list("after", flat=True)]


def lines_of(shop_id: int) -> list[tuple[str, int]]:
    """The lines of payouts of a shop."""
    lines = SettlementLine.objects.filter(shop_id=shop_id, kind__startswith="payout").order_by("id")
    return list(lines.values_list("kind", "amount_minor"))


def events_of(shop_id: int) -> list[str]:
    events = OutboxEvent.objects.filter(aggregate="payout", shop_id=shop_id).order_by("sequence")
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    return [event.kind.removeprefix("settlement.payout_") for event in events]


class TestPropose:
    def test_lists_what_is_available_for_a_second_person(self) -> None:
        shop = make_seller(6755)
        run_id = propose()
        payout = payout_of(shop)
        assert content_of(run_id) == {
            "run_id": str(run_id),
            "market": "GB",
            "on": "2026-03-11",
            "number": 1,
            "payout_count": 1,
            "total": {"amount": "67.55", "currency": "GBP"},
            "payouts": [
                {
                    "payout_id": str(payout.id),
                    "shop_id": str(shop),
                    "amount": {"amount": "67.55", "currency": "GBP"},
                    "account": "…1234",
                    "fingerprint": content_of(run_id)["payouts"][0]["fingerprint"],
                }
            ],
        }
        assert (payout.status, available_of(shop)) == ("PROPOSED", 6755)
        assert not Posting.objects.filter(kind="payout").exists()

    def test_leaves_out_who_cannot_be_paid(self) -> None:
        nothing, debt = make_seller(1), make_seller(-500)
        earn(-1, shop_id=nothing)
        homeless = earn(900)
        frozen = make_seller(900)
        freeze(freezes.SHOP_PAYOUTS, frozen)
        resting = earn(900)
        give_account(resting, usable_from=NOON + DAY)
        abroad = make_seller(900, pays="USD")
        elsewhere = make_seller(900, market="FR", currency="EUR")
        assert settlement.propose_payouts(market="GB", actor=ASKER, reason="weekly", now=NOON) is None
        assert not PayoutRun.objects.exists()
        assert not Approval.objects.exists()
        assert {nothing, debt, homeless, frozen, resting, abroad, elsewhere}

    def test_leaves_out_small_amounts(self) -> None:
        small, large = make_seller(999), make_seller(1000)
        with override_settings(PAYOUT_MINIMUMS_MINOR={"GBP": 1000}):
            run_id = propose()
        assert [each["shop_id"] for each in content_of(run_id)["payouts"]] == [str(large)]
        assert settlement.list_payouts(limit=10, shop_id=small) == []

    def test_has_one_payout_of_a_shop_open_at_a_time(self) -> None:
        shop = make_seller(6755)
        propose()
        earn(1000, shop_id=shop)
        assert settlement.propose_payouts(market="GB", actor=ASKER, reason="again", now=NOON) is None
        assert Payout.objects.count() == 1

    def test_refuses_while_all_payouts_are_frozen(self) -> None:
        make_seller()
        freeze(freezes.ALL_PAYOUTS)
        with pytest.raises(PayoutsFrozen):
            propose()
        assert not PayoutRun.objects.exists()

    def test_goes_on_in_another_run_when_one_is_full(self) -> None:
        shops = [make_seller(100 + number) for number in range(5)]
        with override_settings(PAYOUT_RUN_MAX=2):
            assert settlement.propose_due_payouts(now=NOON) == 3
            assert settlement.propose_due_payouts(now=NOON) == 0
        runs = PayoutRun.objects.order_by("number").values_list("number", "payout_count")
        assert list(runs) == [(1, 2), (2, 2), (3, 1)]
        assert {payout_of(shop).status for shop in shops} == {"PROPOSED"}

    def test_happens_once_on_a_markets_day(self) -> None:
        make_seller()
        assert settlement.propose_due_payouts(now=NOON) == 1
        late = make_seller()
        assert settlement.propose_due_payouts(now=NOON + timedelta(hours=11)) == 0
        assert settlement.propose_due_payouts(now=NOON + timedelta(hours=13)) == 1
        assert payout_of(late).status == "PROPOSED"

    def test_that_is_rejected_is_not_proposed_again_that_day(self) -> None:
        shop = make_seller()
        settlement.propose_due_payouts(now=NOON)
        reject(payout_of(shop).run_id)
        assert settlement.propose_due_payouts(now=NOON) == 0
        assert settlement.propose_due_payouts(now=NOON + DAY) == 1

    def test_that_nobody_decides_is_cancelled_and_comes_again(self) -> None:
        shop = make_seller()
        settlement.propose_due_payouts(now=NOON)
        first = payout_of(shop)
        later = NOON + approvals.LIFETIME
        assert settlement.propose_due_payouts(now=later) == 1
        assert settlement.get_payout(payout_id=first.id).status == "CANCELLED"
        assert settlement.get_payout_run(run_id=first.run_id).status == "CANCELLED"
        with pytest.raises(AlreadyDecided):
            approve(first.run_id, now=later)
        assert payout_of(shop).status == "PROPOSED"


class TestApprove:
    def test_takes_the_money_off_the_account_and_lets_it_be_sent(self, bank: WatchedBank) -> None:
        shop = make_seller(6755)
        approve(propose())
        assert (payout_of(shop).status, available_of(shop)) == ("APPROVED", 0)
        assert lines_of(shop) == [("payout", -6755)]
        assert balance_of("SELLER_AVAILABLE", owner=shop) == 0
        assert balance_of("PAYOUT_CLEARING") == 6755
        assert bank.sent == []

    def test_is_never_given_by_who_proposed(self) -> None:
        shop = make_seller()
        run_id = propose()
        with pytest.raises(SamePerson):
            approve(run_id, actor=ASKER)
        assert (payout_of(shop).status, available_of(shop)) == ("PROPOSED", 6755)
        with pytest.raises(IntegrityError), transaction.atomic():
            PayoutRun.objects.filter(pk=run_id).update(status="APPROVED", decided_by=ASKER)

    def test_binds_to_what_was_read(self) -> None:
        shop = make_seller()
        run_id = propose()
        Payout.objects.filter(shop_id=shop).update(amount_minor=6756, pays_minor=6756)
        earn(1, shop_id=shop)
        with pytest.raises(ContentChanged):
            approve(run_id)
        assert payout_of(shop).status == "PROPOSED"
        assert available_of(shop) == 6756

    def test_happens_once(self) -> None:
        shop = make_seller()
        run_id = propose()
        approve(run_id)
        with pytest.raises(AlreadyDecided):
            approve(run_id)
        assert lines_of(shop) == [("payout", -6755)]

    def test_pays_what_was_read_though_there_is_more_by_now(self) -> None:
        shop = make_seller(6755)
        run_id = propose()
        earn(1000, shop_id=shop)
        approve(run_id)
        assert (payout_of(shop).amount, available_of(shop)) == (Money(6755, "GBP"), 1000)

    def test_skips_what_has_changed_meanwhile_and_does_the_rest(self) -> None:
        poorer, frozen, moved, well = (make_seller() for _ in range(4))
        run_id = propose()
        earn(-1, shop_id=poorer)
        freeze(freezes.SHOP_PAYOUTS, frozen)
        old = PayoutAccount.objects.get(current_of=moved)
        PayoutAccount.objects.filter(pk=old.pk).update(status="REPLACED", current_of=None)
        give_account(moved, number=2, created_by="user:7", decided_by=APPROVER, masked="…9999")
        approve(run_id)
        assert [(payout_of(shop).status, payout_of(shop).reason) for shop in (poorer, frozen, moved, well)] == [
            ("SKIPPED", "not_available"),
            ("SKIPPED", "frozen"),
            ("SKIPPED", "account_changed"),
            ("APPROVED", ""),
        ]
        assert [available_of(shop) for shop in (poorer, frozen, moved, well)] == [6754, 6755, 6755, 0]

    def test_waits_while_all_payouts_are_frozen(self) -> None:
        shop = make_seller()
        run_id = propose()
        freeze(freezes.ALL_PAYOUTS)
        with pytest.raises(PayoutsFrozen):
            approve(run_id)
        assert (payout_of(shop).status, available_of(shop)) == ("PROPOSED", 6755)
        lift(freezes.ALL_PAYOUTS)
        approve(run_id)
        assert payout_of(shop).status == "APPROVED"

    def test_cannot_be_given_to_a_run_that_is_over(self) -> None:
        shop = make_seller()
        run_id = propose()
        PayoutRun.objects.filter(pk=run_id).update(status="CANCELLED")
        with pytest.raises(PayoutRunOver):
            approve(run_id)
        assert available_of(shop) == 6755


class TestReject:
    def test_leaves_the_money_where_it_is(self, bank: WatchedBank) -> None:
        shop = make_seller()
        reject(propose())
        send()
        assert path_of(shop) == ["PROPOSED", "CANCELLED"]
        assert (available_of(shop), bank.sent) == (6755, [])
        assert payout_of(shop).reason == "rejected"
        assert settlement.propose_payouts(market="GB", actor=ASKER, reason="once more", now=NOON) is not None


class TestSend:
    def test_ends_confirmed_and_with_the_money_gone(self, bank: WatchedBank) -> None:
        shop = make_seller(6755)
        (payout,) = pay_out(shop)
        assert path_of(shop) == ["PROPOSED", "APPROVED", "SENT", "CONFIRMED"]
        assert bank.moved() == [("payout", str(payout.id), "-67.55 GBP")]
        assert balance_of("PAYOUT_CLEARING") == 0
        assert balance_of("BANK") == -6755
        assert events_of(shop) == ["sent", "confirmed"]

    def test_tells_the_bank_once_however_often_it_is_retried(self, bank: WatchedBank) -> None:
        shop = make_seller()
        pay_out(shop)
        for _ in range(3):
            send()
            send(shop)
        assert len(bank.sent) == 1
        assert len(bank.moved()) == 1
        assert Posting.objects.filter(kind__startswith="payout").count() == 2

    def test_gives_back_what_the_bank_rejects(self, bank: WatchedBank) -> None:
        shop = make_seller(6755, token="acct_rejected")
        (payout,) = pay_out(shop)
        assert path_of(shop) == ["PROPOSED", "APPROVED", "SENT", "REJECTED"]
        assert (payout.reason, available_of(shop)) == ("account_closed", 6755)
        assert lines_of(shop) == [("payout", -6755), ("payout_returned", 6755)]
        assert (balance_of("PAYOUT_CLEARING"), balance_of("BANK"), bank.moved()) == (0, 0, [])
        assert events_of(shop) == ["sent", "returned"]

    def test_gives_back_what_comes_back_once(self, bank: WatchedBank) -> None:
        shop = make_seller(6755, token="acct_returned")
        pay_out(shop)
        assert (payout_of(shop).status, available_of(shop)) == ("CONFIRMED", 0)
        for _ in range(3):
            send(shop)
        assert path_of(shop) == ["PROPOSED", "APPROVED", "SENT", "CONFIRMED", "RETURNED"]
        assert available_of(shop) == 6755
        assert lines_of(shop) == [("payout", -6755), ("payout_returned", 6755)]
        assert balance_of("BANK") == 0
        assert [kind for kind, _, _ in bank.moved()] == ["payout", "return"]

    def test_asks_a_bank_that_was_silent_and_never_guesses(self, bank: WatchedBank) -> None:
        shop = make_seller(token="acct_silent")
        pay_out(shop)
        assert (payout_of(shop).status, balance_of("PAYOUT_CLEARING")) == ("SENT", 6755)
        send(shop)
        assert payout_of(shop).status == "CONFIRMED"
        assert (len(bank.sent), len(bank.moved())) == (1, 1)

    def test_sends_what_the_bank_never_had_again_under_the_same_reference(self, bank: WatchedBank) -> None:
        shop = make_seller(token="acct_lost")
        pay_out(shop)
        send(shop)
        assert (payout_of(shop).status, available_of(shop)) == ("SENT", 0)
        assert {instruction.reference for instruction in bank.sent} == {payout_of(shop).id}
        assert (len(bank.sent), bank.moved()) == (2, [])

    def test_waits_for_a_slow_bank(self, bank: WatchedBank) -> None:
        bank.sandbox._moment_ms = 10_000_000
        shop = make_seller(token="acct_slow")
        pay_out(shop)
        send(shop)
        assert (payout_of(shop).status, len(bank.sent)) == ("SENT", 1)

    def test_hears_of_a_payment_and_its_return_at_once(self) -> None:
        shop = make_seller(token="acct_silent")
        pay_out(shop)
        answer = BankAnswer(
            said=BankSaid.RETURNED,
            reference=payout_of(shop).id,
            bank_ref="bk",
            amount=Money(6755, "GBP"),
            code="account_closed",
        )
        settlement.record_answer(payout_id=payout_of(shop).id, answer=answer, now=NOON)
        assert path_of(shop)[-2:] == ["CONFIRMED", "RETURNED"]
        assert available_of(shop) == 6755

    def test_holds_back_what_is_frozen_and_asks_about_what_is_on_its_way(self, bank: WatchedBank) -> None:
        frozen, on_its_way, well = make_seller(), make_seller(token="acct_silent"), make_seller()
        approve(propose())
        send(on_its_way)
        freeze(freezes.SHOP_PAYOUTS, frozen)
        freeze(freezes.SHOP_PAYOUTS, on_its_way)
        send(frozen, on_its_way, well)
        assert [payout_of(shop).status for shop in (frozen, on_its_way, well)] == ["APPROVED", "CONFIRMED", "CONFIRMED"]
        lift(freezes.SHOP_PAYOUTS, frozen)
        send()
        assert payout_of(frozen).status == "CONFIRMED"

    def test_sends_nothing_while_all_payouts_are_frozen(self, bank: WatchedBank) -> None:
        shop, lost = make_seller(), make_seller(token="acct_lost")
        approve(propose())
        send(lost)
        freeze(freezes.ALL_PAYOUTS)
        send(shop, lost)
        assert ([payout_of(each).status for each in (shop, lost)], len(bank.sent)) == (["APPROVED", "SENT"], 1)
        lift(freezes.ALL_PAYOUTS)
        assert jobs.send_payouts() == 1
        assert payout_of(shop).status == "CONFIRMED"

    @pytest.mark.parametrize(
        ("said", "minor", "contradiction"),
        [(BankSaid.CONFIRMED, 6756, "amount"), (BankSaid.REJECTED, 6755, "rejected_after_confirmed")],
    )
    def test_believes_no_contradiction(self, said: BankSaid, minor: int, contradiction: str) -> None:
        shop = make_seller()
        (payout,) = pay_out(shop)
        answer = BankAnswer(said=said, reference=payout.id, bank_ref="bk", amount=Money(minor, "GBP"))
        for _ in range(2):
            settlement.record_answer(payout_id=payout.id, answer=answer, now=NOON)
        assert Payout.objects.get().contradiction == contradiction
        assert (payout_of(shop).status, available_of(shop)) == ("CONFIRMED", 0)
        assert events_of(shop) == ["sent", "confirmed", "suspected"]

    def test_asks_no_more_about_what_was_confirmed_long_ago(self) -> None:
        shop = make_seller()
        pay_out(shop)
        Payout.objects.update(asked_count=WATCH_COUNT)
        send(shop)
        assert Payout.objects.get().ask_at is None

    def test_keeps_on_though_one_of_them_cannot_be_told_of(self) -> None:
        broken, well = earn(100), make_seller()
        give_account(broken, bank="no such bank")
        pay_out(broken, well)
        assert [payout_of(shop).status for shop in (broken, well)] == ["SENT", "CONFIRMED"]


class TestAnotherCurrency:
    def test_pays_the_worked_example(self, bank: WatchedBank) -> None:
        """E8: JPY 5457 at 0.006712 are USD 36.63."""
        set_rate("0.006712")
        shop = make_seller(5457, market="JP", currency="JPY", pays="USD")
        run_id = propose("JP")
        (listed,) = content_of(run_id)["payouts"]
        assert (listed["rate"], listed["pays"]) == ("0.006712", {"amount": "36.63", "currency": "USD"})
        set_rate("0.007000", valid_from=NOON + timedelta(minutes=1))
        approve(run_id, now=NOON + timedelta(minutes=2))
        assert_books_agree()
        send()
        payout = payout_of(shop)
        assert (payout.status, str(payout.amount), str(payout.pays), payout.rate) == (
            "CONFIRMED",
            "5457 JPY",
            "36.63 USD",
            "0.006712",
        )
        assert bank.moved() == [("payout", str(payout.id), "-36.63 USD")]
        assert balance_of("FX_POSITION", currency="JPY") == -5457
        assert balance_of("FX_POSITION", currency="USD") == 3663
        assert balance_of("BANK", currency="USD") == -3663

    @pytest.mark.parametrize("token", ["acct_returned", "acct_rejected"])
    def test_comes_back_at_the_rate_at_which_it_left(self, token: str) -> None:
        set_rate("0.006712")
        shop = make_seller(5457, token=token, market="JP", currency="JPY", pays="USD")
        pay_out(shop, market="JP")
        set_rate("0.009000", valid_from=NOON - DAY)
        send(shop)
        assert available_of(shop, "JPY") == 5457
        for currency in ("JPY", "USD"):
            for account in ("FX_POSITION", "PAYOUT_CLEARING", "BANK"):
                assert balance_of(account, currency=currency) == 0

    def test_waits_until_there_is_a_rate(self) -> None:
        shop = make_seller(5457, market="JP", currency="JPY", pays="USD")
        assert settlement.propose_payouts(market="JP", actor=ASKER, reason="weekly", now=NOON) is None
        set_rate("0.006712", valid_from=NOON + DAY)
        assert settlement.propose_payouts(market="JP", actor=ASKER, reason="weekly", now=NOON) is None
        propose("JP", now=NOON + DAY)
        assert payout_of(shop).rate == "0.006712"


class TestFxRate:
    def test_is_set_by_two_people(self) -> None:
        approval_id = self.request()
        request = approvals.get_request(approval_id=approval_id, now=NOON)
        assert request.content["rate"] == "0.006712"
        with pytest.raises(SamePerson):
            approvals.approve(approval_id=approval_id, content_hash=request.content_hash, actor=ASKER, now=NOON)
        approvals.approve(approval_id=approval_id, content_hash=request.content_hash, actor=APPROVER, now=NOON)
        shop = make_seller(5457, market="JP", currency="JPY", pays="USD")
        propose("JP")
        assert str(payout_of(shop).pays) == "36.63 USD"

    @pytest.mark.parametrize(
        ("parts", "refusal"),
        [
            ({"rate_e6": 0}, FxRateInvalid),
            ({"rate_e6": 10**13}, FxRateInvalid),
            ({"to_currency": "JPY"}, FxRateInvalid),
            ({"to_currency": "XXX"}, UnknownCurrency),
        ],
    )
    def test_refuses_what_is_none(self, parts: dict[str, Any], refusal: type[Refusal]) -> None:
        with pytest.raises(refusal):
            self.request(**parts)
        assert not Approval.objects.exists()

    def request(self, **parts: Any) -> int:
        wanted = {"from_currency": "JPY", "to_currency": "USD", "rate_e6": 6712, "valid_from": NOON, **parts}
        return settlement.request_fx_rate(**wanted, actor=ASKER, reason="the bank's of today", now=NOON)


class TestStatement:
    def test_has_what_was_paid_out_and_came_back(self) -> None:
        shop = make_seller(6755, token="acct_returned")
        pay_out(shop)
        (statement,) = settlement.list_statements(shop_id=shop, limit=5)
        assert (str(statement.paid_out), str(statement.closing)) == ("-67.55 GBP", "0.00 GBP")
        send(shop)
        (statement,) = settlement.list_statements(shop_id=shop, limit=5)
        assert (str(statement.paid_out), str(statement.closing)) == ("0.00 GBP", "67.55 GBP")
