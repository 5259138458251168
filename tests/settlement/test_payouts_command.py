"""`manage.py payouts`."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.settlement.models import Payout, PayoutRun
from tests.factories.payouts import approve, earn, make_seller, open_bank, payout_of, propose
from tests.support import NOON
from tradecore.models import Approval

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_noon(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    open_bank()
    monkeypatch.setattr("tradecore.clock.now", lambda: NOON)


def payouts(*arguments: object) -> str:
    out = io.StringIO()
    call_command("payouts", *map(str, arguments), stdout=out)
    return out.getvalue()


def as_json(*arguments: object) -> Any:
    return json.loads(payouts(*arguments, "--json"))


class TestPropose:
    def test_asks_a_second_person(self) -> None:
        shop = make_seller()
        said = payouts("propose")
        run = PayoutRun.objects.get()
        assert f"GB: run {run.pk} of 1 payouts, 67.55 GBP; approval {run.approval_id} waits" in said
        assert "FR: nothing to pay out" in said
        assert (payout_of(shop).status, Approval.objects.get().requested_by) == ("PROPOSED", "manage.py payouts")

    def test_can_be_of_one_market(self) -> None:
        make_seller()
        assert payouts("propose", "--market", "FR") == "FR: nothing to pay out\n"
        assert not PayoutRun.objects.exists()

    def test_refuses_a_market_that_is_none(self) -> None:
        with pytest.raises(CommandError):
            payouts("propose", "--market", "XX")


class TestListAndShow:
    def test_say_how_they_stand(self) -> None:
        assert payouts("list") == "There are no payouts.\n"
        shop = make_seller()
        run_id = propose()
        payout = payout_of(shop)
        assert f"{payout.id}  shop {shop}  67.55 GBP to …1234  PROPOSED" in payouts("list", "--shop", shop)
        assert payouts("list", "--status", "SENT") == "There are no payouts.\n"
        assert as_json("show", run_id) == as_json("show", payout.id)
        assert f"run {run_id}: GB on 2026-03-11, number 1, PROPOSED" in payouts("show", run_id)

    def test_know_nothing_of_a_strange_id(self) -> None:
        with pytest.raises(CommandError):
            payouts("show", 7)


class TestSend:
    def test_tells_the_bank_of_what_is_approved(self) -> None:
        shop = make_seller()
        earn(5, shop_id=make_seller())
        approve(propose())
        assert payouts("send") == "looked at: 2\n"
        assert payout_of(shop).status == "CONFIRMED"

    def test_asks_about_one_at_once(self) -> None:
        shop = make_seller(token="acct_silent")
        approve(propose())
        payouts("send")
        assert "CONFIRMED" in payouts("send", "--payout", payout_of(shop).id)
        assert Payout.objects.get().status == "CONFIRMED"


class TestRate:
    def test_asks_a_second_person(self) -> None:
        said = payouts("rate", "JPY", "USD", "0.006712", "--reason", "of today")
        assert said == f"approval {Approval.objects.get().pk} waits\n"
        content = Approval.objects.get().content
        assert (content["rate_e6"], content["valid_from"]) == (6712, "2026-03-11T12:00:00+00:00")

    @pytest.mark.parametrize("rate", ["0", "1.2345678", "-1", "1e3", "", ".5", "1,5"])
    def test_refuses_what_is_none(self, rate: str) -> None:
        with pytest.raises(CommandError):
            payouts("rate", "JPY", "USD", f"{rate}", "--reason", "of today")
        assert not Approval.objects.exists()
