"""The table of live settings, and that each of them does what it says."""

import pytest

from apps.catalog import api as catalog
from apps.checkout import api as checkout
from config.live_settings import LIVE_SETTINGS
from tests.factories.approvals import give_approval
from tests.factories.checkout import make_buyer, make_shop_floor, make_wish
from tests.support import NOON
from tradecore import live_settings
from tradecore.live_settings import SETTINGS, LiveSetting


@pytest.mark.parametrize("setting", LIVE_SETTINGS, ids=lambda each: each.name)
class TestEverySetting:
    def test_has_a_default_that_it_may_be(self, setting: LiveSetting[object]) -> None:
        assert setting.schema.read(setting.default()) == setting.default()

    def test_is_found_by_its_name(self, setting: LiveSetting[object]) -> None:
        assert SETTINGS.get(setting.name) is setting

    def test_says_what_it_means(self, setting: LiveSetting[object]) -> None:
        assert setting.meaning.endswith(".")


@pytest.mark.django_db
class TestTheQuantityLimit:
    def set_limit(self, value: int, target: str, percent: int = 100) -> None:
        live_settings.set_value(
            name=checkout.QUANTITY_LIMIT.name,
            target=target,
            value=value,
            percent=percent,
            actor="user:1",
            reason="a hot sale",
            now=NOON,
        )

    def test_is_of_one_sku_however_many_lines_name_it(self) -> None:
        floor = make_shop_floor()
        sku, other = floor.add_sku(), floor.add_sku()
        self.set_limit(2, f"shop:{floor.shop_id}")
        checkout.make_quote(wish=make_wish((sku, 2), (other, 2)), buyer=make_buyer(), now=NOON)
        with pytest.raises(checkout.QuantityTooLarge) as refused:
            checkout.make_quote(wish=make_wish((sku, 1), (other, 2), (sku, 2)), buyer=make_buyer(), now=NOON)
        assert (refused.value.sku_id, refused.value.quantity_max) == (sku, 2)

    def test_may_be_tried_on_a_part_of_the_buyers(self) -> None:
        sku = make_shop_floor().add_sku()
        self.set_limit(1, "market:GB", percent=50)
        refused = 0
        for _ in range(40):
            try:
                checkout.make_quote(wish=make_wish((sku, 2)), buyer=make_buyer(), now=NOON)
            except checkout.QuantityTooLarge:
                refused += 1
        assert 5 < refused < 35


@pytest.mark.django_db
def test_the_steepest_drop_is_set_by_two_people_and_holds_in_its_market() -> None:
    waits = live_settings.set_value(
        name=catalog.STEEPEST_DROP_BP.name,
        target="market:GB",
        value=9_900,
        actor="user:1",
        reason="a sale of the last pieces",
        now=NOON,
    )
    give_approval(waits)
    assert catalog.STEEPEST_DROP_BP.read(market="GB", shop_id=1) == 9_900
    assert catalog.STEEPEST_DROP_BP.read(market="FR", shop_id=1) == 9_000
