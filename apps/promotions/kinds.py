"""The kinds of promotion, and what each may look like.

To add a kind: name it in `contracts.PromotionKind`, describe it here, and run `makemigrations` (SQL refuses what this
table does not allow). Its arithmetic is a layer of `apps.pricing`, which the new entry names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from types import MappingProxyType
from typing import Any, Final

from django.db.models import Q

from apps.pricing.api import AmountOff, Benefit, FixedPrice, RateOff
from apps.pricing.api import PromotionKind as PricedKind
from apps.promotions.contracts import PromotionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What pricing calls a kind, what it may give, who may own it, and whether it has a code and a minimum spend."""

    priced_as: PricedKind
    benefits: frozenset[type[Benefit]]
    of_shops: bool = False
    of_platform: bool = False
    has_code: bool = False
    has_min_spend: bool = False


SHAPES: Final[Mapping[PromotionKind, Shape]] = MappingProxyType(
    {
        PromotionKind.FIXED_PRICE: Shape(
            priced_as=PricedKind.FIXED_PRICE,
            benefits=frozenset({FixedPrice}),
            of_shops=True,
        ),
        PromotionKind.DIRECT_DISCOUNT: Shape(
            priced_as=PricedKind.DIRECT_DISCOUNT,
            benefits=frozenset({AmountOff, RateOff}),
            of_shops=True,
        ),
        PromotionKind.SELLER_COUPON: Shape(
            priced_as=PricedKind.COUPON,
            benefits=frozenset({AmountOff, RateOff}),
            of_shops=True,
            has_code=True,
            has_min_spend=True,
        ),
        PromotionKind.PLATFORM_COUPON: Shape(
            priced_as=PricedKind.COUPON,
            benefits=frozenset({AmountOff, RateOff}),
            of_platform=True,
            has_code=True,
            has_min_spend=True,
        ),
        PromotionKind.SHIPPING_DISCOUNT: Shape(
            priced_as=PricedKind.SHIPPING_DISCOUNT,
            benefits=frozenset({AmountOff, RateOff}),
            of_shops=True,
            of_platform=True,
            has_min_spend=True,
        ),
    }
)

#: The column that says which benefit a row gives; the other two are empty.
_COLUMNS: Final[Mapping[type[Benefit], str]] = MappingProxyType(
    {FixedPrice: "price_minor", AmountOff: "amount_minor", RateOff: "rate_bp"}
)


def to_columns(benefit: Benefit) -> dict[str, int | None]:
    """The columns that hold a benefit."""
    match benefit:
        case FixedPrice(price_minor=price_minor):
            return {"price_minor": price_minor}
        case AmountOff(amount_minor=amount_minor):
            return {"amount_minor": amount_minor}
        case RateOff(rate_bp=rate_bp, cap_minor=cap_minor):
            return {"rate_bp": rate_bp, "cap_minor": cap_minor}


def to_benefit(
    *, price_minor: int | None, amount_minor: int | None, rate_bp: int | None, cap_minor: int | None
) -> Benefit:
    """The benefit that the columns hold."""
    if price_minor is not None:
        return FixedPrice(price_minor)
    if amount_minor is not None:
        return AmountOff(amount_minor)
    assert rate_bp is not None, "a constraint: one of the three columns is filled"
    return RateOff(rate_bp, cap_minor)


def shape_condition() -> Q:
    """The condition that each promotion meets: it looks as its kind may."""
    return reduce(or_, (_condition_of(kind, shape) for kind, shape in SHAPES.items()))


def _condition_of(kind: PromotionKind, shape: Shape) -> Q:
    fields: dict[str, Any] = {"kind": kind.value, "code__isnull": not shape.has_code}
    if shape.of_shops != shape.of_platform:
        fields["shop_id__isnull"] = shape.of_platform
    if not shape.has_min_spend:
        fields["min_spend_minor"] = 0
    benefits = sorted(shape.benefits, key=lambda benefit: _COLUMNS[benefit])
    return Q(reduce(or_, (_gives_only(benefit) for benefit in benefits)), **fields)


def _gives_only(benefit: type[Benefit]) -> Q:
    columns = {f"{column}__isnull": given is not benefit for given, column in _COLUMNS.items()}
    return Q(**columns) if benefit is RateOff else Q(**columns, cap_minor__isnull=True)
