"""Attacks on money, over HTTP: amounts, webhooks, late money, and many requests at once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from apps.checkout import api as checkout
from apps.orders.models import Purchase
from apps.payments import api as payments
from apps.payments.api import PROVIDERS, Said, Statement
from apps.payments.models import Capture, ProviderAnswer, ProviderCall, Refund
from apps.payments.sandbox.provider import SandboxProvider
from apps.payments.sandbox.webhooks import Secrets, Webhook, make_webhook
from apps.promotions.models import Promotion
from config.subscriptions import TIMERS
from tests.api import Api, code_of, read
from tests.attack.stage import Stage, make_stage, purchase_body, quote_body
from tests.factories.checkout import ACCOUNT
from tests.factories.promotions import make_promotion
from tradecore import clock, timers
from tradecore.money import Money

PURCHASES = "/store/v1/purchases"
WEBHOOKS = "/payments/v1/webhooks/signed"


@pytest.fixture
def stage(db: None) -> Stage:
    return make_stage()


@pytest.fixture
def guest(stage: Stage) -> Api:
    return Api(token=stage.guest.token)


def quoted(stage: Stage, guest: Api, **parts: Any) -> Any:
    return read(guest.post("/store/v1/quotes", quote_body(stage.floor.add_sku(), **parts)))


def tenders(*amounts: str, currency: str = "GBP") -> dict[str, Any]:
    card = {"provider": "scripted", "method_token": "tok_ok"}
    return {"tenders": [{**card, "amount": {"amount": amount, "currency": currency}} for amount in amounts]}


@pytest.mark.django_db
class TestAmounts:
    @pytest.mark.parametrize(
        ("payment", "status", "code"),
        [
            (tenders("23.98", "0.00"), 422, "payments.tenders_do_not_add_up"),
            (tenders("33.98", "-10.00"), 422, "payments.tenders_do_not_add_up"),
            (tenders("11.99", "11.98"), 422, "payments.tenders_do_not_add_up"),
            (tenders(*["9999999999999.99"] * 30), 422, "payments.tenders_do_not_add_up"),
            (tenders("2398", currency="JPY"), 422, "payments.tenders_do_not_add_up"),
            (tenders("23.98", currency="XXQ"), 400, "request.invalid"),
            (tenders("99999999999999999.00"), 400, "request.invalid"),
            ({"provider": "scripted", "method_token": "4111111111111111"}, 400, "request.invalid"),
            ({"provider": "nobody", "method_token": "tok_ok"}, 422, "payments.provider_unknown"),
        ],
    )
    def test_of_tenders_add_up_to_the_total(
        self, stage: Stage, guest: Api, payment: Any, status: int, code: str
    ) -> None:
        before = Purchase.objects.count()
        answer = guest.post(PURCHASES, purchase_body(quoted(stage, guest), payment=payment), key="key")
        assert (answer.status_code, code_of(answer)) == (status, code)
        assert Purchase.objects.count() == before

    @pytest.mark.parametrize("total", ["0.00", "-23.98", "23.97", "9999999999999.99"])
    def test_of_the_total_are_what_the_buyer_has_seen(self, stage: Stage, guest: Api, total: str) -> None:
        expected = {"amount": total, "currency": "GBP"}
        answer = guest.post(PURCHASES, purchase_body(quoted(stage, guest), expected_total=expected), key="key")
        assert (answer.status_code, code_of(answer)) == (409, "checkout.price_changed")

    def test_cannot_overflow(self, stage: Stage, guest: Api) -> None:
        sku_id = stage.floor.add_sku(price_minor=10**15)
        answer = guest.post("/store/v1/quotes", quote_body(sku_id, quantity=999))
        assert (answer.status_code, code_of(answer)) == (422, "checkout.amount_too_large")


@pytest.mark.django_db
class TestSeveralTenders:
    def test_are_all_captured_under_one_key(self, stage: Stage, guest: Api) -> None:
        body = purchase_body(quoted(stage, guest), payment=tenders("11.99", "6.00", "5.99"))
        answer = guest.post(PURCHASES, body, key="key")
        assert answer.status_code == 201, answer.content
        assert read(answer)["payment"]["captured"] == {"amount": "23.98", "currency": "GBP"}
        again = guest.post(PURCHASES, body, key="key")
        assert (again.status_code, again.content) == (201, answer.content)

    @pytest.mark.parametrize("declined", [0, 1])
    def test_are_declined_when_one_of_them_is(self, stage: Stage, guest: Api, declined: int) -> None:
        payment = tenders("11.99", "11.99")
        payment["tenders"][declined]["method_token"] = "tok_declined"
        answer = guest.post(PURCHASES, purchase_body(quoted(stage, guest), payment=payment), key="key")
        assert (answer.status_code, code_of(answer)) == (402, "payments.declined")
        assert read(answer)["purchase"]["next_action"] == {"kind": "pay_again"}

    def test_replace_one_that_waited_for_the_buyer(self, stage: Stage, guest: Api) -> None:
        path = f"{PURCHASES}/{stage.guest.ids['purchase_id']}/payments"
        answer = guest.post(path, {"payment": tenders("21.99", "21.98")}, key="key")
        assert answer.status_code == 201, answer.content
        assert read(answer)["payment"]["captured"] == read(answer)["total"]


class Signed:
    """A provider whose webhooks are signed as the sandbox's are, and which knows what it is told to know."""

    def __init__(self) -> None:
        self.account = ACCOUNT
        self.secrets = Secrets(settings.SANDBOX_WEBHOOK_SECRETS)
        self.known: dict[int, Statement] = {}
        self._reader = SandboxProvider(secrets=settings.SANDBOX_WEBHOOK_SECRETS)
        self.read_webhook = self._reader.read_webhook
        self.ask_dispute = self._reader.ask_dispute
        self.list_settlements = self._reader.list_settlements

    def send(self, call: payments.Call) -> Statement:
        waiting = {"kind": "redirect", "url": "https://bank.example/3ds"}
        return Statement(Said.REQUIRES_ACTION, call.reference, "ref", call.amount, self.account, next_action=waiting)

    def ask(self, reference: int) -> Statement | None:
        return self.known.get(reference)

    def webhook(self, statement: Statement, *, age_s: int = 0) -> Webhook:
        timestamp = int(clock.now().timestamp()) - age_s
        return make_webhook(replace(statement, event_id="evt_1"), secrets=self.secrets, timestamp=timestamp)


@pytest.fixture
def signed() -> Iterator[Signed]:
    provider = Signed()
    PROVIDERS.register("signed", provider)
    yield provider
    PROVIDERS._implementations.pop("signed")


@pytest.fixture
def waiting(stage: Stage, guest: Api, signed: Signed) -> Statement:
    """What the provider would say of the capture of a new purchase of the guest's, if it were honest."""
    payment = {"provider": "signed", "method_token": "tok_3ds"}
    answer = guest.post(PURCHASES, purchase_body(quoted(stage, guest), payment=payment), key="waiting")
    assert answer.status_code == 202
    call = ProviderCall.objects.order_by("-id").first()
    assert call is not None
    return Statement(Said.CAPTURED, call.pk, "ref", Money(call.amount_minor, "GBP"), ACCOUNT)


def deliver(webhook: Webhook, *, body: bytes | None = None, path: str = WEBHOOKS) -> Any:
    headers = {name: value for name, value in webhook.headers.items() if name != "content-type"}
    answer = Api().post(path, raw=webhook.body if body is None else body, headers=headers)
    checkout.apply_stored_answers(limit=10, now=clock.now())
    return answer


@pytest.mark.django_db
class TestWebhooks:
    def test_pay_once_however_often_they_come(self, signed: Signed, waiting: Statement) -> None:
        before = Capture.objects.count()
        signed.known[waiting.reference] = waiting
        webhook = signed.webhook(waiting)
        assert [read(deliver(webhook))["status"] for _ in range(3)] == ["stored", "known", "known"]
        assert Capture.objects.count() == before + 1

    @pytest.mark.parametrize(
        "lie",
        [
            {"amount": Money(1, "GBP")},
            {"amount": Money(2398, "JPY")},
            {"amount": Money(-2398, "GBP")},
            {"account": "somebody-else"},
            {"reference": 12345},
        ],
    )
    def test_pay_nothing_when_they_are_signed_and_wrong(
        self, signed: Signed, waiting: Statement, lie: dict[str, Any]
    ) -> None:
        before = Capture.objects.count()
        wrong = replace(waiting, **lie)
        signed.known[wrong.reference] = wrong
        assert deliver(signed.webhook(wrong)).status_code == 200
        assert Capture.objects.count() == before
        assert Purchase.objects.filter(status="PAID").count() == before

    def test_pay_nothing_when_the_provider_knows_nothing_of_it(self, signed: Signed, waiting: Statement) -> None:
        before = Capture.objects.count()
        assert deliver(signed.webhook(waiting)).status_code == 200
        assert Capture.objects.count() == before

    @pytest.mark.parametrize(
        "part",
        [
            {"provider_ref": "4111-1111-1111-1111"},
            {"decline_code": "4111111111111111"},
            {"next_action": {"a": "4111111111111111"}},
        ],
    )
    def test_bring_no_card_numbers_in(self, signed: Signed, waiting: Statement, part: dict[str, Any]) -> None:
        answer = deliver(signed.webhook(replace(waiting, **part)))
        assert (answer.status_code, read(answer)["reason"]) == (400, "card_number")
        assert not ProviderAnswer.objects.filter(provider="signed", event_id="evt_1").exists()

    def test_are_refused_when_they_are_forged_stale_or_unreadable(self, signed: Signed, waiting: Statement) -> None:
        webhook = signed.webhook(waiting)
        bare = Webhook(headers={}, body=webhook.body)
        forged = Webhook(headers={**webhook.headers, "webhook-signature": "v1,AAAA"}, body=webhook.body)
        odd = Webhook(headers={**webhook.headers, "webhook-timestamp": "\uff11\uff12\uff13"}, body=webhook.body)
        answers = {
            "headers_missing": deliver(bare),
            "signature_wrong": deliver(forged),
            "stale": deliver(signed.webhook(waiting, age_s=301)),
            "headers_unreadable": deliver(odd),
        }
        for reason, answer in answers.items():
            assert (answer.status_code, read(answer)["reason"]) == (400, reason)
        assert read(deliver(webhook, body=webhook.body + b" "))["reason"] == "signature_wrong"
        assert deliver(webhook, body=b"x" * 65_537).status_code == 413
        assert deliver(webhook, path="/payments/v1/webhooks/nobody").status_code == 404
        assert not ProviderAnswer.objects.filter(provider="signed", event_id="evt_1").exists()

    def test_bring_late_money_that_goes_back(self, signed: Signed, waiting: Statement, guest: Api) -> None:
        purchase = Purchase.objects.order_by("-id").first()
        assert purchase is not None
        timers.sweep(handlers=TIMERS, now=purchase.pay_by + timedelta(seconds=1))
        path = f"{PURCHASES}/{purchase.pk}"
        assert read(guest.get(path))["status"] == "EXPIRED"
        pay = {"payment": {"provider": "scripted", "method_token": "tok_ok"}}
        assert code_of(guest.post(f"{path}/payments", pay, key="late")) == "checkout.not_payable"
        assert code_of(guest.post(f"{path}/cancel", {}, key="late")) == "checkout.not_unpaid"
        signed.known[waiting.reference] = waiting
        deliver(signed.webhook(waiting))
        assert Refund.objects.get(intent__payable_ref=purchase.pk).amount_minor == purchase.total_minor
        assert read(guest.get(path))["status"] == "EXPIRED"


def at_once(count: int, ask: Callable[[int], Any]) -> list[Any]:
    """The answers to so many requests, each from a connection of its own."""

    def ask_and_close(number: int) -> Any:
        try:
            return ask(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=count) as pool:
        return list(pool.map(ask_and_close, range(count)))


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    def test_use_a_coupon_as_often_as_it_may_be(self, transactional_db: None) -> None:
        stage, now = make_stage(), clock.now()
        coupon = make_promotion(
            code="FIFTY", uses_cap=10, starts_at=now - timedelta(days=1), ends_at=now + timedelta(days=1)
        )
        sku_id = stage.floor.add_sku(price_minor=5000, stock=1000)
        guests = [Api(token=read(Api().post("/store/v1/guests"))["token"]) for _ in range(50)]
        wish = quote_body(sku_id, coupon_codes=["FIFTY"])
        bodies = [purchase_body(read(guest.post("/store/v1/quotes", wish))) for guest in guests]
        answers = at_once(50, lambda number: guests[number].post(PURCHASES, bodies[number], key="key"))
        codes = [answer.status_code if answer.status_code == 201 else code_of(answer) for answer in answers]
        assert codes.count(201) == 10
        assert set(codes) <= {201, "promotions.exhausted", "checkout.price_changed"}
        row = Promotion.objects.get(pk=coupon.id)
        assert (row.held_uses, row.posted_uses) == (0, 10)

    def test_buy_a_quote_once_from_many_tabs(self, transactional_db: None) -> None:
        stage = make_stage()
        guest = Api(token=stage.guest.token)
        before = Purchase.objects.count()
        body = purchase_body(quoted(stage, guest))
        answers = at_once(20, lambda number: guest.post(PURCHASES, body, key=f"tab {number}"))
        statuses = [answer.status_code for answer in answers]
        assert statuses.count(201) == 1
        assert {code_of(answer) for answer in answers if answer.status_code != 201} == {"checkout.quote_used"}
        assert Purchase.objects.count() == before + 1
