"""Everything about one order, gathered through the public doors."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from apps.accounts import api as accounts
from apps.back_office.aftermath import Aftermath, aggregates_of, read_aftermath
from apps.back_office.books import Books, read_books
from apps.back_office.price_ladder import Rung, climb
from apps.fulfilment import api as fulfilment
from apps.inventory import api as inventory
from apps.orders import api as orders
from apps.payments import api as payments
from apps.promotions import api as promotions
from apps.sellers import api as sellers
from tradecore import audit, freezes, outbox, timers
from tradecore.models import AuditEntry, OutboxEvent, Timer
from tradecore.money import Money

#: So many audit entries are shown; the rest is found in the audit itself.
AUDIT_ENTRIES_MAX = 50

#: The parts of an address, in the order in which they are read out.
_ADDRESS_PARTS = ("recipient", "line1", "line2", "postal_code", "city", "region", "country", "phone")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """A line with its own way to its price. `is_frozen`: its SKU is not for sale at the moment."""

    line: orders.LineView
    rungs: tuple[Rung, ...]
    is_frozen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneRow:
    """Units that left the order: SKU code and quantity of each line."""

    gone: orders.GoneView
    contents: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """A call to a provider, the way of paying that it belongs to, and what the provider said."""

    call: payments.CallView
    tender: payments.TenderView
    answers: tuple[payments.AnswerView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageRow:
    """A package and what is in it: title and quantity."""

    package: fulfilment.PackageView
    contents: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRow:
    """What one line of the order holds in one warehouse."""

    part: inventory.HeldPart
    sku_code: str
    warehouse_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UseRow:
    """What the purchase took of one promotion, and what of it came back."""

    use: promotions.HeldUse
    amount: Money
    given_back: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPage:
    """All that the page shows. Stock, promotions and payment are held for the purchase, with all its orders."""

    now: datetime
    order: orders.OrderView
    purchase: orders.PurchaseView
    shop: sellers.Shop | None
    buyer: accounts.Profile | None
    address: tuple[str, ...]
    lines: tuple[LineRow, ...]
    rungs: tuple[Rung, ...]
    gone: tuple[GoneRow, ...]
    holds: tuple[orders.HoldView, ...]
    cancel_requests: tuple[orders.CancelRequestView, ...]
    payment: payments.Payment
    history: payments.PaymentHistory
    calls: tuple[CallRow, ...]
    books: Books
    aftermath: Aftermath
    packages: tuple[PackageRow, ...]
    stock_hold: inventory.Hold | None
    parts: tuple[PartRow, ...]
    promotion_hold: promotions.Hold | None
    uses: tuple[UseRow, ...]
    timers: tuple[Timer, ...]
    events: tuple[OutboxEvent, ...]
    audit: tuple[AuditEntry, ...]


def build_order_page(*, order_id: int, now: datetime) -> OrderPage:
    """Gather it, in a number of statements that does not depend on what is in the order. Refuses: NotFound."""
    order = orders.get_order(order_id=order_id)
    purchase = orders.get_purchase(purchase_id=order.purchase_id)
    payment = payments.get_payment(payable_ref=purchase.id)
    history = payments.get_payment_history(payable_ref=purchase.id)
    packages = fulfilment.list_packages(order_id=order.id)
    stock_hold = inventory.find_hold(owner_ref=purchase.id)
    promotion_hold = promotions.find_hold(owner_ref=purchase.id)
    titles = {use.promotion_id: use.title for use in promotion_hold.uses} if promotion_hold else {}
    aftermath = read_aftermath(order)
    package_ids = [package.id for package in packages]
    case_ids = [case.id for case in aftermath.cases]
    return OrderPage(
        now=now,
        order=order,
        purchase=purchase,
        shop=sellers.list_shops(shop_ids=[order.shop_id]).get(order.shop_id),
        buyer=accounts.list_profiles(user_ids=[order.buyer_ref]).get(order.buyer_ref),
        address=tuple(order.address[part] for part in _ADDRESS_PARTS if order.address.get(part)),
        lines=_line_rows(order, titles),
        rungs=climb((*(step for line in order.lines for step in line.ladder), *order.breakdown.steps), titles=titles),
        gone=_gone_rows(order),
        holds=tuple(orders.list_holds(order_id=order.id)),
        cancel_requests=tuple(orders.list_cancel_requests(order_id=order.id)),
        payment=payment,
        history=history,
        calls=_call_rows(payment, history),
        books=read_books(order_refs=[purchase.id, order.id], currency=purchase.total.currency),
        aftermath=aftermath,
        packages=_package_rows(packages, order),
        stock_hold=stock_hold,
        parts=_part_rows(stock_hold, order),
        promotion_hold=promotion_hold,
        uses=_use_rows(promotion_hold, currency=purchase.total.currency),
        timers=tuple(timers.list_timers(subjects=[purchase.id, order.id, *package_ids, *case_ids])),
        events=tuple(
            outbox.list_events_of(
                aggregates=[
                    ("purchase", purchase.id),
                    ("order", order.id),
                    ("payment", payment.id),
                    *(("package", package_id) for package_id in package_ids),
                    *aggregates_of(aftermath),
                ]
            )
        ),
        audit=tuple(audit.list_entries(subjects=_audited(order, titles, aftermath), limit=AUDIT_ENTRIES_MAX)),
    )


def _line_rows(order: orders.OrderView, titles: Mapping[int, str]) -> tuple[LineRow, ...]:
    frozen = freezes.list_frozen(kind=freezes.SKU_SALE, subjects=[line.sku_id for line in order.lines])
    return tuple(
        LineRow(line=line, rungs=climb(line.ladder, titles=titles), is_frozen=line.sku_id in frozen)
        for line in order.lines
    )


def _gone_rows(order: orders.OrderView) -> tuple[GoneRow, ...]:
    codes = {line.id: line.sku_code for line in order.lines}
    return tuple(
        GoneRow(gone=gone, contents=tuple((codes[units.line_id], units.quantity) for units in gone.units))
        for gone in orders.list_units_gone(order_id=order.id)
    )


def _call_rows(payment: payments.Payment, history: payments.PaymentHistory) -> tuple[CallRow, ...]:
    tenders = {tender.id: tender for tender in payment.tenders}
    answers: dict[int, list[payments.AnswerView]] = defaultdict(list)
    for answer in history.answers:
        answers[answer.call_ref].append(answer)
    return tuple(
        CallRow(call=call, tender=tenders[call.tender_id], answers=tuple(answers[call.id])) for call in history.calls
    )


def _package_rows(packages: Iterable[fulfilment.PackageView], order: orders.OrderView) -> tuple[PackageRow, ...]:
    titles = {line.id: line.title for line in order.lines}
    return tuple(
        PackageRow(package=package, contents=tuple((titles[units.line_id], units.quantity) for units in package.units))
        for package in packages
    )


def _part_rows(hold: inventory.Hold | None, order: orders.OrderView) -> tuple[PartRow, ...]:
    """The parts of the purchase's hold that are this order's."""
    codes = {line.id: line.sku_code for line in order.lines}
    warehouses = {house.id: house.code for house in inventory.list_warehouses(shop_id=order.shop_id)}
    return tuple(
        PartRow(part=part, sku_code=codes[part.line_ref], warehouse_code=warehouses[part.warehouse_id])
        for part in (hold.parts if hold else ())
        if part.line_ref in codes
    )


def _use_rows(hold: promotions.Hold | None, *, currency: str) -> tuple[UseRow, ...]:
    return tuple(
        UseRow(use=use, amount=Money(use.amount_minor, currency), given_back=Money(use.given_back_minor, currency))
        for use in (hold.uses if hold else ())
    )


def _audited(order: orders.OrderView, promotion_ids: Iterable[int], aftermath: Aftermath) -> list[str]:
    """The order, what it is made of and what came of it, as the audit names them."""
    named = [("order", order.id), ("purchase", order.purchase_id), ("shop", order.shop_id)]
    for line in order.lines:
        named += [("product", line.product_id), ("sku", line.sku_id), (freezes.SKU_SALE, line.sku_id)]
    named += [("promotion", promotion_id) for promotion_id in promotion_ids]
    named += [("case", case.id) for case in aftermath.cases]
    named += [("dispute", dispute.id) for dispute in aftermath.disputes]
    return list(dict.fromkeys(f"{kind}:{subject}" for kind, subject in named))
