"""What waits for an operator: over HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from tests.api import Api, code_of, read
from tests.factories.approvals import give_approval
from tests.factories.inventory import make_stock, numbers_of
from tests.seller_desk.conftest import World
from tradecore import approvals, clock
from tradecore.approvals import AwaitsApproval
from tradecore.models import Approval, IdempotencyRecord

pytestmark = pytest.mark.django_db

CHEAP = {"market": "GB", "amount": {"amount": "0.19", "currency": "GBP"}}


def waiting(answer: Any) -> AwaitsApproval:
    """What the answer says of what waits."""
    assert answer.status_code == 202, answer.content
    body = read(answer)
    request = approvals.get_request(approval_id=int(body["approval_id"]), now=clock.now())
    assert body["kind"] == request.kind
    return request.awaits


class TestPrices:
    def ask(self, world: World, owner: Api, **options: Any) -> Any:
        return owner.post(f"{world.root}/skus/{world.ids['sku_id']}/prices", CHEAP, **options)

    def shown(self, world: World, owner: Api) -> Any:
        return read(owner.get(f"{world.root}/skus/{world.ids['sku_id']}"))["waiting_prices"]

    def test_wait_and_are_shown_to_wait(self, world: World, owner: Api) -> None:
        assert self.shown(world, owner) == []
        waits = waiting(self.ask(world, owner))
        (shown,) = self.shown(world, owner)
        assert shown["approval_id"] == str(waits.approval_id)
        assert (shown["price"]["amount"], shown["amount"]["amount"]) == ("19.99", "0.19")
        (listed,) = read(owner.get(f"{world.root}/skus/{world.ids['sku_id']}/prices"))["items"]
        assert listed["amount"]["amount"] == "19.99"

    def test_are_set_once_they_are_approved(self, world: World, owner: Api) -> None:
        give_approval(waiting(self.ask(world, owner)), now=clock.now())
        assert self.shown(world, owner) == []
        storefront = read(Api().get(f"/store/v1/skus/{world.ids['sku_id']}", query={"market": "GB"}))
        assert storefront["price"]["amount"] == "0.19"

    def test_are_answered_alike_under_one_key_and_wait_once_under_two(self, world: World, owner: Api) -> None:
        first, again, other = (self.ask(world, owner, key=key) for key in ("one", "one", "two"))
        assert again["Idempotent-Replayed"] == "true"
        assert read(first) == read(again) == read(other)
        assert Approval.objects.count() == 1
        assert IdempotencyRecord.objects.filter(state=IdempotencyRecord.DONE).count() == 2

    def test_are_not_approved_by_whoever_has_asked(self, world: World, owner: Api) -> None:
        waits = waiting(self.ask(world, owner))
        with pytest.raises(approvals.SamePerson):
            give_approval(waits, actor=Approval.objects.get().requested_by, now=clock.now())


class TestStock:
    def test_waits_and_is_shown_to_wait(self, world: World, owner: Api) -> None:
        sku_id = world.ids["sku_id"]
        body = world.bodies["adjust_stock"] | {"delta": 50_000}
        path = f"{world.root}/stock/adjustments"
        waits = waiting(owner.post(path, body, key="one"))
        assert waiting(owner.post(path, body, key="two")) == waits
        (shown,) = read(owner.get(f"{world.root}/skus/{sku_id}/stock"))["waiting_adjustments"]
        assert (shown["approval_id"], shown["delta"]) == (str(waits.approval_id), 50_000)
        assert numbers_of(int(sku_id)) == [(100, 0, 0)]
        give_approval(waits, now=clock.now())
        assert numbers_of(int(sku_id)) == [(50_100, 0, 0)]

    def test_refuses_what_cannot_be_before_it_asks_anybody(self, world: World, owner: Api) -> None:
        sku_id = make_stock(5_000, sku_id=world.floor.add_sku(stock=0), warehouse=world.floor.warehouse)
        body = world.bodies["adjust_stock"] | {"sku_id": str(sku_id), "delta": -5_001}
        answer = owner.post(f"{world.root}/stock/adjustments", body, key="one")
        assert (answer.status_code, code_of(answer)) == (409, "inventory.not_enough_available")
        assert not Approval.objects.exists()


class TestPromotions:
    def test_wait_and_are_shown_to_wait(self, world: World, owner: Api) -> None:
        now = clock.now()
        coupon = {name: value for name, value in world.bodies["create_promotion"].items() if name != "budget"}
        del coupon["amount_off"]
        drafted = read(owner.post(f"{world.root}/promotions", coupon | {"rate_off_bp": 9_000}))
        path = f"{world.root}/promotions/{drafted['id']}"
        assert read(owner.get(path))["waits"] is None
        answer = owner.post(f"{path}/publish")
        waits = waiting(answer)
        assert read(owner.get(path)) == drafted | {"waits": read(answer)}
        give_approval(waits, now=now + timedelta(hours=1))
        assert read(owner.get(path))["state"] == "PUBLISHED"
        assert read(owner.get(path))["waits"] is None
