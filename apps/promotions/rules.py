"""Promotions as pricing sees them: one rule for each that may apply to a basket."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from apps.pricing.api import PromotionRule, Scope
from apps.promotions.codes import canonical_code
from apps.promotions.contracts import PromotionKind, TargetKind
from apps.promotions.kinds import SHAPES, to_benefit
from apps.promotions.models import PromotionScope
from apps.promotions.standing import Standing, budget_left, is_frozen, is_ongoing, used_by, uses_left

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
    automatic = Q(needs_code=False) & _names_any(
        shop_ids=set(shop_ids), product_ids=set(product_ids), sku_ids=set(sku_ids), category_ids=set(category_ids)
    )
    found = _live_scopes(automatic, market=market, buyer_ref=buyer_ref, now=now)
    if codes:
        named = Q(promotion__market=market, promotion__code__in={canonical_code(code) for code in codes})
        found = found.union(_live_scopes(named, market=market, buyer_ref=buyer_ref, now=now), all=True)
    return tuple(_to_rules(found))


def _names_any(*, shop_ids: set[int], product_ids: set[int], sku_ids: set[int], category_ids: set[int]) -> Q:
    """One range of the index for each thing in the basket. A category is shared, so it is asked for owner by owner."""
    return (
        Q(target_kind=TargetKind.ALL, target_id=0)
        | Q(target_kind=TargetKind.SHOP, target_id__in=shop_ids)
        | Q(target_kind=TargetKind.PRODUCT, target_id__in=product_ids)
        | Q(target_kind=TargetKind.SKU, target_id__in=sku_ids)
        | Q(target_kind=TargetKind.CATEGORY, target_id__in=category_ids, owner_key__in={_PLATFORM, *shop_ids})
    )


def _live_scopes(condition: Q, *, market: str, buyer_ref: int, now: datetime) -> QuerySet[PromotionScope]:
    scopes = PromotionScope.objects.filter(
        condition, is_ongoing(now, prefix="promotion__"), ~is_frozen("promotion_id"), market=market
    )
    return scopes.select_related("promotion").annotate(used_by_buyer=used_by(buyer_ref, "promotion_id"))


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
