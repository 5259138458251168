"""What is known about shops. What every quote asks is remembered: see Note [Remembered masters]."""

from collections import defaultdict
from collections.abc import Collection, Mapping

from apps.sellers import models
from apps.sellers.contracts import DeliveryRate, Shop, ShopState
from apps.sellers.errors import UnknownShop
from tradecore.memo import Memo
from tradecore.prepared import Select

REMEMBERED_S = 5

_shops: Memo[int, Shop] = Memo(ttl_s=REMEMBERED_S)
_rates: Memo[int, Mapping[str, DeliveryRate]] = Memo(ttl_s=REMEMBERED_S)


def get_shop(*, shop_id: int) -> Shop:
    """Refuses: UnknownShop."""
    return shop_of(get_row(shop_id))


def read_shops(*, shop_ids: Collection[int]) -> dict[int, Shop]:
    """The shops, by id, as they stand, in one statement. Refuses: UnknownShop."""
    rows = _SHOPS(shops=set(shop_ids))
    missing = set(shop_ids) - {row.pk for row in rows}
    if missing:
        raise UnknownShop(shop_id=min(missing))
    return {row.pk: shop_of(row) for row in rows}


def find_shop(*, handle: str) -> Shop | None:
    """The shop of this handle, byte for byte."""
    row = models.Shop.objects.filter(handle=handle).first()
    return shop_of(row) if row else None


def list_shops(*, shop_ids: Collection[int]) -> dict[int, Shop]:
    """Those of the shops that exist, by id, as of REMEMBERED_S ago at most; in one statement, or none."""
    return _shops.get_many(shop_ids, _load_shops)


def list_delivery_rates(*, shop_ids: Collection[int]) -> dict[int, Mapping[str, DeliveryRate]]:
    """What each of the shops that deliver at all charges for every option that it offers, by shop and option.

    As of REMEMBERED_S ago at most; in one statement, or none.
    """
    return _rates.get_many(shop_ids, _load_rates)


def forget_shop(shop_id: int) -> None:
    """Ask anew for this shop: something of it was changed here."""
    _shops.forget(shop_id)
    _rates.forget(shop_id)


def list_shop_rates(*, shop_id: int) -> tuple[DeliveryRate, ...]:
    """Every option that the shop offers, in the order of their codes."""
    rows = models.DeliveryRate.objects.filter(shop_id=shop_id).order_by("option")
    return tuple(rate_of(row) for row in rows)


def _load_shops(shop_ids: Collection[int]) -> dict[int, Shop]:
    return {row.pk: shop_of(row) for row in models.Shop.objects.filter(pk__in=shop_ids)}


def _load_rates(shop_ids: Collection[int]) -> dict[int, Mapping[str, DeliveryRate]]:
    rates: dict[int, dict[str, DeliveryRate]] = defaultdict(dict)
    for row in models.DeliveryRate.objects.filter(shop_id__in=shop_ids):
        rates[row.shop_id][row.option] = rate_of(row)
    return {**rates}


def get_row(shop_id: int) -> models.Shop:
    """The row of a shop, for this app. Refuses: UnknownShop."""
    row = _SHOPS.find(shops=(shop_id,))
    if row is None:
        raise UnknownShop(shop_id=shop_id)
    return row


_SHOPS = Select(lambda shops: models.Shop.objects.filter(pk__in=shops))


def shop_of(row: models.Shop) -> Shop:
    return Shop(
        id=row.pk,
        handle=row.handle,
        name=row.name,
        contact_email=row.contact_email,
        market=row.market,
        currency=row.currency,
        fee_plan=row.fee_plan,
        state=ShopState(row.state),
        version=row.version,
        legal_name=row.legal_name,
        tax_number=row.tax_number,
    )


def rate_of(row: models.DeliveryRate) -> DeliveryRate:
    return DeliveryRate(
        shop_id=row.shop_id,
        option=row.option,
        base_minor=row.base_minor,
        per_kg_minor=row.per_kg_minor,
        included_grams=row.included_grams,
        free_from_minor=row.free_from_minor,
    )
