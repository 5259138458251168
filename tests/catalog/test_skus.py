"""SKUs are added to products and edited as they were read; a code means one SKU of its shop for ever."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from apps.catalog.api import (
    InvalidField,
    ProductState,
    Sku,
    SkuCodeTaken,
    SkuDetails,
    TooManySkus,
    UnknownProduct,
    UnknownSku,
    VersionStale,
    add_sku,
    edit_sku,
    find_shop_sku,
    get_shop_sku,
)
from apps.catalog.models import Product as ProductRow
from apps.catalog.models import Sku as SkuRow
from apps.catalog.services.add_sku import SKUS_PER_PRODUCT_MAX
from apps.catalog.services.edit_sku import _replace
from tests.catalog.conftest import Refuses
from tests.factories.catalog import ProductFactory, SkuFactory
from tests.support import NOON
from tradecore.models import AuditEntry

pytestmark = pytest.mark.django_db

SHOP = 7
DETAILS = SkuDetails(
    weight_grams=250, option_values={"size": "M", "colour": "blue"}, hs6="610910", gtin="4006381333931"
)

WRONG_DETAILS = [
    ("weight_grams", -1),
    ("weight_grams", 1_000_001),
    ("option_values", {f"option {n}": "x" for n in range(11)}),
    ("option_values", {"": "M"}),
    ("option_values", {"size": " "}),
    ("option_values", {"size": "x" * 61}),
    ("option_values", {"si\nze": "M"}),
    ("hs6", "61091"),
    ("hs6", "61O910"),
    ("hs6", "\uff1610910"),
    ("gtin", "4006381333932"),
    ("gtin", "400638133393"),
    ("gtin", "isbn"),
]


class TestAddSku:
    def add(
        self, product: ProductRow, code: str = "SHIRT-M", details: SkuDetails = DETAILS, shop_id: int | None = None
    ) -> Sku:
        return add_sku(
            shop_id=shop_id or product.shop_id,
            product_id=product.pk,
            code=code,
            details=details,
            actor="user:1",
            now=NOON,
        )

    def test_adds_a_sku_to_the_product(self) -> None:
        product = ProductFactory.create()
        sku = self.add(product)
        assert sku == Sku(
            id=sku.id, product_id=product.pk, shop_id=product.shop_id, code="SHIRT-M", details=DETAILS, version=1
        )
        assert get_shop_sku(shop_id=product.shop_id, sku_id=sku.id) == sku
        assert find_shop_sku(shop_id=product.shop_id, code="SHIRT-M") == sku

    def test_leaves_an_audit_entry(self) -> None:
        sku = self.add(ProductFactory.create())
        entry: Any = AuditEntry.objects.get()
        assert (entry.action, entry.subject, entry.after["code"]) == ("sku.added", f"sku:{sku.id}", "SHIRT-M")

    @pytest.mark.parametrize("gtin", ["", "96385074", "036000291452", "4006381333931", "00012345600012"])
    def test_takes_a_gtin_of_every_length(self, gtin: str) -> None:
        assert self.add(ProductFactory.create(), details=replace(DETAILS, gtin=gtin)).details.gtin == gtin

    def test_takes_the_code_of_another_shops_sku(self) -> None:
        SkuFactory.create(code="SHIRT-M")
        assert self.add(ProductFactory.create()).code == "SHIRT-M"

    def test_tells_codes_apart_by_case(self) -> None:
        product = ProductFactory.create()
        assert self.add(product, "SHIRT-M").id != self.add(product, "shirt-m").id

    def test_refuses_an_unknown_product(self, refuses: Refuses) -> None:
        with refuses(UnknownProduct):
            self.add(ProductFactory.build(pk=1, shop_id=SHOP), code="")

    def test_refuses_the_product_of_another_shop(self, refuses: Refuses) -> None:
        product = ProductFactory.create()
        with refuses(UnknownProduct):
            self.add(product, shop_id=SHOP)

    def test_refuses_a_deleted_product(self, refuses: Refuses) -> None:
        product = ProductFactory.create(state=ProductState.DELETED)
        with refuses(UnknownProduct):
            self.add(product)

    @pytest.mark.parametrize("code", ["", "A B", "x" * 65, "ä", "A\n", "\x00"])
    def test_refuses_what_is_no_code(self, refuses: Refuses, code: str) -> None:
        product = ProductFactory.create()
        with refuses(InvalidField) as refused:
            self.add(product, code=code, details=SkuDetails(weight_grams=-1))
        assert refused.value.field == "code"

    @pytest.mark.parametrize(("field", "wrong"), WRONG_DETAILS)
    def test_refuses_what_no_sku_holds(self, refuses: Refuses, field: str, wrong: Any) -> None:
        product = ProductFactory.create()
        with refuses(InvalidField) as refused:
            self.add(product, details=replace(DETAILS, **{field: wrong}))
        assert refused.value.field == field

    def test_looks_at_the_fields_in_the_order_stated(self, refuses: Refuses) -> None:
        product = ProductFactory.create()
        details = SkuDetails(weight_grams=-1, option_values={"": ""}, hs6="x", gtin="x")
        for field in ["weight_grams", "option_values", "hs6", "gtin"]:
            with refuses(InvalidField) as refused:
                self.add(product, details=details)
            assert refused.value.field == field
            details = replace(details, **{field: getattr(DETAILS, field)})

    def test_refuses_more_skus_than_a_product_may_have(self, refuses: Refuses) -> None:
        product = ProductFactory.create()
        SkuFactory.create_batch(SKUS_PER_PRODUCT_MAX - 1, product=product)
        taken = self.add(product)
        with refuses(TooManySkus):
            self.add(product, code=taken.code)

    def test_refuses_a_code_that_the_shop_has_given(self, refuses: Refuses) -> None:
        gone = ProductFactory.create(state=ProductState.DELETED)
        SkuFactory.create(product=gone, code="SHIRT-M")
        product = ProductFactory.create(shop_id=gone.shop_id)
        with refuses(SkuCodeTaken):
            self.add(product)

    @pytest.mark.race
    def test_gives_a_code_once_however_many_ask(self, race: Callable[[Sequence[Callable[[], Any]]], list[Any]]) -> None:
        product = ProductFactory.create()
        outcomes = race([lambda: self.add(product)] * 8)
        assert sum(isinstance(outcome, Sku) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, SkuCodeTaken) for outcome in outcomes) == 7
        assert AuditEntry.objects.count() == 1


class TestEditSku:
    def edit(self, row: SkuRow, *, shop_id: int | None = None, version: int = 1, details: SkuDetails = DETAILS) -> Sku:
        return edit_sku(
            shop_id=shop_id or row.shop_id,
            sku_id=row.pk,
            version=version,
            details=details,
            actor="user:1",
            now=NOON,
        )

    def test_replaces_what_was_read_and_counts_the_version(self) -> None:
        row = SkuFactory.create()
        sku = self.edit(row, details=replace(DETAILS, is_active=False))
        assert (sku.details.is_active, sku.version) == (False, 2)
        assert get_shop_sku(shop_id=row.shop_id, sku_id=row.pk) == sku

    def test_leaves_an_audit_entry_of_before_and_after(self) -> None:
        self.edit(SkuFactory.create(weight_grams=500))
        entry: Any = AuditEntry.objects.get()
        assert (entry.before["weight_grams"], entry.after["weight_grams"]) == (500, 250)

    def test_refuses_an_unknown_sku(self, refuses: Refuses) -> None:
        with refuses(UnknownSku):
            self.edit(SkuFactory.build(pk=1, shop_id=SHOP), version=9, details=SkuDetails(weight_grams=-1))

    def test_refuses_the_sku_of_another_shop(self, refuses: Refuses) -> None:
        row = SkuFactory.create()
        with refuses(UnknownSku):
            self.edit(row, shop_id=SHOP)

    def test_refuses_the_sku_of_a_deleted_product(self, refuses: Refuses) -> None:
        row = SkuFactory.create(product__state=ProductState.DELETED)
        with refuses(UnknownSku):
            self.edit(row)

    def test_refuses_what_was_read_before_the_last_edit(self, refuses: Refuses) -> None:
        row = SkuFactory.create(version=3)
        with refuses(VersionStale) as refused:
            self.edit(row, version=2, details=SkuDetails(weight_grams=-1))
        assert refused.value.version == 3

    @pytest.mark.parametrize(("field", "wrong"), WRONG_DETAILS)
    def test_refuses_what_no_sku_holds(self, refuses: Refuses, field: str, wrong: Any) -> None:
        row = SkuFactory.create()
        with refuses(InvalidField) as refused:
            self.edit(row, details=replace(DETAILS, **{field: wrong}))
        assert refused.value.field == field

    def test_refuses_when_somebody_else_wrote_since_it_was_read(self, refuses: Refuses) -> None:
        row = SkuFactory.create()
        read = get_shop_sku(shop_id=row.shop_id, sku_id=row.pk)
        SkuRow.objects.update(version=2)
        with refuses(VersionStale) as refused:
            _replace(read, DETAILS)
        assert refused.value.version == 2
