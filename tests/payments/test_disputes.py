"""Chargebacks: the money is taken first, whatever is left of it, and given back only if the dispute is won."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.checkout import api as checkout
from apps.ledger import api as ledger
from apps.orders import api as orders
from apps.payments import api as payments
from apps.payments.api import Said
from apps.payments.models import (
    Capture,
    CaptureShare,
    Dispute,
    DisputeShare,
    PaymentIntent,
    PaymentTransition,
    ProviderAnswer,
    ProviderCall,
    Refund,
)
from apps.reconciliation import api as reconciliation
from tests.books import assert_books_agree, balance_of
from tests.factories.checkout import ShopFloor, add_shop, buy, make_shop_floor, tender
from tests.factories.payments import charge_back, decide, dispute, tell
from tests.support import NOON, in_use_case
from tradecore import clock
from tradecore.errors import NotFound
from tradecore.ids import new_id
from tradecore.models import AuditEntry, OutboxEvent
from tradecore.money import Money

pytestmark = pytest.mark.django_db

TOTAL = 2398
"""What `paid` costs: 19.99, and 3.99 for its delivery."""


@pytest.fixture
def floor(db: None) -> ShopFloor:
    return make_shop_floor()


@pytest.fixture
def paid(floor: ShopFloor) -> checkout.PaymentProgress:
    """A purchase of one order, paid with one card."""
    return buy((floor.add_sku(price_minor=1999), 1))


def refund(progress: checkout.PaymentProgress, minor: int, *, order: int = 0) -> int:
    """Send a part of an order back, as far as payments goes: the sale stays as it is."""
    return in_use_case(
        lambda: payments.open_refund(
            payable_ref=progress.purchase.id,
            order_ref=progress.purchase.orders[order].id,
            amount=Money(minor, "GBP"),
            reason="test",
            client_ref=f"test:{new_id()}",
            now=NOON,
        )
    )


def poll() -> None:
    """Send what waits to be sent."""
    ProviderCall.objects.filter(ask_at__isnull=False).update(ask_at=clock.real_now() - timedelta(seconds=1))
    checkout.poll_provider_calls(limit=50, now=NOON)


def contest(found: Dispute, **parts: Any) -> None:
    asked: dict[str, Any] = {
        "dispute_id": found.pk,
        "evidence": {"delivery": "Signed for by the buyer on the 9th."},
        "actor": "user:1",
        "reason": "delivered",
        "now": NOON,
    }
    in_use_case(lambda: payments.send_evidence(**asked | parts))


def accept(found: Dispute) -> None:
    in_use_case(lambda: payments.accept_dispute(dispute_id=found.pk, actor="user:1", reason="not worth it", now=NOON))


def told_kinds() -> list[str]:
    kinds = OutboxEvent.objects.filter(kind__startswith="payments.").order_by("sequence").values_list("kind", flat=True)
    return list(kinds)


def verdicts() -> list[str]:
    return list(ProviderAnswer.objects.filter(source="webhook").order_by("id").values_list("verdict", flat=True))


def left_of_captures_and_shares() -> tuple[int, int]:
    """What could still go back, once by capture and once by share."""
    captures = [c.amount_minor - c.refunded_minor - c.charged_back_minor for c in Capture.objects.all()]
    shares = [s.amount_minor - s.refunded_minor - s.charged_back_minor for s in CaptureShare.objects.all()]
    return sum(captures), sum(shares)


class TestADispute:
    def test_takes_the_money_at_once(self, floor: ShopFloor, paid: checkout.PaymentProgress) -> None:
        found = dispute(floor.provider, payable_ref=paid.purchase.id)
        assert (found.status, found.amount_minor, found.uncovered_minor, found.version) == ("OPEN", TOTAL, 0, 0)
        assert (found.reason_code, found.evidence_by) == ("10.4", NOON + timedelta(days=10))
        assert left_of_captures_and_shares() == (0, 0)
        assert PaymentIntent.objects.get().charged_back_minor == TOTAL
        assert balance_of("DISPUTED") == TOTAL
        assert balance_of("PSP_CLEARING.scripted") == 0
        assert balance_of("SELLER_PENDING", owner=floor.shop_id) == TOTAL  # whose loss it is nobody knows yet
        assert_books_agree()

    def test_tells_which_orders_it_is_about(self, floor: ShopFloor, paid: checkout.PaymentProgress) -> None:
        found = dispute(floor.provider, payable_ref=paid.purchase.id)
        event = OutboxEvent.objects.get(kind="payments.dispute_opened")
        assert event.payload["order_refs"] == [str(paid.purchase.orders[0].id)]
        assert event.payload["dispute_id"] == str(found.pk)
        assert event.payload["amount"] == {"amount": "23.98", "currency": "GBP"}
        assert "shop" not in "".join(event.payload)

    def test_is_read_by_its_id_and_by_its_order(self, floor: ShopFloor, paid: checkout.PaymentProgress) -> None:
        found = dispute(floor.provider, payable_ref=paid.purchase.id)
        view = payments.get_dispute(dispute_id=found.pk)
        assert (view.payable_ref, view.amount, view.uncovered) == (
            paid.purchase.id,
            Money(TOTAL, "GBP"),
            Money(0, "GBP"),
        )
        assert view.shares == (payments.Share(paid.purchase.orders[0].id, Money(TOTAL, "GBP")),)
        assert payments.list_disputes(order_ref=paid.purchase.orders[0].id) == [view]
        assert payments.list_disputes(order_ref=new_id()) == []
        assert payments.count_backlog().open_disputes == 1
        assert in_use_case(lambda: payments.lock_dispute(dispute_id=found.pk)) == view
        with pytest.raises(NotFound):
            payments.get_dispute(dispute_id=new_id())
        with pytest.raises(NotFound):
            in_use_case(lambda: payments.lock_dispute(dispute_id=new_id()))

    def test_keeps_what_it_took_from_being_refunded(self, floor: ShopFloor, paid: checkout.PaymentProgress) -> None:
        dispute(floor.provider, payable_ref=paid.purchase.id, minor=2000)
        with pytest.raises(payments.RefundExceedsCapture) as refusal:
            refund(paid, 399)
        assert refusal.value.refundable == Money(398, "GBP")
        assert not Refund.objects.exists()
        refund(paid, 398)
        assert_books_of_payment(captured=TOTAL, refunded=398, charged_back=2000)

    def test_takes_what_orders_have_left_and_names_the_rest(
        self, floor: ShopFloor, paid: checkout.PaymentProgress
    ) -> None:
        refund(paid, 1000)
        found = dispute(floor.provider, payable_ref=paid.purchase.id)
        assert (found.amount_minor, found.uncovered_minor) == (TOTAL, 1000)
        assert DisputeShare.objects.get().amount_minor == TOTAL - 1000
        assert left_of_captures_and_shares() == (0, 0)
        assert balance_of("DISPUTED") == TOTAL

    def test_after_a_full_refund_is_recorded_all_the_same(
        self, floor: ShopFloor, paid: checkout.PaymentProgress
    ) -> None:
        order_id = paid.purchase.orders[0].id
        checkout.cancel_lines(order_id=order_id, units=None, initiator="buyer", reason="other", now=NOON)
        poll()
        found = dispute(floor.provider, payable_ref=paid.purchase.id)
        assert (found.uncovered_minor, DisputeShare.objects.count()) == (TOTAL, 0)
        assert OutboxEvent.objects.get(kind="payments.dispute_opened").payload["order_refs"] == []
        assert balance_of("PSP_CLEARING.scripted") == -TOTAL  # the provider has taken it twice
        assert_books_agree()

    def test_spreads_over_the_orders_of_a_payment_by_their_ids(self, floor: ShopFloor) -> None:
        other = add_shop(floor.provider)
        progress = buy((floor.add_sku(price_minor=1000), 1), (other.add_sku(price_minor=3000), 1))
        first, second = sorted(progress.purchase.orders, key=lambda order: order.id)
        dispute(floor.provider, payable_ref=progress.purchase.id, minor=first.total.minor + 100)
        parts = DisputeShare.objects.order_by("order_ref").values_list("order_ref", "amount_minor")
        assert list(parts) == [(first.id, first.total.minor), (second.id, 100)]
        assert_books_agree()

    def test_of_one_of_two_captures_takes_no_more_than_that(self, floor: ShopFloor) -> None:
        tenders = (tender(amount=Money(1000, "GBP")), tender(amount=Money(1398, "GBP")))
        progress = buy((floor.add_sku(price_minor=1999), 1), tenders=tenders)
        found = dispute(floor.provider, payable_ref=progress.purchase.id)
        assert (found.amount_minor, found.uncovered_minor) == (1000, 0)
        refund(progress, 1398)
        assert list(Capture.objects.order_by("tender__position").values_list("refunded_minor", flat=True)) == [0, 1398]
        assert left_of_captures_and_shares() == (0, 0)

    def test_of_late_money_is_nobodys_sale(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(price_minor=1999), 1), tenders=(tender("tok_3ds"),))
        checkout.expire_purchase(progress.purchase.id, NOON + timedelta(minutes=31))
        said = floor.provider.complete(floor.provider.calls[0].reference)
        checkout.apply_statement(statement=said, provider="scripted", source="poll", now=NOON)
        found = dispute(floor.provider, payable_ref=progress.purchase.id)
        assert found.uncovered_minor == found.amount_minor
        assert_books_agree()

    def test_may_be_one_of_several_of_a_capture(self, floor: ShopFloor, paid: checkout.PaymentProgress) -> None:
        dispute(floor.provider, payable_ref=paid.purchase.id, minor=2000)
        second = dispute(floor.provider, payable_ref=paid.purchase.id, minor=1000, provider_ref="dsp_2")
        assert second.uncovered_minor == 2000 + 1000 - TOTAL
        assert_books_agree()

    def test_has_every_change_in_the_history_of_its_payment(
        self, floor: ShopFloor, paid: checkout.PaymentProgress
    ) -> None:
        found = dispute(floor.provider, payable_ref=paid.purchase.id)
        tell(decide(floor.provider, Said.EVIDENCE_TAKEN))
        tell(decide(floor.provider, Said.DISPUTE_LOST))
        moves = PaymentTransition.objects.filter(subject="dispute", subject_id=found.pk).order_by("id")
        assert list(moves.values_list("before", "after")) == [("OPEN", "EVIDENCE_SENT"), ("EVIDENCE_SENT", "LOST")]
        found.refresh_from_db()
        assert (found.version, found.closed_at) == (2, NOON)


def assert_books_of_payment(*, captured: int, refunded: int, charged_back: int) -> None:
    intent = PaymentIntent.objects.get()
    assert (intent.captured_minor, intent.refunded_minor, intent.charged_back_minor) == (
        captured,
        refunded,
        charged_back,
    )


class TestTheOutcome:
    def test_won_brings_the_money_back_to_where_it_was(self, floor: ShopFloor, paid: checkout.PaymentProgress) -> None:
        refund(paid, 398)
        dispute(floor.provider, payable_ref=paid.purchase.id)
        tell(decide(floor.provider, Said.DISPUTE_WON))
        assert Dispute.objects.get().status == "WON"
        assert left_of_captures_and_shares() == (2000, 2000)
        assert balance_of("DISPUTED") == 0
        refund(paid, 2000)
        assert_books_of_payment(captured=TOTAL, refunded=TOTAL, charged_back=0)

    def test_won_is_booked_once(self, floor: ShopFloor, paid: checkout.PaymentProgress) -> None:
        dispute(floor.provider, payable_ref=paid.purchase.id)
        won = decide(floor.provider, Said.DISPUTE_WON)
        tell(won)
        tell(replace(won, event_id="evt_again"))
        kinds = [posting.kind for posting in ledger.list_postings(order_refs=[paid.purchase.id])]
        assert kinds == ["capture", "dispute_opened", "dispute_won"]
        assert told_kinds()[-2:] == ["payments.dispute_opened", "payments.dispute_closed"]
        assert verdicts() == ["disputed", "dispute_won", "known"]
        assert_books_agree()

    def test_lost_waits_for_whoever_says_whose_loss_it_is(
        self, floor: ShopFloor, paid: checkout.PaymentProgress
    ) -> None:
        dispute(floor.provider, payable_ref=paid.purchase.id)
        tell(decide(floor.provider, Said.DISPUTE_LOST))
        assert Dispute.objects.get().status == "LOST"
        assert OutboxEvent.objects.get(kind="payments.dispute_closed").payload["outcome"] == "LOST"
        assert left_of_captures_and_shares() == (0, 0)
        assert balance_of("DISPUTED") == TOTAL
        assert_books_agree()

    @pytest.mark.parametrize(("first", "then"), [("dispute_lost", "dispute_won"), ("dispute_won", "dispute_lost")])
    def test_cannot_be_undone(self, floor: ShopFloor, paid: checkout.PaymentProgress, first: str, then: str) -> None:
        dispute(floor.provider, payable_ref=paid.purchase.id)
        tell(decide(floor.provider, Said(first)))
        before = Dispute.objects.values().get()
        tell(decide(floor.provider, Said(then)))
        assert verdicts()[-1] == "suspect_undoes_outcome"
        assert Dispute.objects.values().get() == before
        assert told_kinds()[-1] == "payments.payment_suspected"
        assert told_kinds().count("payments.dispute_closed") == 1
        assert_books_agree()

    @pytest.mark.parametrize("said", [Said.DISPUTE_WON, Said.DISPUTE_LOST, Said.EVIDENCE_TAKEN])
    def test_may_be_the_first_word_of_a_dispute(
        self, floor: ShopFloor, paid: checkout.PaymentProgress, said: Said
    ) -> None:
        charge_back(floor.provider, payable_ref=paid.purchase.id)
        tell(decide(floor.provider, said))
        assert told_kinds().count("payments.dispute_opened") == 1
        expected = {Said.DISPUTE_WON: "WON", Said.DISPUTE_LOST: "LOST", Said.EVIDENCE_TAKEN: "EVIDENCE_SENT"}
        assert Dispute.objects.get().status == expected[said]
        assert_books_agree()

    def test_is_not_opened_again_by_a_word_that_comes_late(
        self, floor: ShopFloor, paid: checkout.PaymentProgress
    ) -> None:
        opened = charge_back(floor.provider, payable_ref=paid.purchase.id)
        tell(decide(floor.provider, Said.DISPUTE_WON))
        tell(opened)  # asked, the provider says that it is won
        assert verdicts() == ["dispute_won", "known"]
        assert Dispute.objects.get().status == "WON"
        assert_books_agree()


class TestAWebhook:
    def test_is_one_dispute_if_it_comes_twenty_times(self, floor: ShopFloor, paid: checkout.PaymentProgress) -> None:
        told = charge_back(floor.provider, payable_ref=paid.purchase.id)
        for number in range(20):
            tell(replace(told, event_id=f"evt_{number % 10}"))
        assert Dispute.objects.count() == 1
        assert verdicts() == ["disputed", *["known"] * 9]
        assert told_kinds().count("payments.dispute_opened") == 1
        assert_books_agree()

    def test_is_nothing_where_the_provider_knows_of_none(
        self, floor: ShopFloor, paid: checkout.PaymentProgress
    ) -> None:
        told = charge_back(floor.provider, payable_ref=paid.purchase.id)
        floor.provider.disputes.clear()
        tell(told)
        assert verdicts() == ["contradicted"]
        assert not Dispute.objects.exists()
        assert_books_agree()

    def test_is_nothing_where_the_provider_says_something_else(
        self, floor: ShopFloor, paid: checkout.PaymentProgress
    ) -> None:
        other = buy((floor.add_sku(price_minor=1999), 1))
        charge_back(floor.provider, payable_ref=other.purchase.id, provider_ref="dsp_of_other")
        of_other = floor.provider.disputes["dsp_of_other"]
        told = charge_back(floor.provider, payable_ref=paid.purchase.id)
        tell(replace(told, amount=Money(1, "GBP"), event_id="evt_amount"))
        tell(replace(told, account="somebody-else", event_id="evt_account"))
        tell(replace(of_other, reference=told.reference, event_id="evt_payment"))
        assert verdicts() == ["contradicted"] * 3
        assert not Dispute.objects.exists()
        assert_books_agree()

    @pytest.mark.parametrize(
        ("parts", "verdict"),
        [
            ({"amount": Money(TOTAL + 1, "GBP")}, "suspect_amount"),
            ({"amount": Money(0, "GBP")}, "suspect_amount"),
            ({"amount": Money(TOTAL, "EUR")}, "suspect_currency"),
            ({"account": "somebody-else"}, "suspect_account"),
            ({"provider_ref": ""}, "suspect_dispute"),
        ],
    )
    def test_is_suspect_where_the_provider_itself_says_what_cannot_be(
        self, floor: ShopFloor, paid: checkout.PaymentProgress, parts: Any, verdict: str
    ) -> None:
        told = replace(charge_back(floor.provider, payable_ref=paid.purchase.id), **parts)
        floor.provider.disputes[told.provider_ref] = told
        tell(told)
        assert verdicts() == [verdict]
        assert not Dispute.objects.exists()
        assert_books_agree()

    def test_is_suspect_where_a_known_dispute_changes(self, floor: ShopFloor, paid: checkout.PaymentProgress) -> None:
        other = buy((floor.add_sku(price_minor=1999), 1))
        known = charge_back(floor.provider, payable_ref=paid.purchase.id)
        tell(known)
        for number, change in enumerate(
            (
                {"amount": Money(1, "GBP")},
                {"reference": floor.provider.calls[-1].reference},
            )
        ):
            changed = replace(known, event_id=f"evt_{number}", **change)  # type: ignore[arg-type]
            floor.provider.disputes["dsp_1"] = changed
            tell(changed)
        assert verdicts() == ["disputed", "suspect_amount", "suspect_payment"]
        assert Dispute.objects.get().intent.payable_ref == paid.purchase.id != other.purchase.id
        assert_books_agree()

    def test_waits_until_the_capture_is_known(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(price_minor=1999), 1), tenders=(tender("tok_silent"),))
        (call,) = ProviderCall.objects.all()
        ProviderCall.objects.filter(pk=call.pk).update(status="SUCCEEDED")  # only so that the factory finds it
        told = charge_back(floor.provider, payable_ref=progress.purchase.id)
        ProviderCall.objects.filter(pk=call.pk).update(status=call.status)
        assert tell(told) == 0
        assert not Dispute.objects.exists()
        assert "CaptureUnknown" in ProviderAnswer.objects.get(source="webhook").last_error
        poll()  # the capture comes to light
        ProviderAnswer.objects.filter(source="webhook").update(claimed_until=None)
        assert checkout.apply_stored_answers(limit=10, now=NOON) == 1
        assert Dispute.objects.get().uncovered_minor == 0
        assert_books_agree()


class TestEvidence:
    def test_is_sent_and_taken(self, floor: ShopFloor, paid: checkout.PaymentProgress) -> None:
        found = dispute(floor.provider, payable_ref=paid.purchase.id)
        contest(found)
        found.refresh_from_db()
        assert (found.status, found.evidence) == ("OPEN", {"delivery": "Signed for by the buyer on the 9th."})
        poll()
        call = floor.provider.calls[-1]
        assert (call.operation, call.dispute_ref, call.evidence) == ("contest", "dsp_1", found.evidence)
        assert call.amount == Money(TOTAL, "GBP")
        found.refresh_from_db()
        assert (found.status, ProviderCall.objects.get(operation="contest").status) == ("EVIDENCE_SENT", "SUCCEEDED")
        assert AuditEntry.objects.get(action="dispute.contested").subject == f"dispute:{found.pk}"
        assert_books_agree()

    def test_is_sent_again_under_the_same_reference_when_no_answer_came(
        self, floor: ShopFloor, paid: checkout.PaymentProgress
    ) -> None:
        found = dispute(floor.provider, payable_ref=paid.purchase.id)
        contest(found)
        in_use_case(
            lambda: payments.mark_unanswered(reference=ProviderCall.objects.get(operation="contest").pk, now=NOON)
        )
        poll()
        assert Dispute.objects.get().status == "EVIDENCE_SENT"
        assert ProviderCall.objects.filter(operation="contest").count() == 1

    def test_that_is_refused_may_be_sent_again(self, floor: ShopFloor, paid: checkout.PaymentProgress) -> None:
        found = dispute(floor.provider, payable_ref=paid.purchase.id)
        contest(found)
        answer_call("contest", said=Said.FAILED, decline_code="unreadable")
        assert Dispute.objects.get().status == "OPEN"
        event = OutboxEvent.objects.get(kind="payments.dispute_answer_refused")
        assert (event.payload["dispute_id"], event.payload["refusal_code"]) == (str(found.pk), "unreadable")
        contest(found, evidence={"delivery": "Once more."})
        poll()
        assert floor.provider.calls[-1].evidence == {"delivery": "Once more."}
        assert Dispute.objects.get().status == "EVIDENCE_SENT"

    def test_that_is_refused_after_the_decision_says_nothing_new(
        self, floor: ShopFloor, paid: checkout.PaymentProgress
    ) -> None:
        contest(dispute(floor.provider, payable_ref=paid.purchase.id))
        lost = decide(floor.provider, Said.DISPUTE_LOST)
        checkout.apply_statement(statement=lost, provider="scripted", source="poll", now=NOON)
        answer_call("contest", said=Said.FAILED, decline_code="dispute_decided")
        assert "payments.dispute_answer_refused" not in told_kinds()
        assert ProviderCall.objects.get(operation="contest").status == "REFUSED"

    def test_needs_a_dispute(self, floor: ShopFloor, paid: checkout.PaymentProgress) -> None:
        with pytest.raises(NotFound):
            contest(Dispute(pk=new_id()))

    def test_is_refused_once_it_is_decided(self, floor: ShopFloor, paid: checkout.PaymentProgress) -> None:
        found = dispute(floor.provider, payable_ref=paid.purchase.id)
        tell(decide(floor.provider, Said.DISPUTE_LOST))
        for answer in (contest, accept):
            with pytest.raises(payments.DisputeDecided) as refusal:
                answer(found)
            assert refusal.value.dispute_status == "LOST"
        assert_unanswered()

    def test_is_refused_where_an_answer_is_on_its_way(self, floor: ShopFloor, paid: checkout.PaymentProgress) -> None:
        found = dispute(floor.provider, payable_ref=paid.purchase.id)
        contest(found)
        for answer in (partial(contest, evidence={"delivery": "Another."}), accept):
            with pytest.raises(payments.DisputeAnswered):
                answer(found)
        assert ProviderCall.objects.filter(dispute__isnull=False).count() == 1
        assert Dispute.objects.get().evidence == {"delivery": "Signed for by the buyer on the 9th."}

    def test_is_refused_after_its_deadline(self, floor: ShopFloor, paid: checkout.PaymentProgress) -> None:
        found = dispute(floor.provider, payable_ref=paid.purchase.id)
        with pytest.raises(payments.EvidenceTooLate):
            contest(found, now=found.evidence_by + timedelta(seconds=1))
        assert_unanswered()
        contest(found, now=found.evidence_by)

    @pytest.mark.parametrize(
        ("evidence", "reason"),
        [
            ({}, "empty"),
            ({"delivery": "  "}, "empty"),
            ({"delivery": "x" * payments.EVIDENCE_BYTES_MAX}, "too_long"),
            ({"card": "The buyer paid with 4111 1111 1111 1111."}, "card_number"),
        ],
    )
    def test_is_refused_where_it_is_none(
        self, floor: ShopFloor, paid: checkout.PaymentProgress, evidence: dict[str, str], reason: str
    ) -> None:
        found = dispute(floor.provider, payable_ref=paid.purchase.id)
        with pytest.raises(payments.EvidenceUnacceptable) as refusal:
            contest(found, evidence=evidence)
        assert refusal.value.reason == reason
        assert_unanswered()


class TestAcceptance:
    def test_loses_the_dispute_once_the_provider_has_it(self, floor: ShopFloor, paid: checkout.PaymentProgress) -> None:
        found = dispute(floor.provider, payable_ref=paid.purchase.id)
        accept(found)
        assert Dispute.objects.get().status == "OPEN"
        poll()
        assert (Dispute.objects.get().status, floor.provider.calls[-1].operation) == ("LOST", "accept")
        assert OutboxEvent.objects.get(kind="payments.dispute_closed").payload["outcome"] == "LOST"
        assert_books_agree()


def answer_call(operation: str, **parts: Any) -> None:
    """What the provider says of the call, in the place of what it would."""
    call = ProviderCall.objects.select_related("tender__intent").get(operation=operation)
    said = payments.Statement(
        **{
            "reference": call.pk,
            "provider_ref": f"ref_{call.pk}",
            "amount": Money(call.amount_minor, call.tender.intent.currency),
            "account": "test-account",
            **parts,
        }
    )
    checkout.apply_statement(statement=said, provider="scripted", source="reply", now=NOON)


def assert_unanswered() -> None:
    assert not ProviderCall.objects.filter(dispute__isnull=False).exists()
    assert Dispute.objects.get().evidence is None
    assert not AuditEntry.objects.filter(action__startswith="dispute.").exists()


class TestTheTables:
    @pytest.mark.parametrize("model", [Capture, CaptureShare])
    def test_hold_refunds_and_chargebacks_together(
        self, paid: checkout.PaymentProgress, model: type[Capture] | type[CaptureShare]
    ) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.update(refunded_minor=TOTAL, charged_back_minor=1)

    def test_hold_them_together_for_the_payment(self, paid: checkout.PaymentProgress) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            PaymentIntent.objects.update(refunded_minor=TOTAL, charged_back_minor=1)

    @pytest.mark.parametrize(
        "change",
        [{"status": "LOST"}, {"closed_at": NOON}, {"uncovered_minor": TOTAL + 1}, {"status": "GONE"}],
    )
    def test_hold_a_dispute_that_agrees_with_itself(
        self, floor: ShopFloor, paid: checkout.PaymentProgress, change: Any
    ) -> None:
        dispute(floor.provider, payable_ref=paid.purchase.id)
        with pytest.raises(IntegrityError), transaction.atomic():
            Dispute.objects.update(**change)


@pytest.mark.django_db(transaction=True)
class TestReconciliation:
    NAMES = ("I06", "I06b", "I07", "I07b", "I07c", "I26", "I26b", "I27", "I27b", "I31")

    def offences(self, *names: str) -> list[str]:
        report = reconciliation.reconcile(
            suite=reconciliation.Suite.ALL, names=names or self.NAMES, real_now=clock.real_now()
        )
        return [offence.invariant for offence in report.offences]

    def test_finds_nothing_in_disputes(self, transactional_db: None) -> None:
        floor = make_shop_floor()
        for number, said in enumerate((None, Said.EVIDENCE_TAKEN, Said.DISPUTE_WON, Said.DISPUTE_LOST)):
            progress = buy((floor.add_sku(price_minor=1999), 2))
            (order,) = progress.purchase.orders
            (line,) = orders.get_order(order_id=order.id).lines
            one = [orders.LineUnits(line_id=line.id, quantity=1)]
            checkout.cancel_lines(order_id=order.id, units=one, initiator="buyer", reason="other", now=NOON)
            dispute(floor.provider, payable_ref=progress.purchase.id, provider_ref=f"dsp_{number}")
            if said is not None:
                tell(decide(floor.provider, said, provider_ref=f"dsp_{number}"))
        assert self.offences() == []

    @pytest.mark.parametrize(("model", "name"), [(PaymentIntent, "I07b"), (CaptureShare, "I07c")])
    def test_finds_a_counter_that_is_off(self, transactional_db: None, model: Any, name: str) -> None:
        floor = make_shop_floor()
        progress = buy((floor.add_sku(price_minor=1999), 1))
        dispute(floor.provider, payable_ref=progress.purchase.id)
        model.objects.update(charged_back_minor=TOTAL - 1)
        assert self.offences() == [name]


#: (verb, minor): refunds and chargebacks of any amounts, of which the latest may be won or lost.
STEPS = st.lists(
    st.tuples(st.sampled_from(["refund", "dispute", "won", "lost"]), st.integers(1, TOTAL)), min_size=1, max_size=8
)


class TestAnyOrder:
    @settings(
        max_examples=30,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(steps=STEPS)
    def test_never_gives_the_same_money_twice(self, floor: ShopFloor, steps: list[tuple[str, int]]) -> None:
        progress = buy((floor.add_sku(price_minor=1999), 1))
        payable_ref, open_refs = progress.purchase.id, []
        intent = PaymentIntent.objects.get(payable_ref=payable_ref)
        for verb, minor in steps:
            if verb == "refund":
                with suppress(payments.RefundExceedsCapture):
                    refund(progress, minor)
            elif verb == "dispute":
                open_refs.append(f"dsp_{new_id()}")
                dispute(floor.provider, payable_ref=payable_ref, minor=minor, provider_ref=open_refs[-1])
            elif open_refs:
                said = {"won": Said.DISPUTE_WON, "lost": Said.DISPUTE_LOST}[verb]
                tell(decide(floor.provider, said, provider_ref=open_refs.pop()))
            self.assert_sound(intent)

    def assert_sound(self, intent: PaymentIntent) -> None:
        intent.refresh_from_db()
        capture = Capture.objects.get(tender__intent=intent)
        share = CaptureShare.objects.get(intent=intent)
        standing = Dispute.objects.filter(intent=intent).exclude(status="WON")
        covered = sum(each.amount_minor - each.uncovered_minor for each in standing)
        assert intent.charged_back_minor == capture.charged_back_minor == share.charged_back_minor == covered
        assert intent.refunded_minor == capture.refunded_minor == share.refunded_minor
        disputed = ledger.get_balance(ledger.Account("DISPUTED"), currency="GBP").posted.minor
        assert disputed == sum(Dispute.objects.exclude(status="WON").values_list("amount_minor", flat=True))


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_refund_against_dispute_gives_the_money_once(self, race: Any) -> None:
        floor = make_shop_floor()
        for _ in range(10):
            progress = buy((floor.add_sku(price_minor=1999), 1))
            told = charge_back(floor.provider, payable_ref=progress.purchase.id, provider_ref=f"dsp_{new_id()}")
            payments.store_webhook(provider="scripted", statement=told, now=NOON)
            cancel = partial(
                checkout.cancel_lines,
                order_id=progress.purchase.orders[0].id,
                units=None,
                initiator="buyer",
                reason="other",
                now=NOON,
            )
            results = race([cancel, partial(checkout.apply_stored_answers, limit=10, now=NOON)])
            found = Dispute.objects.get(provider_ref=told.provider_ref)
            refunds = Refund.objects.filter(intent=found.intent).count()
            assert (found.uncovered_minor, refunds) in {(0, 0), (TOTAL, 1)}
            assert isinstance(results[0], payments.RefundExceedsCapture) == (refunds == 0)
            assert isinstance(results[1], int)
        assert left_of_captures_and_shares() == (0, 0)
        assert_books_agree()

    def test_one_webhook_delivered_by_twenty_at_once_is_one_dispute(self, race: Any) -> None:
        floor = make_shop_floor()
        progress = buy((floor.add_sku(price_minor=1999), 1))
        told = charge_back(floor.provider, payable_ref=progress.purchase.id)
        results = race([partial(tell, replace(told, event_id=f"evt_{number % 4}")) for number in range(20)])
        assert [result for result in results if isinstance(result, Exception)] == []
        checkout.apply_stored_answers(limit=10, now=NOON)
        assert Dispute.objects.count() == 1
        assert sorted(verdicts()) == ["disputed", "known", "known", "known"]
        assert_books_agree()

    def test_won_and_lost_at_once_end_one_way(self, race: Any) -> None:
        floor = make_shop_floor()
        progress = buy((floor.add_sku(price_minor=1999), 1))
        dispute(floor.provider, payable_ref=progress.purchase.id)
        told = [decide(floor.provider, said) for said in (Said.DISPUTE_WON, Said.DISPUTE_LOST)]
        apply = partial(checkout.apply_statement, provider="scripted", source="poll", now=NOON)
        race([partial(apply, statement=each) for each in told])
        polled = ProviderAnswer.objects.filter(source="poll").values_list("verdict", flat=True)
        assert "suspect_undoes_outcome" in polled
        assert OutboxEvent.objects.filter(kind="payments.dispute_closed").count() == 1
        assert_books_agree()
