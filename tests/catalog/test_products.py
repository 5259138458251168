"""Products are created as drafts, edited as they were read, and shown or hidden by the table of states."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from apps.catalog import states
from apps.catalog.api import (
    InvalidField,
    Product,
    ProductDetails,
    ProductState,
    StateNotAllowed,
    TaxCategory,
    UnknownCategory,
    UnknownProduct,
    VersionStale,
    create_product,
    deactivate_product,
    delete_product,
    edit_product,
    get_shop_product,
    publish_product,
)
from apps.catalog.models import Product as ProductRow
from apps.catalog.services.change_product_state import _move
from apps.catalog.services.edit_product import _replace
from tests.catalog.conftest import Refuses
from tests.factories.catalog import CategoryFactory, ProductFactory
from tests.support import NOON, in_use_case
from tradecore.db import Busy
from tradecore.models import AuditEntry

pytestmark = pytest.mark.django_db

SHOP = 7
UNPRINTABLE = ["a\x00b", "a\x7fb", "a\u2028b", "a\ud800b", "a\rb"]


def product_as_read(row: ProductRow) -> Product:
    return get_shop_product(shop_id=row.shop_id, product_id=row.pk, market="GB", now=NOON).product


class TestCreateProduct:
    def create(self, **details: Any) -> Product:
        return create_product(shop_id=SHOP, details=ProductDetails(**details), actor="user:1", now=NOON)

    def test_begins_a_draft_of_the_shop(self) -> None:
        details = ProductDetails(
            category_id=CategoryFactory.create().pk,
            title="Blue shirt 👔",
            description="Cotton.\r\n\tWashes at 40°.",
            tax_category=TaxCategory.REDUCED,
        )
        product = create_product(shop_id=SHOP, details=details, actor="user:1", now=NOON)
        assert product == Product(
            id=product.id, shop_id=SHOP, details=details, state=ProductState.DRAFT, version=1, created_at=NOON
        )
        assert product_as_read(ProductRow.objects.get()) == product

    def test_leaves_an_audit_entry(self) -> None:
        product = self.create(category_id=CategoryFactory.create().pk, title="Blue shirt")
        entry: Any = AuditEntry.objects.get()
        assert (entry.actor, entry.action, entry.subject) == ("user:1", "product.created", f"product:{product.id}")
        assert entry.after["title"] == "Blue shirt"

    @pytest.mark.parametrize("title", ["", "  ", "x" * 201, "a\nb", "a\tb", *UNPRINTABLE])
    def test_refuses_what_is_no_title(self, refuses: Refuses, title: str) -> None:
        with refuses(InvalidField) as refused:
            self.create(category_id=1, title=title, description="\x00")
        assert refused.value.field == "title"

    @pytest.mark.parametrize("description", ["x" * 10_001, *UNPRINTABLE])
    def test_refuses_what_is_no_description(self, refuses: Refuses, description: str) -> None:
        with refuses(InvalidField) as refused:
            self.create(category_id=1, title="Blue shirt", description=description)
        assert refused.value.field == "description"

    def test_refuses_an_unknown_category(self, refuses: Refuses) -> None:
        with refuses(UnknownCategory):
            self.create(category_id=1, title="Blue shirt")


class TestEditProduct:
    def edit(self, row: ProductRow, *, shop_id: int | None = None, version: int = 1, **details: Any) -> Product:
        facts: dict[str, Any] = {"category_id": row.category_id, "title": "Red shirt"}
        return edit_product(
            shop_id=shop_id or row.shop_id,
            product_id=row.pk,
            version=version,
            details=ProductDetails(**(facts | details)),
            actor="user:1",
            now=NOON,
        )

    def test_replaces_what_was_read_and_counts_the_version(self) -> None:
        row = ProductFactory.create(title="Blue shirt", description="Cotton.")
        product = self.edit(row, category_id=CategoryFactory.create().pk, tax_category=TaxCategory.ZERO)
        assert (product.details.title, product.details.description, product.version) == ("Red shirt", "", 2)
        assert product_as_read(row) == product

    def test_leaves_an_audit_entry_of_before_and_after(self) -> None:
        self.edit(ProductFactory.create(title="Blue shirt"))
        entry: Any = AuditEntry.objects.get()
        assert (entry.before["title"], entry.after["title"]) == ("Blue shirt", "Red shirt")

    def test_refuses_an_unknown_product(self, refuses: Refuses) -> None:
        row = ProductFactory.build(pk=1, category_id=1)
        with refuses(UnknownProduct):
            self.edit(row, version=9, title="")

    def test_refuses_the_product_of_another_shop(self, refuses: Refuses) -> None:
        row = ProductFactory.create()
        with refuses(UnknownProduct):
            self.edit(row, shop_id=SHOP)

    def test_refuses_a_deleted_product(self, refuses: Refuses) -> None:
        row = ProductFactory.create(state=ProductState.DELETED)
        with refuses(UnknownProduct):
            self.edit(row)

    def test_refuses_what_was_read_before_the_last_edit(self, refuses: Refuses) -> None:
        row = ProductFactory.create(version=3)
        with refuses(VersionStale) as refused:
            self.edit(row, version=2, title="")
        assert refused.value.version == 3

    def test_refuses_what_is_no_title(self, refuses: Refuses) -> None:
        row = ProductFactory.create()
        with refuses(InvalidField) as refused:
            self.edit(row, title="", description="\x00", category_id=1)
        assert refused.value.field == "title"

    def test_refuses_what_is_no_description(self, refuses: Refuses) -> None:
        row = ProductFactory.create()
        with refuses(InvalidField) as refused:
            self.edit(row, description="\x00", category_id=1)
        assert refused.value.field == "description"

    def test_refuses_an_unknown_category(self, refuses: Refuses) -> None:
        row = ProductFactory.create()
        with refuses(UnknownCategory):
            self.edit(row, category_id=1)

    def test_refuses_when_somebody_else_wrote_since_it_was_read(self, refuses: Refuses) -> None:
        row = ProductFactory.create()
        ProductRow.objects.update(version=2)
        with refuses(VersionStale) as refused:
            _replace(row, ProductDetails(category_id=row.category_id, title="Red shirt"))
        assert refused.value.version == 2

    @pytest.mark.race
    def test_lets_one_of_many_editors_win(self, race: Callable[[Sequence[Callable[[], Any]]], list[Any]]) -> None:
        row = ProductFactory.create()
        outcomes = race([lambda: self.edit(row)] * 8)
        assert sum(isinstance(outcome, Product) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, VersionStale) for outcome in outcomes) == 7
        assert product_as_read(row).version == 2


MOVES = {
    ProductState.ACTIVE: publish_product,
    ProductState.DEACTIVATED: deactivate_product,
    ProductState.DELETED: delete_product,
}


class TestChangeProductState:
    def move(self, row: ProductRow, state: ProductState, shop_id: int | None = None) -> Product:
        return MOVES[state](shop_id=shop_id or row.shop_id, product_id=row.pk, actor="user:1", now=NOON)

    @pytest.mark.parametrize(
        ("before", "after"),
        [(before, after) for before, edges in states.PRODUCT.edges.items() for after in sorted(edges)],
    )
    def test_follows_the_table(self, before: ProductState, after: ProductState) -> None:
        row = ProductFactory.create(state=before)
        product = self.move(row, after)
        assert (product.state, product.version) == (after, 2)
        row.refresh_from_db()
        assert (row.state, row.version) == (after, 2)
        entry: Any = AuditEntry.objects.get()
        assert (entry.before, entry.after) == ({"state": before}, {"state": after})

    @pytest.mark.parametrize("state", [ProductState.ACTIVE, ProductState.DEACTIVATED])
    def test_does_nothing_when_the_product_is_there_already(self, state: ProductState) -> None:
        row = ProductFactory.create(state=state)
        assert self.move(row, state).version == 1
        assert not AuditEntry.objects.exists()

    @pytest.mark.parametrize("state", list(MOVES))
    def test_refuses_an_unknown_product(self, refuses: Refuses, state: ProductState) -> None:
        with refuses(UnknownProduct):
            self.move(ProductFactory.build(pk=1, shop_id=SHOP), state)

    @pytest.mark.parametrize("state", list(MOVES))
    def test_refuses_the_product_of_another_shop(self, refuses: Refuses, state: ProductState) -> None:
        row = ProductFactory.create()
        with refuses(UnknownProduct):
            self.move(row, state, shop_id=SHOP)

    @pytest.mark.parametrize("state", list(MOVES))
    def test_refuses_a_deleted_product(self, refuses: Refuses, state: ProductState) -> None:
        row = ProductFactory.create(state=ProductState.DELETED)
        with refuses(UnknownProduct):
            self.move(row, state)

    def test_refuses_to_hide_a_draft(self, refuses: Refuses) -> None:
        row = ProductFactory.create(state=ProductState.DRAFT)
        with refuses(StateNotAllowed) as refused:
            self.move(row, ProductState.DEACTIVATED)
        assert refused.value.facts() == {"state": "DRAFT", "wanted": "DEACTIVATED"}

    def test_refuses_when_somebody_else_wrote_since_it_was_read(self, refuses: Refuses) -> None:
        row = ProductFactory.create()
        ProductRow.objects.update(version=2)
        with refuses(Busy):
            in_use_case(lambda: _move(row, ProductState.DELETED, action="product.deleted", actor="user:1", now=NOON))
