"""Terms of sale, frozen on a line at purchase: the fee plan with its settlement, and the share of a creator."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from apps.checkout import api as checkout
from apps.checkout.api import CREATOR_SHARES, CreatorShare, NoCreators
from apps.fees import api as fees
from apps.orders.models import OrderLine, Purchase
from tests.factories.checkout import ShopFloor, add_shop, make_buyer, make_shop_floor, make_wish, place, place_quote
from tests.factories.checkout import tender as pay
from tests.support import NOON
from tradecore import approvals, wire
from tradecore.models import Approval

pytestmark = pytest.mark.django_db

A_DAY = timedelta(days=1)


@dataclass
class Creators:
    """Creators who brought the buyer, and what was asked of them."""

    shares: dict[int, CreatorShare] = field(default_factory=dict)
    asked: list[tuple[Collection[int], int, datetime]] = field(default_factory=list)

    def shares_for(self, *, sku_ids: Collection[int], buyer_ref: int, now: datetime) -> Mapping[int, CreatorShare]:
        self.asked.append((sku_ids, buyer_ref, now))
        return self.shares


@pytest.fixture
def floor() -> ShopFloor:
    return make_shop_floor()


@pytest.fixture
def creators() -> Iterator[Creators]:
    creators = Creators()
    CREATOR_SHARES.register("default", creators)
    yield creators
    CREATOR_SHARES.register("default", NoCreators())


def terms_of(placed: checkout.PaymentProgress) -> dict[int, Any]:
    """SKU -> the terms that its line was sold under."""
    lines = OrderLine.objects.filter(order_id__in=[order.id for order in placed.purchase.orders])
    return {line.sku_id: line.terms for line in lines}


def announce_half_the_commission(*, valid_from: datetime) -> None:
    """A second version of the British plan, drafted and published by two people."""
    plan = fees.get_plan("GB-STANDARD", now=NOON)
    draft = fees.FeePlanDraft(
        code=plan.code,
        market=plan.market,
        currency=plan.currency,
        valid_from=valid_from,
        settle_after_s=3 * 24 * 3600,
        reserve_bp=500,
        reserve_s=24 * 3600,
        rules=(fees.FeeRule(kind="commission", basis=fees.FeeBasis.PAYMENT, rate_bp=450),),
    )
    version = fees.draft_plan(draft=draft, actor="user:1", now=NOON)
    approval_id = fees.request_publication(
        code=plan.code, version=version, actor="user:1", reason="as agreed", now=NOON
    )
    request = Approval.objects.get(pk=approval_id)
    approvals.approve(approval_id=request.pk, content_hash=request.content_hash, actor="user:2", now=NOON)


class TestFeePlan:
    def test_is_frozen_whole_with_its_settlement(self, floor: ShopFloor) -> None:
        sku = floor.add_sku()
        (terms,) = terms_of(place((sku, 1))).values()
        assert terms["fee_plan"] == wire.to_json(fees.get_plan("GB-STANDARD", now=NOON))
        assert terms["fee_plan"] | {"rules": ...} == {
            "code": "GB-STANDARD",
            "version": 1,
            "market": "GB",
            "currency": "GBP",
            "valid_from": "2025-01-01T00:00:00.000Z",
            "settle_after_s": 604_800,
            "reserve_bp": 0,
            "reserve_s": 0,
            "rules": ...,
        }

    def test_is_the_version_in_force_at_purchase(self, floor: ShopFloor) -> None:
        first, second = floor.add_sku(), floor.add_sku()
        announce_half_the_commission(valid_from=NOON + A_DAY)
        before = terms_of(place((first, 1), now=NOON + A_DAY - timedelta(seconds=1)))[first]["fee_plan"]
        after = terms_of(place((second, 1), now=NOON + A_DAY))[second]["fee_plan"]
        assert (before["version"], before["rules"][0]["rate_bp"], before["settle_after_s"]) == (1, 900, 604_800)
        assert (after["version"], after["rules"][0]["rate_bp"], after["settle_after_s"]) == (2, 450, 259_200)
        assert (after["reserve_bp"], after["reserve_s"]) == (500, 86_400)

    def test_is_that_of_the_purchase_and_not_of_the_quote(self, floor: ShopFloor) -> None:
        sku, buyer = floor.add_sku(), make_buyer()
        announce_half_the_commission(valid_from=NOON + timedelta(minutes=5))
        quote = checkout.make_quote(wish=make_wish((sku, 1)), buyer=buyer, now=NOON)
        placed = place_quote(quote, buyer, tenders=(pay(),), now=NOON + timedelta(minutes=5))
        assert terms_of(placed)[sku]["fee_plan"]["version"] == 2


class TestCreatorShare:
    def test_is_frozen_on_the_line_that_has_one(self, floor: ShopFloor, creators: Creators) -> None:
        with_one, without = floor.add_sku(), floor.add_sku()
        share = CreatorShare(creator_ref=499_381_131_708_237_574, basis=fees.FeeBasis.GOODS_BEFORE_TAX, rate_bp=1_000)
        creators.shares[with_one] = share
        terms = terms_of(place((with_one, 2), (without, 1)))
        assert terms[with_one]["creator"] == {
            "creator_ref": "499381131708237574",
            "basis": "GOODS_BEFORE_TAX",
            "rate_bp": 1_000,
        }
        assert "creator" not in terms[without]

    def test_changes_nothing_of_what_the_buyer_pays(self, floor: ShopFloor, creators: Creators) -> None:
        sku, buyer = floor.add_sku(), make_buyer()
        plain = checkout.make_quote(wish=make_wish((sku, 1)), buyer=buyer, now=NOON)
        creators.shares[sku] = CreatorShare(creator_ref=7, basis=fees.FeeBasis.GOODS, rate_bp=10_000)
        shared = checkout.make_quote(wish=make_wish((sku, 1)), buyer=buyer, now=NOON)
        assert (shared.total, shared.priced) == (plain.total, plain.priced)

    def test_is_asked_for_all_goods_at_once_with_buyer_and_moment(self, floor: ShopFloor, creators: Creators) -> None:
        other = add_shop(floor.provider)
        skus, buyer = (floor.add_sku(), other.add_sku()), make_buyer()
        wish = make_wish(*((sku, 1) for sku in skus))
        quote = checkout.make_quote(wish=wish, buyer=buyer, now=NOON)
        later = NOON + timedelta(minutes=5)
        place_quote(quote, buyer, tenders=(pay(),), now=later)
        assert creators.asked == [(set(skus), buyer.ref, NOON), (set(skus), buyer.ref, later)]

    def test_is_that_of_the_purchase_and_not_of_the_quote(self, floor: ShopFloor, creators: Creators) -> None:
        sku, buyer = floor.add_sku(), make_buyer()
        quote = checkout.make_quote(wish=make_wish((sku, 1)), buyer=buyer, now=NOON)
        creators.shares[sku] = CreatorShare(creator_ref=7, basis=fees.FeeBasis.GOODS, rate_bp=500)
        placed = place_quote(quote, buyer, tenders=(pay(),))
        assert terms_of(placed)[sku]["creator"]["rate_bp"] == 500

    def test_of_goods_that_are_not_bought_is_nothing(self, floor: ShopFloor, creators: Creators) -> None:
        sku = floor.add_sku()
        creators.shares[sku + 1] = CreatorShare(creator_ref=7, basis=fees.FeeBasis.GOODS, rate_bp=500)
        assert "creator" not in terms_of(place((sku, 1)))[sku]

    def test_is_nobodys_where_nobody_computes_them(self, floor: ShopFloor) -> None:
        sku = floor.add_sku()
        assert isinstance(CREATOR_SHARES.get("default"), NoCreators)
        assert "creator" not in terms_of(place((sku, 1)))[sku]

    @pytest.mark.parametrize("rate_bp", [0, -1, 10_001])
    def test_is_more_than_nothing_and_at_most_the_whole(self, rate_bp: int) -> None:
        with pytest.raises(ValueError, match="creator's share"):
            CreatorShare(creator_ref=7, basis=fees.FeeBasis.GOODS, rate_bp=rate_bp)

    def test_that_cannot_be_computed_sells_nothing(
        self, floor: ShopFloor, creators: Creators, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(**_: object) -> Mapping[int, CreatorShare]:
            raise RuntimeError("the creators are away")

        sku, buyer = floor.add_sku(), make_buyer()
        quote = checkout.make_quote(wish=make_wish((sku, 1)), buyer=buyer, now=NOON)
        monkeypatch.setattr(creators, "shares_for", fail)
        with pytest.raises(RuntimeError):
            place_quote(quote, buyer, tenders=(pay(),))
        assert not Purchase.objects.exists()
