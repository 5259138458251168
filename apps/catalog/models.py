"""The rows of catalog."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.catalog.contracts import ProductState, TaxCategory
from tradecore.ids import new_id
from tradecore.money import MAX_MINOR

TITLE_LENGTH_MAX = 200
TITLE_KEY_LENGTH = 100
WEIGHT_GRAMS_MAX = 1_000_000

_STATES = sorted(state.value for state in ProductState)
_TAX_CATEGORIES = sorted(category.value for category in TaxCategory)


class Category(models.Model):
    """One node of the tree that products are filed in.

    `path` is the slugs from the root down, so that a subtree is one range of an index. Place and path never change.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, related_name="children", null=True)
    path = models.CharField(max_length=255)
    name = models.CharField(max_length=100)

    class Meta:
        db_table = "catalog_category"
        verbose_name_plural = "categories"
        constraints: ClassVar = [models.UniqueConstraint(fields=["path"], name="catalog_category_path")]

    def __str__(self) -> str:
        return self.path


class Product(models.Model):
    """One product of one shop. See states.PRODUCT.

    `version` counts the changes, and an edit names the one that it read. `title_key` is the beginning of the title in
    the form in which titles are searched (`fields.title_key`). Never changed: shop, `created_at`.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    shop_id = models.BigIntegerField()
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products")
    title = models.CharField(max_length=TITLE_LENGTH_MAX)
    title_key = models.CharField(max_length=TITLE_KEY_LENGTH)
    description = models.TextField(default="", blank=True)
    tax_category = models.CharField(max_length=8)
    state = models.CharField(max_length=11, default=ProductState.DRAFT.value)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "catalog_product"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=_STATES), name="catalog_product_state"),
            models.CheckConstraint(condition=Q(tax_category__in=_TAX_CATEGORIES), name="catalog_product_tax"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["shop_id", "id"], name="catalog_product_shop"),
            models.Index(fields=["state", "id"], name="catalog_product_state_id"),
            models.Index(fields=["title_key"], name="catalog_product_title"),
        ]

    def __str__(self) -> str:
        return self.title


class Sku(models.Model):
    """One thing that can be ordered: a product in one size and colour. On show while it is active and its product is.

    `shop_id` repeats the product's, so that the code is unique per shop by a plain key. Never changed: product, shop,
    code. A SKU is never deleted: orders and stock name it.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="skus")
    shop_id = models.BigIntegerField()
    code = models.CharField(max_length=64)
    option_values = models.JSONField(default=dict)
    weight_grams = models.BigIntegerField()
    hs6 = models.CharField(max_length=6, default="", blank=True)
    gtin = models.CharField(max_length=14, default="", blank=True)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        db_table = "catalog_sku"
        verbose_name = "SKU"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shop_id", "code"], name="catalog_sku_code"),
            models.CheckConstraint(
                condition=Q(weight_grams__gte=0, weight_grams__lte=WEIGHT_GRAMS_MAX), name="catalog_sku_weight"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["code"], name="catalog_sku_code_of_any")]

    def __str__(self) -> str:
        return self.code


class SkuPrice(models.Model):
    """What one SKU costs in one market from `valid_from` until the next row begins. Never changed, never deleted.

    The unique key is also the way in: the price at a moment is the last entry before it, one step into the index
    however long the history is.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="prices", db_index=False)
    market = models.CharField(max_length=16)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    valid_from = models.DateTimeField()

    class Meta:
        db_table = "catalog_sku_price"
        verbose_name = "price"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sku", "market", "valid_from"], name="catalog_sku_price_start"),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=0, amount_minor__lte=MAX_MINOR), name="catalog_sku_price_amount"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.market} {self.amount_minor} {self.currency} from {self.valid_from}"
