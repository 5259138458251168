"""A shop, where it is paid to, what it charges for delivery, and its warehouses with what lies in them."""

from collections.abc import Mapping, Sequence

from apps.inventory import api as inventory
from apps.markets import api as markets
from apps.sellers import api as sellers
from apps.settlement import api as settlement
from config.demo import content
from config.demo.build_products import build_product
from config.demo.site import ACTOR, Site
from tradecore.money import Money


def build_shop(wanted: content.Shop, *, site: Site) -> None:
    """Make what of the shop is not there yet."""
    shop = _open_shop(wanted, site)
    site.shops[shop.handle] = shop
    _set_identity(wanted, shop, site)
    _set_payout_account(wanted, shop, site)
    _set_rates(wanted, shop, site)
    warehouses = _build_warehouses(wanted, shop, site)
    for product in wanted.products:
        _fill_shelves(product, build_product(product, shop, site=site), warehouses, site)


def _open_shop(wanted: content.Shop, site: Site) -> sellers.Shop:
    market = markets.get_market(wanted.market, now=site.now)
    shop = sellers.find_shop(handle=wanted.handle)
    if shop is None:
        shop = sellers.open_shop(
            handle=wanted.handle,
            name=wanted.name,
            contact_email=f"{wanted.handle}@demo.example",
            market=market.code,
            currency=market.currency,
            fee_plan=f"{market.code}-STANDARD",
            actor=ACTOR,
            now=site.now,
        )
        site.count("shops")
    if shop.state is not sellers.ShopState.ONBOARDING:
        return shop
    return sellers.change_shop_state(
        shop_id=shop.id, state=sellers.ShopState.ACTIVE, reason="opened for the demo", actor=ACTOR, now=site.now
    )


def _set_identity(wanted: content.Shop, shop: sellers.Shop, site: Site) -> None:
    """Of its papers only the name is its own: the number is nobody's. What somebody has entered stays."""
    if shop.legal_name:
        return
    sellers.set_legal_identity(
        shop_id=shop.id,
        legal_name=f"{wanted.name} Ltd",
        tax_number=f"{shop.market}000000000",
        actor=ACTOR,
        now=site.now,
    )


def _set_payout_account(wanted: content.Shop, shop: sellers.Shop, site: Site) -> None:
    """A shop's first account is used at once; a later one would wait for a second person."""
    accounts = settlement.get_payout_accounts(shop_id=shop.id)
    if accounts.current is not None or accounts.proposed is not None:
        return
    settlement.set_payout_account(
        shop_id=shop.id,
        version=accounts.version,
        holder_name=wanted.name,
        account_number=wanted.account,
        currency=shop.currency,
        actor=ACTOR,
        now=site.now,
    )
    site.count("payout accounts")


def _set_rates(wanted: content.Shop, shop: sellers.Shop, site: Site) -> None:
    offered = {rate.option for rate in sellers.list_shop_rates(shop_id=shop.id)}
    for rate in wanted.rates:
        if rate.option not in offered:
            sellers.set_delivery_rate(rate=_rate_of(rate, shop), actor=ACTOR, now=site.now)
            site.count("delivery rates")


def _rate_of(rate: content.Rate, shop: sellers.Shop) -> sellers.DeliveryRate:
    def minor(amount: str) -> int:
        return Money.parse(amount, shop.currency).minor

    return sellers.DeliveryRate(
        shop_id=shop.id,
        option=rate.option,
        base_minor=minor(rate.base),
        per_kg_minor=minor(rate.per_kg),
        included_grams=rate.included_grams,
        free_from_minor=None if rate.free_from is None else minor(rate.free_from),
    )


def _build_warehouses(wanted: content.Shop, shop: sellers.Shop, site: Site) -> list[inventory.Warehouse]:
    """The warehouses in the order of the content."""
    known = {warehouse.code: warehouse for warehouse in inventory.list_warehouses(shop_id=shop.id)}
    for priority, (code, name) in enumerate(wanted.warehouses):
        if code not in known:
            known[code] = inventory.create_warehouse(
                shop_id=shop.id, code=code, name=name, priority=priority, actor=ACTOR, now=site.now
            )
            site.count("warehouses")
    return [known[code] for code, _ in wanted.warehouses]


def _fill_shelves(
    product: content.Product, sku_ids: Mapping[str, int], warehouses: Sequence[inventory.Warehouse], site: Site
) -> None:
    """Put the first pieces on the shelf. One that has been sold empty since stays empty."""
    begun = {(level.sku_id, level.warehouse_id) for level in inventory.list_levels(sku_ids=sku_ids.values())}
    for sku in product.skus:
        for warehouse, pieces in zip(warehouses, sku.stock, strict=True):
            if sku.code in sku_ids and pieces and (sku_ids[sku.code], warehouse.id) not in begun:
                inventory.adjust_stock(
                    shop_id=warehouse.shop_id,
                    warehouse_id=warehouse.id,
                    sku_id=sku_ids[sku.code],
                    delta=pieces,
                    reason="first delivery",
                    actor=ACTOR,
                    now=site.now,
                )
                site.count("stocks")
