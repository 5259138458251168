"""Inventory in the admin: read by all who may, adjusted with a reason, and otherwise changed by nobody."""

import re

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from apps.inventory import api as inventory
from apps.inventory.models import HotSku, Stock, Warehouse
from tests.factories.accounts import UserFactory
from tests.factories.inventory import hold_stock, line_of, make_stock, numbers_of, post_stock
from tradecore.ids import new_id

pytestmark = pytest.mark.django_db

TABLES = ["warehouse", "stock", "stockhold", "stockmovement"]


class TestPages:
    def test_show_counters_holds_and_journal(self, admin_client: Client) -> None:
        sku = make_stock(10)
        line = line_of(sku, 3)
        owner = hold_stock(line)
        for table in TABLES:
            assert admin_client.get(reverse(f"admin:inventory_{table}_changelist")).status_code == 200
        stock_page = admin_client.get(reverse("admin:inventory_stock_change", args=[Stock.objects.get(sku_id=sku).pk]))
        assert f"?q={sku}" in stock_page.content.decode()
        hold_page = admin_client.get(reverse("admin:inventory_stockhold_change", args=[owner]))
        assert str(line.line_ref) in hold_page.content.decode()

    def test_find_what_is_searched_for(self, admin_client: Client) -> None:
        wanted, other = make_stock(10), make_stock(10)
        page = admin_client.get(reverse("admin:inventory_stock_changelist"), {"q": f" {wanted} "}).content.decode()
        assert str(wanted) in page
        assert str(other) not in page

    def test_find_the_movements_of_an_owner(self, admin_client: Client) -> None:
        sku = make_stock(10)
        owner = hold_stock(line_of(sku, 3))
        address = reverse("admin:inventory_stockmovement_changelist")
        assert "HELD" in admin_client.get(address, {"q": str(owner)}).content.decode()
        assert "1 result" not in admin_client.get(address, {"q": "no number"}).content.decode()

    def test_take_a_constant_number_of_statements(
        self, admin_client: Client, django_assert_max_num_queries: object
    ) -> None:
        for _ in range(10):
            hold_stock(line_of(make_stock(10), 3))
        for table in TABLES:
            with django_assert_max_num_queries(8):  # type: ignore[operator]  # a fixture without types
                admin_client.get(reverse(f"admin:inventory_{table}_changelist"))

    @pytest.mark.parametrize("table", TABLES)
    def test_add_nothing_for_superusers_either(self, admin_client: Client, table: str) -> None:
        assert admin_client.get(reverse(f"admin:inventory_{table}_add")).status_code == 403

    def test_change_nothing_by_hand(self, admin_client: Client) -> None:
        sku = make_stock(10)
        stock = Stock.objects.get(sku_id=sku)
        address = reverse("admin:inventory_stock_change", args=[stock.pk])
        assert admin_client.post(address, {"available": "99"}).status_code == 403
        assert admin_client.post(reverse("admin:inventory_stock_delete", args=[stock.pk])).status_code == 403
        assert numbers_of(sku) == [(10, 0, 0)]


class TestAdjust:
    def adjust(self, client: Client, sku: int, **form: str) -> list[str]:
        """Send the dialog's form; returns what the next page will say."""
        stock = Stock.objects.get(sku_id=sku)
        address = reverse("admin:inventory_stock_adjust", args=[stock.pk])
        assert "Adjust the stock" in client.get(address).content.decode()
        answer = client.post(address, {"_form_submitted": "on", **form})
        assert answer.headers["HX-Redirect"] == reverse("admin:inventory_stock_change", args=[stock.pk])
        return [str(message) for message in get_messages(answer.wsgi_request)]

    def test_is_an_adjustment_by_whoever_is_signed_in(self, admin_client: Client) -> None:
        sku = make_stock(10)
        assert self.adjust(admin_client, sku, delta="-2", reason="broken") == []
        assert numbers_of(sku) == [(8, 0, 0)]
        movement, *_ = inventory.list_movements(sku_id=sku, limit=1)
        assert movement.actor == f"user:{admin_client.session['_auth_user_id']}"
        assert movement.reason == "broken"

    def test_says_that_a_bulk_change_waits(self, admin_client: Client) -> None:
        sku = make_stock(10)
        (said,) = self.adjust(admin_client, sku, delta="99999", reason="found")
        assert said.startswith("A second person must approve this")
        assert numbers_of(sku) == [(10, 0, 0)]

    def test_says_why_not(self, admin_client: Client) -> None:
        sku = make_stock(10)
        said = self.adjust(admin_client, sku, delta="-11", reason="broken")
        assert said == [inventory.NotEnoughAvailable.title]
        assert numbers_of(sku) == [(10, 0, 0)]

    def test_is_for_those_who_may_change_stock(self, client: Client) -> None:
        sku = make_stock(10)
        client.force_login(UserFactory.create(is_staff=True))
        address = reverse("admin:inventory_stock_adjust", args=[Stock.objects.get(sku_id=sku).pk])
        answer = client.post(address, {"_form_submitted": "on", "delta": "5", "reason": "found"})
        assert answer.status_code == 403
        assert numbers_of(sku) == [(10, 0, 0)]

    def test_of_a_stock_that_is_not_there_is_not_found(self, admin_client: Client) -> None:
        address = reverse("admin:inventory_stock_adjust", args=[new_id()])
        answer = admin_client.post(address, {"_form_submitted": "on", "delta": "5", "reason": "found"})
        assert answer.status_code == 404


class TestMarkingAsHot:
    def change(self, client: Client, action: str, sku: int) -> int:
        address = reverse(f"admin:inventory_stock_{action}", args=[Stock.objects.get(sku_id=sku).pk])
        return client.post(address, {"_form_submitted": "on", "reason": "flash sale"}).status_code

    def test_is_shown_with_who_why_and_what_is_left(self, admin_client: Client) -> None:
        sku = make_stock(10)
        assert self.change(admin_client, "mark_hot", sku) == 200
        hot = HotSku.objects.get(sku_id=sku)
        assert (hot.reason, hot.marked_by) == ("flash sale", f"user:{admin_client.session['_auth_user_id']}")
        page = admin_client.get(reverse("admin:inventory_hotsku_changelist")).content.decode()
        assert str(sku) in page
        assert "flash sale" in page
        assert self.change(admin_client, "unmark_hot", sku) == 200
        assert not HotSku.objects.exists()

    def test_shows_every_bucket_and_their_sum(self, admin_client: Client) -> None:
        sku = make_stock(300)
        self.change(admin_client, "mark_hot", sku)
        post_stock(line_of(sku, 7))
        page = admin_client.get(reverse("admin:inventory_hotsku_change", args=[sku])).content.decode()
        code = Warehouse.objects.get().code
        lying = numbers_of(sku)
        assert len(lying) == 3
        for bucket, (available, held, committed) in enumerate(lying):
            on_hand = available + held + committed
            cells = [code, bucket, available, held, committed, on_hand]
            assert "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>" in page
        assert "<td>all</td><td></td><td>293</td><td>0</td><td>7</td><td>300</td>" in page
        found = admin_client.get(reverse("admin:inventory_hotsku_changelist")).content.decode()
        assert re.search(r"field-buckets[^>]*>\s*3\s*<", found)

    def test_is_for_those_who_may_change_stock(self, client: Client) -> None:
        sku = make_stock(10)
        client.force_login(UserFactory.create(is_staff=True))
        assert self.change(client, "mark_hot", sku) == 403
        assert not HotSku.objects.exists()
