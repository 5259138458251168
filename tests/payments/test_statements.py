"""What a provider says, in any order, any number of times, from any side."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.payments import api as payments
from apps.payments.api import Said, Statement
from apps.payments.models import Capture, PaymentIntent, PaymentTransition, ProviderAnswer, ProviderCall, Refund, Tender
from tests.factories.checkout import ScriptedProvider
from tests.support import NOON, in_use_case
from tradecore.ids import new_id
from tradecore.models import OutboxEvent
from tradecore.money import Money

PRICE = Money(6944, "GBP")


@pytest.fixture
def provider() -> ScriptedProvider:
    scripted = ScriptedProvider()
    payments.PROVIDERS.register("scripted", scripted)
    return scripted


def open_intent(*amounts: int) -> int:
    """An open intent with one card tender per amount. Returns its payable."""
    payable_ref = new_id()
    requests = [payments.TenderRequest("scripted", "card", "tok_ok", Money(amount, "GBP")) for amount in amounts]
    total = Money(sum(amounts), "GBP")
    in_use_case(
        lambda: payments.open_intent(
            payable_ref=payable_ref, buyer_ref=new_id(), amount=total, tenders=requests, now=NOON
        )
    )
    return payable_ref


def first_call(payable_ref: int) -> ProviderCall:
    return ProviderCall.objects.filter(tender__intent__payable_ref=payable_ref).order_by("id")[:1].get()


def statement(payable_ref: int, said: Said, **parts: Any) -> Statement:
    """What the provider says of the first call of the payable."""
    call = first_call(payable_ref)
    sound = Statement(
        said=said,
        reference=call.pk,
        provider_ref=f"ref_{call.pk}",
        amount=Money(call.amount_minor, "GBP"),
        account="test-account",
        next_action={"kind": "redirect"} if said is Said.REQUIRES_ACTION else None,
    )
    return replace(sound, **parts)


def apply(payable_ref: int, said: Said, **parts: Any) -> payments.Applied:
    return in_use_case(
        lambda: payments.apply_statement(
            payable_ref=payable_ref,
            statement=statement(payable_ref, said, **parts),
            provider="scripted",
            source="reply",
            now=NOON,
        )
    )


def close(payable_ref: int) -> None:
    in_use_case(lambda: payments.close_intent(payable_ref=payable_ref, now=NOON))


#: What a provider may say of a charge before and after it has captured it.
CHARGE_WORDS = st.lists(
    st.sampled_from([Said.PENDING, Said.REQUIRES_ACTION, Said.AUTHORISED, Said.DECLINED, Said.CAPTURED]), max_size=8
)


@pytest.mark.django_db
class TestAnyOrder:
    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(words=CHARGE_WORDS, closes_after=st.integers(min_value=0, max_value=9))
    def test_captures_once_and_returns_what_nobody_may_keep(
        self, provider: ScriptedProvider, words: Any, closes_after: Any
    ) -> None:
        payable_ref = open_intent(PRICE.minor)
        for number, word in enumerate(words):
            intent = PaymentIntent.objects.get(payable_ref=payable_ref)
            if number == closes_after and intent.status == "OPEN":
                close(payable_ref)
            apply(payable_ref, word)
        intent = PaymentIntent.objects.get(payable_ref=payable_ref)
        captures = Capture.objects.filter(tender__intent=intent)
        assert captures.count() == (Said.CAPTURED in words)
        assert intent.captured_minor == sum(captures.values_list("amount_minor", flat=True))
        kept = sum(capture.amount_minor - capture.refunded_minor for capture in captures)
        assert kept == (PRICE.minor if intent.status == "PAID" else 0)
        assert intent.refunded_minor == sum(Refund.objects.filter(intent=intent).values_list("amount_minor", flat=True))

    def test_says_the_same_thing_twice_without_effect(self, provider: ScriptedProvider) -> None:
        payable_ref = open_intent(PRICE.minor)
        assert apply(payable_ref, Said.CAPTURED).is_covered
        events = OutboxEvent.objects.count()
        again = apply(payable_ref, Said.CAPTURED)
        assert (again.verdict, again.is_covered) == ("known", False)
        assert OutboxEvent.objects.count() == events
        assert ProviderAnswer.objects.count() == 2


@pytest.mark.django_db
class TestContradictions:
    @pytest.mark.parametrize(
        ("parts", "verdict"),
        [
            ({"amount": Money(100, "GBP")}, "suspect_amount"),
            ({"amount": Money(6944, "EUR")}, "suspect_currency"),
            ({"account": "somebody-else"}, "suspect_account"),
        ],
    )
    def test_change_nothing_but_the_suspicion(self, provider: ScriptedProvider, parts: Any, verdict: Any) -> None:
        payable_ref = open_intent(PRICE.minor)
        assert apply(payable_ref, Said.CAPTURED, **parts).verdict == verdict
        assert Tender.objects.get().status == "SUSPECT"
        assert PaymentIntent.objects.get().status == "OPEN"
        assert not Capture.objects.exists()
        assert OutboxEvent.objects.get().kind == "payments.payment_suspected"

    def test_cannot_undo_a_capture(self, provider: ScriptedProvider) -> None:
        payable_ref = open_intent(PRICE.minor)
        apply(payable_ref, Said.CAPTURED)
        assert apply(payable_ref, Said.DECLINED).verdict == "suspect_undoes_capture"
        assert Tender.objects.get().status == "CAPTURED"
        assert PaymentIntent.objects.get().status == "PAID"


@pytest.mark.django_db
class TestSeveralTenders:
    def test_are_covered_only_together(self, provider: ScriptedProvider) -> None:
        payable_ref = open_intent(5000, 1944)
        first, second = ProviderCall.objects.order_by("id")
        assert not apply(payable_ref, Said.AUTHORISED, reference=first.pk).all_authorised
        second_said = apply(payable_ref, Said.AUTHORISED, reference=second.pk, amount=Money(1944, "GBP"))
        assert second_said.all_authorised
        in_use_case(lambda: payments.prepare_captures(payable_ref=payable_ref, now=NOON))
        third, fourth = ProviderCall.objects.filter(operation="capture").order_by("id")
        assert not apply(payable_ref, Said.CAPTURED, reference=third.pk, provider_ref="c1").is_covered
        assert apply(
            payable_ref, Said.CAPTURED, reference=fourth.pk, provider_ref="c2", amount=Money(1944, "GBP")
        ).is_covered

    def test_send_back_what_one_of_them_brought_when_the_other_fails(self, provider: ScriptedProvider) -> None:
        payable_ref = open_intent(5000, 1944)
        apply(payable_ref, Said.CAPTURED, reference=first_call(payable_ref).pk)
        close(payable_ref)
        assert Refund.objects.get().amount_minor == 5000
        assert Capture.objects.get().refunded_minor == 5000

    def test_take_a_refund_back_in_their_order(self, provider: ScriptedProvider) -> None:
        payable_ref = open_intent(5000, 1944)
        first, second = ProviderCall.objects.order_by("id")
        apply(payable_ref, Said.CAPTURED, reference=first.pk, provider_ref="c1")
        apply(payable_ref, Said.CAPTURED, reference=second.pk, provider_ref="c2", amount=Money(1944, "GBP"))
        order_ref = new_id()
        shares = [payments.Share(order_ref, PRICE)]
        in_use_case(lambda: payments.share_captures(payable_ref=payable_ref, shares=shares, now=NOON))
        in_use_case(
            lambda: payments.open_refund(
                payable_ref=payable_ref,
                order_ref=order_ref,
                amount=Money(6000, "GBP"),
                reason="test",
                client_ref="once",
                now=NOON,
            )
        )
        taken = Capture.objects.order_by("tender__position").values_list("refunded_minor", flat=True)
        assert list(taken) == [5000, 1000]


@pytest.mark.django_db
class TestRefund:
    def make_paid(self) -> tuple[int, int]:
        payable_ref, order_ref = open_intent(PRICE.minor), new_id()
        apply(payable_ref, Said.CAPTURED)
        shares = [payments.Share(order_ref, PRICE)]
        in_use_case(lambda: payments.share_captures(payable_ref=payable_ref, shares=shares, now=NOON))
        return payable_ref, order_ref

    def refund(self, payable_ref: int, order_ref: int, minor: int, client_ref: str) -> int:
        return in_use_case(
            lambda: payments.open_refund(
                payable_ref=payable_ref,
                order_ref=order_ref,
                amount=Money(minor, "GBP"),
                reason="test",
                client_ref=client_ref,
                now=NOON,
            )
        )

    def test_happens_once_per_act(self, provider: ScriptedProvider) -> None:
        payable_ref, order_ref = self.make_paid()
        first = self.refund(payable_ref, order_ref, 100, "act")
        assert self.refund(payable_ref, order_ref, 100, "act") == first
        assert PaymentIntent.objects.get().refunded_minor == 100

    def test_never_exceeds_what_the_order_has(self, provider: ScriptedProvider) -> None:
        payable_ref, order_ref = self.make_paid()
        self.refund(payable_ref, order_ref, 6000, "one")
        with pytest.raises(payments.RefundExceedsCapture) as refusal:
            self.refund(payable_ref, order_ref, 945, "two")
        assert refusal.value.refundable == Money(944, "GBP")
        assert Refund.objects.count() == 1

    def test_of_an_order_that_has_nothing_is_refused(self, provider: ScriptedProvider) -> None:
        payable_ref, _ = self.make_paid()
        with pytest.raises(payments.RefundExceedsCapture):
            self.refund(payable_ref, new_id(), 1, "one")


@pytest.mark.django_db
class TestOpening:
    @pytest.mark.parametrize("token", ["4111111111111111", "tok 4111 1111 1111 1111", "5555-5555-5555-4444"])
    def test_refuses_a_card_number_and_leaves_nothing_behind(self, provider: ScriptedProvider, token: Any) -> None:
        request = payments.TenderRequest("scripted", "card", token, PRICE)
        with pytest.raises(payments.MethodTokenRefused):
            in_use_case(
                lambda: payments.open_intent(payable_ref=1, buyer_ref=1, amount=PRICE, tenders=[request], now=NOON)
            )
        assert not PaymentIntent.objects.exists()

    def test_refuses_a_provider_that_is_none(self, provider: ScriptedProvider) -> None:
        request = payments.TenderRequest("nobody", "card", "tok_ok", PRICE)
        with pytest.raises(payments.ProviderUnknown):
            in_use_case(
                lambda: payments.open_intent(payable_ref=1, buyer_ref=1, amount=PRICE, tenders=[request], now=NOON)
            )

    @pytest.mark.parametrize(
        "offered", [[Money(6943, "GBP")], [Money(6944, "EUR")], [], [Money(7000, "GBP"), Money(-56, "GBP")]]
    )
    def test_refuses_tenders_that_do_not_add_up(self, provider: ScriptedProvider, offered: Any) -> None:
        requests = [payments.TenderRequest("scripted", "card", "tok_ok", amount) for amount in offered]
        with pytest.raises(payments.TendersDoNotAddUp):
            in_use_case(
                lambda: payments.open_intent(payable_ref=1, buyer_ref=1, amount=PRICE, tenders=requests, now=NOON)
            )
        assert not PaymentIntent.objects.exists()


@pytest.mark.django_db
class TestHistory:
    def test_has_every_change_of_state(self, provider: ScriptedProvider) -> None:
        payable_ref = open_intent(PRICE.minor)
        apply(payable_ref, Said.REQUIRES_ACTION)
        apply(payable_ref, Said.CAPTURED)
        tender = PaymentTransition.objects.filter(subject="tender").order_by("id")
        assert list(tender.values_list("before", "after")) == [
            ("CREATED", "REQUIRES_ACTION"),
            ("REQUIRES_ACTION", "CAPTURED"),
        ]
