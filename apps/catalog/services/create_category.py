"""A new category is a new leaf of the tree."""

from datetime import datetime

from django.db import IntegrityError

from apps.catalog import models
from apps.catalog.contracts import Category
from apps.catalog.errors import CategoryExists, CategoryTooDeep, UnknownCategory
from apps.catalog.fields import check_category
from apps.catalog.selectors import category_of
from tradecore import audit, db

#: Six slugs of 40 characters and the slashes between them fit the column of the path.
DEPTH_MAX = 6


@db.use_case
def create_category(*, slug: str, name: str, parent_id: int | None, actor: str, now: datetime) -> Category:
    """Add a category below its parent, or at the root where that is None.

    Refuses, in this order: InvalidField (slug, name), UnknownCategory (the parent), CategoryTooDeep, CategoryExists.
    """
    check_category(slug=slug, name=name)
    path = _path(slug, parent_id)
    if path.count("/") >= DEPTH_MAX:
        raise CategoryTooDeep(depth_max=DEPTH_MAX)
    try:
        with db.savepoint():
            row = models.Category.objects.create(parent_id=parent_id, path=path, name=name)
    except IntegrityError:
        raise CategoryExists(path=path) from None
    category = category_of(row)
    audit.record(actor=actor, action="category.created", subject=f"category:{row.pk}", after=category, now=now)
    return category


def _path(slug: str, parent_id: int | None) -> str:
    if parent_id is None:
        return slug
    parent = models.Category.objects.filter(pk=parent_id).first()
    if parent is None:
        raise UnknownCategory(category_id=parent_id)
    return f"{parent.path}/{slug}"
