"""What crosses the door of pricing: baskets and rules in, prices, refunds and fees out.

Amounts (``_minor``) are integers of minor units of one currency; ``_bp`` is 1/10,000, ``_e5`` is 1/100,000, ``_e6``
is 1/1,000,000. What these contracts refuse (ValueError) is a mistake of the caller, never of a client: a surface has
checked its input before a basket is made.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from itertools import chain
from types import MappingProxyType
from typing import Final

from tradecore.money import BASIS_POINTS, MAX_MINOR, Money, exponent_of


def _require(what: str, *, holds: bool) -> None:
    if not holds:
        raise ValueError(what)


# ---------------------------------------------------------------------------------------------------------------------
# The basket
# ---------------------------------------------------------------------------------------------------------------------


class TaxBasePolicy(StrEnum):
    """What tax is reckoned on where the platform pays a part of the price."""

    NET_PAID = "NET_PAID"
    BEFORE_PLATFORM_COUPON = "BEFORE_PLATFORM_COUPON"


class SurchargeKind(StrEnum):
    HANDLING = "HANDLING"
    SMALL_ORDER = "SMALL_ORDER"
    COD = "COD"
    INSURANCE = "INSURANCE"


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketLine:
    """``quantity`` pieces of one SKU. Its ``line_no`` is its place in the basket, and decides every tie."""

    line_no: int
    shop_id: int
    sku_id: int
    product_id: int
    list_unit_minor: int
    quantity: int
    category_id: int | None = None
    tax_rate_e5: int = 0
    weight_grams: int = 0
    """Of one piece."""
    hs6: str | None = None
    """Six digits of the tariff heading; needed where the basket has duty."""

    def __post_init__(self) -> None:
        _require("a line has at least one piece", holds=self.quantity >= 1)
        _require("a line's list price is out of bounds", holds=0 <= self.list_unit_minor * self.quantity <= MAX_MINOR)
        _require("rates and weights are not negative", holds=self.tax_rate_e5 >= 0 and self.weight_grams >= 0)


@dataclass(frozen=True, slots=True)
class ShopShipping:
    """What a shop asks for sending its order, before any discount."""

    shop_id: int
    fee_minor: int
    tax_rate_e5: int = 0

    def __post_init__(self) -> None:
        _require("fees and rates are not negative", holds=self.fee_minor >= 0 and self.tax_rate_e5 >= 0)


@dataclass(frozen=True, slots=True)
class DutyTerms:
    """A flat duty for each distinct HS6 heading of a consignment, up to an intrinsic value (E7)."""

    per_heading_minor: int
    intrinsic_max_minor: int


@dataclass(frozen=True, slots=True)
class Surcharge:
    """A fee that each order carries, tax included; with ``below_minor`` only an order whose sub-total is less."""

    kind: SurchargeKind
    amount_minor: int
    below_minor: int | None = None

    def __post_init__(self) -> None:
        _require("a fee is not negative", holds=self.amount_minor >= 0)


@dataclass(frozen=True, slots=True)
class PaymentDiscount:
    """What the platform pays because of how the buyer pays; taken from everything that is left to pay."""

    source_id: int
    benefit: "AmountOff | RateOff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """What a buyer wants to buy now: one currency, any number of shops, one ``ShopShipping`` for each of them.

    With ``duty`` the goods are imported: prices are before tax, and each line's tax is reckoned on its goods, its share
    of the shipping and its duty. ``recorded_difference_minor`` is signed and only for the replay of recorded purchases.
    """

    currency: str
    tax_inclusive: bool
    lines: tuple[BasketLine, ...]
    shipping: tuple[ShopShipping, ...]
    tax_base_policy: TaxBasePolicy = TaxBasePolicy.NET_PAID
    duty: DutyTerms | None = None
    surcharges: tuple[Surcharge, ...] = ()
    payment_discount: PaymentDiscount | None = None
    recorded_difference_minor: int = 0

    def __post_init__(self) -> None:
        exponent_of(self.currency)
        _require("a basket is not empty", holds=bool(self.lines))
        _require("line numbers are distinct", holds=len({line.line_no for line in self.lines}) == len(self.lines))
        shop_ids = {line.shop_id for line in self.lines}
        _require(
            "each shop of a basket has exactly one shipping quote",
            holds=sorted(quote.shop_id for quote in self.shipping) == sorted(shop_ids),
        )
        _require("duty needs prices before tax", holds=not (self.duty and self.tax_inclusive))


# ---------------------------------------------------------------------------------------------------------------------
# Promotions
# ---------------------------------------------------------------------------------------------------------------------


class Layer(IntEnum):
    """The rungs of the ladder, in the order in which they are climbed."""

    LIST_PRICE = 0
    ITEM_PRICE = 1
    SHOP_RULE = 2
    SELLER_COUPON = 3
    PLATFORM_COUPON = 4
    SHIPPING = 5
    DUTY_AND_TAX = 6
    PAYMENT = 7


class PromotionKind(StrEnum):
    FLASH_SALE = "FLASH_SALE"
    LIVE_FLASH_SALE = "LIVE_FLASH_SALE"
    CAMPAIGN = "CAMPAIGN"
    FIXED_PRICE = "FIXED_PRICE"
    DIRECT_DISCOUNT = "DIRECT_DISCOUNT"
    BUY_MORE_SAVE_MORE = "BUY_MORE_SAVE_MORE"
    BUNDLE = "BUNDLE"
    FULL_REDUCTION = "FULL_REDUCTION"
    COUPON = "COUPON"
    SHIPPING_DISCOUNT = "SHIPPING_DISCOUNT"


ITEM_RANKS: Final[Mapping[PromotionKind, int]] = MappingProxyType(
    {
        PromotionKind.FLASH_SALE: 0,
        PromotionKind.LIVE_FLASH_SALE: 1,
        PromotionKind.CAMPAIGN: 2,
        PromotionKind.FIXED_PRICE: 3,
        PromotionKind.DIRECT_DISCOUNT: 3,
    }
)
"""The kinds that set the price of a piece; the lowest rank wins a piece, however dear it is."""

SHOP_RULE_KINDS: Final = frozenset(
    {PromotionKind.BUY_MORE_SAVE_MORE, PromotionKind.BUNDLE, PromotionKind.FULL_REDUCTION}
)


class TierBasis(StrEnum):
    AMOUNT = "AMOUNT"
    QUANTITY = "QUANTITY"


@dataclass(frozen=True, slots=True)
class AmountOff:
    """So much less: per piece for an item price, per set for a bundle, in total elsewhere."""

    amount_minor: int

    def __post_init__(self) -> None:
        _require("a discount is not negative", holds=self.amount_minor >= 0)


@dataclass(frozen=True, slots=True)
class RateOff:
    """A share of the base, at most ``cap_minor``; rounded per piece for an item price, in total elsewhere."""

    rate_bp: int
    cap_minor: int | None = None

    def __post_init__(self) -> None:
        _require("a discount is at most the whole price", holds=0 <= self.rate_bp <= BASIS_POINTS)
        _require("a cap is not negative", holds=self.cap_minor is None or self.cap_minor >= 0)


@dataclass(frozen=True, slots=True)
class FixedPrice:
    """The price itself: of a piece for an item price, of a set for a bundle."""

    price_minor: int

    def __post_init__(self) -> None:
        _require("a price is not negative", holds=self.price_minor >= 0)


@dataclass(frozen=True, slots=True)
class Tier:
    """From ``threshold`` on (minor units, or pieces) this is taken off all that the rule touches."""

    threshold: int
    benefit: AmountOff | RateOff


@dataclass(frozen=True, slots=True)
class Tiers:
    """Buy more, save more; a full reduction is the same with an AMOUNT basis. The highest tier reached counts."""

    basis: TierBasis
    tiers: tuple[Tier, ...]

    def __post_init__(self) -> None:
        _require("there is at least one tier", holds=bool(self.tiers))


@dataclass(frozen=True, slots=True)
class BundlePart:
    sku_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Bundle:
    """A set of SKUs that is cheaper together; as many sets count as the basket holds."""

    parts: tuple[BundlePart, ...]
    benefit: AmountOff | RateOff | FixedPrice

    def __post_init__(self) -> None:
        _require("a bundle has pieces", holds=bool(self.parts) and all(part.quantity >= 1 for part in self.parts))
        _require("a bundle names each SKU once", holds=len({part.sku_id for part in self.parts}) == len(self.parts))


Benefit = AmountOff | RateOff | FixedPrice


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Goods, named by any of four kinds of id: a line is in scope when any of them names it."""

    shop_ids: frozenset[int] = frozenset()
    category_ids: frozenset[int] = frozenset()
    product_ids: frozenset[int] = frozenset()
    sku_ids: frozenset[int] = frozenset()

    @property
    def is_empty(self) -> bool:
        return not (self.shop_ids or self.category_ids or self.product_ids or self.sku_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionRule:
    """One promotion as it stands for this buyer now; windows and claims were checked by who made it.

    ``shop_id`` None is the platform's. An empty ``scope`` means all goods (of the shop), an empty ``excluded`` none.
    ``platform_share_bp`` is the part of the discount that the platform funds; the seller funds the rest. A rule with a
    ``code`` (canonical form) is considered only when the buyer gives that code.

    ``uses_left`` and ``uses_left_for_buyer`` count pieces for an item price and purchases for everything else; None is
    without limit. ``budget_left_minor`` is what the promotion may still spend, by both funders together.
    """

    promotion_id: int
    kind: PromotionKind
    shop_id: int | None
    currency: str
    benefit: Benefit | Tiers | Bundle
    platform_share_bp: int
    min_spend_minor: int = 0
    scope: Scope = Scope()
    excluded: Scope = Scope()
    code: str | None = None
    uses_left: int | None = None
    uses_left_for_buyer: int | None = None
    budget_left_minor: int | None = None

    def __post_init__(self) -> None:
        _require("each kind has its own benefits", holds=isinstance(self.benefit, _benefits_of(self.kind)))
        _require("a funder pays at most the whole discount", holds=0 <= self.platform_share_bp <= BASIS_POINTS)
        _require("a shop rule belongs to a shop", holds=self.shop_id is not None or self.kind not in SHOP_RULE_KINDS)
        _require("an item price has no minimum spend", holds=self.min_spend_minor == 0 or self.kind not in ITEM_RANKS)
        _require("a minimum spend is not negative", holds=self.min_spend_minor >= 0)

    @property
    def layer(self) -> Layer:
        if self.kind in ITEM_RANKS:
            return Layer.ITEM_PRICE
        if self.kind in SHOP_RULE_KINDS:
            return Layer.SHOP_RULE
        if self.kind is PromotionKind.SHIPPING_DISCOUNT:
            return Layer.SHIPPING
        return Layer.PLATFORM_COUPON if self.shop_id is None else Layer.SELLER_COUPON

    @property
    def plain_benefit(self) -> Benefit:
        """The benefit of a rule that is no shop rule."""
        if isinstance(self.benefit, Tiers | Bundle):
            raise TypeError(f"{self.kind} has no single benefit")
        return self.benefit


def _benefits_of(kind: PromotionKind) -> tuple[type, ...]:
    if kind in ITEM_RANKS:
        return (AmountOff, RateOff, FixedPrice)
    if kind is PromotionKind.BUNDLE:
        return (Bundle,)
    if kind in SHOP_RULE_KINDS:
        return (Tiers,)
    return (AmountOff, RateOff)


# ---------------------------------------------------------------------------------------------------------------------
# The price
# ---------------------------------------------------------------------------------------------------------------------


class Funder(StrEnum):
    SELLER = "SELLER"
    PLATFORM = "PLATFORM"


class StepKind(StrEnum):
    """What a step of the ladder does. TAX_INCLUDED only tells; every other step changes what the buyer pays."""

    LIST_PRICE = "LIST_PRICE"
    DISCOUNT = "DISCOUNT"
    SHIPPING_FEE = "SHIPPING_FEE"
    DUTY = "DUTY"
    TAX_INCLUDED = "TAX_INCLUDED"
    TAX_ADDED = "TAX_ADDED"
    SURCHARGE = "SURCHARGE"
    PAYMENT_DISCOUNT = "PAYMENT_DISCOUNT"
    RECORDED_DIFFERENCE = "RECORDED_DIFFERENCE"


@dataclass(frozen=True, slots=True)
class LadderStep:
    """One step: what it adds to the price (less when negative), who funds it, and the id of what caused it."""

    layer: Layer
    kind: StepKind
    amount_minor: int
    funder: Funder | None = None
    source_id: int | None = None


def _steps_that_count(
    *amounts: tuple[Layer, StepKind, int] | tuple[Layer, StepKind, int, Funder],
) -> list[LadderStep]:
    """The steps of amounts that are not zero; of each its layer, kind, amount and perhaps funder."""
    return [LadderStep(*amount) for amount in amounts if amount[2]]


@dataclass(frozen=True, slots=True)
class Discount:
    """What one promotion takes off one line (or one order's shipping), by who funds it; both parts are positive."""

    layer: Layer
    promotion_id: int
    seller_minor: int
    platform_minor: int

    @property
    def amount_minor(self) -> int:
        return self.seller_minor + self.platform_minor

    def steps(self) -> Iterator[LadderStep]:
        for funder, minor in ((Funder.SELLER, self.seller_minor), (Funder.PLATFORM, self.platform_minor)):
            if minor:
                yield LadderStep(self.layer, StepKind.DISCOUNT, -minor, funder, self.promotion_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedLine:
    """Pieces of one basket line that cost the same: a line whose pieces have two item prices becomes two (E6).

    ``net_minor`` is the list price less all discounts; ``tax_minor`` is inside it or on top of it. ``duty_minor`` is
    this line's part of its heading's duty. ``shipping_share_minor`` is its part of the order's shipping fee, and only
    tells. ``payment_discount_minor`` (positive) and ``recorded_difference_minor`` (signed) are its parts of the
    purchase's.
    """

    line_no: int
    segment_no: int
    sku_id: int
    quantity: int
    list_unit_minor: int
    unit_minor: int
    """The price of a piece after the item price (L1)."""
    list_minor: int
    discounts: tuple[Discount, ...]
    seller_discount_minor: int
    platform_discount_minor: int
    net_minor: int
    tax_inclusive: bool
    tax_rate_e5: int
    tax_base_minor: int
    tax_minor: int
    duty_minor: int
    shipping_share_minor: int
    payment_discount_minor: int
    recorded_difference_minor: int

    @property
    def payable_minor(self) -> int:
        """What is to be paid for the line before the payment discount: net, tax that is added, duty."""
        return self.net_minor + self.duty_minor + (0 if self.tax_inclusive else self.tax_minor)

    @property
    def paid_minor(self) -> int:
        """The buyer's money in this line. The lines' and the charges' together are the order's total."""
        return self.payable_minor - self.payment_discount_minor + self.recorded_difference_minor

    @property
    def steps(self) -> tuple[LadderStep, ...]:
        """The ladder of this line; without TAX_INCLUDED the amounts add up to ``paid_minor``."""
        tax_kind = StepKind.TAX_INCLUDED if self.tax_inclusive else StepKind.TAX_ADDED
        return (
            LadderStep(Layer.LIST_PRICE, StepKind.LIST_PRICE, self.list_minor),
            *chain.from_iterable(discount.steps() for discount in self.discounts),
            *_steps_that_count(
                (Layer.DUTY_AND_TAX, StepKind.DUTY, self.duty_minor),
                (Layer.DUTY_AND_TAX, tax_kind, self.tax_minor),
                (Layer.PAYMENT, StepKind.PAYMENT_DISCOUNT, -self.payment_discount_minor, Funder.PLATFORM),
                (Layer.PAYMENT, StepKind.RECORDED_DIFFERENCE, self.recorded_difference_minor),
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedCharges:
    """What an order costs beside its goods: shipping, its tax, surcharges; and their parts of what paying changes.

    ``shipping_tax_minor`` is 0 for an import, whose lines carry the tax of their shipping.
    """

    tax_inclusive: bool
    original_shipping_fee_minor: int
    shipping_discounts: tuple[Discount, ...]
    shipping_fee_minor: int
    shipping_tax_rate_e5: int
    shipping_tax_minor: int
    surcharges: tuple[Surcharge, ...]
    payment_discount_minor: int
    recorded_difference_minor: int

    @property
    def surcharges_minor(self) -> int:
        return sum(surcharge.amount_minor for surcharge in self.surcharges)

    @property
    def payable_minor(self) -> int:
        """What is to be paid beside the goods, before the payment discount."""
        return self.shipping_fee_minor + self.surcharges_minor + (0 if self.tax_inclusive else self.shipping_tax_minor)

    @property
    def paid_minor(self) -> int:
        """The buyer's money in shipping and surcharges."""
        return self.payable_minor - self.payment_discount_minor + self.recorded_difference_minor

    @property
    def steps(self) -> tuple[LadderStep, ...]:
        """The order's own ladder; without TAX_INCLUDED the amounts add up to ``paid_minor``."""
        tax_kind = StepKind.TAX_INCLUDED if self.tax_inclusive else StepKind.TAX_ADDED
        return (
            LadderStep(Layer.SHIPPING, StepKind.SHIPPING_FEE, self.original_shipping_fee_minor),
            *chain.from_iterable(discount.steps() for discount in self.shipping_discounts),
            *_steps_that_count(
                (Layer.DUTY_AND_TAX, tax_kind, self.shipping_tax_minor),
                *((Layer.PAYMENT, StepKind.SURCHARGE, fee.amount_minor) for fee in self.surcharges),
                (Layer.PAYMENT, StepKind.PAYMENT_DISCOUNT, -self.payment_discount_minor, Funder.PLATFORM),
                (Layer.PAYMENT, StepKind.RECORDED_DIFFERENCE, self.recorded_difference_minor),
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """The sums of an order or of a purchase, named as the API names them; discounts are positive.

    ::

        sub_total    = original_total_product_price - seller_discount - platform_discount
        shipping_fee = original_shipping_fee - shipping_fee_seller_discount - shipping_fee_platform_discount
        total        = sub_total + shipping_fee + tax (only if exclusive) + duty + fees
                       - payment_platform_discount + recorded_difference                              >= 0

    ``tax_minor`` is all tax: of the goods and, in ``shipping_tax_minor``, of the shipping.
    """

    tax_inclusive: bool
    original_total_product_price_minor: int
    seller_discount_minor: int
    platform_discount_minor: int
    sub_total_minor: int
    original_shipping_fee_minor: int
    shipping_fee_seller_discount_minor: int
    shipping_fee_platform_discount_minor: int
    shipping_fee_minor: int
    shipping_tax_minor: int
    tax_minor: int
    duty_minor: int
    fees_minor: int
    payment_platform_discount_minor: int
    recorded_difference_minor: int
    total_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedOrder:
    """One shop's part of the purchase. ``lines`` stand in the order of the basket; their money and the charges' is all
    of the order's money: ``sum(line.paid_minor) + charges.paid_minor == breakdown.total_minor``."""

    shop_id: int
    currency: str
    lines: tuple[PricedLine, ...]
    charges: PricedCharges
    breakdown: Breakdown

    @property
    def total(self) -> Money:
        return Money(self.breakdown.total_minor, self.currency)


class MissReason(StrEnum):
    """Why a promotion does not apply, in the order in which it is checked."""

    UNKNOWN_CODE = "UNKNOWN_CODE"
    """No promotion answers to the code that was given."""
    OTHER_CURRENCY = "OTHER_CURRENCY"
    NOTHING_ELIGIBLE = "NOTHING_ELIGIBLE"
    """No piece of the basket is in its scope (for a shop rule: none that a flash price has not taken)."""
    EXHAUSTED = "EXHAUSTED"
    BUYER_LIMIT = "BUYER_LIMIT"
    BELOW_MINIMUM = "BELOW_MINIMUM"
    """``missing_minor`` or ``missing_units`` say by how much."""
    NO_EFFECT = "NO_EFFECT"
    """It would take nothing off."""
    BUDGET_SPENT = "BUDGET_SPENT"
    """What is left of its budget is less than its discount would be."""
    OUTBID = "OUTBID"
    """It could apply; another one of its layer, or the combination without it, leaves the buyer better off."""
    PROMOTIONS_OFF = "PROMOTIONS_OFF"
    """No promotion applies at the moment, so nobody has looked for the code. Said by whoever asks for the price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionOutcome:
    """What became of one promotion that was considered, or of one code that nobody knows (``promotion_id`` None).

    ``units`` and ``amount_minor`` are what it gave, as in ``PromotionUse``; 0 when it was missed.
    """

    promotion_id: int | None
    code: str | None
    layer: Layer | None
    applied: bool
    reason: MissReason | None = None
    missing_minor: int = 0
    missing_units: int = 0
    units: int = 0
    amount_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionUse:
    """What a purchase takes of a promotion: ``units`` are discounted pieces for an item price, else 1 per purchase."""

    promotion_id: int
    units: int
    seller_minor: int
    platform_minor: int

    @property
    def amount_minor(self) -> int:
        return self.seller_minor + self.platform_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedBasket:
    """The price of a purchase: its orders (by their first line), their sums, and why it is what it is."""

    currency: str
    orders: tuple[PricedOrder, ...]
    breakdown: Breakdown
    outcomes: tuple[PromotionOutcome, ...]
    """By layer and promotion id; codes that nobody knows come last."""
    promotion_uses: tuple[PromotionUse, ...]
    """By promotion id."""

    @property
    def total(self) -> Money:
        return Money(self.breakdown.total_minor, self.currency)


# ---------------------------------------------------------------------------------------------------------------------
# Shipping rates
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingRate:
    """A rate card: ``base_minor`` per order, and ``per_kg_minor`` for each kilogram begun beyond ``included_grams``.

    Goods worth ``free_from_minor`` or more travel free.
    """

    base_minor: int
    per_kg_minor: int = 0
    included_grams: int = 0
    free_from_minor: int | None = None


# ---------------------------------------------------------------------------------------------------------------------
# Refunds
# ---------------------------------------------------------------------------------------------------------------------


class RefundCause(StrEnum):
    """Why money goes back. CANCELLED_BEFORE_SHIPMENT means that no piece of the order was ever shipped."""

    CANCELLED_BEFORE_SHIPMENT = "CANCELLED_BEFORE_SHIPMENT"
    SELLER_FAULT = "SELLER_FAULT"
    PLATFORM_FAULT = "PLATFORM_FAULT"
    CARRIER_FAULT = "CARRIER_FAULT"
    CHANGE_OF_MIND = "CHANGE_OF_MIND"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundableLine:
    """The frozen amounts of a sold line, of which parts may go back; named as in ``PricedLine``."""

    quantity: int
    list_minor: int
    net_minor: int
    platform_discount_minor: int
    tax_inclusive: bool
    tax_minor: int
    duty_minor: int = 0
    shipping_share_minor: int = 0
    payment_discount_minor: int = 0
    recorded_difference_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPart:
    """What some units of a line carry.

    ``paid_minor`` goes back to the buyer. ``platform_discount_minor`` and ``payment_discount_minor`` go back to the
    platform; ``seller_discount_minor`` is simply void. Tax and duty are what was stored, ``tax_minor`` inside or on top
    of the net as it was sold. ``shipping_share_minor`` only tells.
    """

    units: int
    list_minor: int
    net_minor: int
    seller_discount_minor: int
    platform_discount_minor: int
    tax_minor: int
    duty_minor: int
    shipping_share_minor: int
    payment_discount_minor: int
    recorded_difference_minor: int
    paid_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundableCharges:
    """The frozen amounts of an order's shipping and surcharges; named as in ``PricedCharges``."""

    tax_inclusive: bool
    shipping_fee_minor: int
    shipping_tax_minor: int
    shipping_fee_platform_discount_minor: int = 0
    surcharges_minor: int = 0
    payment_discount_minor: int = 0
    recorded_difference_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargesBack:
    """What goes back of shipping and surcharges: ``paid_minor`` to the buyer, subsidy and discount to the platform."""

    shipping_fee_minor: int = 0
    shipping_tax_minor: int = 0
    surcharges_minor: int = 0
    payment_discount_minor: int = 0
    recorded_difference_minor: int = 0
    paid_minor: int = 0
    shipping_subsidy_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proceeds:
    """Whose money a sale is made of, and for whom; or that part of it which is undone when units go back.

    ``paid_minor`` is the buyer's; ``coupon_minor``, ``shipping_subsidy_minor`` and ``payment_discount_minor`` are what
    the platform adds. Of all this ``tax_minor`` (only tax that the platform remits), ``duty_minor`` and the platform's
    own ``surcharges_minor`` are not the seller's, and the signed ``recorded_difference_minor`` is nobody's yet.
    """

    paid_minor: int
    coupon_minor: int = 0
    shipping_subsidy_minor: int = 0
    payment_discount_minor: int = 0
    tax_minor: int = 0
    duty_minor: int = 0
    surcharges_minor: int = 0
    recorded_difference_minor: int = 0

    @property
    def seller_minor(self) -> int:
        """What the seller earns: goods and shipping as they were paid for by buyer and platform together (E2: 77.44).

        Of a part it may be negative: its coupon is a floor of its own, a cent apart from its net price's.
        """
        given = self.paid_minor + self.coupon_minor + self.shipping_subsidy_minor + self.payment_discount_minor
        others = self.tax_minor + self.duty_minor + self.surcharges_minor + self.recorded_difference_minor
        return given - others


# ---------------------------------------------------------------------------------------------------------------------
# Fees
# ---------------------------------------------------------------------------------------------------------------------


class FeeBasis(StrEnum):
    """What a fee is a share of; "tax added" is tax on top of the price, 0 where prices include it."""

    GOODS = "GOODS"
    """Net price of the goods, as the buyer pays it."""
    GOODS_BEFORE_TAX = "GOODS_BEFORE_TAX"
    """Net price of the goods less the tax inside it: what a creator's commission is reckoned on."""
    GOODS_AND_PLATFORM_DISCOUNT = "GOODS_AND_PLATFORM_DISCOUNT"
    """List price less the seller's discount."""
    PAYMENT = "PAYMENT"
    """Goods, shipping, tax added: what a transaction fee is reckoned on."""
    PAYMENT_AND_PLATFORM_DISCOUNT = "PAYMENT_AND_PLATFORM_DISCOUNT"
    """Goods, shipping, tax added, and what the platform paid of the goods' price."""


class FeeRefundPolicy(StrEnum):
    KEEP = "KEEP"
    PRO_RATA = "PRO_RATA"
    PRO_RATA_MINUS_ADMIN = "PRO_RATA_MINUS_ADMIN"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeAmounts:
    """The amounts of an order, a line or a refunded part that a fee may be reckoned on."""

    net_minor: int
    tax_inclusive: bool
    tax_minor: int = 0
    platform_discount_minor: int = 0
    shipping_fee_minor: int = 0
    shipping_tax_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeTerms:
    """One fee as it was frozen at purchase: ``fixed + rate * base``, at most ``cap``, and tax on the fee itself.

    ``admin_bp`` is what PRO_RATA_MINUS_ADMIN keeps of all that would go back.
    """

    rate_bp: int
    fixed_minor: int = 0
    cap_minor: int | None = None
    tax_rate_e5: int = 0
    refund_policy: FeeRefundPolicy = FeeRefundPolicy.PRO_RATA
    admin_bp: int = 2_000


@dataclass(frozen=True, slots=True)
class Fee:
    """A fee and the tax on it; of a refund, what of both goes back."""

    amount_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class Cover:
    """Where a debit is taken from: the reserve first, then the available balance, which may become negative."""

    from_reserve_minor: int
    from_available_minor: int
