"""What buyers, sellers and administrators are told: by real events, through the relay, as e-mail."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.test import override_settings
from structlog.testing import capture_logs

from apps.accounts import api as accounts
from apps.accounts.models import User
from apps.checkout import api as checkout
from apps.fulfilment.api import TrackingStatus
from apps.integrations.api import MESSAGE_KINDS, PORT, ConsolePort, EmailPort, Message, NoPort
from apps.orders import api as orders
from apps.payments import api as payments
from apps.payments.api import Call, Operation, Said, Statement
from apps.payments.models import Refund
from apps.sellers import api as sellers
from apps.settlement import api as settlement
from apps.settlement.api import BankAnswer, BankSaid
from config.extensions import install_extensions
from config.subscriptions import EVENTS
from tests.factories.accounts import UserFactory
from tests.factories.checkout import ScriptedProvider, ShopFloor, buy, make_shop_floor, place, tender
from tests.factories.fulfilment import READY, make_ready_order, ship, track_all
from tests.factories.orders import units_of
from tests.factories.payments import dispute
from tests.factories.payouts import make_seller, open_bank, pay_out
from tests.support import NOON, in_use_case
from tradecore import clock, outbox
from tradecore.models import InboxEntry, OutboxEvent
from tradecore.money import Money

BUYER = "g@example.com"


@pytest.fixture(autouse=True)
def _by_email() -> Iterator[None]:
    """Django keeps in `mail.outbox` what a test sends."""
    PORT.register("default", EmailPort())
    yield
    install_extensions()


@pytest.fixture
def floor(db: None) -> ShopFloor:
    return make_shop_floor()


def deliver() -> list[EmailMessage]:
    """Relay what has happened; the letters that were sent since the last time."""
    mail.outbox.clear()
    while outbox.relay(subscriptions=EVENTS):
        pass
    return list(mail.outbox)


def the_letter() -> EmailMessage:
    (letter,) = deliver()
    return letter


def seller_of(floor: ShopFloor) -> str:
    return sellers.get_shop(shop_id=floor.shop_id).contact_email


def text_of(letter: EmailMessage) -> str:
    return f"{letter.subject}\n{letter.body}"


class TestLettersOfAPurchase:
    def test_thank_the_buyer_with_number_and_amount(self, floor: ShopFloor) -> None:
        purchase = buy((floor.add_sku(price_minor=1999), 1)).purchase
        letter = the_letter()
        assert letter.to == [BUYER]
        assert letter.subject == f"Your purchase {purchase.number}"
        assert "23.98 GBP" in letter.body
        assert purchase.orders[0].number in letter.body

    def test_say_once_that_it_was_not_paid_in_time(self, floor: ShopFloor) -> None:
        purchase = place((floor.add_sku(price_minor=1999), 1)).purchase
        checkout.expire_purchase(purchase.id, NOON + timedelta(days=1))
        letter = the_letter()
        assert letter.to == [BUYER]
        assert letter.subject == f"Your purchase {purchase.number} has ended"
        assert "not paid in time" in letter.body
        assert "23.98 GBP" in letter.body

    def test_say_that_it_was_cancelled(self, floor: ShopFloor) -> None:
        purchase = place((floor.add_sku(), 1)).purchase
        checkout.cancel_unpaid_purchase(purchase_id=purchase.id, initiator="buyer", reason="changed_my_mind", now=NOON)
        assert "was cancelled" in the_letter().body


class TestLettersOfAnOrder:
    def test_tell_the_seller_what_to_ship_until_when_in_the_time_of_the_market(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        (letter,) = [letter for letter in deliver() if letter.to == [seller_of(floor)]]
        assert letter.subject == f"Order {order.number} is ready to be shipped."
        assert f"2 × {order.lines[0].sku_code}" in letter.body
        (ship_by,) = [deadline.due_at for deadline in order.deadlines if deadline.kind == "ship_by"]
        assert f"Ship it by {ship_by:%d %B %Y}" in letter.body
        assert "(Europe/London)" in letter.body

    def test_tell_the_buyer_that_it_is_on_its_way_and_that_it_has_arrived(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        deliver()
        package = ship(order)
        track_all(package, [TrackingStatus.COLLECTED, TrackingStatus.IN_TRANSIT], now=READY)
        letter = the_letter()
        assert (letter.to, letter.subject) == ([BUYER], f"Your order {order.number} is on its way.")
        track_all(package, [TrackingStatus.DELIVERED], now=READY + timedelta(days=1))
        letter = the_letter()
        assert (letter.to, letter.subject) == ([BUYER], f"Your order {order.number} has arrived.")

    def test_tell_both_that_it_was_cancelled(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        deliver()
        checkout.cancel_lines(order_id=order.id, units=None, initiator="seller", reason="out_of_stock", now=READY)
        told = {letter.to[0]: letter.subject for letter in deliver()}
        assert told == {
            BUYER: f"Your order {order.number} was cancelled.",
            seller_of(floor): f"Order {order.number} was cancelled.",
        }


class TestLettersOfUnitsThatLeft:
    def test_tell_the_seller_what_the_buyer_cancelled_and_what_is_left(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 3, 1)
        deliver()
        self.cancel(order, 1, 1, initiator="buyer", reason="changed_my_mind")
        letter = the_letter()
        assert letter.to == [seller_of(floor)]
        assert letter.subject == f"A part of order {order.number} has ended"
        assert "cancelled by the buyer (changed my mind)" in letter.body
        assert "20.00 GBP goes back to the buyer" in letter.body
        assert f"To be shipped: 2 × {order.lines[0].sku_code}. Ship it by " in letter.body

    def test_tell_the_buyer_what_the_seller_cancelled(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        deliver()
        self.cancel(order, 1, initiator="seller", reason="out_of_stock")
        letters = {letter.to[0]: letter for letter in deliver()}
        assert set(letters) == {BUYER, seller_of(floor)}
        assert order.number in letters[BUYER].subject
        assert "cancelled by the seller (out of stock)" in letters[BUYER].body
        assert "10.00 GBP goes back to you" in letters[BUYER].body

    def test_say_nothing_to_a_seller_who_was_not_told_of_the_order(self, floor: ShopFloor) -> None:
        order = orders.get_order(order_id=buy((floor.add_sku(), 2)).purchase.orders[0].id)
        deliver()
        self.cancel(order, 1, initiator="buyer", reason="changed_my_mind")
        assert deliver() == []

    def test_tell_both_of_a_parcel_that_was_lost(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        package = ship(order, units_of(order, 1))
        ship(order)
        deliver()
        track_all(package, [TrackingStatus.COLLECTED, TrackingStatus.LOST])
        letters = [letter for letter in deliver() if "part of" in letter.subject]
        assert {letter.to[0] for letter in letters} == {BUYER, seller_of(floor)}
        assert all("A parcel does not arrive (lost)." in letter.body for letter in letters)
        assert not any("To be shipped" in letter.body for letter in letters)

    def cancel(self, order: orders.OrderView, *quantities: int, initiator: str, reason: str) -> None:
        units = units_of(order, *quantities)
        checkout.cancel_lines(order_id=order.id, units=units, initiator=initiator, reason=reason, now=READY)


class TestLettersOfRequestsToCancel:
    def ask(self, floor: ShopFloor, *quantities: int) -> orders.OrderView:
        order = make_ready_order(floor, 3)
        deliver()
        units = units_of(order, *quantities) if quantities else None
        checkout.request_cancellation(order_id=order.id, units=units, reason="too_slow", now=READY)
        return order

    def test_tell_the_seller_until_when_to_answer_and_the_buyer_that_they_are_asked(self, floor: ShopFloor) -> None:
        order = self.ask(floor, 2)
        letters = {letter.to[0]: letter for letter in deliver()}
        assert set(letters) == {BUYER, seller_of(floor)}
        for letter in letters.values():
            assert order.number in letter.subject
            assert "by 12 March 2026, 14:00 (Europe/London)" in letter.body
        assert f"They ask to cancel 2 × {order.lines[0].sku_code} (too slow)." in letters[seller_of(floor)].body

    def test_say_nothing_of_what_was_answered_meanwhile(self, floor: ShopFloor) -> None:
        order = self.ask(floor)
        checkout.reject_cancel_request(order_id=order.id, reason="packed_already", now=READY)
        letter = the_letter()
        assert (letter.to, letter.subject) == ([BUYER], f"Your order {order.number} is not cancelled")
        assert "The seller did not agree (packed already)." in letter.body

    def test_tell_the_seller_that_the_buyer_wants_it_after_all(self, floor: ShopFloor) -> None:
        order = self.ask(floor)
        assert "all that is not shipped (too slow)" in text_of(deliver()[-1])
        checkout.withdraw_cancel_request(order_id=order.id, now=READY)
        letter = the_letter()
        assert letter.to == [seller_of(floor)]
        assert f"To be shipped: 3 × {order.lines[0].sku_code}. Ship it by " in letter.body

    def test_tell_the_end_of_a_whole_order_as_its_cancellation(self, floor: ShopFloor) -> None:
        order = self.ask(floor)
        deliver()
        checkout.approve_cancel_request(order_id=order.id, now=READY)
        told = {letter.to[0]: letter.subject for letter in deliver()}
        assert told == {
            BUYER: f"Your order {order.number} was cancelled.",
            seller_of(floor): f"Order {order.number} was cancelled.",
        }

    def test_tell_the_buyer_that_a_part_is_cancelled(self, floor: ShopFloor) -> None:
        order = self.ask(floor, 2)
        deliver()
        checkout.approve_cancel_request(order_id=order.id, now=READY)
        letters = {letter.to[0]: letter for letter in deliver()}
        assert letters[BUYER].subject == f"A part of your order {order.number} is cancelled, as you asked"
        assert "cancelled by the buyer (too slow)" in letters[seller_of(floor)].body


def refuse_refunds(provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = provider._answer

    def refuse(call: Call) -> Statement:
        said = answer(call)
        return replace(said, said=Said.FAILED) if call.operation is Operation.REFUND else said

    monkeypatch.setattr(provider, "_answer", refuse)


class TestLettersOfMoney:
    def test_tell_the_buyer_of_a_refund(self, floor: ShopFloor) -> None:
        purchase_id = self.cancel(floor)
        checkout.poll_provider_calls(limit=10, now=READY)
        letter = the_letter()
        number = orders.get_purchase(purchase_id=purchase_id).number
        assert (letter.to, letter.subject) == ([BUYER], f"Refund for your purchase {number}")
        assert "13.99 GBP went back" in letter.body

    def test_tell_administrators_and_the_log_of_a_refund_that_failed(
        self, floor: ShopFloor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        UserFactory.create(email="clerk@example.com", is_staff=True)
        UserFactory.create(email="gone@example.com", is_staff=True, is_superuser=True, is_active=False)
        UserFactory.create(email="boss@example.com", is_staff=True, is_superuser=True)
        refuse_refunds(floor.provider, monkeypatch)
        purchase_id = self.cancel(floor)
        checkout.poll_provider_calls(limit=10, now=READY)
        with capture_logs() as logged:
            letter = the_letter()
        number = orders.get_purchase(purchase_id=purchase_id).number
        refund_id = OutboxEvent.objects.get(kind="payments.refund_failed").payload["refund_id"]
        assert (letter.to, letter.subject) == (
            ["boss@example.com"],
            f"A refund for purchase {number} has failed",
        )
        assert "13.99 GBP" in letter.body
        assert f"manage.py refunds retry {refund_id} " in letter.body
        assert {"event": "refund_failed", "refund_id": refund_id, "purchase": number} in [
            {key: line[key] for key in ("event", "refund_id", "purchase")}
            for line in logged
            if line["log_level"] == "error"
        ]

    def test_tell_nobody_of_a_refund_that_failed_and_is_back_all_the_same(
        self, floor: ShopFloor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As one whose money a chargeback took."""
        UserFactory.create(email="boss@example.com", is_staff=True, is_superuser=True)
        refuse_refunds(floor.provider, monkeypatch)
        self.cancel(floor)
        checkout.poll_provider_calls(limit=10, now=READY)
        Refund.objects.update(status="SUCCEEDED")
        assert deliver() == []

    def test_tell_administrators_that_an_answer_to_a_chargeback_was_refused(self, floor: ShopFloor) -> None:
        UserFactory.create(email="boss@example.com", is_staff=True, is_superuser=True)
        bought = buy((floor.add_sku(price_minor=1000), 1))
        found = dispute(floor.provider, payable_ref=bought.purchase.id)
        in_use_case(lambda: payments.accept_dispute(dispute_id=found.pk, actor="user:1", reason="small", now=NOON))
        call = payments.get_payment_history(payable_ref=bought.purchase.id).calls[-1]
        refused = Statement(
            said=Said.FAILED,
            reference=call.id,
            provider_ref=f"ref_{call.id}",
            amount=call.amount,
            account=floor.provider.account,
            decline_code="too_late",
        )
        checkout.apply_statement(statement=refused, provider="scripted", source="reply", now=NOON)
        (letter,) = [letter for letter in deliver() if "chargeback" in letter.subject]
        assert letter.to == ["boss@example.com"]
        assert bought.purchase.number in letter.subject
        assert "chargeback dsp_1 of 13.99 GBP (too_late)" in letter.body
        assert "until 21 March 2026, 12:00 (UTC)" in letter.body

    def test_tell_administrators_of_a_suspect_payment(self, floor: ShopFloor) -> None:
        UserFactory.create(email="boss@example.com", is_staff=True, is_superuser=True)
        progress = buy((floor.add_sku(), 1), tenders=(tender("tok_wrong_amount"),))
        letter = the_letter()
        assert letter.to == ["boss@example.com"]
        assert progress.purchase.number in letter.subject
        assert "(amount)" in letter.body

    def cancel(self, floor: ShopFloor) -> int:
        order = make_ready_order(floor)
        checkout.cancel_lines(order_id=order.id, units=None, initiator="buyer", reason="changed_my_mind", now=READY)
        deliver()
        return order.purchase_id


class TestLettersOfPayouts:
    @pytest.fixture(autouse=True)
    def _bank(self, floor: ShopFloor) -> None:
        open_bank()

    def test_tell_the_seller_that_it_is_sent_and_has_left(self, floor: ShopFloor) -> None:
        make_seller(6755, shop_id=floor.shop_id)
        pay_out()
        sent, confirmed = deliver()
        assert sent.to == confirmed.to == [seller_of(floor)]
        assert "67.55 GBP was sent to your account …1234." in sent.body
        assert "Your account …1234 gets 67.55 GBP." in confirmed.body

    def test_tell_the_seller_that_it_came_back_and_why(self, floor: ShopFloor) -> None:
        make_seller(6755, shop_id=floor.shop_id, token="acct_rejected")
        pay_out()
        _, returned = deliver()
        assert "did not take 67.55 GBP (account closed). 67.55 GBP is yours again" in returned.body

    def test_tell_administrators_of_a_suspect_one(self, floor: ShopFloor) -> None:
        make_seller(6755, shop_id=floor.shop_id)
        (payout,) = pay_out(floor.shop_id)
        deliver()
        UserFactory(email="admin@example.com", is_staff=True, is_superuser=True)
        settlement.record_answer(
            payout_id=payout.id,
            answer=BankAnswer(
                said=BankSaid.REJECTED, reference=payout.id, bank_ref="bk", amount=Money(6755, "GBP"), code="closed"
            ),
            now=NOON,
        )
        letter = the_letter()
        assert letter.to == ["admin@example.com"]
        assert "(rejected after confirmed)" in letter.body

    def test_tell_the_seller_of_another_account(self, floor: ShopFloor) -> None:
        settlement.set_payout_account(
            shop_id=floor.shop_id,
            version=1,
            holder_name="North Wool",
            account_number="GB33BUKB20201555551234",
            currency="GBP",
            actor="user:1",
            now=NOON,
        )
        letter = the_letter()
        assert letter.to == [seller_of(floor)]
        assert "…1234" in letter.subject
        assert "11 March 2026, 12:00 (UTC)" in letter.body
        assert "20201555" not in text_of(letter)


@pytest.mark.django_db
class TestLettersOfPasswords:
    def test_hold_a_token_that_works_and_its_deadline(self) -> None:
        user = UserFactory.create(email="robin@example.com")
        accounts.request_password_reset(email=user.email, now=clock.now())
        letter = the_letter()
        assert (letter.to, letter.subject) == (["robin@example.com"], "Set a new password")
        found = re.fullmatch(r"Use this token within an hour: (\S+)", str(letter.body))
        assert found
        accounts.reset_password(token=found[1], new_password="a new battery staple", now=clock.now())

    def test_are_not_written_to_an_account_that_was_closed_meanwhile(self) -> None:
        user = UserFactory.create()
        accounts.request_password_reset(email=user.email, now=clock.now())
        User.objects.filter(pk=user.pk).update(is_active=False)
        assert deliver() == []
        assert outbox.count_backlog() == outbox.Backlog(waiting=0, dead=0)


@pytest.mark.django_db
class TestSendMessages:
    def request_reset(self) -> OutboxEvent:
        accounts.request_password_reset(email=UserFactory.create().email, now=clock.now())
        return OutboxEvent.objects.get()

    def test_is_subscribed_to_every_kind_that_has_letters(self) -> None:
        assert all("send_messages" in [handler.__name__ for handler in EVENTS[kind]] for kind in MESSAGE_KINDS)

    def test_sends_an_event_that_is_delivered_again_once(self) -> None:
        event = self.request_reset()
        assert len(deliver()) == 1
        OutboxEvent.objects.update(delivered_at=None, next_attempt_at=clock.real_now())
        assert deliver() == []
        assert InboxEntry.objects.filter(consumer="messages", event_id=event.pk).count() == 1

    def test_remembers_nothing_of_an_event_that_nobody_is_told_of(self, floor: ShopFloor) -> None:
        buy((floor.add_sku(), 1))
        assert len(deliver()) == 1  # the buyer, of the payment: nobody hears of an order before it can be shipped
        handled = InboxEntry.objects.filter(consumer="messages").values_list("event_id", flat=True)
        assert list(OutboxEvent.objects.filter(pk__in=handled).values_list("kind", flat=True)) == [
            "orders.purchase_paid"
        ]

    def test_that_fails_is_tried_again_by_the_relay(self, monkeypatch: pytest.MonkeyPatch) -> None:
        event = self.request_reset()

        def break_down(_message: EmailMessage) -> None:
            raise SMTPServerDisconnected("mail is down")

        with monkeypatch.context() as broken:
            broken.setattr(EmailMessage, "send", break_down)
            assert deliver() == []
        failed = OutboxEvent.objects.get()
        assert (failed.attempts, failed.delivered_at) == (1, None)
        assert failed.last_error == "SMTPServerDisconnected: mail is down"
        assert not InboxEntry.objects.exists()
        OutboxEvent.objects.update(next_attempt_at=clock.real_now())
        assert the_letter().extra_headers["Message-ID"] == f"<{event.pk}.0@tradecore>"


MESSAGE = Message(to="robin@example.com", subject="Set a new password", body="the token", reference="7.0")


class TestPorts:
    @override_settings(DEFAULT_FROM_EMAIL="Market <market@example.com>")
    def test_email_is_from_the_marketplace_and_the_same_when_sent_again(self) -> None:
        for _ in range(2):
            EmailPort().send(MESSAGE)
        first, second = mail.outbox
        assert first.from_email == "Market <market@example.com>"
        assert first.message()["Message-ID"] == second.message()["Message-ID"] == "<7.0@tradecore>"
        assert (first.to, first.subject, first.body) == (["robin@example.com"], "Set a new password", "the token")

    def test_console_shows_all_of_it(self) -> None:
        with capture_logs() as logged:
            ConsolePort().send(MESSAGE)
        assert (logged[0]["to"], logged[0]["body"]) == ("robin@example.com", "the token")

    def test_no_port_shows_nothing_that_is_secret_or_personal(self) -> None:
        with capture_logs() as logged:
            NoPort().send(MESSAGE)
        assert logged == [
            {
                "event": "message_not_sent",
                "subject": "Set a new password",
                "reference": "7.0",
                "what_to_set": "EMAIL_URL",
                "log_level": "warning",
            }
        ]

    @pytest.mark.parametrize(
        ("environment", "by_email", "port"),
        [
            ("embedded", False, ConsolePort),
            ("embedded", True, EmailPort),
            ("production", False, NoPort),
            ("production", True, EmailPort),
            ("test", False, NoPort),
        ],
    )
    def test_stand_where_they_belong(self, settings: Any, environment: str, by_email: bool, port: type) -> None:
        settings.TRADECORE_ENV, settings.MESSAGES_BY_EMAIL = environment, by_email
        install_extensions()
        assert isinstance(PORT.get("default"), port)
