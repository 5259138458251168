"""Shops and their rates are read in one statement, however many are asked for."""

from typing import Any

import pytest

from apps.sellers.api import (
    DeliveryRate,
    ShopState,
    UnknownShop,
    find_shop,
    get_shop,
    list_delivery_rates,
    list_shop_rates,
    list_shops,
)
from tests.factories.sellers import DeliveryRateFactory, ShopFactory

pytestmark = pytest.mark.django_db


class TestGetShop:
    def test_refuses_an_unknown_shop(self) -> None:
        with pytest.raises(UnknownShop):
            get_shop(shop_id=1)


class TestFindShop:
    def test_compares_the_handle_exactly(self) -> None:
        ShopFactory.create(handle="blue-hat")
        assert find_shop(handle="blue-hat") is not None
        assert find_shop(handle="Blue-Hat") is None
        assert find_shop(handle="blue-hat ") is None


class TestIsSelling:
    @pytest.mark.parametrize("state", list(ShopState))
    def test_follows_from_the_state(self, state: ShopState) -> None:
        shop = get_shop(shop_id=ShopFactory.create(state=state).pk)
        assert shop.is_selling == (state in {ShopState.ACTIVE, ShopState.RESTRICTED})


class TestListShops:
    def test_leaves_out_what_does_not_exist(self) -> None:
        one, other, _ = ShopFactory.create_batch(3)
        shops = list_shops(shop_ids=[one.pk, other.pk, other.pk, 1])
        assert {shop_id: shop.handle for shop_id, shop in shops.items()} == {
            one.pk: one.handle,
            other.pk: other.handle,
        }

    def test_takes_one_statement(self, django_assert_num_queries: Any) -> None:
        shop_ids = [shop.pk for shop in ShopFactory.create_batch(5)]
        with django_assert_num_queries(1):
            list_shops(shop_ids=shop_ids)


class TestListDeliveryRates:
    def test_lists_every_option_of_each_shop(self) -> None:
        offered = DeliveryRateFactory.create(option="express", base_minor=999, free_from_minor=0)
        express = DeliveryRate(shop_id=offered.shop_id, option="express", base_minor=999, free_from_minor=0)
        assert list_delivery_rates(shop_ids=[offered.shop_id, 1]) == {offered.shop_id: {"express": express}}

    def test_takes_one_statement(self, django_assert_num_queries: Any) -> None:
        shop_ids = [rate.shop_id for rate in DeliveryRateFactory.create_batch(5)]
        with django_assert_num_queries(1):
            assert len(list_delivery_rates(shop_ids=shop_ids)) == 5


class TestListShopRates:
    def test_lists_every_option_of_the_shop_and_of_no_other(self) -> None:
        shop = ShopFactory.create()
        DeliveryRateFactory.create(shop=shop, option="standard")
        DeliveryRateFactory.create(shop=shop, option="express")
        DeliveryRateFactory.create(option="pickup")
        assert [rate.option for rate in list_shop_rates(shop_id=shop.pk)] == ["express", "standard"]
