"""The catalog in the admin: read by everybody who may, with categories to be added."""

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from apps.catalog.api import list_categories
from tests.factories.accounts import UserFactory
from tests.factories.catalog import CategoryFactory, SkuFactory, SkuPriceFactory

pytestmark = pytest.mark.django_db


class TestCatalogPages:
    def test_show_products_skus_and_prices(self, admin_client: Client) -> None:
        sku = SkuPriceFactory.create(sku__product__title="Blue shirt", sku__code="SHIRT-M", amount_minor=1999).sku
        for table in ["category", "product", "sku"]:
            assert admin_client.get(reverse(f"admin:catalog_{table}_changelist")).status_code == 200
        product_page = admin_client.get(reverse("admin:catalog_product_change", args=[sku.product_id]))
        assert "SHIRT-M" in product_page.content.decode()
        sku_page = admin_client.get(reverse("admin:catalog_sku_change", args=[sku.pk]))
        assert "19.99 GBP" in sku_page.content.decode()

    @pytest.mark.parametrize(
        ("table", "term"), [("product", "BLUE  sh"), ("product", "71"), ("sku", "SHIRT"), ("sku", " 71 ")]
    )
    def test_find_what_is_searched_for(self, admin_client: Client, table: str, term: str) -> None:
        SkuFactory.create(product__title="Blue shirt", product__shop_id=71, code="SHIRT-M")
        SkuFactory.create(product__title="Red hat", product__shop_id=7, code="HAT-M")
        page = admin_client.get(reverse(f"admin:catalog_{table}_changelist"), {"q": term}).content.decode()
        assert "Blue shirt" in page
        assert "Red hat" not in page

    @pytest.mark.parametrize("table", ["category", "product", "sku"])
    def test_add_nothing_for_superusers_either(self, admin_client: Client, table: str) -> None:
        assert admin_client.get(reverse(f"admin:catalog_{table}_add")).status_code == 403


class TestAddCategory:
    def add(self, client: Client, **form: str) -> list[str]:
        """Send the dialog's form; returns what the next page will say."""
        address = reverse("admin:catalog_category_add_category")
        assert "Add a category" in client.get(address).content.decode()
        answer = client.post(address, {"_form_submitted": "on", **form})
        assert answer.headers["HX-Redirect"] == reverse("admin:catalog_category_changelist")
        return [str(message) for message in get_messages(answer.wsgi_request)]

    def test_adds_a_leaf_below_its_parent(self, admin_client: Client) -> None:
        parent = CategoryFactory.create(path="fashion")
        assert self.add(admin_client, parent=str(parent.pk), slug="shoes", name="Shoes") == []
        assert [category.path for category in list_categories()] == ["fashion", "fashion/shoes"]

    def test_says_why_not(self, admin_client: Client) -> None:
        CategoryFactory.create(path="fashion")
        assert self.add(admin_client, parent="", slug="fashion", name="Fashion") == [
            "There is a category at this place of the tree."
        ]

    def test_is_for_those_who_may_add_categories(self, client: Client) -> None:
        client.force_login(UserFactory.create(is_staff=True))
        address = reverse("admin:catalog_category_add_category")
        answer = client.post(address, {"_form_submitted": "on", "parent": "", "slug": "fashion", "name": "Fashion"})
        assert answer.status_code == 403
        assert list_categories() == ()
