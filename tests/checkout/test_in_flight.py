"""Money that is on its way while its purchase ends: what a provider takes is never forgotten."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from apps.checkout import api as checkout
from apps.inventory import api as inventory
from apps.orders import api as orders
from apps.payments import api as payments
from apps.payments.api import Call, Operation, ProviderUnreachable, Said, Statement
from apps.payments.models import Capture, ProviderAnswer, ProviderCall, Refund
from apps.promotions import api as promotions
from config.subscriptions import TIMERS
from tests.books import assert_books_agree
from tests.factories.approvals import give_approval
from tests.factories.approvals import status_of as status_of_approval
from tests.factories.checkout import ShopFloor, buy, make_shop_floor, place, tender
from tests.factories.inventory import numbers_of
from tests.support import NOON
from tradecore import approvals, breakers, clock, db, timers
from tradecore.approvals import AwaitsApproval, SamePerson
from tradecore.errors import NotFound
from tradecore.models import OutboxEvent
from tradecore.money import Money

LATER = NOON + timedelta(minutes=31)

Send = Callable[[Call], Statement]


@pytest.fixture
def floor(db: None) -> Iterator[ShopFloor]:
    """A shop floor. Whatever happens on it, the books agree with the facts afterwards."""
    yield make_shop_floor()
    assert_books_agree()


@pytest.fixture
def send(floor: ShopFloor) -> Send:
    """What the provider does when nobody is in between."""
    return floor.provider.send


def poll_until_idle() -> None:
    """Poll as often as it takes, without waiting for the pauses between two questions."""
    for _ in range(6):
        ProviderCall.objects.exclude(ask_at=None).update(ask_at=clock.real_now() - timedelta(seconds=1))
        checkout.poll_provider_calls(limit=20, now=LATER)


def status_of(purchase_id: int) -> str:
    return orders.get_purchase(purchase_id=purchase_id).status


def intercept(floor: ShopFloor, send: Send) -> None:
    floor.provider.send = send  # type: ignore[assignment,method-assign]


class TestAChargeInFlight:
    def cancel_first(self, floor: ShopFloor, send: Send, purchase_id: int) -> None:
        """The purchase is cancelled between our asking and the provider's hearing; its answer is lost."""

        def send_late(call: Call) -> Statement:
            if call.operation is Operation.CHARGE:
                checkout.cancel_unpaid_purchase(
                    purchase_id=purchase_id, initiator="buyer", reason="changed_mind", now=NOON
                )
                send(call)
                raise ProviderUnreachable("the answer is lost")
            said = send(call)
            # What was captured cannot be voided.
            return replace(said, said=Said.FAILED) if call.operation is Operation.VOID else said

        intercept(floor, send_late)

    def test_goes_back_when_its_purchase_was_cancelled_meanwhile(self, floor: ShopFloor, send: Send) -> None:
        placed = place((floor.add_sku(), 1))
        self.cancel_first(floor, send, placed.purchase.id)
        checkout.collect_payment(purchase_id=placed.purchase.id, now=NOON)
        assert status_of(placed.purchase.id) == "CANCELLED"
        poll_until_idle()
        assert Capture.objects.get().is_late
        refund = Refund.objects.get()
        assert (refund.amount_minor, refund.status) == (placed.purchase.total.minor, "SUCCEEDED")

    def test_is_voided_even_when_nobody_knows_whether_it_was_sent(self, floor: ShopFloor) -> None:
        placed = place((floor.add_sku(), 1))
        checkout.expire_purchase(placed.purchase.id, LATER)
        assert set(ProviderCall.objects.values_list("operation", "status")) == {
            ("charge", "UNKNOWN"),
            ("void", "CREATED"),
        }
        poll_until_idle()
        assert [call.operation for call in floor.provider.calls] == [Operation.VOID]
        assert set(ProviderCall.objects.values_list("operation", "status")) == {
            ("charge", "DROPPED"),
            ("void", "SUCCEEDED"),
        }

    def test_is_not_sent_for_a_purchase_that_has_ended(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(), 1), tenders=(tender("tok_lost"),))
        checkout.cancel_unpaid_purchase(
            purchase_id=progress.purchase.id, initiator="buyer", reason="changed_mind", now=NOON
        )
        poll_until_idle()
        assert [call.operation for call in floor.provider.calls].count(Operation.CHARGE) == 1
        assert not Capture.objects.exists()


class TestACaptureInFlight:
    def test_goes_back_when_the_void_that_followed_it_is_refused(self, floor: ShopFloor, send: Send) -> None:
        parts = (tender(amount=Money(1000, "GBP")), tender(amount=Money(1398, "GBP")))
        placed = place((floor.add_sku(price_minor=1999), 1), tenders=parts)

        def send_late(call: Call) -> Statement:
            captured = {known.about for known in floor.provider.calls if known.operation is Operation.CAPTURE}
            if call.operation is Operation.CAPTURE and not captured:
                checkout.expire_purchase(placed.purchase.id, LATER)
                send(call)
                raise ProviderUnreachable("the answer is lost")
            if call.operation is Operation.CAPTURE:
                raise ProviderUnreachable("the process is about to die")
            said = send(call)
            is_refused = call.operation is Operation.VOID and call.about in captured
            return replace(said, said=Said.FAILED) if is_refused else said

        intercept(floor, send_late)
        checkout.collect_payment(purchase_id=placed.purchase.id, now=NOON)
        poll_until_idle()
        assert status_of(placed.purchase.id) == "EXPIRED"
        assert Capture.objects.get().is_late
        assert Refund.objects.get().status == "SUCCEEDED"


class TestAFailedRefund:
    @pytest.fixture
    def refusing(self, floor: ShopFloor, send: Send) -> ShopFloor:
        """A provider that refuses every refund."""

        def refuse(call: Call) -> Statement:
            said = send(call)
            if call.operation is Operation.REFUND:
                said = floor.provider.known[call.reference] = replace(said, said=Said.FAILED)
            return said

        intercept(floor, refuse)
        return floor

    def cancel(self, progress: checkout.PaymentProgress) -> None:
        checkout.cancel_lines(
            order_id=progress.purchase.orders[0].id, units=None, initiator="buyer", reason="changed_mind", now=NOON
        )

    def test_may_be_reported_twice(self, refusing: ShopFloor) -> None:
        self.cancel(buy((refusing.add_sku(), 1)))
        poll_until_idle()
        said = refusing.provider.known[ProviderCall.objects.get(operation="refund").pk]
        payments.store_webhook(provider="scripted", statement=replace(said, event_id="evt_1"), now=NOON)
        assert checkout.apply_stored_answers(limit=10, now=NOON) == 1
        assert ProviderAnswer.objects.get(source="webhook").verdict == "known"
        assert Refund.objects.get().status == "FAILED"

    def test_may_fail_in_each_of_its_parts(self, refusing: ShopFloor) -> None:
        parts = (tender(amount=Money(1000, "GBP")), tender(amount=Money(1398, "GBP")))
        self.cancel(buy((refusing.add_sku(price_minor=1999), 1), tenders=parts))
        poll_until_idle()
        refunds = ProviderCall.objects.filter(operation="refund")
        assert list(refunds.values_list("status", flat=True)) == ["REFUSED", "REFUSED"]
        assert Refund.objects.get().status == "FAILED"

    def test_is_tried_again_by_a_person(self, refusing: ShopFloor, send: Send) -> None:
        self.cancel(buy((refusing.add_sku(), 1)))
        poll_until_idle()
        intercept(refusing, send)
        refund = Refund.objects.get()
        payments.retry_refund(refund_id=refund.pk, actor="staff:7", reason="the bank is back", now=LATER)
        poll_until_idle()
        refund.refresh_from_db()
        assert refund.status == "SUCCEEDED"
        with pytest.raises(payments.RefundNotFailed):
            payments.retry_refund(refund_id=refund.pk, actor="staff:7", reason="again", now=LATER)

    def test_is_tried_again_for_the_part_that_failed(self, floor: ShopFloor, send: Send) -> None:
        parts = (tender(amount=Money(1000, "GBP")), tender(amount=Money(1398, "GBP")))
        progress = buy((floor.add_sku(price_minor=1999), 1), tenders=parts)

        def refuse_the_larger(call: Call) -> Statement:
            said = send(call)
            if call.operation is Operation.REFUND and call.amount.minor == 1398:
                said = floor.provider.known[call.reference] = replace(said, said=Said.FAILED)
            return said

        intercept(floor, refuse_the_larger)
        self.cancel(progress)
        poll_until_idle()
        intercept(floor, send)
        payments.retry_refund(refund_id=Refund.objects.get().pk, actor="staff:7", reason="again", now=LATER)
        poll_until_idle()
        sent = [call.amount.minor for call in floor.provider.calls if call.operation is Operation.REFUND]
        assert sent == [1000, 1398, 1398]
        assert Refund.objects.get().status == "SUCCEEDED"


class TestTheRest:
    """What one answer or call cannot be applied does not keep the others waiting."""

    def test_of_the_answers_is_applied(self, floor: ShopFloor, monkeypatch: pytest.MonkeyPatch) -> None:
        first, second = (buy((floor.add_sku(), 1), tenders=(tender("tok_3ds"),)) for _ in range(2))
        references = [call.reference for call in floor.provider.calls]
        for reference in references:
            payments.store_webhook(provider="scripted", statement=floor.provider.complete(reference), now=NOON)
        ask = floor.provider.ask

        def break_on_the_first(reference: int) -> Statement | None:
            if reference == references[0]:
                raise ZeroDivisionError("a provider that nobody thought of")
            return ask(reference)

        monkeypatch.setattr(floor.provider, "ask", break_on_the_first)
        assert checkout.apply_stored_answers(limit=10, now=NOON) == 1
        assert [status_of(progress.purchase.id) for progress in (first, second)] == ["AWAITING_PAYMENT", "PAID"]
        broken = ProviderAnswer.objects.get(source="webhook", call_ref=references[0])
        assert (broken.attempts, broken.last_error) == (1, "ZeroDivisionError: a provider that nobody thought of")

    def test_of_the_calls_is_polled(self, floor: ShopFloor, monkeypatch: pytest.MonkeyPatch) -> None:
        for _ in range(2):
            buy((floor.add_sku(), 1), tenders=(tender("tok_silent"),))
        references = [call.reference for call in floor.provider.calls]
        ask = floor.provider.ask

        def break_on_the_first(reference: int) -> Statement | None:
            if reference == references[0]:
                raise ZeroDivisionError
            return ask(reference)

        monkeypatch.setattr(floor.provider, "ask", break_on_the_first)
        poll_until_idle()
        statuses = dict(ProviderCall.objects.values_list("pk", "status"))
        assert [statuses[reference] for reference in references] == ["UNKNOWN", "SUCCEEDED"]

    def test_is_tried_once_more_when_somebody_revives_what_was_parked(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(), 1), tenders=(tender("tok_3ds"),))
        said = floor.provider.complete(floor.provider.calls[0].reference)
        payments.store_webhook(provider="scripted", statement=said, now=NOON)
        answer = ProviderAnswer.objects.get(source="webhook")
        for _ in range(12):
            payments.put_off_answer(answer_id=answer.pk, error=ZeroDivisionError())
        ProviderAnswer.objects.update(claimed_until=None)
        assert checkout.apply_stored_answers(limit=10, now=NOON) == 0
        assert payments.count_backlog().parked_answers == 1
        assert payments.revive_answers() == 1
        assert checkout.apply_stored_answers(limit=10, now=NOON) == 1
        assert status_of(progress.purchase.id) == "PAID"


class TestASilentProvider:
    def test_ages_no_answer(self, floor: ShopFloor, monkeypatch: pytest.MonkeyPatch) -> None:
        """A slip is paid after its purchase has expired, while the provider cannot be asked for a long time."""
        progress = buy((floor.add_sku(), 1), tenders=(tender("tok_3ds", method="bank_slip"),))
        checkout.expire_purchase(progress.purchase.id, NOON + timedelta(days=4))
        said = floor.provider.complete(floor.provider.calls[0].reference)
        payments.store_webhook(provider="scripted", statement=said, now=NOON)

        def hang(_reference: int) -> Statement | None:
            raise ProviderUnreachable("silent")

        with monkeypatch.context() as patched:
            patched.setattr(floor.provider, "ask", hang)
            for _ in range(20):
                assert checkout.apply_stored_answers(limit=10, now=NOON) == 0
                ProviderAnswer.objects.update(claimed_until=None)
        breakers.close_all()  # the provider has been left alone for long enough
        assert checkout.apply_stored_answers(limit=10, now=NOON) == 1
        assert Capture.objects.get().is_late
        assert Refund.objects.exists()

    def test_of_the_first_tender_leaves_the_second_to_be_sent(self, floor: ShopFloor) -> None:
        parts = (tender("tok_lost", amount=Money(1000, "GBP")), tender(amount=Money(1398, "GBP")))
        placed = place((floor.add_sku(price_minor=1999), 1), tenders=parts)
        finals: list[bool] = []
        with db.alongside(lambda progress: finals.append(progress.is_final)):
            checkout.collect_payment(purchase_id=placed.purchase.id, now=NOON)
        assert [call.amount.minor for call in floor.provider.calls] == [1000, 1398]
        # What is answered to the buyer is stored with the last step, and only with it.
        assert finals == [False, True]


class TestMoneyThatComesTooLate:
    """An earlier tender is paid after another one has taken its place: it goes back, and pays nothing."""

    def pay_late(self, floor: ShopFloor, reference: int) -> None:
        payments.store_webhook(provider="scripted", statement=floor.provider.complete(reference), now=NOON)
        checkout.apply_stored_answers(limit=10, now=NOON)

    def offer(self, purchase_id: int, *tenders: checkout.TenderWish) -> None:
        checkout.offer_tenders(purchase_id=purchase_id, tenders=list(tenders), now=NOON)
        checkout.collect_payment(purchase_id=purchase_id, now=NOON)

    def test_leaves_the_whole_to_be_paid(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(), 1), tenders=(tender("tok_3ds", method="bank_slip"),))
        self.offer(progress.purchase.id, tender("tok_declined"))
        self.pay_late(floor, floor.provider.calls[0].reference)
        self.offer(progress.purchase.id, tender())
        assert status_of(progress.purchase.id) == "PAID"

    def test_leaves_the_part_that_it_was_for_to_be_paid(self, floor: ShopFloor) -> None:
        parts = (
            tender("tok_3ds", method="bank_slip", amount=Money(1000, "GBP")),
            tender("tok_3ds", amount=Money(1398, "GBP")),
        )
        progress = buy((floor.add_sku(price_minor=1999), 1), tenders=parts)
        self.offer(progress.purchase.id, tender("tok_declined"))
        self.pay_late(floor, floor.provider.calls[0].reference)
        self.offer(progress.purchase.id, tender())
        assert status_of(progress.purchase.id) == "PAID"
        assert sum(capture.amount_minor for capture in Capture.objects.filter(is_late=False)) == 2398

    def test_does_not_keep_the_new_tenders_from_being_captured(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(price_minor=1999), 1), tenders=(tender("tok_3ds", method="bank_slip"),))
        parts = (tender(amount=Money(1200, "GBP")), tender(amount=Money(1198, "GBP")))
        checkout.offer_tenders(purchase_id=progress.purchase.id, tenders=parts, now=NOON)
        self.pay_late(floor, floor.provider.calls[0].reference)
        checkout.collect_payment(purchase_id=progress.purchase.id, now=NOON)
        assert status_of(progress.purchase.id) == "PAID"


class TestALongerDeadline:
    def test_keeps_what_is_held_for_as_long(self, floor: ShopFloor) -> None:
        sku = floor.add_sku()
        progress = buy((sku, 1), tenders=(tender("tok_declined"),))
        slip = (tender("tok_3ds", method="bank_slip"),)
        checkout.offer_tenders(purchase_id=progress.purchase.id, tenders=slip, now=NOON)
        checkout.collect_payment(purchase_id=progress.purchase.id, now=NOON)
        an_hour_later = NOON + timedelta(hours=1)
        assert inventory.expire_holds(now=an_hour_later) == 0
        assert promotions.expire_holds(now=an_hour_later) == 0
        assert numbers_of(sku) == [(99, 1, 0)]
        said = floor.provider.complete(floor.provider.calls[-1].reference)
        payments.store_webhook(provider="scripted", statement=said, now=NOON)
        checkout.apply_stored_answers(limit=10, now=NOON + timedelta(days=1))
        assert status_of(progress.purchase.id) == "PAID"


class TestAContradiction:
    def test_about_a_refund_does_not_end_the_questions(self, floor: ShopFloor, send: Send) -> None:
        def say_later(call: Call) -> Statement:
            said = send(call)
            if call.operation is Operation.REFUND and said.said is Said.REFUNDED:
                said = floor.provider.known[call.reference] = replace(said, said=Said.PENDING)
            return said

        intercept(floor, say_later)
        progress = buy((floor.add_sku(), 1))
        checkout.cancel_lines(
            order_id=progress.purchase.orders[0].id, units=None, initiator="buyer", reason="changed_mind", now=NOON
        )
        poll_until_idle()
        reference = ProviderCall.objects.get(operation="refund").pk
        floor.provider.known[reference] = replace(floor.provider.known[reference], amount=Money(1, "GBP"))
        poll_until_idle()
        assert Refund.objects.get().status == "REQUESTED"
        truth = replace(floor.provider.known[reference], amount=progress.purchase.total, said=Said.REFUNDED)
        floor.provider.known[reference] = truth
        poll_until_idle()
        assert Refund.objects.get().status == "SUCCEEDED"

    def test_of_a_signed_webhook_is_settled_by_asking(self, floor: ShopFloor) -> None:
        """A genuine signature proves the sender, and not that a refund was made."""
        progress = buy((floor.add_sku(), 1))
        checkout.cancel_lines(
            order_id=progress.purchase.orders[0].id, units=None, initiator="buyer", reason="changed_mind", now=NOON
        )
        call = ProviderCall.objects.get(operation="refund")
        charge = floor.provider.known[floor.provider.calls[0].reference]
        claim = replace(charge, said=Said.REFUNDED, reference=call.pk, event_id="evt_1")
        payments.store_webhook(provider="scripted", statement=claim, now=NOON)
        checkout.apply_stored_answers(limit=10, now=NOON)
        assert Refund.objects.get().status == "REQUESTED"

    @pytest.mark.parametrize("parts", [{"amount": Money(1, "GBP")}, {"account": "somebody-else"}])
    def test_of_a_signed_webhook_leaves_a_trace_and_nothing_else(self, floor: ShopFloor, parts: Any) -> None:
        progress = buy((floor.add_sku(), 1), tenders=(tender("tok_3ds"),))
        truth = floor.provider.complete(floor.provider.calls[0].reference)
        payments.store_webhook(provider="scripted", statement=replace(truth, **parts), now=NOON)
        assert checkout.apply_stored_answers(limit=10, now=NOON) == 1
        assert ProviderAnswer.objects.get(source="webhook").verdict == "contradicted"
        assert OutboxEvent.objects.filter(kind="payments.payment_suspected").count() == 1
        assert status_of(progress.purchase.id) == "AWAITING_PAYMENT"
        poll_until_idle()
        assert status_of(progress.purchase.id) == "PAID"

    def test_in_the_operation_is_one(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(), 1))
        reference = floor.provider.calls[0].reference
        claim = replace(floor.provider.known[reference], said=Said.REFUNDED)
        checkout.apply_statement(statement=claim, provider="scripted", source="reply", now=NOON)
        assert ProviderAnswer.objects.latest("id").verdict == "suspect_operation"
        assert status_of(progress.purchase.id) == "PAID"


class TestAFreePurchase:
    def test_is_confirmed_by_a_timer_when_its_process_has_died(self, db: None) -> None:
        floor = make_shop_floor(shipping_minor=0)
        placed = place((floor.add_sku(price_minor=0), 1))
        assert placed.purchase.total.minor == 0
        timers.sweep(handlers=TIMERS, now=NOON)
        assert status_of(placed.purchase.id) == "PAID"

    def test_leaves_no_timer_behind_when_it_is_confirmed_at_once(self, db: None) -> None:
        floor = make_shop_floor(shipping_minor=0)
        progress = buy((floor.add_sku(price_minor=0), 1))
        assert progress.purchase.status == "PAID"
        assert not timers.list_pending(limit=10, kind="confirm_free_purchase")


class TestASuspicion:
    @pytest.fixture
    def suspect(self, floor: ShopFloor) -> checkout.PaymentProgress:
        """A purchase whose provider captured 1.00 where 23.98 was asked for."""
        progress = buy((floor.add_sku(price_minor=1999), 1), tenders=(tender("tok_wrong_amount"),))
        assert progress.payment.tenders[0].status == "SUSPECT"
        return progress

    def test_sends_nothing_twice(self, suspect: checkout.PaymentProgress, floor: ShopFloor) -> None:
        poll_until_idle()
        assert [call.operation for call in floor.provider.calls] == [Operation.CHARGE]

    def test_leaves_the_purchase_payable(self, suspect: checkout.PaymentProgress) -> None:
        checkout.offer_tenders(purchase_id=suspect.purchase.id, tenders=[tender()], now=NOON)
        progress = checkout.collect_payment(purchase_id=suspect.purchase.id, now=NOON)
        assert progress.purchase.status == "PAID"

    def test_ends_when_the_provider_has_let_go(self, suspect: checkout.PaymentProgress) -> None:
        checkout.expire_purchase(suspect.purchase.id, LATER)
        poll_until_idle()
        assert payments.get_payment(payable_ref=suspect.purchase.id).tenders[0].status == "VOIDED"

    def test_sends_back_what_a_person_accepts(self, suspect: checkout.PaymentProgress) -> None:
        self.settle(suspect, accept=True)
        poll_until_idle()
        assert Capture.objects.get().amount_minor == 100
        refund = Refund.objects.get()
        assert (refund.amount_minor, refund.status) == (100, "SUCCEEDED")
        assert status_of(suspect.purchase.id) == "AWAITING_PAYMENT"

    def test_is_over_when_a_person_rejects_it(self, suspect: checkout.PaymentProgress) -> None:
        self.settle(suspect, accept=False)
        assert not Capture.objects.exists()
        assert payments.get_payment(payable_ref=suspect.purchase.id).tenders[0].status == "DECLINED"
        with pytest.raises(payments.TenderNotSuspect):
            self.ask(suspect, accept=False)

    def test_is_listed_with_what_was_said(self, suspect: checkout.PaymentProgress) -> None:
        (listed,) = payments.list_suspects(limit=10)
        assert listed.payable_ref == suspect.purchase.id
        assert [answer.verdict for answer in listed.answers] == ["suspect_amount"]

    def test_waits_for_a_second_person(self, suspect: checkout.PaymentProgress) -> None:
        waits = self.ask(suspect, accept=True)
        assert self.ask(suspect, accept=True) == waits
        assert self.ask(suspect, accept=False) != waits
        with pytest.raises(SamePerson):
            give_approval(waits, actor="staff:7")
        assert not Capture.objects.exists()
        assert payments.get_payment(payable_ref=suspect.purchase.id).tenders[0].status == "SUSPECT"

    def test_says_to_the_second_person_what_it_is(self, suspect: checkout.PaymentProgress) -> None:
        waits = self.ask(suspect, accept=True)
        request = approvals.get_request(approval_id=waits.approval_id, now=NOON)
        tender_id = suspect.payment.tenders[0].id
        assert (request.kind, request.subject) == (checkout.SETTLE_SUSPECT, f"tender:{tender_id}")
        assert (request.requested_by, request.reason) == ("staff:7", "asked them")
        *lines, received = approvals.spell_out(request.content)
        assert lines == [
            f"tender_id: {tender_id}",
            f"purchase_id: {suspect.purchase.id}",
            "provider: scripted",
            "method: card",
            "asked_for: 23.98 GBP",
            "accept: true",
            "said:",
            "  -",
            "    about: charge",
            "    said: captured",
            "    amount: 1.00 GBP",
            "    verdict: suspect_amount",
        ]
        assert received.startswith("    received_at: ")

    def test_is_not_ended_when_the_provider_says_something_else_by_now(
        self, suspect: checkout.PaymentProgress, floor: ShopFloor
    ) -> None:
        waits = self.ask(suspect, accept=True)
        call = floor.provider.calls[0]
        other = replace(floor.provider.known[call.reference], amount=Money(200, "GBP"), event_id="evt_other")
        checkout.apply_statement(statement=other, provider="scripted", source="webhook", now=NOON)
        with pytest.raises(checkout.SuspectChanged):
            give_approval(waits)
        assert not Capture.objects.exists()
        assert status_of_approval(waits) == "PENDING"

    def test_is_of_a_tender_that_is_there(self, floor: ShopFloor) -> None:
        with pytest.raises(NotFound):
            checkout.settle_suspect(tender_id=7, accept=True, actor="staff:7", reason="asked them", now=NOON)

    def ask(self, suspect: checkout.PaymentProgress, *, accept: bool) -> AwaitsApproval:
        return checkout.settle_suspect(
            tender_id=suspect.payment.tenders[0].id, accept=accept, actor="staff:7", reason="asked them", now=NOON
        )

    def settle(self, suspect: checkout.PaymentProgress, *, accept: bool) -> None:
        give_approval(self.ask(suspect, accept=accept))


class TestVoids:
    def test_are_not_written_again_for_each_repetition(self, floor: ShopFloor) -> None:
        parts = (tender("tok_3ds", amount=Money(1000, "GBP")), tender("tok_3ds", amount=Money(1398, "GBP")))
        progress = buy((floor.add_sku(price_minor=1999), 1), tenders=parts)
        said = floor.provider.complete(floor.provider.calls[0].reference, Said.AUTHORISED)
        checkout.expire_purchase(progress.purchase.id, LATER)
        for _ in range(5):
            checkout.apply_statement(statement=said, provider="scripted", source="poll", now=LATER)
        assert ProviderCall.objects.filter(operation="void").count() == 2


class TestOneSlipAfterAnother:
    def test_gains_no_time(self, floor: ShopFloor) -> None:
        slip = (tender("tok_3ds", method="bank_slip"),)
        progress = buy((floor.add_sku(), 1), tenders=slip)
        for days in (1, 2):
            now = NOON + timedelta(days=days)
            checkout.offer_tenders(purchase_id=progress.purchase.id, tenders=slip, now=now)
            checkout.collect_payment(purchase_id=progress.purchase.id, now=now)
        assert orders.get_purchase(purchase_id=progress.purchase.id).pay_by == progress.purchase.pay_by
