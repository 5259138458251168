"""The category tree grows by leaves, and a path is a place in it for ever."""

import pytest

from apps.catalog.api import (
    Category,
    CategoryExists,
    CategoryTooDeep,
    InvalidField,
    UnknownCategory,
    create_category,
    list_categories,
)
from tests.catalog.conftest import Refuses
from tests.factories.catalog import CategoryFactory
from tests.support import NOON
from tradecore.models import AuditEntry

pytestmark = pytest.mark.django_db


def create(slug: str, parent_id: int | None = None, name: str = "A category") -> Category:
    return create_category(slug=slug, name=name, parent_id=parent_id, actor="user:1", now=NOON)


class TestCreateCategory:
    def test_adds_a_leaf_below_its_parent(self) -> None:
        root = create("fashion", name="Fashion")
        leaf = create("t-shirts", root.id, name="T-shirts")
        assert leaf == Category(id=leaf.id, parent_id=root.id, path="fashion/t-shirts", name="T-shirts")
        assert list_categories() == (root, leaf)

    def test_leaves_an_audit_entry(self) -> None:
        root = create("fashion")
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.subject) == ("category.created", f"category:{root.id}")

    def test_takes_the_longest_slug_at_the_deepest_level(self) -> None:
        parent_id = None
        for _ in range(6):
            parent_id = create("x" * 40, parent_id).id
        assert len(list_categories()[-1].path) == 245

    @pytest.mark.parametrize("slug", ["", "Fashion", "a b", "a/b", "-a", "a-", "a--b", "é", "x" * 41])
    def test_refuses_what_is_no_slug(self, refuses: Refuses, slug: str) -> None:
        with refuses(InvalidField) as refused:
            create(slug, parent_id=1, name="")
        assert refused.value.field == "slug"

    @pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\nb"])
    def test_refuses_what_is_no_name(self, refuses: Refuses, name: str) -> None:
        with refuses(InvalidField) as refused:
            create("fashion", parent_id=1, name=name)
        assert refused.value.field == "name"

    def test_refuses_an_unknown_parent(self, refuses: Refuses) -> None:
        with refuses(UnknownCategory):
            create("fashion", parent_id=1)

    def test_refuses_to_grow_too_deep(self, refuses: Refuses) -> None:
        parent = CategoryFactory.create(path="a/b/c/d/e/f")
        CategoryFactory.create(path="a/b/c/d/e/f/g")
        with refuses(CategoryTooDeep):
            create("g", parent.pk)

    def test_refuses_a_second_category_of_the_same_place(self, refuses: Refuses) -> None:
        CategoryFactory.create(path="fashion")
        with refuses(CategoryExists):
            create("fashion")
