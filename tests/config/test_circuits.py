"""Outsiders who do not answer are left alone, each by its own circuit, and the product goes on without them."""

from datetime import timedelta
from typing import Any, Never

import pytest
from django.core.mail import EmailMessage
from kombu.exceptions import OperationalError

from apps.integrations.api import EmailPort, Message
from apps.payments import api as payments
from apps.payments.models import ProviderCall
from apps.payments.services.calls import _CIRCUITS
from apps.reconciliation.contracts import Source
from apps.reconciliation.files.fetch import fetch_days
from apps.settlement import api as settlement
from config import tasks
from config.extensions import install_extensions
from tests.factories.checkout import ShopFloor, buy, make_shop_floor, tender
from tests.support import NOON
from tradecore import clock
from tradecore.breakers import CircuitState

pytestmark = pytest.mark.django_db


@pytest.fixture
def floor() -> ShopFloor:
    return make_shop_floor()


class TestAProviderThatIsSilent:
    def test_is_not_asked_again_for_a_while_and_its_calls_are_unknown(self, floor: ShopFloor) -> None:
        silent = [buy((floor.add_sku(), 1), tenders=(tender("tok_silent"),)) for _ in range(5)]
        assert _CIRCUITS.to("scripted").state is CircuitState.OPEN
        spared = buy((floor.add_sku(), 1), tenders=(tender("tok_ok"),))
        assert len(floor.provider.calls) == 5
        placed = [progress.purchase.id for progress in (*silent, spared)]
        calls = ProviderCall.objects.filter(tender__intent__payable_ref__in=placed)
        assert {call.status for call in calls} == {"UNKNOWN"}
        assert {progress.purchase.status for progress in (*silent, spared)} == {spared.purchase.status}
        assert all(call.ask_at and call.ask_at < clock.real_now() + timedelta(seconds=10) for call in calls), (
            "the poller asks soon"
        )

    def test_is_asked_again_after_a_rest(self, floor: ShopFloor, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_CIRCUITS.to("scripted"), "_rest_s", 0.0)
        for _ in range(5):
            buy((floor.add_sku(), 1), tenders=(tender("tok_silent"),))
        bought = buy((floor.add_sku(), 1), tenders=(tender("tok_ok"),))
        assert (bought.purchase.status, _CIRCUITS.to("scripted").state) == ("PAID", CircuitState.CLOSED)

    def test_keeps_nobody_from_paying_elsewhere(self, floor: ShopFloor) -> None:
        for _ in range(5):
            buy((floor.add_sku(), 1), tenders=(tender("tok_silent"),))
        payments.PROVIDERS.register("other", floor.provider)
        bought = buy((floor.add_sku(), 1), tenders=(tender("tok_ok", provider="other"),))
        assert bought.purchase.status == "PAID"


class DeadBank:
    def __init__(self) -> None:
        self.asked = 0

    def list_movements(self, **_: Any) -> Never:
        self.asked += 1
        raise settlement.BankUnreachable("no answer")


class TestABankThatIsSilent:
    def test_is_not_asked_again_for_a_while(self) -> None:
        bank: Any = DeadBank()
        settlement.BANKS.register("sandbox", bank)
        try:
            for _ in range(10):
                with pytest.raises(settlement.BankUnreachable):
                    fetch_days(source=Source.BANK, name="sandbox", on=NOON.date(), real_now=NOON)
        finally:
            install_extensions()
        assert bank.asked == 5


class TestAMailServerThatIsAway:
    def test_is_not_asked_again_for_a_while(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tried = []

        def send(self: EmailMessage) -> Never:
            tried.append(self.to)
            raise ConnectionRefusedError("refused")

        monkeypatch.setattr(EmailMessage, "send", send)
        port = EmailPort()
        for number in range(6):
            with pytest.raises(OSError, match="refused" if number < 3 else "left alone"):
                port.send(Message(to=f"{number}@example.com", subject="", body="", reference=str(number)))
        assert len(tried) == 3


class TestABrokerThatIsAway:
    def test_takes_no_tick_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tried = []

        def publish(**options: Any) -> Never:
            tried.append(options)
            raise OperationalError

        monkeypatch.setattr(tasks.run, "apply_async", publish)
        for _ in range(5):
            monkeypatch.setattr(tasks, "_last_woken", {})
            with pytest.raises(OperationalError):
                tasks.tick()
        assert len(tried) == 2
