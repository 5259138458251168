"""A promotion, published."""

from datetime import timedelta

from apps.markets import api as markets
from apps.pricing.api import AmountOff, Benefit, FixedPrice, RateOff
from apps.promotions import api as promotions
from config.demo import content
from config.demo.site import ACTOR, Site
from tradecore.money import BASIS_POINTS, Money

#: The longest that a promotion may last, nearly.
_LASTS = timedelta(days=364)

_PERCENT_BP = BASIS_POINTS // 100


def build_promotion(wanted: content.Promotion, *, site: Site) -> None:
    """Draft and publish the promotion, unless its owner has one of this title or its market one of this code."""
    terms = _terms_of(wanted, site)
    try:
        drafted = promotions.create_promotion(terms=terms, actor=ACTOR, now=site.now)
    except (promotions.TitleTaken, promotions.CouponCodeTaken):
        return
    promotions.publish_promotion(promotion_id=drafted.id, shop_id=terms.shop_id, actor=ACTOR, now=site.now)
    site.count("promotions")


def _terms_of(wanted: content.Promotion, site: Site) -> promotions.Terms:
    currency = markets.get_market(wanted.market, now=site.now).currency
    budget = None if wanted.budget is None else Money.parse(wanted.budget, currency).minor
    return promotions.Terms(
        kind=wanted.kind,
        shop_id=site.shops[wanted.shop].id if wanted.shop else None,
        market=wanted.market,
        currency=currency,
        title=wanted.title,
        benefit=_benefit_of(wanted, currency),
        targets=_targets_of(wanted, site),
        starts_at=site.now,
        ends_at=site.now + _LASTS,
        platform_share_bp=wanted.platform_share_percent * _PERCENT_BP,
        code=wanted.code,
        min_spend_minor=Money.parse(wanted.min_spend, currency).minor,
        uses_cap=wanted.uses,
        uses_per_buyer_cap=wanted.uses_per_buyer,
        budget_minor=budget,
    )


def _benefit_of(wanted: content.Promotion, currency: str) -> Benefit:
    def minor(amount: str) -> int:
        return Money.parse(amount, currency).minor

    if wanted.price is not None:
        return FixedPrice(minor(wanted.price))
    if wanted.amount is not None:
        return AmountOff(minor(wanted.amount))
    assert wanted.percent is not None, "a promotion gives something"
    return RateOff(wanted.percent * _PERCENT_BP, None if wanted.cap is None else minor(wanted.cap))


def _targets_of(wanted: content.Promotion, site: Site) -> tuple[promotions.Target, ...]:
    """The products that it names; else everything of its owner's."""
    if wanted.shop is None:
        return (promotions.Target(promotions.TargetKind.ALL),)
    if not wanted.products:
        return (promotions.Target(promotions.TargetKind.SHOP, site.shops[wanted.shop].id),)
    return tuple(
        promotions.Target(promotions.TargetKind.PRODUCT, site.product_ids[wanted.shop, title])
        for title in wanted.products
    )
