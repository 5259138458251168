"""Promotions as pricing sees them: one rule for each that may apply to a basket."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from apps.pricing.api import PromotionRule, Scope
from apps.promotions.codes import canonical_code
from apps.promotions.contracts import PromotionKind, TargetKind
from apps.promotions.kinds import SHAPES, to_benefit
from apps.promotions.models import PromotionScope
from apps.promotions.standing import Standing, budget_left, is_frozen, is_ongoing, used_by, uses_left
from tradecore.prepared import Select

_PLATFORM = 0


def list_rules(
    *,
    market: str,
    shop_ids: Iterable[int],
    product_ids: Iterable[int],
    sku_ids: Iterable[int],
    category_ids: Iterable[int],
    codes: Sequence[str],
    buyer_ref: int,
    now: datetime,
) -> tuple[PromotionRule, ...]:
    """What may apply to a basket with these things in it, as it stands for this buyer now; by promotion.

    A promotion that needs a code is there only if its code is given; its scope is whole, so that pricing can tell that
    it missed. Of the others only those that name something in the basket are there. What is not ongoing, or is frozen,
    is left out: `get_coupon` tells why a code was. Reads only what may apply, however many promotions live, in one
    statement.
    Refuses: CouponCodeInvalid.
    """
    basket = {
        "owners": {_PLATFORM, *shop_ids},
        "shops": set(shop_ids),
        "products": set(product_ids),
        "skus": set(sku_ids),
        "categories": set(category_ids),
    }
    asked = {**basket, "market": market, "buyer": buyer_ref, "now": now}
    if not codes:
        return tuple(_to_rules(_AUTOMATIC(**asked)))
    return tuple(_to_rules(_AUTOMATIC_AND_NAMED(**asked, codes={canonical_code(code) for code in codes})))


def _automatic(*, market: Any, buyer: Any, now: Any, **basket: Any) -> QuerySet[PromotionScope]:
    """One range of the index for each thing in the basket. A category is shared, so it is asked for owner by owner."""
    names_any = (
        Q(target_kind=TargetKind.ALL, target_id=0)
        | Q(target_kind=TargetKind.SHOP, target_id__in=basket["shops"])
        | Q(target_kind=TargetKind.PRODUCT, target_id__in=basket["products"])
        | Q(target_kind=TargetKind.SKU, target_id__in=basket["skus"])
        | Q(target_kind=TargetKind.CATEGORY, target_id__in=basket["categories"], owner_key__in=basket["owners"])
    )
    return _live_scopes(Q(names_any, needs_code=False), market=market, buyer=buyer, now=now)


def _automatic_and_named(*, codes: Any, market: Any, buyer: Any, now: Any, **basket: Any) -> QuerySet[PromotionScope]:
    named = _live_scopes(Q(promotion__market=market, promotion__code__in=codes), market=market, buyer=buyer, now=now)
    return _automatic(market=market, buyer=buyer, now=now, **basket).union(named, all=True)


def _live_scopes(condition: Q, *, market: Any, buyer: Any, now: Any) -> QuerySet[PromotionScope]:
    scopes = PromotionScope.objects.filter(
        condition, is_ongoing(now, prefix="promotion__"), ~is_frozen("promotion_id"), market=market
    )
    return scopes.select_related("promotion").annotate(used_by_buyer=used_by(buyer, "promotion_id"))


_AUTOMATIC = Select(_automatic)
_AUTOMATIC_AND_NAMED = Select(_automatic_and_named)


def _to_rules(scopes: Iterable[PromotionScope]) -> Iterable[PromotionRule]:
    standings: dict[int, Standing] = {}
    targets: Mapping[int, list[PromotionScope]] = defaultdict(list)
    for scope in scopes:
        used_by_buyer = scope.used_by_buyer  # type: ignore[attr-defined]  # annotated above
        standings[scope.promotion_id] = Standing(scope.promotion, used_by_buyer, is_frozen=False)
        targets[scope.promotion_id].append(scope)
    for promotion_id, standing in sorted(standings.items()):
        yield _to_rule(standing, _to_scope(targets[promotion_id]))


def _to_rule(standing: Standing, scope: Scope) -> PromotionRule:
    row = standing.promotion
    return PromotionRule(
        promotion_id=row.pk,
        kind=SHAPES[PromotionKind(row.kind)].priced_as,
        shop_id=row.shop_id,
        currency=row.currency,
        benefit=to_benefit(
            price_minor=row.price_minor,
            amount_minor=row.amount_minor,
            rate_bp=row.rate_bp,
            cap_minor=row.cap_minor,
        ),
        platform_share_bp=row.platform_share_bp,
        min_spend_minor=row.min_spend_minor,
        scope=scope,
        code=row.code,
        uses_left=uses_left(row),
        uses_left_for_buyer=standing.uses_left_for_buyer(),
        budget_left_minor=budget_left(row),
    )


def _to_scope(scopes: Iterable[PromotionScope]) -> Scope:
    """Pricing's scope; to pricing an empty one means everything, as ALL does here."""
    ids: Mapping[str, set[int]] = defaultdict(set)
    for scope in scopes:
        ids[scope.target_kind].add(scope.target_id)
    if TargetKind.ALL in ids:
        return Scope()
    return Scope(
        shop_ids=frozenset(ids[TargetKind.SHOP]),
        category_ids=frozenset(ids[TargetKind.CATEGORY]),
        product_ids=frozenset(ids[TargetKind.PRODUCT]),
        sku_ids=frozenset(ids[TargetKind.SKU]),
    )
