"""A shop with everything that a route may ask for, and the people who call."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from apps.accounts.contracts import ShopRole
from apps.aftersales.api import CaseView
from apps.aftersales.contracts import REQUESTS_MAX
from apps.checkout import api as checkout
from apps.orders import api as orders
from apps.orders.api import OrderView
from apps.promotions.api import PromotionKind
from tests.api import Api, Operation, read, user_token
from tests.factories.accounts import ShopStaffFactory, UserFactory
from tests.factories.aftersales import make_delivered_order, stage
from tests.factories.checkout import ShopFloor, add_shop, make_shop_floor
from tests.factories.documents import invoice_of, make_invoiced_order
from tests.factories.fulfilment import READY, make_ready_order, ship
from tests.factories.payouts import earn, open_bank
from tests.factories.promotions import make_draft


@dataclass
class World:
    """One shop: an order that is to be shipped, a parcel of another one, a draft of a coupon."""

    floor: ShopFloor
    order: OrderView
    ids: dict[str, int | str]
    bodies: dict[str, Any]
    delivered: OrderView
    cases: dict[str, CaseView] = field(default_factory=dict)

    @property
    def root(self) -> str:
        """Where everything of the shop lies."""
        return f"/seller/v1/shops/{self.floor.shop_id}"

    def body_of(self, operation: Operation) -> Any:
        """The body that the operation is meant to be called with."""
        return self.bodies.get(operation.name, operation.example)

    def be_asked_to_cancel(self) -> None:
        """Let the buyer ask, once."""
        if orders.find_cancel_request(order_id=self.order.id) is None:
            checkout.request_cancellation(order_id=self.order.id, units=None, reason="too_slow", now=READY)

    def be_asked_for(self, operation: Operation) -> None:
        """Let there be a case that waits for the operation, one for each; a SKU has so many at most."""
        if operation.name not in self.cases:
            line = len(self.cases) // REQUESTS_MAX
            self.cases[operation.name] = stage(operation.name, self.delivered, line=line)
        case = self.cases[operation.name]
        self.ids["case_id"] = case.id
        found = [{"line_id": str(line.line_id), "good": line.quantity, "damaged": 0} for line in case.lines]
        self.bodies["receive_case"] = {"lines": found}

    def call(self, caller: Api, operation: Operation, **options: Any) -> Any:
        """Call the operation on this shop, as it is meant to be called unless the options say otherwise."""
        if "/cancel-request/" in operation.path:
            self.be_asked_to_cancel()
        if "case_id" in operation.path_ids:
            self.be_asked_for(operation)
        ids = {**self.ids, "order_id": self.delivered.id} if operation.name == "refund_shop_order" else self.ids
        sent = {
            "body": self.body_of(operation),
            "key": "key" if operation.needs_key else None,
            "if_match": '"1"' if operation.needs_if_match else None,
            **options,
        }
        return caller.call(operation.method, operation.at(ids), **sent)


@pytest.fixture
def floor(db: None) -> ShopFloor:
    return make_shop_floor()


@pytest.fixture
def world(floor: ShopFloor) -> World:
    order = make_ready_order(floor, 3, 2)
    parcel = ship(make_ready_order(floor, 1))
    coupon = make_draft(PromotionKind.SELLER_COUPON, shop_id=floor.shop_id)
    sku_id = floor.add_sku()
    open_bank()
    earn(6755, shop_id=floor.shop_id)
    category_id = str(floor.product.category_id)
    stock = {"sku_id": str(sku_id), "warehouse_id": str(floor.warehouse.pk), "reason": "count"}
    delivered = make_delivered_order(floor, 20, 20, 20)
    return World(
        floor=floor,
        order=order,
        delivered=delivered,
        ids={
            "shop_id": floor.shop_id,
            "option": "standard",
            "product_id": floor.product.pk,
            "sku_id": sku_id,
            "order_id": order.id,
            "package_id": parcel.id,
            "document_id": invoice_of(make_invoiced_order(floor)).pk,
            "promotion_id": coupon.id,
            "on": "2026-03-11",
        },
        bodies={
            "create_product": {"category_id": category_id, "title": "Scarf"},
            "set_price": {"market": "GB", "amount": {"amount": "9.99", "currency": "GBP"}},
            "adjust_stock": stock | {"delta": 5},
            "create_promotion": {
                "kind": "SELLER_COUPON",
                "title": "Spring coupon",
                "code": "SPRING8",
                "amount_off": {"amount": "8.00", "currency": "GBP"},
                "targets": [{"kind": "SHOP", "id": str(floor.shop_id)}],
                "starts_at": "2026-03-20T00:00:00Z",
                "ends_at": "2026-04-20T00:00:00Z",
                "min_spend": {"amount": "60.00", "currency": "GBP"},
                "uses_cap": 500,
                "uses_per_buyer_cap": 1,
                "budget": {"amount": "500.00", "currency": "GBP"},
            },
            "ship_order": {
                "carrier": "royal-mail",
                "tracking_number": "RM1",
                "lines": [{"line_id": str(order.lines[0].id), "quantity": 1}],
            },
            "refund_shop_order": {
                "reason": "shops_mistake",
                "lines": [{"line_id": str(delivered.lines[0].id), "quantity": 1}],
            },
            "cancel_shop_order": {
                "reason": "out_of_stock",
                "lines": [{"line_id": str(order.lines[0].id), "quantity": 1}],
            },
        },
    )


@pytest.fixture
def hire(floor: ShopFloor) -> Callable[[ShopRole], Api]:
    """Somebody new who works for the shop, signed in."""

    def hire(role: ShopRole) -> Api:
        staff = ShopStaffFactory(shop_id=floor.shop_id, role=role)
        return Api(token=user_token(staff.user))

    return hire


@pytest.fixture
def owner(hire: Callable[[ShopRole], Api]) -> Api:
    return hire(ShopRole.OWNER)


@pytest.fixture
def rival(floor: ShopFloor) -> Api:
    """The owner of another shop."""
    staff = ShopStaffFactory(shop_id=add_shop(floor.provider).shop_id)
    return Api(token=user_token(staff.user))


@pytest.fixture
def buyer(db: None) -> Api:
    """Somebody who works for no shop."""
    return Api(token=user_token(UserFactory()))


@pytest.fixture
def guest(db: None) -> Api:
    return Api(token=read(Api().post("/store/v1/guests"))["token"])
