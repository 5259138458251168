"""A price that falls too far waits for a second person."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from apps.catalog.api import (
    PRICE_DROP,
    Price,
    PriceChanged,
    PriceExists,
    ProductState,
    UnknownSku,
    list_prices,
    list_waiting_prices,
    set_price,
)
from apps.catalog.models import Sku, SkuPrice
from tests.factories.approvals import give_approval, status_of
from tests.factories.catalog import SkuFactory, SkuPriceFactory
from tests.support import NOON
from tradecore import approvals
from tradecore.approvals import AwaitsApproval, SamePerson
from tradecore.models import Approval, AuditEntry
from tradecore.money import Money

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def make_sku(minor: int = 10_000, **parts: Any) -> Sku:
    """A SKU that has cost so much since yesterday."""
    sku: Sku = SkuFactory.create(**parts)
    SkuPriceFactory.create(sku=sku, amount_minor=minor)
    return sku


def price(
    sku: Sku,
    minor: int,
    *,
    valid_from: datetime = NOON,
    actor: str = "user:1",
    market: str = "GB",
    currency: str = "GBP",
) -> Price | AwaitsApproval:
    return set_price(
        shop_id=sku.shop_id,
        sku_id=sku.pk,
        market=market,
        amount=Money(minor, currency),
        valid_from=valid_from,
        actor=actor,
        now=NOON,
    )


def prices_of(sku: Sku) -> list[int]:
    """What was ever set, the latest set first."""
    return [found.amount.minor for found in list_prices(shop_id=sku.shop_id, sku_id=sku.pk, before=None, limit=9)]


class TestWhatGoesThroughAtOnce:
    @pytest.mark.parametrize("minor", [1_000, 9_999, 10_000, 99_999])
    def test_falls_by_nine_tenths_at_most(self, minor: int) -> None:
        sku = make_sku()
        assert isinstance(price(sku, minor), Price)
        assert prices_of(sku) == [minor, 10_000]
        assert not Approval.objects.exists()

    def test_takes_the_place_of_no_price(self) -> None:
        assert isinstance(price(SkuFactory.create(), 1), Price)
        assert isinstance(price(make_sku(), 1, market="FR", currency="EUR"), Price)

    def test_is_of_a_draft(self) -> None:
        assert isinstance(price(make_sku(product__state=ProductState.DRAFT), 1), Price)

    def test_is_within_the_bound_that_is_set(self, settings: Any) -> None:
        settings.PRICE_DROP_MAX_BP = 9_999
        assert isinstance(price(make_sku(), 1), Price)
        settings.PRICE_DROP_MAX_BP = 1_000
        assert isinstance(price(make_sku(), 8_999), AwaitsApproval)


class TestWhatWaits:
    def test_is_not_set(self) -> None:
        sku = make_sku()
        waits = price(sku, 999)
        assert isinstance(waits, AwaitsApproval)
        assert prices_of(sku) == [10_000]
        (waiting,) = list_waiting_prices(sku_id=sku.pk, now=NOON)
        assert (waiting.approval_id, waiting.market, waiting.valid_from) == (waits.approval_id, "GB", None)
        assert (waiting.price, waiting.amount) == (Money(10_000, "GBP"), Money(999, "GBP"))

    def test_says_to_the_second_person_what_it_is(self) -> None:
        sku = make_sku(code="SCARF-RED")
        waits = price(sku, 999, valid_from=NOON + HOUR)
        assert isinstance(waits, AwaitsApproval)
        request = approvals.get_request(approval_id=waits.approval_id, now=NOON)
        assert (request.kind, request.subject, request.requested_by) == (PRICE_DROP, f"sku:{sku.pk}", "user:1")
        assert request.reason == "falls from 100.00 GBP to 9.99 GBP, by more than 90 %"
        assert approvals.spell_out(request.content) == [
            f"shop_id: {sku.shop_id}",
            f"sku_id: {sku.pk}",
            "sku_code: SCARF-RED",
            "market: GB",
            "old: 100.00 GBP",
            "new: 9.99 GBP",
            "valid_from: 2026-03-11T13:00:00+00:00",
        ]

    def test_is_compared_with_the_price_that_it_takes_the_place_of(self) -> None:
        sku = make_sku()
        SkuPriceFactory.create(sku=sku, amount_minor=1_000, valid_from=NOON + HOUR)
        assert isinstance(price(sku, 999, valid_from=NOON + HOUR / 2), AwaitsApproval)
        assert isinstance(price(sku, 999, valid_from=NOON + 2 * HOUR), Price)

    def test_waits_once_however_often_it_is_asked_for(self) -> None:
        sku = make_sku()
        first = price(sku, 999)
        assert price(sku, 999, actor="user:3") == first
        assert price(sku, 998) != first
        assert Approval.objects.count() == 2

    def test_does_not_hide_a_price_of_the_same_moment(self) -> None:
        sku = make_sku()
        SkuPriceFactory.create(sku=sku, amount_minor=5_000, valid_from=NOON)
        with pytest.raises(PriceExists):
            price(sku, 1)
        assert not Approval.objects.exists()


class TestApproval:
    def test_sets_it_from_that_moment_on(self) -> None:
        sku = make_sku()
        waits = price(sku, 999)
        give_approval(waits, now=NOON + HOUR)
        assert prices_of(sku) == [999, 10_000]
        assert SkuPrice.objects.get(amount_minor=999).valid_from == NOON + HOUR
        assert AuditEntry.objects.get(action="price.set").actor == "second person"
        assert list_waiting_prices(sku_id=sku.pk, now=NOON + HOUR) == ()

    def test_sets_it_for_a_moment_that_is_still_to_come(self) -> None:
        sku = make_sku()
        moment = NOON + 2 * HOUR + timedelta(microseconds=1)
        give_approval(price(sku, 999, valid_from=moment), now=NOON + HOUR)
        assert SkuPrice.objects.get(amount_minor=999).valid_from == moment

    def test_is_not_given_by_whoever_has_asked(self) -> None:
        sku = make_sku()
        waits = price(sku, 999)
        with pytest.raises(SamePerson):
            give_approval(waits, actor="user:1")
        assert prices_of(sku) == [10_000]

    def test_refuses_when_the_price_has_changed(self) -> None:
        sku = make_sku()
        waits = price(sku, 999)
        SkuPriceFactory.create(sku=sku, amount_minor=12_000, valid_from=NOON + HOUR / 2)
        with pytest.raises(PriceChanged) as refused:
            give_approval(waits, now=NOON + HOUR)
        assert refused.value.price == Money(12_000, "GBP")
        assert prices_of(sku) == [12_000, 10_000]
        assert status_of(waits) == "PENDING"

    def test_refuses_when_the_product_is_deleted(self) -> None:
        sku = make_sku()
        waits = price(sku, 999)
        sku.product.state = ProductState.DELETED
        sku.product.save()
        with pytest.raises(UnknownSku):
            give_approval(waits)
        assert status_of(waits) == "PENDING"

    def test_refuses_another_price_of_the_same_moment(self) -> None:
        sku = make_sku()
        waits = price(sku, 999, valid_from=NOON + HOUR)
        SkuPriceFactory.create(sku=sku, amount_minor=5_000, valid_from=NOON + HOUR)
        with pytest.raises(PriceExists):
            give_approval(waits)
        assert prices_of(sku) == [5_000, 10_000]
