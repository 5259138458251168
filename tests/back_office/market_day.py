"""A day on a British market, with something of everything that an operator may look at."""

from dataclasses import dataclass
from datetime import timedelta

from apps.checkout import api as checkout
from apps.fulfilment.api import PackageView, TrackingStatus
from apps.orders import api as orders
from apps.promotions.api import PromotionKind
from config.subscriptions import TIMERS
from tests.factories.accounts import UserFactory
from tests.factories.checkout import ShopFloor, add_shop, buy, make_buyer, make_shop_floor, place, tender
from tests.factories.fulfilment import READY, ship, track_all
from tests.factories.orders import units_of
from tests.factories.promotions import make_promotion
from tests.support import NOON, in_use_case
from tradecore import clock, freezes, outbox, timers
from tradecore.ids import new_id
from tradecore.models import OutboxEvent, Timer


@dataclass(frozen=True, slots=True)
class MarketDay:
    """`shipped` was bought by `buyer_email` with a coupon; one piece of it was cancelled, the rest is on its way."""

    floor: ShopFloor
    buyer_email: str
    shipped: orders.OrderView
    package: PackageView
    unpaid: orders.OrderView
    unanswered: orders.OrderView
    on_hold: orders.OrderView
    dead_letter: int
    parked_timer: int


def live_a_market_day() -> MarketDay:
    """Buy, pay, ship, cancel and fail."""
    floor = make_shop_floor()
    tea = floor.add_sku(price_minor=1250, code="TEA-EARL-GREY-250")
    mug = floor.add_sku(price_minor=123450, code="MUG-GOLD-RIM")
    add_coupons(floor)
    shipped = buy_with_account((tea, 3), (mug, 1))
    package = send_most_of(shipped)
    unpaid = order_of(place((tea, 1)))
    other = add_shop(floor.provider)
    unanswered = order_of(buy((mug, 1), (other.add_sku(), 1), tenders=(tender("tok_silent"),)))
    on_hold = order_of(buy((tea, 2)))
    in_use_case(lambda: orders.place_hold(order_id=on_hold.id, kind="risk", owner_ref=new_id(), now=NOON))
    freezes.place_freeze(kind=freezes.SKU_SALE, subject=mug, reason="the gilding comes off", actor="user:1", now=NOON)
    outbox.relay(subscriptions={})
    outbox.stamp_positions()
    return MarketDay(
        floor=floor,
        buyer_email="robin@example.com",
        shipped=orders.get_order(order_id=shipped.id),
        package=package,
        unpaid=unpaid,
        unanswered=unanswered,
        on_hold=on_hold,
        dead_letter=bury_an_event(on_hold),
        parked_timer=park_a_timer(on_hold),
    )


def order_of(progress: checkout.PaymentProgress) -> orders.OrderView:
    """The first order of a purchase."""
    return orders.get_order(order_id=progress.purchase.orders[0].id)


def add_coupons(floor: ShopFloor) -> None:
    """A coupon of the shop, and one of the platform that both of them fund."""
    make_promotion(PromotionKind.SELLER_COUPON, shop_id=floor.shop_id, code="SHOP8", title="Eight off at the shop")
    make_promotion(
        PromotionKind.PLATFORM_COUPON,
        code="SPRING10",
        title="Ten per cent in spring",
        platform_share_bp=6000,
        uses_per_buyer_cap=2,
    )


def buy_with_account(*wanted: tuple[int, int]) -> orders.OrderView:
    """Buy as somebody with an account, with both coupons; the remorse time is over."""
    user = UserFactory.create(email="robin@example.com", full_name="Robin Buyer")
    buyer = make_buyer(ref=user.pk, scope=f"user:{user.pk}", is_guest=False, email=user.email)
    order = order_of(buy(*wanted, buyer=buyer, coupon_codes=("SHOP8", "SPRING10")))
    timers.sweep(handlers=TIMERS, now=READY)
    return order


def send_most_of(order: orders.OrderView) -> PackageView:
    """Cancel a piece of the first line, send its money back, and put the rest into a parcel that is on its way."""
    checkout.cancel_lines(
        order_id=order.id, units=units_of(order, 1, 0), initiator="buyer", reason="changed_my_mind", now=READY
    )
    checkout.poll_provider_calls(limit=10, now=READY)
    package = ship(order)
    return track_all(package, [TrackingStatus.COLLECTED, TrackingStatus.IN_TRANSIT], now=READY + timedelta(hours=20))


def bury_an_event(order: orders.OrderView) -> int:
    """Park an event of the order as the relay does after too many failures. Returns its id."""
    event = OutboxEvent.objects.filter(aggregate="order", aggregate_id=order.id).latest("id")
    OutboxEvent.objects.filter(pk=event.pk).update(
        delivered_at=None, dead_at=clock.real_now(), attempts=12, last_error="ConnectionRefusedError: mail is down"
    )
    return event.pk


def park_a_timer(order: orders.OrderView) -> int:
    """Park a timer of the order as a sweeper does after too many failures. Returns its id."""
    timer = Timer.objects.get(subject=order.id, kind="end_remorse")
    Timer.objects.filter(pk=timer.pk).update(
        dead_at=clock.real_now(), attempts=20, last_error="OperationalError: (1205, 'Lock wait timeout exceeded')"
    )
    return timer.pk
