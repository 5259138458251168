"""A shop's own promotions: over HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from apps.promotions.models import Promotion
from tests.api import Api, code_of, pointers_of, read
from tests.factories.promotions import make_draft, make_promotion
from tests.seller_desk.conftest import World
from tradecore import clock, wire

pytestmark = pytest.mark.django_db


def gbp(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "GBP"}


def draft(world: World, owner: Api, **parts: Any) -> Any:
    body = {name: value for name, value in (world.bodies["create_promotion"] | parts).items() if value is not None}
    return owner.post(f"{world.root}/promotions", body)


def discount(**benefit: Any) -> dict[str, Any]:
    """The parts of a coupon that make a plain discount of it."""
    plain = {"kind": "DIRECT_DISCOUNT", "code": None, "min_spend": None, "amount_off": None}
    return plain | benefit


class TestDraft:
    def test_is_what_was_asked_for(self, world: World, owner: Api) -> None:
        answer = draft(world, owner, code=" spring8 ")
        assert answer.status_code == 201
        shown = read(answer)
        assert (shown["state"], shown["code"], shown["amount_off"], shown["budget"]) == (
            "DRAFT",
            "SPRING8",
            gbp("8.00"),
            gbp("500.00"),
        )
        row = Promotion.objects.get(pk=shown["id"])
        assert (row.shop_id, row.platform_share_bp) == (world.floor.shop_id, 0)

    @pytest.mark.parametrize(
        ("parts", "member", "value"),
        [
            (discount(rate_off_bp=1000, max_off=gbp("6.00")), "rate_off_bp", 1000),
            (discount(amount_off=gbp("2.00")), "amount_off", gbp("2.00")),
            (discount(kind="FIXED_PRICE", price=gbp("14.99")), "price", gbp("14.99")),
            (discount(kind="SHIPPING_DISCOUNT", amount_off=gbp("2.00")), "amount_off", gbp("2.00")),
        ],
    )
    def test_may_be_of_every_kind_that_a_shop_has(
        self, world: World, owner: Api, parts: Any, member: str, value: Any
    ) -> None:
        shown = read(draft(world, owner, **parts))
        benefits = {name: shown[name] for name in ("price", "amount_off", "rate_off_bp")}
        assert benefits == dict.fromkeys(benefits) | {member: value}

    @pytest.mark.parametrize(
        ("parts", "code"),
        [
            ({"kind": "PLATFORM_COUPON"}, "request.invalid"),
            ({"amount_off": None}, "request.invalid"),
            ({"rate_off_bp": 1000}, "request.invalid"),
            ({"max_off": gbp("1.00")}, "request.invalid"),
            ({"amount_off": gbp("-1.00")}, "request.invalid"),
            ({"uses_cap": 0}, "request.invalid"),
            ({"platform_share_bp": 10_000}, "request.invalid"),
            ({"targets": []}, "request.invalid"),
            ({"targets": [{"kind": "ALL", "id": "1"}]}, "request.invalid"),
            ({"starts_at": "2026-03-20"}, "request.invalid"),
            ({"budget": {"amount": "500", "currency": "JPY"}}, "seller_desk.currency_mismatch"),
            ({"code": "\u00e9t\u00e9"}, "promotions.coupon_code_invalid"),
            ({"code": None}, "promotions.invalid"),
            ({"amount_off": gbp("0.00")}, "promotions.invalid"),
            ({"targets": [{"kind": "SHOP", "id": "1"}]}, "promotions.invalid"),
            ({"targets": [{"kind": "SKU", "id": "1"}] * 2}, "promotions.invalid"),
            ({"ends_at": "2026-03-19T00:00:00Z"}, "promotions.invalid"),
            ({"ends_at": "2028-03-19T00:00:00Z"}, "promotions.invalid"),
        ],
    )
    def test_refuses_what_a_shop_cannot_offer(self, world: World, owner: Api, parts: Any, code: str) -> None:
        answer = draft(world, owner, **parts)
        assert code_of(answer) == code
        assert Promotion.objects.count() == 1

    def test_refuses_a_code_that_is_taken(self, world: World, owner: Api) -> None:
        make_promotion(code="SPRING8")
        answer = draft(world, owner)
        assert (answer.status_code, code_of(answer)) == (409, "promotions.coupon_code_taken")

    def test_refuses_a_title_that_is_taken(self, world: World, owner: Api) -> None:
        draft(world, owner)
        answer = draft(world, owner, code="OTHER8")
        assert (answer.status_code, code_of(answer)) == (409, "promotions.title_taken")


class TestLifeOfAPromotion:
    def test_is_published_and_ended(self, world: World, owner: Api) -> None:
        now = clock.now()
        window = {
            "starts_at": wire.to_json(now - timedelta(days=1)),
            "ends_at": wire.to_json(now + timedelta(days=1)),
        }
        path = f"{world.root}/promotions/{read(draft(world, owner, **window))['id']}"
        assert read(owner.post(f"{path}/publish"))["status"] == "ONGOING"
        assert read(owner.get(path))["state"] == "PUBLISHED"
        assert read(owner.post(f"{path}/deactivate", {"reason": "sold out"}))["status"] == "DEACTIVATED"
        again = owner.post(f"{path}/publish")
        assert (again.status_code, code_of(again)) == (409, "promotions.state_not_allowed")

    def test_ends_for_a_reason(self, world: World, owner: Api) -> None:
        answer = owner.post(f"{world.root}/promotions/{world.ids['promotion_id']}/deactivate", {})
        assert pointers_of(answer) == {"/reason"}

    def test_is_the_shops_own(self, world: World, owner: Api) -> None:
        of_platform = make_draft()
        assert owner.get(f"{world.root}/promotions/{of_platform.id}").status_code == 404
        assert owner.post(f"{world.root}/promotions/{of_platform.id}/publish").status_code == 404
