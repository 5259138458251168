"""Every table of the product in the admin: found and read by operators, and changed by nobody's hand."""

from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse

from apps.checkout import api as checkout
from apps.inventory import api as inventory
from apps.ledger import api as ledger
from apps.reconciliation import api as reconciliation
from tests.back_office.market_day import MarketDay
from tests.factories.accounts import AddressFactory, ShopStaffFactory
from tests.factories.aftersales import ask_refund, make_delivered_order, open_case
from tests.factories.checkout import buy
from tests.factories.documents import issue_receipts
from tests.factories.fulfilment import READY, make_ready_order
from tests.factories.payments import dispute as charge_back
from tests.factories.payouts import make_seller, open_bank, pay_out, set_rate
from tests.factories.settlement import settle_in_time
from tests.support import NOON, in_use_case
from tradecore import audit_seals, clock, degradation, idempotency, inbox, live_settings
from tradecore.ids import new_id

#: What an administrator does change by hand: who may do what. Everything else is money, history or has a use case.
CHANGED_BY_HAND = {"accounts.user"}


def tables() -> list[type[Model]]:
    """Every registered model of the product's own."""
    return [model for model in admin.site._registry if model.__module__.startswith(("apps.", "tradecore."))]


def page(model: type[Model], name: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


@pytest.fixture
def full_house(day: MarketDay) -> MarketDay:
    """A market day, and rows in those tables that it left empty."""
    AddressFactory.create()
    ShopStaffFactory.create()
    in_use_case(lambda: inbox.first_time(consumer="tests", event_id=new_id(), now=NOON))
    idempotency.claim(principal="user:1", route="purchases", key="one", body=b"{}")
    ledger.seal_postings(real_now=clock.real_now() + timedelta(minutes=1))
    audit_seals.seal_entries(real_now=clock.real_now() + timedelta(minutes=1))
    ledger.close_days(signer=ledger.own_signer(), real_now=clock.real_now() + timedelta(days=2))
    (sale, *_) = ledger.list_postings(order_refs=[day.shipped.id])
    ledger.request_reversal(posting_id=sale.id, actor="user:1", reason="to the wrong shop", now=NOON)
    issue_receipts(day.shipped.purchase_id)
    asked = make_ready_order(day.floor)
    checkout.request_cancellation(order_id=asked.id, units=None, reason="changed_mind", now=READY)
    charge_back(day.floor.provider, payable_ref=day.on_hold.purchase_id)
    open_case(ask_refund(make_delivered_order(day.floor)))
    settle_and_pay_out(day)
    reconciliation.reconcile(suite=reconciliation.Suite.ALL, real_now=clock.real_now())  # finds the dead letter
    statement = [(reconciliation.Source.BANK, "sandbox")]
    set_and_switch()
    inventory.mark_hot(sku_id=day.floor.add_sku(), reason="everybody wants it", actor="user:1", now=NOON)
    reconciliation.reconcile_files(named=statement, on=NOON.date(), real_now=clock.real_now())
    return day


def set_and_switch() -> None:
    """A setting that somebody has set, and a plan that is on."""
    now = clock.now()
    live_settings.set_value(
        name="checkout.quantity_limit", target="everyone", value=99, actor="user:1", reason="a hot sale", now=now
    )
    until = now + timedelta(hours=1)
    degradation.switch_on(plan="payouts", until=until, reason="the bank is down", actor="user:1", now=now)


def settle_and_pay_out(day: MarketDay) -> None:
    """An order that has settled; a shop that was paid out in another currency."""
    settle_in_time(buy((day.floor.add_sku(), 1)).purchase.orders[0].id, now=NOON)
    open_bank()
    set_rate("1.25", pair="GBP/USD")
    make_seller(6755, pays="USD")
    pay_out()


def rows() -> Iterator[tuple[type[Model], Model]]:
    """One row of every table; an empty table is a gap in this test."""
    for model in tables():
        row = model._default_manager.first()
        assert row is not None, f"there is no {model._meta.label} to look at"
        yield model, row


class TestEveryTable:
    def test_is_listed_for_operators(self, operator: Client, full_house: MarketDay) -> None:
        for model in tables():
            answer = operator.get(page(model, "changelist"))
            assert answer.status_code == HTTPStatus.OK, model

    def test_is_searched_without_reading_all_of_it(self, operator: Client, full_house: MarketDay) -> None:
        for model in tables():
            for term in ("499000000000000000", "9" * 40, "٣", "no such thing", "'; --", "a:1", "order:x"):
                answer = operator.get(page(model, "changelist"), {"q": term})
                assert answer.status_code == HTTPStatus.OK, (model, term)
                assert answer.context["cl"].result_count == 0, (model, term)

    def test_is_filtered_by_every_choice(self, operator: Client, full_house: MarketDay) -> None:
        for model in tables():
            listed = operator.get(page(model, "changelist"))
            for spec in listed.context["cl"].filter_specs:
                for choice in spec.choices(listed.context["cl"]):
                    assert operator.get(page(model, "changelist") + choice["query_string"]).status_code == HTTPStatus.OK

    def test_takes_a_number_of_statements_that_does_not_grow(
        self, operator: Client, full_house: MarketDay, django_assert_max_num_queries: Any
    ) -> None:
        for model in tables():
            with django_assert_max_num_queries(12):
                operator.get(page(model, "changelist"))

    def test_shows_its_rows_to_operators(self, operator: Client, full_house: MarketDay) -> None:
        for model, row in rows():
            answer = operator.get(page(model, "change", row.pk))
            assert answer.status_code == HTTPStatus.OK, model
            assert str(row.pk) in answer.content.decode(), model

    def test_is_added_to_by_nobody(self, superuser: Client, full_house: MarketDay) -> None:
        for model in tables():
            count = model._default_manager.count()
            assert superuser.get(page(model, "add")).status_code == HTTPStatus.FORBIDDEN, model
            assert superuser.post(page(model, "add"), {}).status_code == HTTPStatus.FORBIDDEN, model
            assert model._default_manager.count() == count

    def test_is_changed_by_nobody(self, superuser: Client, full_house: MarketDay) -> None:
        for model, row in rows():
            if model._meta.label_lower not in CHANGED_BY_HAND:
                answer = superuser.post(page(model, "change", row.pk), {"status": "PAID"})
                assert answer.status_code == HTTPStatus.FORBIDDEN, model

    def test_is_deleted_from_by_nobody(self, superuser: Client, full_house: MarketDay) -> None:
        for model, row in rows():
            answer = superuser.post(page(model, "delete", row.pk), {"post": "yes"})
            assert answer.status_code == HTTPStatus.FORBIDDEN, model
            assert model._default_manager.filter(pk=row.pk).exists()

    def test_offers_no_deleting_of_selected_rows(self, rf: RequestFactory, superuser: Client) -> None:
        request = superuser.get(reverse("admin:index")).wsgi_request
        for model in tables():
            assert "delete_selected" not in admin.site.get_model_admin(model).get_actions(request), model

    def test_is_closed_to_staff_without_the_permission(self, clerk: Client, full_house: MarketDay) -> None:
        for model, row in rows():
            assert clerk.get(page(model, "changelist")).status_code == HTTPStatus.FORBIDDEN, model
            assert clerk.get(page(model, "change", row.pk)).status_code == HTTPStatus.FORBIDDEN, model


class TestAmounts:
    def test_are_shown_as_money(self, operator: Client, day: MarketDay) -> None:
        table = page(type_of("orders.order"), "change", day.shipped.id)
        assert str(day.shipped.breakdown.total) in operator.get(table).content.decode()


class TestTokens:
    def test_of_payment_methods_are_shown_to_nobody(self, superuser: Client, day: MarketDay) -> None:
        model = type_of("payments.tender")
        for row in model._default_manager.all():
            assert "tok_" not in superuser.get(page(model, "change", row.pk)).content.decode()


def type_of(label: str) -> type[Model]:
    return next(model for model in tables() if model._meta.label_lower == label)
