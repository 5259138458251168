"""Payouts are switched off for a while: none is proposed, approved or sent, and all of it goes on afterwards."""

from datetime import timedelta

import pytest

from apps.settlement import api as settlement
from apps.settlement.api import PayoutsFrozen
from apps.settlement.models import PayoutRun
from tests.factories.payouts import WatchedBank, approve, make_seller, open_bank, payout_of, propose, send
from tests.support import NOON
from tradecore import clock, degradation


@pytest.fixture
def bank() -> WatchedBank:
    return open_bank()


def switch_off_payouts() -> None:
    now = clock.now()
    degradation.switch_on(
        plan=degradation.PAYOUTS, until=now + timedelta(hours=1), reason="a test", actor="user:1", now=now
    )


def switch_payouts_on_again() -> None:
    degradation.switch_off(plan=degradation.PAYOUTS, reason="it is over", actor="user:1", now=clock.now())


class TestPayoutsOff:
    def test_proposes_none(self) -> None:
        make_seller()
        switch_off_payouts()
        assert settlement.propose_due_payouts(now=NOON) == 0
        with pytest.raises(PayoutsFrozen):
            propose()
        assert not PayoutRun.objects.exists()
        switch_payouts_on_again()
        assert settlement.propose_due_payouts(now=NOON) == 1

    def test_approves_none(self) -> None:
        shop = make_seller()
        run_id = propose()
        switch_off_payouts()
        with pytest.raises(PayoutsFrozen):
            approve(run_id)
        assert payout_of(shop).status == "PROPOSED"
        switch_payouts_on_again()
        approve(run_id)
        assert payout_of(shop).status == "APPROVED"

    def test_sends_none(self, bank: WatchedBank) -> None:
        shop = make_seller()
        approve(propose())
        switch_off_payouts()
        send(shop)
        assert (bank.sent, payout_of(shop).status) == ([], "APPROVED")
        switch_payouts_on_again()
        send(shop)
        assert len(bank.sent) == 1
