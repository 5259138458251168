"""What every caller may rely on, in process and over HTTP alike."""

from collections.abc import Callable

import pytest

from apps.payments.provider import Operation, ProviderUnreachable, Said, Statement
from apps.payments.sandbox.errors import NotCompletable
from apps.payments.sandbox.provider import SandboxProvider
from apps.payments.sandbox.tokens import TOKENS
from tests.payments.sandbox.support import PRICE, Completing, make_call
from tests.support import in_use_case
from tradecore.errors import NotFound
from tradecore.ids import format_number, new_id
from tradecore.money import Money

Event = Callable[[], Statement]


class TestCharge:
    @pytest.mark.parametrize(
        ("method", "token"), [("card", "tok_ok"), ("voucher", "tok_voucher"), ("bank_slip", "tok_ok")]
    )
    def test_is_captured(self, provider: Completing, method: str, token: str) -> None:
        call = make_call(token=token, method=method)
        said = provider.send(call)
        assert (said.said, said.reference, said.amount) == (Said.CAPTURED, call.reference, call.amount)
        assert (said.account, said.decline_code, said.next_action) == (provider.account, "", None)

    def test_has_a_reference_of_the_provider_of_its_own(self, provider: Completing) -> None:
        assert len({provider.send(make_call()).provider_ref for _ in range(5)}) == 5

    @pytest.mark.parametrize("amount", [Money(1, "JPY"), Money(10**15, "BRL"), Money(12_345, "KWD")])
    def test_takes_every_currency_and_amount(self, provider: Completing, amount: Money) -> None:
        assert provider.send(make_call(amount=amount)).amount == amount

    def test_has_one_effect_however_often_it_is_sent(self, provider: Completing) -> None:
        call = make_call()
        assert provider.send(call) == provider.send(call) == provider.ask(call.reference)
        assert provider.send(make_call(Operation.REFUND, about=call)).said is Said.REFUNDED
        assert provider.send(make_call(Operation.REFUND, about=call, amount=Money(1, "GBP"))).said is Said.FAILED

    @pytest.mark.parametrize(
        "other",
        [
            {"amount": Money(1, "GBP")},
            {"amount": Money(PRICE.minor, "USD")},
            {"instalments": 2},
            {"token": "tok_declined"},
            {"method": "voucher"},
            {"operation": Operation.AUTHORISE},
        ],
    )
    def test_stands_when_its_reference_comes_again_with_other_content(
        self, provider: Completing, other: dict[str, object]
    ) -> None:
        said = provider.send(call := make_call())
        with pytest.raises(ProviderUnreachable, match="reference_reused"):
            provider.send(make_call(reference=call.reference, **other))  # type: ignore[arg-type]
        assert provider.ask(call.reference) == said

    @pytest.mark.parametrize(
        ("token", "code"),
        [
            ("tok_declined", "do_not_honor"),
            ("tok_declined_insufficient_funds", "insufficient_funds"),
            ("tok_declined_expired_card", "expired_card"),
            ("tok_declined_stolen_card", "stolen_card"),
            ("tok_declined_fraud", "suspected_fraud"),
            ("tok_nobody_knows", "token_unknown"),
        ],
    )
    @pytest.mark.parametrize("operation", [Operation.CHARGE, Operation.AUTHORISE])
    def test_is_declined(self, provider: Completing, operation: Operation, token: str, code: str) -> None:
        said = provider.send(call := make_call(operation, token=token))
        assert (said.said, said.decline_code) == (Said.DECLINED, code)
        assert provider.ask(call.reference) == said
        assert provider.send(make_call(Operation.REFUND, about=call)).said is Said.FAILED

    @pytest.mark.parametrize(
        ("instalments", "code"), [(1, ""), (24, ""), (0, "instalments_unsupported"), (25, "instalments_unsupported")]
    )
    def test_may_be_paid_in_up_to_24_instalments(self, provider: Completing, instalments: int, code: str) -> None:
        assert provider.send(make_call(instalments=instalments)).decline_code == code

    @pytest.mark.parametrize("minor", [0, -1])
    def test_is_of_more_than_nothing(self, provider: Completing, minor: int) -> None:
        assert provider.send(make_call(amount=Money(minor, "GBP"))).decline_code == "amount_invalid"

    @pytest.mark.parametrize(
        ("method", "token"),
        [("voucher", "tok_3ds"), ("card", "tok_slip"), ("card", "tok_voucher"), ("cheque", "tok_ok")],
    )
    def test_has_a_method_that_its_token_serves(self, provider: Completing, method: str, token: str) -> None:
        assert provider.send(make_call(token=token, method=method)).decline_code == "method_unsupported"

    def test_is_never_made_inside_a_transaction(self, provider: Completing, db: None) -> None:
        call = make_call()
        with pytest.raises(AssertionError, match="a use case is open"):
            in_use_case(lambda: provider.send(call))
        with pytest.raises(AssertionError, match="a use case is open"):
            in_use_case(lambda: provider.ask(call.reference))
        assert provider.ask(call.reference) is None


class TestAsk:
    def test_knows_nothing_of_what_never_came(self, provider: Completing) -> None:
        assert provider.ask(new_id()) is None

    def test_tells_what_became_of_a_call(self, provider: Completing) -> None:
        call = make_call(Operation.AUTHORISE)
        provider.send(call)
        provider.send(make_call(Operation.VOID, about=call))
        said = provider.ask(call.reference)
        assert said is not None
        assert said.said is Said.VOIDED


class TestCapture:
    def test_takes_what_was_authorised(self, provider: Completing) -> None:
        authorised = provider.send(first := make_call(Operation.AUTHORISE))
        captured = provider.send(make_call(Operation.CAPTURE, about=first))
        assert (authorised.said, captured.said) == (Said.AUTHORISED, Said.CAPTURED)
        assert authorised.provider_ref != captured.provider_ref

    @pytest.mark.parametrize(
        ("amount", "code"),
        [
            (Money(PRICE.minor + 1, "GBP"), "capture_exceeds_authorisation"),
            (Money(0, "GBP"), "capture_exceeds_authorisation"),
            (Money(PRICE.minor, "EUR"), "currency_differs"),
        ],
    )
    def test_takes_no_more(self, provider: Completing, amount: Money, code: str) -> None:
        provider.send(first := make_call(Operation.AUTHORISE))
        said = provider.send(make_call(Operation.CAPTURE, about=first, amount=amount))
        assert (said.said, said.decline_code) == (Said.DECLINED, code)

    def test_takes_it_once_in_sum(self, provider: Completing) -> None:
        provider.send(first := make_call(Operation.AUTHORISE))
        part = Money(1000, "GBP")
        said = [provider.send(make_call(Operation.CAPTURE, about=first, amount=part)).said for _ in range(2)]
        assert said == [Said.CAPTURED, Said.DECLINED]

    @pytest.mark.parametrize(
        ("operation", "token", "code"),
        [
            (Operation.CHARGE, "tok_ok", "not_authorised"),
            (Operation.AUTHORISE, "tok_declined", "not_authorised"),
            (Operation.AUTHORISE, "tok_3ds", "not_authorised"),
        ],
    )
    def test_needs_an_authorisation(self, provider: Completing, operation: Operation, token: str, code: str) -> None:
        provider.send(first := make_call(operation, token=token))
        assert provider.send(make_call(Operation.CAPTURE, about=first)).decline_code == code

    @pytest.mark.parametrize("about", [None, 4711])
    def test_needs_a_payment(self, provider: Completing, about: int | None) -> None:
        assert provider.send(make_call(Operation.CAPTURE, about=about)).decline_code == "payment_unknown"


class TestVoid:
    @pytest.mark.parametrize("token", ["tok_ok", "tok_3ds", "tok_pending", "tok_unknown"])
    def test_gives_up_what_is_not_captured(self, provider: Completing, token: str) -> None:
        first = make_call(Operation.AUTHORISE, token=token)
        try:
            provider.send(first)
        except ProviderUnreachable:
            assert token == "tok_unknown"
        assert provider.send(make_call(Operation.VOID, about=first)).said is Said.VOIDED
        assert provider.send(first).said is Said.VOIDED
        assert provider.send(make_call(Operation.CAPTURE, about=first)).decline_code == "voided"
        with pytest.raises(NotCompletable):
            provider.complete_action(first.reference, "ok")

    def test_that_overtakes_its_charge_has_it_declined_when_it_comes(self, provider: Completing) -> None:
        charge = make_call()
        assert provider.send(make_call(Operation.VOID, about=charge)).said is Said.VOIDED
        assert provider.ask(charge.reference) is None
        said = provider.send(charge)
        assert (said.said, said.decline_code) == (Said.DECLINED, "voided")
        assert provider.send(charge) == said

    def test_may_be_repeated(self, provider: Completing) -> None:
        provider.send(first := make_call(Operation.AUTHORISE))
        said = [provider.send(make_call(Operation.VOID, about=first)).said for _ in range(2)]
        assert said == [Said.VOIDED, Said.VOIDED]

    @pytest.mark.parametrize("operation", [Operation.CHARGE, Operation.AUTHORISE])
    def test_does_not_undo_a_capture(self, provider: Completing, operation: Operation) -> None:
        provider.send(first := make_call(operation))
        if operation is Operation.AUTHORISE:
            provider.send(make_call(Operation.CAPTURE, about=first))
        said = provider.send(make_call(Operation.VOID, about=first))
        assert (said.said, said.decline_code) == (Said.FAILED, "already_captured")
        assert provider.send(make_call(Operation.REFUND, about=first)).said is Said.REFUNDED

    def test_is_about_a_payment_only(self, provider: Completing) -> None:
        provider.send(first := make_call())
        provider.send(refund := make_call(Operation.REFUND, about=first))
        for about in (None, refund):
            said = provider.send(make_call(Operation.VOID, about=about))
            assert (said.said, said.decline_code) == (Said.FAILED, "payment_unknown")


class TestRefund:
    def test_sends_back_what_was_captured_in_any_parts(self, provider: Completing) -> None:
        provider.send(first := make_call())
        parts = [Money(minor, "GBP") for minor in (1000, 233, 1)]
        said = [provider.send(make_call(Operation.REFUND, about=first, amount=part)) for part in parts]
        assert [(each.said, each.amount) for each in said] == [(Said.REFUNDED, part) for part in parts]

    def test_sends_back_no_more_than_that(self, provider: Completing) -> None:
        provider.send(first := make_call(Operation.AUTHORISE))
        provider.send(make_call(Operation.CAPTURE, about=first, amount=Money(1000, "GBP")))
        provider.send(make_call(Operation.REFUND, about=first, amount=Money(999, "GBP")))
        said = provider.send(make_call(Operation.REFUND, about=first, amount=Money(2, "GBP")))
        assert (said.said, said.decline_code) == (Said.FAILED, "refund_exceeds_capture")
        assert provider.send(make_call(Operation.REFUND, about=first, amount=Money(1, "GBP"))).said is Said.REFUNDED

    def test_has_one_effect_however_often_it_is_sent(self, provider: Completing) -> None:
        provider.send(first := make_call())
        refund = make_call(Operation.REFUND, about=first, amount=Money(700, "GBP"))
        assert provider.send(refund) == provider.send(refund)
        assert provider.send(make_call(Operation.REFUND, about=first, amount=Money(534, "GBP"))).said is Said.REFUNDED

    @pytest.mark.parametrize("minor", [0, -1])
    def test_is_of_more_than_nothing(self, provider: Completing, minor: int) -> None:
        provider.send(first := make_call())
        refund = make_call(Operation.REFUND, about=first, amount=Money(minor, "GBP"))
        assert provider.send(refund).said is Said.FAILED

    def test_is_in_the_currency_of_the_payment(self, provider: Completing) -> None:
        provider.send(first := make_call())
        said = provider.send(make_call(Operation.REFUND, about=first, amount=Money(1, "JPY")))
        assert (said.said, said.decline_code) == (Said.FAILED, "currency_differs")

    @pytest.mark.parametrize("about", [None, 4711])
    def test_needs_a_payment(self, provider: Completing, about: int | None) -> None:
        said = provider.send(make_call(Operation.REFUND, about=about))
        assert (said.said, said.decline_code) == (Said.FAILED, "payment_unknown")

    def test_counts_one_that_is_pending(self, provider: Completing) -> None:
        provider.send(first := make_call(token="tok_refund_pending"))
        pending = make_call(Operation.REFUND, about=first, token="tok_refund_pending")
        assert provider.send(pending).said is Said.PENDING
        assert provider.send(make_call(Operation.REFUND, about=first)).said is Said.FAILED
        assert provider.complete_action(pending.reference, "failed").said is Said.FAILED
        assert provider.send(make_call(Operation.REFUND, about=first)).said is Said.REFUNDED


class TestNextAction:
    def test_sends_the_buyer_to_authenticate(self, provider: Completing) -> None:
        said = provider.send(call := make_call(token="tok_3ds"))
        assert said.said is Said.REQUIRES_ACTION
        assert said.next_action is not None
        assert said.next_action["kind"] == "redirect"
        assert said.next_action["url"].endswith(f"/3ds/{call.reference}")

    def test_gives_the_buyer_a_slip_to_pay(self, provider: Completing) -> None:
        said = provider.send(call := make_call(token="tok_slip", method="bank_slip"))
        assert said.said is Said.REQUIRES_ACTION
        assert said.next_action == {"kind": "bank_transfer", "reference": format_number(call.reference)}

    @pytest.mark.parametrize(
        ("operation", "outcome", "said"),
        [
            (Operation.CHARGE, "ok", (Said.CAPTURED, "")),
            (Operation.AUTHORISE, "ok", (Said.AUTHORISED, "")),
            (Operation.CHARGE, "failed", (Said.DECLINED, "slip_not_paid")),
        ],
    )
    def test_ends_with_its_outcome_and_is_told(
        self,
        provider: Completing,
        next_event: Event,
        operation: Operation,
        outcome: str,
        said: tuple[Said, str],
    ) -> None:
        provider.send(call := make_call(operation, token="tok_slip", method="bank_slip"))
        ended = provider.complete_action(call.reference, outcome)  # type: ignore[arg-type]
        assert (ended.said, ended.decline_code, ended.next_action) == (*said, None)
        if not isinstance(provider, SandboxProvider):
            assert next_event().said is Said.REQUIRES_ACTION
        event = next_event()
        assert (event.said, event.reference, event.amount) == (said[0], call.reference, call.amount)
        assert event.event_id == f"evt_{call.reference}_{said[0]}"
        asked = provider.ask(call.reference)
        assert asked is not None
        assert asked.said is said[0]

    def test_is_told_again_under_the_same_id(self, provider: Completing, next_event: Event) -> None:
        provider.send(call := make_call(token="tok_3ds"))
        for _ in range(2):
            provider.complete_action(call.reference, "ok")
        if not isinstance(provider, SandboxProvider):
            next_event()
        assert next_event() == next_event()

    @pytest.mark.parametrize(("first", "second"), [("ok", "failed"), ("failed", "ok")])
    def test_ends_once(self, provider: Completing, first: str, second: str) -> None:
        provider.send(call := make_call(token="tok_3ds"))
        ended = provider.complete_action(call.reference, first)  # type: ignore[arg-type]
        with pytest.raises(NotCompletable) as refusal:
            provider.complete_action(call.reference, second)  # type: ignore[arg-type]
        assert refusal.value.standing == ended.said
        asked = provider.ask(call.reference)
        assert asked is not None
        assert asked.said is ended.said

    def test_is_of_a_call_that_came(self, provider: Completing) -> None:
        with pytest.raises(NotFound):
            provider.complete_action(new_id(), "ok")


class TestBadDays:
    @pytest.mark.parametrize("operation", [Operation.CHARGE, Operation.AUTHORISE])
    def test_takes_the_money_and_loses_the_answer(self, provider: Completing, operation: Operation) -> None:
        call = make_call(operation, token="tok_timeout")
        with pytest.raises(ProviderUnreachable):
            provider.send(call)
        said = provider.ask(call.reference)
        assert said is not None
        assert said.said in {Said.CAPTURED, Said.AUTHORISED}
        assert provider.send(call) == said

    def test_loses_the_call(self, provider: Completing) -> None:
        call = make_call(token="tok_timeout_lost")
        for _ in range(2):
            with pytest.raises(ProviderUnreachable):
                provider.send(call)
            assert provider.ask(call.reference) is None
        assert provider.send(make_call(Operation.VOID, about=call, token="tok_timeout_lost")).said is Said.VOIDED

    def test_does_not_know_the_outcome_until_it_does(self, provider: Completing) -> None:
        call = make_call(token="tok_unknown")
        with pytest.raises(ProviderUnreachable):
            provider.send(call)
        with pytest.raises(ProviderUnreachable):
            provider.ask(call.reference)
        assert provider.complete_action(call.reference, "ok").said is Said.CAPTURED
        assert provider.send(call).said is Said.CAPTURED

    def test_captures_late_what_could_not_be_voided(self, provider: Completing) -> None:
        call = make_call(token="tok_late_capture")
        assert provider.send(call).said is Said.PENDING
        void = provider.send(make_call(Operation.VOID, about=call, token="tok_late_capture"))
        assert (void.said, void.decline_code) == (Said.FAILED, "not_voidable")
        assert provider.complete_action(call.reference, "ok").said is Said.CAPTURED

    @pytest.mark.parametrize("token", ["tok_wrong_amount", "tok_wrong_currency", "tok_wrong_account"])
    def test_lies_about_the_payment_each_time(self, provider: Completing, token: str) -> None:
        said = provider.send(call := make_call(token=token))
        truth = (call.amount.minor, call.amount.currency, provider.account)
        told = (said.amount.minor, said.amount.currency, said.account)
        differs = [one != other for one, other in zip(truth, told, strict=True)]
        assert differs == [token.endswith(word) for word in ("amount", "currency", "account")]
        assert provider.ask(call.reference) == said

    def test_does_not_lie_about_its_refund(self, provider: Completing) -> None:
        provider.send(call := make_call(token="tok_wrong_amount"))
        said = provider.send(make_call(Operation.REFUND, about=call, token="tok_wrong_amount"))
        assert (said.said, said.amount) == (Said.REFUNDED, call.amount)

    def test_declines_to_capture_what_it_authorised(self, provider: Completing) -> None:
        provider.send(call := make_call(Operation.AUTHORISE, token="tok_capture_declined"))
        said = provider.send(make_call(Operation.CAPTURE, about=call, token="tok_capture_declined"))
        assert (said.said, said.decline_code) == (Said.DECLINED, "authorisation_expired")

    @pytest.mark.parametrize(
        ("token", "operation", "said"),
        [
            ("tok_capture_timeout", Operation.CAPTURE, Said.CAPTURED),
            ("tok_refund_timeout", Operation.REFUND, Said.REFUNDED),
        ],
    )
    def test_loses_the_answer_to_a_later_call(
        self, provider: Completing, token: str, operation: Operation, said: Said
    ) -> None:
        first = make_call(Operation.AUTHORISE if operation is Operation.CAPTURE else Operation.CHARGE, token=token)
        provider.send(first)
        with pytest.raises(ProviderUnreachable):
            provider.send(later := make_call(operation, about=first, token=token))
        asked = provider.ask(later.reference)
        assert asked is not None
        assert asked.said is said

    def test_fails_to_refund(self, provider: Completing) -> None:
        provider.send(call := make_call(token="tok_refund_failed"))
        said = provider.send(make_call(Operation.REFUND, about=call, token="tok_refund_failed"))
        assert (said.said, said.decline_code) == (Said.FAILED, "refund_rejected")


class TestTokens:
    @pytest.mark.parametrize("name", TOKENS)
    def test_each_leads_to_an_end(self, provider: Completing, name: str) -> None:
        """Whatever a token does, a payer who asks, and completes what waits, learns how it ended."""
        token = TOKENS[name]
        call = make_call(token=name, method=min(token.methods))
        try:
            said = provider.send(call).said
        except ProviderUnreachable:
            said = Said.PENDING
        if said in {Said.PENDING, Said.REQUIRES_ACTION} and token.pay.is_heard and token.pay.is_answered:
            provider.complete_action(call.reference, "ok")
        asked = provider.ask(call.reference)
        if name == "tok_timeout_lost":
            assert asked is None
        else:
            assert asked is not None
            is_declined = name.startswith(("tok_declined", "tok_capture_declined"))
            assert asked.said is (Said.DECLINED if is_declined else Said.CAPTURED)
