"""A few orders are lived, each through the doors of the flows that it passes: what the drill's books tell of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from apps.accounts.api import Address
from apps.aftersales import api as aftersales
from apps.catalog import api as catalog
from apps.checkout import api as checkout
from apps.fees import api as fees
from apps.fulfilment import api as fulfilment
from apps.inventory import api as inventory
from apps.ledger import api as ledger
from apps.markets import api as markets
from apps.orders import api as orders
from apps.payments import api as payments
from apps.pricing.api import RateOff
from apps.promotions import api as promotions
from apps.reconciliation.drill.world import PROVIDER, World
from apps.sellers import api as sellers
from apps.settlement import api as settlement
from tradecore import approvals, audit_seals
from tradecore.ids import new_gene, new_id
from tradecore.money import Money

#: A market with clocks of seconds, whose shops keep a part back; and one with the clocks of the world.
QUICK: Final = "DEMO"
SLOW: Final = "GB"
CURRENCY: Final = "GBP"

ASKER: Final = "drill:asker"
APPROVER: Final = "drill:approver"

_ADDRESS = Address(
    recipient="Robin Buyer", line1="10 Downing Street", city="London", postal_code="SW1A 2AA", country="GB"
)

_SECOND, _HOUR, _DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)

#: Cards of the sandbox: what they are like is in their tokens.
_GOOD_CARD, _BAD_CARD, _CAREFUL_CARD = "tok_ok", "tok_declined", "tok_3ds"

#: How often until the pause is the longest.
_ASKED_IN_VAIN: Final = 8

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Life:
    """What was lived. Orders and payouts by what became of them; `world` goes on with it."""

    world: World
    settled: int  # delivered, a part refunded by its shop, settled, its reserve released
    charged_back: int  # settled, and a part taken back by the buyer's bank for good
    disputed_in_vain: int  # settled, disputed, and won
    reserved: int  # settled; a part is kept back still
    resettled: int  # settled after the payout: available again
    returned_shop: int  # whose payout came back
    served: int  # a part is on its way and invoiced, the rest was cancelled after that
    in_case: int  # delivered, and its buyer wants to send it back
    costly: int  # cancelled before shipment, and much money went back
    paid: checkout.PaymentProgress  # from two shops with a coupon; nothing has happened since
    cancelled: checkout.PaymentProgress  # and its money went back
    declined: checkout.PaymentProgress
    unpaid: checkout.PaymentProgress
    case_id: int
    sku_id: int
    confirmed_payout: int
    returned_payout: int
    proposed_payout: int
    payout_run: int
    first_settlement: str  # of the provider: the charge of `settled`, and nothing else


@dataclass(frozen=True, slots=True)
class _Shop:
    """A shop with goods, and who answers to its buyers."""

    world: World
    id: int
    market: str
    product_id: int
    warehouse_id: int

    def stock(self, *, price_minor: int) -> int:
        """One more SKU with pieces enough. Returns its id."""
        begun = self.world.now - 30 * _DAY
        sku = catalog.add_sku(
            shop_id=self.id,
            product_id=self.product_id,
            code=f"DRILL-{next(_numbers)}",
            details=catalog.SkuDetails(weight_grams=100, option_values={"number": str(next(_numbers))}),
            actor=ASKER,
            now=begun,
        )
        catalog.set_price(
            shop_id=self.id,
            sku_id=sku.id,
            market=self.market,
            amount=Money(price_minor, CURRENCY),
            valid_from=begun,
            actor=ASKER,
            now=begun,
        )
        inventory.adjust_stock(
            shop_id=self.id,
            warehouse_id=self.warehouse_id,
            sku_id=sku.id,
            delta=50,
            reason="first delivery",
            actor=ASKER,
            now=begun,
        )
        return sku.id

    def sell(self, *lines: tuple[int, int], now: datetime) -> int:
        """A guest buys it and pays. Returns the order."""
        return _buy(self.market, *lines, now=now).purchase.orders[0].id


def live(world: World) -> Life:
    """Live them all, and look at nothing. In an empty database, with the provider and bank of the world in place."""
    began = world.now - 3 * _DAY
    _load_masters(world)
    quick, other_quick = _open_shop(world, QUICK), _open_shop(world, QUICK)
    settled, first_settlement = _settle_with_refund(quick, began=began)
    charged_back, disputed_in_vain = _settle(quick, now=began + 60 * _SECOND), _settle(quick, now=began + 90 * _SECOND)
    _dispute(world, charged_back, "lost", minor=700)
    _dispute(world, disputed_in_vain, "won", minor=None)
    world.let_time_pass(began + 200 * _SECOND)
    reserved = _settle(quick, now=began + 300 * _SECOND)
    _settle(other_quick, now=began + 310 * _SECOND)
    confirmed, returned = _pay_out(world, quick, other_quick)
    resettled = _settle(quick, now=began + 320 * _SECOND)
    run_id = _propose(world)
    proposed = next(each.id for each in settlement.list_payouts(run_id=run_id, limit=10) if each.shop_id == quick.id)
    slow, other = _open_shop(world, SLOW), _open_shop(world, SLOW)
    served, in_case = _serve(slow, now=began), _deliver(slow, now=began)
    costly = _cancel_costly(slow, now=began)
    case_id = _open_case(in_case, now=world.now)
    paid, cancelled, declined, unpaid, sku_id = _shop_today(world, slow, other)
    life = Life(
        world=world,
        settled=settled,
        charged_back=charged_back,
        disputed_in_vain=disputed_in_vain,
        reserved=reserved,
        resettled=resettled,
        returned_shop=other_quick.id,
        served=served,
        in_case=in_case,
        costly=costly,
        paid=paid,
        cancelled=cancelled,
        declined=declined,
        unpaid=unpaid,
        case_id=case_id,
        sku_id=sku_id,
        confirmed_payout=confirmed,
        returned_payout=returned,
        proposed_payout=proposed,
        payout_run=run_id,
        first_settlement=first_settlement,
    )
    _close_the_books(world)
    return life


def _close_the_books(world: World) -> None:
    """What the jobs of the night do."""
    world.call_providers()
    world.desk.settle_now()
    settlement.close_statements(now=world.now)
    today = world.now.date()
    world.read_files(since=today - _DAY, until=today + 4 * _DAY)
    world.tell()
    ledger.seal_postings(real_now=world.now + timedelta(minutes=5))
    audit_seals.seal_entries(real_now=world.now + timedelta(minutes=5))


# --- Shops ------------------------------------------------------------------------------------------------------------


def _load_masters(world: World) -> None:
    markets.load_standard_markets(now=world.now)
    markets.forget_markets()
    fees.load_standard_fee_plans(now=world.now)


def _open_shop(world: World, market: str) -> _Shop:
    now, number = world.now - 30 * _DAY, next(_numbers)
    shop = sellers.open_shop(
        handle=f"drill-{number}",
        name=f"Drill {number}",
        contact_email=f"drill-{number}@example.com",
        market=market,
        currency=CURRENCY,
        fee_plan=f"{market}-STANDARD",
        actor=ASKER,
        now=now,
    )
    sellers.change_shop_state(shop_id=shop.id, state=sellers.ShopState.ACTIVE, reason="drill", actor=ASKER, now=now)
    sellers.set_delivery_rate(
        rate=sellers.DeliveryRate(shop_id=shop.id, option="standard", base_minor=399), actor=ASKER, now=now
    )
    warehouse = inventory.create_warehouse(shop_id=shop.id, code="MAIN", name="Main", actor=ASKER, now=now)
    category = catalog.create_category(
        slug=f"drill-{number}", name=f"Drill {number}", parent_id=None, actor=ASKER, now=now
    )
    details = catalog.ProductDetails(category_id=category.id, title=f"Drill {number}")
    product = catalog.create_product(shop_id=shop.id, details=details, actor=ASKER, now=now)
    made = _Shop(world=world, id=shop.id, market=market, product_id=product.id, warehouse_id=warehouse.id)
    made.stock(price_minor=1000)
    catalog.publish_product(shop_id=shop.id, product_id=product.id, actor=ASKER, now=now)
    return made


def _publish_coupon(world: World) -> str:
    terms = promotions.Terms(
        kind=promotions.PromotionKind.PLATFORM_COUPON,
        shop_id=None,
        market=SLOW,
        currency=CURRENCY,
        title="Drill",
        benefit=RateOff(1000, 600),
        targets=(promotions.Target(promotions.TargetKind.ALL),),
        starts_at=world.now - _DAY,
        ends_at=world.now + _DAY,
        platform_share_bp=10_000,
        code="DRILL",
        uses_cap=100,
        budget_minor=100_000,
    )
    drafted = promotions.create_promotion(terms=terms, actor=ASKER, now=world.now - _DAY)
    promotions.publish_promotion(promotion_id=drafted.id, shop_id=None, actor=ASKER, now=world.now - _DAY)
    return "DRILL"


# --- Buyers -----------------------------------------------------------------------------------------------------------


def _place(market: str, *lines: tuple[int, int], token: str, codes: tuple[str, ...], now: datetime) -> int:
    ref = new_id(new_gene())
    buyer = checkout.Buyer(ref=ref, scope=f"guest:{ref}", is_guest=True, email="guest@example.com")
    wish = checkout.Wish(
        market=market,
        lines=tuple(checkout.WantedLine(sku_id, quantity) for sku_id, quantity in lines),
        address=_ADDRESS,
        delivery_option="standard",
        coupon_codes=codes,
    )
    quote = checkout.make_quote(wish=wish, buyer=buyer, now=now)
    tender = checkout.TenderWish(provider=PROVIDER, method="card", method_token=token)
    command = checkout.PlacePurchase(
        buyer=buyer, quote_token=quote.token, expected_total=quote.total, tenders=(tender,)
    )
    return checkout.place_purchase(command=command, now=now).purchase.id


def _buy(
    market: str,
    *lines: tuple[int, int],
    now: datetime,
    token: str = _GOOD_CARD,
    codes: tuple[str, ...] = (),
) -> checkout.PaymentProgress:
    purchase_id = _place(market, *lines, token=token, codes=codes, now=now)
    return checkout.collect_payment(purchase_id=purchase_id, now=now)


def _shop_today(
    world: World, shop: _Shop, other: _Shop
) -> tuple[checkout.PaymentProgress, checkout.PaymentProgress, checkout.PaymentProgress, checkout.PaymentProgress, int]:
    """Paid with a coupon from two shops, cancelled and sent back, declined, and not paid for; and what was bought."""
    now, code = world.now, _publish_coupon(world)
    sku_id, other_sku = shop.stock(price_minor=2000), other.stock(price_minor=3000)
    paid = _buy(SLOW, (sku_id, 2), (other_sku, 1), codes=(code,), now=now)
    cancelled = _buy(SLOW, (sku_id, 1), now=now)
    checkout.cancel_lines(
        order_id=cancelled.purchase.orders[0].id, units=None, initiator="buyer", reason="changed_mind", now=now
    )
    declined = _buy(SLOW, (sku_id, 1), token=_BAD_CARD, now=now)
    unpaid = _buy(SLOW, (sku_id, 1), token=_CAREFUL_CARD, now=now)
    _ask_in_vain(unpaid.purchase.id, now=now)
    return paid, cancelled, declined, unpaid, sku_id


def _ask_in_vain(purchase_id: int, *, now: datetime) -> None:
    """So often that it is asked about again when the drill is over."""
    calls = [call.id for call in payments.get_payment_history(payable_ref=purchase_id).calls]
    for _ in range(_ASKED_IN_VAIN):
        checkout.poll_provider_calls(limit=1, references=calls, now=now)


# --- Orders -----------------------------------------------------------------------------------------------------------


def _ship(order_id: int, *, now: datetime, units: list[orders.LineUnits] | None = None) -> int:
    return fulfilment.ship_order(
        order_id=order_id, units=units, carrier="royal_mail", tracking_number=f"DRILL{next(_numbers)}", now=now
    ).id


def _track(package_id: int, status: fulfilment.TrackingStatus, *, now: datetime) -> None:
    fulfilment.record_tracking(
        package_id=package_id, event_id=f"drill-{next(_numbers)}", status=status, occurred_at=now, now=now
    )


def _deliver_quickly(shop: _Shop, *, now: datetime, meanwhile: Callable[[int], None] | None = None) -> int:
    """Ten seconds in the life of an order of 40.00 and its shipping."""
    order_id = shop.sell((shop.stock(price_minor=1000), 4), now=now)
    if meanwhile is not None:
        meanwhile(order_id)
    shop.world.let_time_pass(now + 4 * _SECOND)
    package_id = _ship(order_id, now=now + 5 * _SECOND)
    _track(package_id, fulfilment.TrackingStatus.DELIVERED, now=now + 6 * _SECOND)
    shop.world.tell()
    return order_id


def _settle(shop: _Shop, *, now: datetime) -> int:
    order_id = _deliver_quickly(shop, now=now)
    shop.world.let_time_pass(now + 15 * _SECOND)
    return order_id


def _settle_with_refund(shop: _Shop, *, began: datetime) -> tuple[int, str]:
    """A unit is refunded by the shop before it settles. Also what the provider calls its settlement of the charge."""
    settlements: list[str] = []
    order_id = _deliver_quickly(shop, now=began, meanwhile=lambda _: settlements.extend(shop.world.desk.settle_now()))
    line = orders.get_order(order_id=order_id).lines[0]
    aftersales.refund_by_seller(
        order_id=order_id,
        units=[orders.LineUnits(line_id=line.id, quantity=1)],
        reason="shops_mistake",
        comment="",
        now=began + 7 * _SECOND,
    )
    shop.world.call_providers()
    shop.world.let_time_pass(began + 15 * _SECOND)
    (settled,) = settlements
    return order_id, settled


def _dispute(world: World, order_id: int, outcome: str, *, minor: int | None) -> None:
    """The buyer's bank takes money back, and the network decides."""
    purchase_id = orders.get_order(order_id=order_id).purchase_id
    (charge,) = [
        call for call in payments.get_payment_history(payable_ref=purchase_id).calls if call.operation == "charge"
    ]
    amount = None if minor is None else Money(minor, CURRENCY)
    opened = world.desk.open_dispute(charge.id, amount=amount, reason_code="10.4")
    world.hear(opened)
    world.hear(world.desk.decide_dispute(opened.provider_ref, "won" if outcome == "won" else "lost"))


def _serve(shop: _Shop, *, now: datetime) -> int:
    """One unit is on its way and invoiced; then the other one is out of stock."""
    order_id = shop.sell((shop.stock(price_minor=1500), 2), now=now)
    checkout.end_remorse(order_id, now + _DAY)
    line = orders.get_order(order_id=order_id).lines[0]
    one = [orders.LineUnits(line_id=line.id, quantity=1)]
    package_id = _ship(order_id, units=one, now=now + _DAY)
    _track(package_id, fulfilment.TrackingStatus.COLLECTED, now=now + _DAY + _HOUR)
    shop.world.tell()
    checkout.cancel_lines(
        order_id=order_id, units=one, initiator="seller", reason="out_of_stock", now=now + _DAY + 2 * _HOUR
    )
    shop.world.call_providers()
    return order_id


def _deliver(shop: _Shop, *, now: datetime) -> int:
    order_id = shop.sell((shop.stock(price_minor=2500), 2), now=now)
    checkout.end_remorse(order_id, now + _DAY)
    package_id = _ship(order_id, now=now + _DAY)
    _track(package_id, fulfilment.TrackingStatus.DELIVERED, now=now + _DAY + _HOUR)
    shop.world.tell()
    return order_id


def _open_case(order_id: int, *, now: datetime) -> int:
    line = orders.get_order(order_id=order_id).lines[0]
    request = aftersales.CaseRequest(
        order_id=order_id,
        kind=aftersales.CaseKind.RETURN_AND_REFUND,
        units=(orders.LineUnits(line_id=line.id, quantity=1),),
        reason="no_longer_wanted",
    )
    return aftersales.open_case(request=request, now=now)


def _cancel_costly(shop: _Shop, *, now: datetime) -> int:
    order_id = shop.sell((shop.stock(price_minor=1_500_000), 1), now=now)
    checkout.cancel_lines(
        order_id=order_id, units=None, initiator="buyer", reason="changed_mind", now=now + 600 * _SECOND
    )
    shop.world.call_providers()
    return order_id


# --- Payouts ----------------------------------------------------------------------------------------------------------


def _pay_out(world: World, shop: _Shop, other: _Shop) -> tuple[int, int]:
    """The one is paid out, the other one's account was closed since. Returns the two payouts."""
    for seller, number in ((shop, "GB00DRIL12345678"), (other, "GB00DRIL12340002")):
        settlement.set_payout_account(
            shop_id=seller.id,
            version=settlement.get_payout_accounts(shop_id=seller.id).version,
            holder_name="Drill Ltd",
            account_number=number,
            currency=CURRENCY,
            actor=ASKER,
            now=world.now,
        )
    run_id = _propose(world)
    request_id = settlement.get_payout_run(run_id=run_id).approval_id
    content_hash = approvals.get_request(approval_id=request_id, now=world.now).content_hash
    approvals.approve(approval_id=request_id, content_hash=content_hash, actor=APPROVER, now=world.now)
    payouts = {payout.shop_id: payout.id for payout in settlement.list_payouts(run_id=run_id, limit=10)}
    world.call_bank(list(payouts.values()))
    return payouts[shop.id], payouts[other.id]


def _propose(world: World) -> int:
    run_id = settlement.propose_payouts(market=QUICK, actor=ASKER, reason="drill", now=world.now)
    assert run_id is not None, "there is something to be paid out"
    return run_id
