"""What catalog refuses."""

from dataclasses import dataclass
from datetime import datetime

from tradecore.errors import Kind, Refusal
from tradecore.money import Money


@dataclass
class UnknownProduct(Refusal):
    """There is no such product, it is deleted, or it is not for the one who asks to see."""

    code = "catalog.unknown_product"
    kind = Kind.NOT_FOUND
    title = "There is no such product."

    product_id: int


@dataclass
class UnknownSku(Refusal):
    """There is no such SKU, its product is deleted, or it belongs to another shop."""

    code = "catalog.unknown_sku"
    kind = Kind.NOT_FOUND
    title = "There is no such SKU."

    sku_id: int


@dataclass
class UnknownCategory(Refusal):
    """A category is named that does not exist."""

    code = "catalog.unknown_category"
    kind = Kind.RULE
    title = "There is no such category."

    category_id: int


@dataclass
class VersionStale(Refusal):
    """What is to be edited was changed after it was read; `version` is the one that stands now."""

    code = "catalog.version_stale"
    kind = Kind.STALE
    title = "This has changed meanwhile. Read it again."

    version: int


@dataclass
class InvalidField(Refusal):
    """A field holds what it may not; `reason` says what is wrong with it."""

    code = "catalog.invalid_field"
    kind = Kind.RULE
    title = "A field holds what it may not."

    field: str
    reason: str


@dataclass
class CategoryExists(Refusal):
    """The parent has a category of this slug."""

    code = "catalog.category_exists"
    kind = Kind.CONFLICT
    title = "There is a category at this place of the tree."

    path: str


@dataclass
class CategoryTooDeep(Refusal):
    """The tree ends above the level that is asked for."""

    code = "catalog.category_too_deep"
    kind = Kind.RULE
    title = "The category tree is not that deep."

    depth_max: int


@dataclass
class StateNotAllowed(Refusal):
    """The state that is asked for may not follow the one that the product is in."""

    code = "catalog.state_not_allowed"
    kind = Kind.CONFLICT
    title = "The product cannot go from the state that it is in to this one."

    state: str
    wanted: str


@dataclass
class SkuCodeTaken(Refusal):
    """The shop has a SKU of this code, or had it before its product was deleted."""

    code = "catalog.sku_code_taken"
    kind = Kind.CONFLICT
    title = "The shop has another SKU of this code."

    sku_code: str


@dataclass
class TooManySkus(Refusal):
    """The product has as many SKUs as a product may have."""

    code = "catalog.too_many_skus"
    kind = Kind.RULE
    title = "The product has as many SKUs as a product may have."

    limit: int


@dataclass
class PriceOutOfRange(Refusal):
    """The price is negative, or beyond what money here can count."""

    code = "catalog.price_out_of_range"
    kind = Kind.RULE
    title = "A price is neither negative nor that large."


@dataclass
class PriceInPast(Refusal):
    """The price would begin before now, and change what was quoted since."""

    code = "catalog.price_in_past"
    kind = Kind.RULE
    title = "A price begins now or later."

    valid_from: datetime


@dataclass
class PriceChanged(Refusal):
    """What was asked for took the place of another price; `price` is the one that it would end now."""

    code = "catalog.price_changed"
    kind = Kind.CONFLICT
    title = "The price has changed since this one was asked for. Ask for it again."

    price: Money


@dataclass
class PriceExists(Refusal):
    """Another price begins at the same moment. History is never rewritten: begin at another moment."""

    code = "catalog.price_exists"
    kind = Kind.CONFLICT
    title = "Another price begins at this moment."

    price: Money
    valid_from: datetime
