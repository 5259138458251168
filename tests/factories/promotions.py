"""Promotions as tests need them: published, in Britain, since yesterday and for a month."""

from datetime import timedelta
from itertools import count
from typing import Any

from apps.pricing.api import AmountOff, FixedPrice, RateOff
from apps.promotions import api as promotions
from apps.promotions.api import PromotionKind, Target, TargetKind
from apps.promotions.models import BuyerUsage, Promotion
from tests.factories.approvals import give_approval
from tests.support import NOON, in_use_case
from tradecore.ids import new_id

EXPIRES_AT = NOON + timedelta(minutes=40)

_numbers = count(1)

_OF_KIND: dict[PromotionKind, dict[str, Any]] = {
    PromotionKind.FIXED_PRICE: {"benefit": FixedPrice(1499), "platform_share_bp": 0},
    PromotionKind.DIRECT_DISCOUNT: {"benefit": RateOff(1000), "platform_share_bp": 0},
    PromotionKind.SELLER_COUPON: {"benefit": AmountOff(800), "platform_share_bp": 0, "min_spend_minor": 6000},
    PromotionKind.PLATFORM_COUPON: {"benefit": RateOff(1000, 600), "platform_share_bp": 10_000},
    PromotionKind.SHIPPING_DISCOUNT: {"benefit": AmountOff(200), "platform_share_bp": 10_000},
}


def make_terms(kind: PromotionKind = PromotionKind.PLATFORM_COUPON, **terms: Any) -> promotions.Terms:
    """The terms of a sound promotion of the kind, with any of them replaced."""
    number = next(_numbers)
    of_platform = kind in (PromotionKind.PLATFORM_COUPON, PromotionKind.SHIPPING_DISCOUNT)
    shop_id = terms.get("shop_id", None if of_platform else new_id())
    has_code = kind in (PromotionKind.SELLER_COUPON, PromotionKind.PLATFORM_COUPON)
    sound: dict[str, Any] = {
        "kind": kind,
        "shop_id": shop_id,
        "market": "GB",
        "currency": "GBP",
        "title": f"Promotion {number}",
        "targets": (Target(TargetKind.ALL) if shop_id is None else Target(TargetKind.SHOP, shop_id),),
        "starts_at": NOON - timedelta(days=1),
        "ends_at": NOON + timedelta(days=30),
        "code": f"CODE-{number}" if has_code else None,
    }
    return promotions.Terms(**(sound | _OF_KIND[kind] | terms))


def make_draft(kind: PromotionKind = PromotionKind.PLATFORM_COUPON, **terms: Any) -> promotions.Promotion:
    """A promotion that nobody sees yet."""
    return promotions.create_promotion(terms=make_terms(kind, **terms), actor="tests", now=NOON)


def make_promotion(kind: PromotionKind = PromotionKind.PLATFORM_COUPON, **terms: Any) -> promotions.Promotion:
    """A promotion that applies. Where nothing bounds it, a second person has approved that it does."""
    draft = make_draft(kind, **terms)
    shop_id = draft.terms.shop_id
    done = promotions.publish_promotion(promotion_id=draft.id, shop_id=shop_id, actor="tests", now=NOON)
    if isinstance(done, promotions.Promotion):
        return done
    give_approval(done)
    return promotions.get_promotion(promotion_id=draft.id, shop_id=shop_id, now=NOON)


def use_of(promotion: promotions.Promotion, *, units: int = 1, amount_minor: int = 600) -> promotions.PromotionUse:
    """What one purchase takes of the promotion."""
    return promotions.PromotionUse(promotion_id=promotion.id, units=units, amount_minor=amount_minor)


def hold_promotions(*uses: promotions.PromotionUse, owner_ref: int | None = None, buyer_ref: int | None = None) -> int:
    """Hold the uses, in a transaction of their own. Returns the owner."""
    owner_ref = owner_ref or new_id()
    in_use_case(
        lambda: promotions.hold(
            owner_ref=owner_ref, buyer_ref=buyer_ref or new_id(), uses=uses, expires_at=EXPIRES_AT, now=NOON
        )
    )
    return owner_ref


def post_promotions(*uses: promotions.PromotionUse, buyer_ref: int | None = None) -> int:
    """Hold the uses and post them. Returns the owner."""
    owner_ref = hold_promotions(*uses, buyer_ref=buyer_ref)
    assert in_use_case(lambda: promotions.post(owner_ref=owner_ref, now=NOON))
    return owner_ref


def numbers_of(promotion: promotions.Promotion) -> tuple[int, int, int, int]:
    """Uses held and posted, minor units held and posted."""
    row = Promotion.objects.get(pk=promotion.id)
    return row.held_uses, row.posted_uses, row.held_minor, row.posted_minor


def uses_of_buyer(promotion: promotions.Promotion, buyer_ref: int) -> int:
    """How often the buyer has used the promotion, as counted."""
    usage = BuyerUsage.objects.filter(promotion_id=promotion.id, buyer_ref=buyer_ref)
    return usage.values_list("uses", flat=True).first() or 0
