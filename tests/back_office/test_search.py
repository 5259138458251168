"""Finding an order by whatever an operator has in hand."""

from http import HTTPStatus
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import User
from apps.back_office import search as searching
from apps.back_office.search import search
from apps.payments.models import Capture, PaymentIntent, ProviderCall, Refund, Tender
from tests.back_office.market_day import MarketDay
from tests.factories.checkout import buy
from tradecore.ids import format_number, new_id

ORDERS = "back_office:orders"


def order_page(order_id: int) -> str:
    return reverse("back_office:order", args=[order_id])


def find(client: Client, term: object) -> Any:
    return client.get(reverse(ORDERS), {"q": str(term)})


def meanings(term: object) -> dict[str, list[int]]:
    """What the search takes the term for, and the orders that it leads to."""
    return {answer.meaning: [row.order.id for row in answer.rows] for answer in search(str(term))}


class TestByNumber:
    def test_opens_the_order(self, operator: Client, day: MarketDay) -> None:
        for term in (day.shipped.number, day.shipped.id, day.shipped.number.replace("-", " ")):
            assert find(operator, term).headers["Location"] == order_page(day.shipped.id)

    def test_lists_the_orders_of_a_purchase(self, day: MarketDay) -> None:
        found = meanings(format_number(day.unanswered.purchase_id))["Number of an order or purchase"]
        assert len(found) == 2
        assert day.unanswered.id in found

    def test_finds_one_order_of_several_by_its_own_number(self, day: MarketDay) -> None:
        assert meanings(day.unanswered.number) == {"Number of an order or purchase": [day.unanswered.id]}

    def test_finds_nothing_by_a_number_with_a_typing_error(self, operator: Client, day: MarketDay) -> None:
        number = day.shipped.number
        wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
        page = find(operator, wrong)
        assert page.status_code == HTTPStatus.OK
        assert "No order is found" in page.content.decode()


class TestByBuyer:
    def test_finds_what_an_account_bought(self, day: MarketDay) -> None:
        for term in (day.buyer_email, "Robin@EXAMPLE.com", day.shipped.buyer_ref):
            assert meanings(term) == {"Buyer": [day.shipped.id]}

    def test_finds_what_guests_bought_newest_first(self, day: MarketDay) -> None:
        found = meanings("g@example.com")["Buyer"]
        assert {day.unpaid.id, day.unanswered.id, day.on_hold.id} <= set(found)
        assert day.shipped.id not in found
        assert found == sorted(found, reverse=True)

    def test_finds_what_one_guest_bought(self, day: MarketDay) -> None:
        assert meanings(day.on_hold.buyer_ref) == {"Buyer": [day.on_hold.id]}

    @pytest.mark.parametrize("term", ["nobody@example.com", "@", "a@b@c", "g@example.co"])
    def test_finds_nobody_by_another_address(self, day: MarketDay, term: str) -> None:
        assert meanings(term) == {}


class TestBySku:
    def test_finds_what_holds_it(self, day: MarketDay) -> None:
        tea, mug = day.shipped.lines
        with_tea = sorted([day.shipped.id, day.unpaid.id, day.on_hold.id], reverse=True)
        assert meanings(tea.sku_code) == {"SKU": with_tea}
        assert meanings(tea.sku_id) == {"SKU": with_tea}
        assert meanings(mug.sku_code) == {"SKU": [day.unanswered.id, day.shipped.id]}

    def test_takes_codes_as_they_are(self, day: MarketDay) -> None:
        code = day.shipped.lines[0].sku_code
        assert meanings(code.lower()) == {}
        assert meanings(code[:-1]) == {}


class TestByPaymentReference:
    def test_finds_by_every_reference_of_ours(self, day: MarketDay) -> None:
        intent = PaymentIntent.objects.get(payable_ref=day.shipped.purchase_id)
        references = [
            intent.pk,
            Tender.objects.get(intent=intent).pk,
            *ProviderCall.objects.filter(tender__intent=intent).values_list("pk", flat=True),
            Refund.objects.get(intent=intent).pk,
        ]
        for reference in references:
            assert meanings(reference) == {"Payment reference": [day.shipped.id]}, reference

    def test_finds_by_the_references_of_the_provider(self, day: MarketDay) -> None:
        intent = PaymentIntent.objects.get(payable_ref=day.shipped.purchase_id)
        (captured,) = Capture.objects.filter(tender__intent=intent).values_list("provider_ref", flat=True)
        for call in ProviderCall.objects.filter(tender__intent=intent):
            assert meanings(call.provider_ref) == {"Payment reference": [day.shipped.id]}
        ProviderCall.objects.update(provider_ref="")
        assert meanings(captured) == {"Payment reference": [day.shipped.id]}


class TestATerm:
    @pytest.mark.parametrize("term", ["", "   "])
    def test_that_is_empty_shows_the_newest_orders(self, operator: Client, day: MarketDay, term: str) -> None:
        page = find(operator, term)
        assert [row.order.id for row in page.context["newest"].rows][-1] == day.shipped.id

    @pytest.mark.parametrize(
        "term", ["9" * 19, "9" * 40, "٣٣", "'; DROP TABLE", "%", "_", "\x00", "x" * 5000, "0", "-1"]
    )
    def test_that_means_nothing_finds_nothing(self, operator: Client, day: MarketDay, term: str) -> None:
        page = find(operator, term)
        assert page.status_code == HTTPStatus.OK
        assert page.context["found"] == []

    def test_is_written_out_as_text(self, operator: Client, day: MarketDay) -> None:
        page = find(operator, "<script>alert(1)</script>").content.decode()
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page

    def test_that_means_several_orders_shows_them_with_their_names(self, operator: Client, day: MarketDay) -> None:
        page = find(operator, day.shipped.lines[1].sku_code).content.decode()
        assert day.buyer_email in page
        assert day.shipped.number in page
        assert day.unpaid.number not in page

    def test_costs_the_same_however_much_it_finds(self, operator: Client, day: MarketDay) -> None:
        def statements() -> int:
            with CaptureQueriesContext(
                connection,
            ) as captured:
                find(operator, "g@example.com")
            return len(captured)

        statements()  # what is remembered is remembered from here on
        before = statements()
        for _ in range(3):
            buy((day.shipped.lines[0].sku_id, 1))
        assert statements() == before


class TestTheListOfOrders:
    def test_is_narrowed_to_a_status(self, operator: Client, day: MarketDay) -> None:
        page = operator.get(reverse(ORDERS), {"status": "IN_TRANSIT"})
        assert [row.order.id for row in page.context["newest"].rows] == [day.shipped.id]

    def test_ignores_what_is_no_status_and_no_place_in_it(self, operator: Client, day: MarketDay) -> None:
        page = operator.get(reverse(ORDERS), {"status": "LOVELY", "before": "now"})
        assert len(page.context["newest"].rows) == 5

    def test_goes_on_where_a_page_ended(
        self, operator: Client, day: MarketDay, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(searching, "ORDERS_MAX", 3)
        first = operator.get(reverse(ORDERS)).context["newest"]
        second = operator.get(reverse(ORDERS), {"before": str(first.before)}).context["newest"]
        assert second.before is None
        seen = [row.order.id for row in (*first.rows, *second.rows)]
        assert seen == sorted(seen, reverse=True)
        assert len(set(seen)) == 5


class TestAccess:
    @pytest.fixture
    def pages(self, day: MarketDay) -> list[str]:
        return [reverse(ORDERS), order_page(day.shipped.id), f"{reverse(ORDERS)}?q={day.shipped.number}"]

    def test_is_refused_to_nobody_in_particular(self, client: Client, pages: list[str]) -> None:
        for address in pages:
            answer = client.get(address)
            assert answer.status_code == HTTPStatus.FOUND
            assert answer.headers["Location"].startswith(reverse("admin:login"))

    def test_is_refused_to_buyers_their_own_orders_included(
        self, client: Client, day: MarketDay, pages: list[str]
    ) -> None:
        client.force_login(User.objects.get(email=day.buyer_email))
        for address in pages:
            assert client.get(address).headers["Location"].startswith(reverse("admin:login"))

    def test_is_refused_to_staff_without_the_permission(self, clerk: Client, pages: list[str]) -> None:
        for address in pages:
            assert clerk.get(address).status_code == HTTPStatus.FORBIDDEN

    def test_changes_nothing(self, superuser: Client, pages: list[str]) -> None:
        for address in pages:
            assert superuser.post(address).status_code == HTTPStatus.METHOD_NOT_ALLOWED

    def test_of_an_order_that_is_not_there_is_not_found(self, operator: Client) -> None:
        assert operator.get(order_page(new_id())).status_code == HTTPStatus.NOT_FOUND
