"""What the terms of a promotion may be: said once, in words, before SQL has to say it."""

from datetime import timedelta

from apps.pricing.api import AmountOff, Benefit, FixedPrice, RateOff
from apps.promotions.contracts import Target, TargetKind, Terms
from apps.promotions.errors import PromotionInvalid
from apps.promotions.kinds import SHAPES
from tradecore.money import BASIS_POINTS, MAX_MINOR, exponent_of

TITLE_LENGTH_MAX = 50
TARGETS_MAX = 500
WINDOW_MIN = timedelta(minutes=10)
WINDOW_MAX = timedelta(days=365)


def check_terms(terms: Terms) -> None:
    """Refuses: UnknownCurrency, PromotionInvalid; in the order of the checks below."""
    exponent_of(terms.currency)
    _check_owner(terms)
    _check_title(terms.title)
    _check_benefit(terms)
    _check_code(terms)
    _check_min_spend(terms)
    _check_targets(terms)
    _check_window(terms)
    _check_share(terms)
    _check_caps(terms)


def _require(holds: bool, field: str, reason: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise PromotionInvalid(field=field, reason=reason)


def _check_owner(terms: Terms) -> None:
    shape = SHAPES[terms.kind]
    if terms.shop_id is None:
        _require(shape.of_platform, "shop_id", "only a shop has promotions of this kind")
    else:
        _require(shape.of_shops, "shop_id", "only the platform has promotions of this kind")


def _check_title(title: str) -> None:
    _require(1 <= len(title) <= TITLE_LENGTH_MAX, "title", f"not 1 to {TITLE_LENGTH_MAX} characters")
    _require(title == title.strip() and title.isprintable(), "title", "spaces around it, or what cannot be printed")


def _check_benefit(terms: Terms) -> None:
    _require(type(terms.benefit) in SHAPES[terms.kind].benefits, "benefit", "this kind cannot give it")
    _require(_is_in_bounds(terms.benefit), "benefit", "nothing, or too much")


def _is_in_bounds(benefit: Benefit) -> bool:
    match benefit:
        case FixedPrice(price_minor=price_minor):
            return 0 <= price_minor <= MAX_MINOR
        case AmountOff(amount_minor=amount_minor):
            return 0 < amount_minor <= MAX_MINOR
        case RateOff(rate_bp=rate_bp, cap_minor=cap_minor):
            return 0 < rate_bp <= BASIS_POINTS and (cap_minor is None or 0 < cap_minor <= MAX_MINOR)


def _check_code(terms: Terms) -> None:
    if SHAPES[terms.kind].has_code:
        _require(terms.code is not None, "code", "this kind needs one")
    else:
        _require(terms.code is None, "code", "this kind has none")


def _check_min_spend(terms: Terms) -> None:
    _require(0 <= terms.min_spend_minor <= MAX_MINOR, "min_spend_minor", "negative, or too much")
    _require(terms.min_spend_minor == 0 or SHAPES[terms.kind].has_min_spend, "min_spend_minor", "this kind has none")


def _check_targets(terms: Terms) -> None:
    targets = terms.targets
    _require(1 <= len(targets) <= TARGETS_MAX, "targets", f"not 1 to {TARGETS_MAX}")
    _require(len(set(targets)) == len(targets), "targets", "one of them twice")
    _require(all(_is_named(target) for target in targets), "targets", "one that names nothing, or ALL with an id")
    if terms.shop_id is not None:
        _require(all(_is_own(target, terms.shop_id) for target in targets), "targets", "beyond the shop's own goods")


def _is_named(target: Target) -> bool:
    return target.id == 0 if target.kind is TargetKind.ALL else target.id > 0


def _is_own(target: Target, shop_id: int) -> bool:
    return target.kind is not TargetKind.ALL and (target.kind is not TargetKind.SHOP or target.id == shop_id)


def _check_window(terms: Terms) -> None:
    length = terms.ends_at - terms.starts_at
    _require(length >= WINDOW_MIN, "ends_at", "less than ten minutes after the start")
    _require(length < WINDOW_MAX, "ends_at", "a year or more after the start")


def _check_share(terms: Terms) -> None:
    _require(0 <= terms.platform_share_bp <= BASIS_POINTS, "platform_share_bp", "not 0 to 10000")


def _check_caps(terms: Terms) -> None:
    for field in ("uses_cap", "uses_per_buyer_cap", "budget_minor"):
        cap = getattr(terms, field)
        _require(cap is None or 0 < cap <= MAX_MINOR, field, "nothing, or too much")
