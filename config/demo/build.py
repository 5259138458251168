"""Brings the content in, in the order in which it refers to itself."""

from datetime import datetime

from apps.catalog import api as catalog
from apps.fees import api as fees
from apps.markets import api as markets
from config.demo.build_people import build_people
from config.demo.build_promotions import build_promotion
from config.demo.build_shops import build_shop
from config.demo.categories import CATEGORIES
from config.demo.promotions import PROMOTIONS
from config.demo.shops import SHOPS
from config.demo.site import ACTOR, Site


def build_demo(*, now: datetime) -> Site:
    """Make what is not there yet; what somebody has changed meanwhile stays as it is. Called outside transactions."""
    site = Site(now=now)
    _load_masters(site)
    _build_categories(site)
    for shop in SHOPS:
        build_shop(shop, site=site)
    for promotion in PROMOTIONS:
        build_promotion(promotion, site=site)
    build_people(site=site)
    return site


def _load_masters(site: Site) -> None:
    for loaded in markets.load_standard_markets(now=site.now):
        site.count("rules of markets", loaded.added_count + loaded.changed_count)
    site.count("fee plans", len(fees.load_standard_fee_plans(now=site.now)))


def _build_categories(site: Site) -> None:
    site.category_ids |= {category.path: category.id for category in catalog.list_categories()}
    for path, name in CATEGORIES.items():
        if path in site.category_ids:
            continue
        parent, _, slug = path.rpartition("/")
        parent_id = site.category_ids[parent] if parent else None
        made = catalog.create_category(slug=slug, name=name, parent_id=parent_id, actor=ACTOR, now=site.now)
        site.category_ids[path] = made.id
        site.count("categories")
