"""One recorded order at a time, where the sample has none like it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from apps.integrations.replay.buying import RecordContradicted
from apps.integrations.replay.listing import ListedShop, list_categories, list_shop, plan_listings
from apps.integrations.replay.lives import plan_life
from apps.integrations.replay.living import live
from apps.integrations.replay.market import Stage
from apps.integrations.replay.outcomes import Outcome, list_disagreements, read_outcome
from apps.integrations.replay.records import RecordedOrder, TenderType
from apps.inventory.api import list_levels
from apps.orders.models import Purchase
from apps.payments.models import ProviderCall, Refund
from tests.integrations.replay.recorded import PURCHASED, WINDOW, item, order, tender
from tradecore import clock
from tradecore.models import Timer

pytestmark = pytest.mark.django_db

Live = Callable[[RecordedOrder], Outcome]

NOT_PAID: dict[str, Any] = {"approved_at": None, "handed_over_at": None, "delivered_at": None}


def open_shops(recorded: RecordedOrder, stage: Stage) -> dict[str, ListedShop]:
    listings = plan_listings([recorded], {})
    category_ids = list_categories(listings, now=PURCHASED)
    return {listing.seller_id: list_shop(listing, stage=stage, category_ids=category_ids) for listing in listings}


@pytest.fixture
def relive(stage: Stage) -> Live:
    """List what an order needs, and live it; its books must agree with its record."""

    def relive(recorded: RecordedOrder) -> Outcome:
        life = plan_life(recorded, window=WINDOW)
        outcome = read_outcome(life, purchase_id=live(life, shops=open_shops(recorded, stage), stage=stage))
        assert list(list_disagreements(life, outcome)) == []
        return outcome

    return relive


def live_acts(recorded: RecordedOrder, acts: int, stage: Stage) -> None:
    """Live the first so many acts of an order, as if the run had been killed then."""
    life = plan_life(recorded, window=WINDOW)
    live(replace(life, steps=life.steps[:acts]), shops=open_shops(recorded, stage), stage=stage)


class TestLive:
    def test_leaves_what_was_never_paid_unpaid(self, relive: Live) -> None:
        outcome = relive(order(status="created", **NOT_PAID))
        assert (outcome.statuses, outcome.captured_minor) == (("UNPAID",), 0)

    @pytest.mark.parametrize("type_", [TenderType.CREDIT_CARD, TenderType.BOLETO])
    def test_cancels_what_was_never_paid(self, type_: str, relive: Live) -> None:
        outcome = relive(order(status="canceled", tenders=(tender(type_),), **NOT_PAID))
        assert (outcome.statuses, outcome.captured_minor) == (("CANCELLED",), 0)
        assert Purchase.objects.get().status == "CANCELLED"
        # What may have been sent is voided, and dropped once that has succeeded.
        first, void = ProviderCall.objects.order_by("id")
        assert (first.status, void.operation, void.status) == ("DROPPED", "void", "SUCCEEDED")

    def test_gives_away_what_nobody_paid_for(self, relive: Live) -> None:
        outcome = relive(order(tenders=(tender(TenderType.NOT_DEFINED, value_minor=0),)))
        assert (outcome.statuses, outcome.total_minor) == (("COMPLETED",), 0)
        assert outcome.difference_minor == -1150

    def test_waits_for_a_slip_before_it_takes_the_voucher(self, relive: Live) -> None:
        tenders = (tender(TenderType.VOUCHER, value_minor=150), tender(TenderType.BOLETO, value_minor=1000))
        outcome = relive(order(tenders=tenders))
        assert [paid.status for paid in outcome.tenders] == ["CAPTURED", "CAPTURED"]
        assert outcome.captured_minor == 1150

    def test_gives_everything_back_that_was_cancelled_before_the_hand_over(self, relive: Live) -> None:
        tenders = (tender(value_minor=1000), tender(TenderType.VOUCHER, value_minor=250))
        outcome = relive(order(status="canceled", handed_over_at=None, delivered_at=None, tenders=tenders))
        assert (outcome.difference_minor, outcome.refunded_minor) == (100, 1250)
        assert Refund.objects.get().status == "SUCCEEDED"

    def test_pays_back_what_was_refused_in_transit(self, relive: Live) -> None:
        outcome = relive(order(status="canceled", delivered_at=None))
        assert outcome.statuses == ("CANCELLED",)
        assert outcome.refunded_minor >= 1000
        assert Refund.objects.get().status == "SUCCEEDED"

    def test_makes_an_order_of_each_seller_with_its_own_freight(self, relive: Live) -> None:
        items = (item(seller="a"), item(seller="a"), item(seller="b", product="else"))
        outcome = relive(order(items=items, tenders=(tender(value_minor=3450),)))
        assert outcome.statuses == ("COMPLETED", "COMPLETED")
        assert (outcome.units, outcome.freight_minor) == (3, 450)

    def test_takes_from_stock_what_was_handed_over(self, relive: Live, stage: Stage) -> None:
        recorded = order(items=(item(), item()), tenders=(tender(value_minor=2300),))
        relive(recorded)
        sku_ids = open_shops(recorded, stage)["seller"].sku_ids.values()
        (level,) = list_levels(sku_ids=sku_ids)
        assert (level.available, level.held, level.committed) == (999_998, 0, 0)

    def test_changes_nothing_when_it_is_lived_already(self, relive: Live) -> None:
        outcome = relive(order())
        before = [Timer.objects.count(), ProviderCall.objects.count()]
        assert relive(order()) == outcome
        assert [Timer.objects.count(), ProviderCall.objects.count()] == before

    @pytest.mark.parametrize("type_", [TenderType.CREDIT_CARD, TenderType.BOLETO])
    def test_goes_on_after_any_of_its_acts(self, type_: str, relive: Live, stage: Stage) -> None:
        recorded = order(tenders=(tender(type_), tender(TenderType.VOUCHER, value_minor=50)))
        for acts in range(1, 6):
            live_acts(recorded, acts, stage)
        assert relive(recorded).statuses == ("COMPLETED",)
        assert Purchase.objects.count() == 1

    def test_waits_for_the_lease_of_a_sweeper_that_was_killed(self, relive: Live, stage: Stage) -> None:
        live_acts(order(), 5, stage)
        claimed = Timer.objects.filter(kind="complete_order")
        assert claimed.update(claimed_until=clock.real_now() + timedelta(seconds=1)) == 1
        assert relive(order()).statuses == ("COMPLETED",)

    def test_refuses_what_is_listed_at_another_price(self, relive: Live) -> None:
        relive(order(id="first", items=(item(1000),)))
        with pytest.raises(RecordContradicted):
            relive(order(id="second", items=(item(999),)))
        assert Purchase.objects.count() == 1
