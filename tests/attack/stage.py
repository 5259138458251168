"""Two shops, four callers, and a thing of every kind that belongs to one of them: what an attacker would reach for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from apps.accounts import api as accounts
from apps.accounts.contracts import ShopRole
from apps.checkout import api as checkout
from apps.fulfilment.api import TrackingStatus
from apps.orders import api as orders
from apps.promotions.api import PromotionKind
from tests.api import user_token
from tests.factories.accounts import AddressFactory, ShopStaffFactory, UserFactory
from tests.factories.aftersales import ask_refund, deliver, open_case
from tests.factories.checkout import ShopFloor, add_shop, buy, make_buyer, make_shop_floor, tender
from tests.factories.documents import bill, invoice_of
from tests.factories.fulfilment import ship, track
from tests.factories.promotions import make_draft, make_promotion
from tradecore import clock

ADDRESS = {
    "recipient": "Robin Buyer",
    "line1": "10 Downing Street",
    "city": "London",
    "postal_code": "SW1A 2AA",
    "country": "GB",
}
COUPON = "STAGE10"
EMAIL = "robin@example.com"
REMORSE = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with a token, and the ids of what is theirs, by the names that paths and bodies give them."""

    name: str
    token: str | None
    ids: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stage:
    """`floor` is the seller's shop; buyer and guest have bought there. `rival` sells in a shop of their own."""

    floor: ShopFloor
    buyer: Caller
    guest: Caller
    seller: Caller
    nobody: Caller
    other_buyer: Caller
    other_guest: Caller
    rival: Caller

    def caller(self, name: str) -> Caller:
        found: Caller = getattr(self, name)
        return found


def make_stage() -> Stage:
    """Build it as of now: the callers' requests are answered as of now too."""
    floor = make_shop_floor()
    now = clock.now()
    make_promotion(code=COUPON, starts_at=now - timedelta(days=1), ends_at=now + timedelta(days=30))
    seller = _seller(floor, name="seller")
    buyer, other_buyer = (_buyer(floor, email=email) for email in (EMAIL, "stranger@example.com"))
    guest, other_guest = (_guest(floor) for _ in range(2))
    shown = {name: seller.ids[name] for name in ("shop_id", "product_id", "sku_id")}
    return Stage(
        floor=floor,
        buyer=_knowing(buyer, shown),
        guest=_knowing(guest, shown),
        seller=_knowing(seller, buyer.ids),
        nobody=Caller("nobody", None, shown),
        other_buyer=_knowing(other_buyer, shown),
        other_guest=_knowing(other_guest, shown),
        rival=_seller(add_shop(floor.provider), name="rival"),
    )


def buy_unpaid(floor: ShopFloor, buyer: checkout.Buyer) -> str:
    """A purchase that waits for its buyer at the bank. Returns its id."""
    sku_id = floor.add_sku()
    return str(buy((sku_id, 2), buyer=buyer, tenders=(tender("tok_3ds"),), now=clock.now()).purchase.id)


def quote_body(sku_id: int | str, *, quantity: int = 1, **parts: Any) -> dict[str, Any]:
    """A quote that every buyer may ask for, guests too."""
    lines = [{"sku_id": str(sku_id), "quantity": quantity}]
    return {"market": "GB", "lines": lines, "address": ADDRESS, "delivery_option": "standard", **parts}


def purchase_body(quote: Mapping[str, Any], *, token: str = "tok_ok", **parts: Any) -> dict[str, Any]:
    """The purchase of an answered quote, with one card."""
    return {
        "quote_token": quote["quote_token"],
        "expected_total": quote["total"],
        "payment": {"provider": "scripted", "method_token": token},
        "email": EMAIL,
        **parts,
    }


def _seller(floor: ShopFloor, *, name: str) -> Caller:
    user = UserFactory(email=f"{name}@example.com")
    ShopStaffFactory(shop_id=floor.shop_id, role=ShopRole.OWNER, user=user)
    coupon = make_draft(PromotionKind.SELLER_COUPON, shop_id=floor.shop_id)
    ids = {
        "shop_id": floor.shop_id,
        "product_id": floor.product.pk,
        "category_id": floor.product.category_id,
        "sku_id": floor.add_sku(stock=1_000_000),
        "warehouse_id": floor.warehouse.pk,
        "promotion_id": coupon.id,
    }
    return Caller(name, user_token(user), {key: str(value) for key, value in ids.items()})


def _buyer(floor: ShopFloor, *, email: str) -> Caller:
    user = UserFactory(email=email)
    address = AddressFactory(user=user)
    ids = _buy_on(floor, make_buyer(ref=user.pk, scope=f"buyer:{user.pk}", is_guest=False, email=email))
    return Caller("buyer", user_token(user), ids | {"address_id": str(address.pk)})


def _guest(floor: ShopFloor) -> Caller:
    issued = accounts.issue_guest_token(now=clock.real_now())
    buyer = make_buyer(ref=issued.guest_id, scope=f"guest:{issued.guest_id}", email=EMAIL)
    return Caller("guest", issued.token, _buy_on(floor, buyer))


def _buy_on(floor: ShopFloor, buyer: checkout.Buyer) -> dict[str, str]:
    """One purchase that is unpaid; one that awaits shipment; one whose seller is asked to cancel; two delivered.

    There is a case about the last one.
    """
    now = clock.now()
    unpaid = buy_unpaid(floor, buyer)
    open_order = _ready(buy((floor.add_sku(), 5), buyer=buyer, now=now), now=now)
    asked_order = _ready(buy((floor.add_sku(), 1), buyer=buyer, now=now), now=now)
    checkout.request_cancellation(order_id=asked_order.id, units=None, reason="changed_mind", now=now)
    sent_order = _ready(buy((floor.add_sku(), 1), buyer=buyer, now=now), now=now)
    package = ship(sent_order, now=now)
    track(package, TrackingStatus.DELIVERED, now=now)
    bill(sent_order)
    returned_order = deliver(_ready(buy((floor.add_sku(), 9), buyer=buyer, now=now), now=now), now=now)
    case = open_case(ask_refund(returned_order, 1), now=now)
    return {
        "purchase_id": unpaid,
        "order_id": str(open_order.id),
        "line_id": str(open_order.lines[0].id),
        "package_id": str(package.id),
        "document_id": str(invoice_of(sent_order).pk),
        "asked_order_id": str(asked_order.id),
        "delivered_order_id": str(sent_order.id),
        "returned_order_id": str(returned_order.id),
        "returned_line_id": str(returned_order.lines[0].id),
        "case_id": str(case.id),
    }


def _ready(bought: checkout.PaymentProgress, *, now: datetime) -> orders.OrderView:
    """The only order of a paid purchase, handed to its shop at once."""
    order_id = bought.purchase.orders[0].id
    checkout.end_remorse(order_id, now + REMORSE)
    return orders.get_order(order_id=order_id)


def _knowing(caller: Caller, ids: Mapping[str, str]) -> Caller:
    """The caller, who knows these ids beside their own."""
    return Caller(caller.name, caller.token, {**ids, **caller.ids})
