"""Payouts under threads and kills: one effect, and matching books on both sides."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import pytest

from apps.ledger.models import Posting
from apps.settlement import api as settlement
from apps.settlement.models import Payout, PayoutRun, SettlementLine
from tests.books import assert_books_agree, balance_of
from tests.factories.payouts import (
    WatchedBank,
    approve,
    available_of,
    earn,
    make_seller,
    open_bank,
    payout_of,
    propose,
    reject,
    send,
)
from tests.support import NOON
from tradecore.approvals import AlreadyDecided
from tradecore.models import Approval

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

Race = Callable[[Sequence[Callable[[], Any]]], list[Any]]
KilledAt = Callable[..., AbstractContextManager[None]]

SENDING = "apps.settlement.send_payouts"


class Killed(BaseException):
    """The process ends here: nothing that would handle an error sees it."""


@pytest.fixture(autouse=True)
def bank(transactional_db: None) -> Iterator[WatchedBank]:
    bank = open_bank()
    yield bank
    assert_books_agree()
    paid = Payout.objects.filter(status="CONFIRMED")
    assert {(str(row.pk), -row.pays_minor) for row in paid} == {
        (each.reference, each.amount.minor) for each in bank.list_movements(on=NOON.date())
    }


@pytest.fixture
def killed_at(monkeypatch: pytest.MonkeyPatch) -> KilledAt:
    """Let the process end where the block comes to a function, or do in its place what is given."""

    @contextmanager
    def killed_at(target: str, instead: Callable[..., Any] | None = None) -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setattr(target, instead or kill)
            with pytest.raises(Killed):
                yield

    return killed_at


def kill(*_: Any, **__: Any) -> None:
    raise Killed


def names_of(outcomes: Sequence[Any]) -> Counter[str]:
    return Counter(type(each).__name__ for each in outcomes)


class TestProposals:
    def test_at_once_make_one_payout_of_each_shop(self, race: Race) -> None:
        shops = [make_seller() for _ in range(6)]
        outcomes = race([lambda: settlement.propose_payouts(market="GB", actor="user:1", reason="now", now=NOON)] * 6)
        assert names_of(outcomes) == {"int": 1, "NoneType": 5}
        assert Counter(Payout.objects.values_list("shop_id", flat=True)) == Counter(shops)
        assert (PayoutRun.objects.count(), Approval.objects.count()) == (1, 1)

    def test_of_the_daily_job_at_once_are_one_run(self, race: Race) -> None:
        make_seller()
        outcomes = race([lambda: settlement.propose_due_payouts(now=NOON)] * 4)
        assert sorted(outcomes) == [0, 0, 0, 1]
        assert PayoutRun.objects.count() == 1


class TestDecisions:
    def test_of_several_at_once_take_the_money_once(self, race: Race) -> None:
        shops = [make_seller() for _ in range(5)]
        run_id = propose()
        outcomes = race([partial(approve, run_id, actor=f"user:{number}") for number in range(2, 8)])
        assert names_of(outcomes) == {"NoneType": 1, "AlreadyDecided": 5}
        assert [available_of(shop) for shop in shops] == [0] * 5
        assert SettlementLine.objects.filter(kind="payout").count() == 5
        assert balance_of("PAYOUT_CLEARING") == 5 * 6755

    def test_that_is_replayed_at_once_and_later_takes_the_money_once(self, race: Race) -> None:
        shop = make_seller()
        run_id = propose()
        outcomes = race([lambda: approve(run_id)] * 6)
        assert names_of(outcomes) == {"NoneType": 1, "AlreadyDecided": 5}
        earn(6755, shop_id=shop)
        with pytest.raises(AlreadyDecided):
            approve(run_id)
        assert (available_of(shop), balance_of("PAYOUT_CLEARING")) == (6755, 6755)

    def test_to_approve_and_to_reject_are_one(self, race: Race) -> None:
        shop = make_seller()
        run_id = propose()
        outcomes = race([lambda: approve(run_id), lambda: reject(run_id)] * 2)
        assert names_of(outcomes) == {"NoneType": 1, "AlreadyDecided": 3}
        status = payout_of(shop).status
        assert (status, available_of(shop)) in {("APPROVED", 0), ("CANCELLED", 6755)}

    def test_while_money_comes_and_goes_never_take_more_than_there_is(self, race: Race) -> None:
        shops = [make_seller(1000) for _ in range(4)]
        run_id = propose()
        outcomes = race([partial(approve, run_id), *(partial(earn, -1, shop_id=shop) for shop in shops)])
        assert not [each for each in outcomes if isinstance(each, Exception)]
        for shop in shops:
            payout = payout_of(shop)
            assert (payout.status, available_of(shop)) in {("APPROVED", -1), ("SKIPPED", 999)}


class TestPollers:
    def test_at_once_tell_the_bank_once(self, race: Race, bank: WatchedBank) -> None:
        for _ in range(8):
            make_seller()
        approve(propose())
        outcomes = race([lambda: settlement.send_payouts(limit=3, now=NOON)] * 6)
        assert not [each for each in outcomes if isinstance(each, Exception)]
        while settlement.send_payouts(limit=3, now=NOON):
            pass
        assert Counter(instruction.reference for instruction in bank.sent) == Counter(
            Payout.objects.values_list("pk", flat=True)
        )
        assert set(Payout.objects.values_list("status", flat=True)) == {"CONFIRMED"}

    def test_that_ask_at_once_record_the_answer_once(self, race: Race, bank: WatchedBank) -> None:
        shop = make_seller(token="acct_silent")
        approve(propose())
        send()
        race([lambda: send(shop)] * 6)
        assert payout_of(shop).status == "CONFIRMED"
        assert Posting.objects.filter(kind="payout_confirmed").count() == 1
        assert len(bank.moved()) == 1


class TestAKill:
    """Each ends the process at one place; what is left of it is taken up by the next one."""

    def test_between_the_claim_and_the_call(self, bank: WatchedBank, killed_at: KilledAt) -> None:
        shop = approved()
        with killed_at(f"{SENDING}._tell_or_ask"):
            send()
        assert (payout_of(shop).status, bank.sent) == ("SENT", [])
        assert_books_agree()
        send(shop)
        assert (payout_of(shop).status, len(bank.sent)) == ("CONFIRMED", 1)

    def test_between_the_answer_and_its_commit(self, bank: WatchedBank, killed_at: KilledAt) -> None:
        shop = approved()
        with killed_at(f"{SENDING}.record_answer"):
            send()
        assert (payout_of(shop).status, len(bank.moved())) == ("SENT", 1)
        assert_books_agree()
        send(shop)
        assert (payout_of(shop).status, len(bank.sent)) == ("CONFIRMED", 1)

    @pytest.mark.parametrize("place", ["lock_row", "lock_account", "write_lines"])
    def test_in_the_midst_of_a_return(self, place: str, killed_at: KilledAt) -> None:
        shop = approved(token="acct_rejected")
        with killed_at(f"{SENDING}.{place}"):
            send()
        assert (payout_of(shop).status, available_of(shop)) == ("SENT", 0)
        assert_books_agree()
        send(shop)
        assert (payout_of(shop).status, available_of(shop)) == ("REJECTED", 6755)

    def test_in_the_midst_of_an_approval(self, killed_at: KilledAt) -> None:
        shops = [make_seller() for _ in range(3)]
        run_id = propose()
        written: list[int] = []

        def die_at_the_second(account: Any, lines: Any, **rest: Any) -> None:
            written.append(account.shop_id)
            if len(written) == 2:
                raise Killed

        with killed_at("apps.settlement.payout_runs.write_lines", die_at_the_second):
            approve(run_id)
        assert_books_agree()
        assert [payout_of(shop).status for shop in shops] == ["PROPOSED"] * 3
        approve(run_id)
        send()
        assert [payout_of(shop).status for shop in shops] == ["CONFIRMED"] * 3


def approved(**parts: Any) -> int:
    """A shop whose payout is approved."""
    shop = make_seller(**parts)
    approve(propose())
    return shop
