"""The frozen price as a ladder that is climbed step by step."""

from typing import Any

from apps.back_office.price_ladder import climb
from apps.pricing.api import Funder, Layer, StepKind
from tradecore.money import Money


def step(layer: Layer, kind: StepKind, minor: int, funder: Funder | None = None, source_id: int | None = None) -> Any:
    """A step as orders show it."""
    source = None if source_id is None else str(source_id)
    return {
        "layer": f"L{layer.value}",
        "kind": kind,
        "funder": funder,
        "source_id": source,
        "amount": Money(minor, "GBP"),
    }


class TestClimb:
    def test_says_what_the_price_is_after_each_step(self) -> None:
        rungs = climb(
            [
                step(Layer.LIST_PRICE, StepKind.LIST_PRICE, 1000),
                step(Layer.SELLER_COUPON, StepKind.DISCOUNT, -100, Funder.SELLER, 7),
                step(Layer.DUTY_AND_TAX, StepKind.TAX_ADDED, 90),
            ],
            titles={7: "One off"},
        )
        assert [rung.price.minor for rung in rungs if rung.price] == [1000, 900, 990]
        assert (rungs[1].cause, rungs[1].funder, rungs[1].layer) == ("One off", "Seller", "L3 Seller coupon")

    def test_does_not_add_what_only_tells(self) -> None:
        rungs = climb(
            [
                step(Layer.LIST_PRICE, StepKind.LIST_PRICE, 1200),
                step(Layer.DUTY_AND_TAX, StepKind.TAX_INCLUDED, 200),
                step(Layer.PAYMENT, StepKind.RECORDED_DIFFERENCE, -1),
            ],
            titles={},
        )
        assert [rung.price for rung in rungs] == [Money(1200, "GBP"), None, Money(1199, "GBP")]

    def test_adds_up_equal_steps_and_sorts_by_layer(self) -> None:
        line = [
            step(Layer.LIST_PRICE, StepKind.LIST_PRICE, 500),
            step(Layer.PLATFORM_COUPON, StepKind.DISCOUNT, -10, Funder.PLATFORM, 7),
            step(Layer.DUTY_AND_TAX, StepKind.TAX_INCLUDED, 80),
        ]
        rungs = climb([*line, *line, step(Layer.SHIPPING, StepKind.SHIPPING_FEE, 0)], titles={})
        assert [(rung.layer[:2], rung.amount.minor) for rung in rungs] == [
            ("L0", 1000),
            ("L4", -20),
            ("L5", 0),
            ("L6", 160),
        ]

    def test_keeps_what_two_fund_apart(self) -> None:
        shared = [
            step(Layer.LIST_PRICE, StepKind.LIST_PRICE, 500),
            step(Layer.PLATFORM_COUPON, StepKind.DISCOUNT, -10, Funder.SELLER, 7),
            step(Layer.PLATFORM_COUPON, StepKind.DISCOUNT, -30, Funder.PLATFORM, 7),
        ]
        assert [rung.funder for rung in climb(shared, titles={})] == ["", "Seller", "Platform"]

    def test_of_nothing_is_nothing(self) -> None:
        assert climb([], titles={}) == ()
