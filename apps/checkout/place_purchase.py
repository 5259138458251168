"""Turn a quote into orders that await payment.

# Note [Placing together]
Purchases of hot SKUs share their transactions (Note [Groups] of `tradecore.groups`). Each is priced in its own thread
before it joins, by reads that lock nothing, as the plain way's do. What is then written for one is what the plain way
writes; the stock of all of them is planned in the order in which they came, and taken by one conditional UPDATE. Two
kinds of purchases take the plain way at once: those that use promotions, whose counters are locked buyer by buyer, and
those of a quote that was used already, which would undo the whole group.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import IntegrityError

from apps.checkout.contracts import Buyer, PaymentProgress, PlacePurchase, Quote, TenderWish, Wish
from apps.checkout.errors import MethodUnknown, PriceChanged, QuoteUsed
from apps.checkout.quote import read_token, requote
from apps.inventory import api as inventory
from apps.markets.api import deadline, get_market
from apps.orders import api as orders
from apps.payments import api as payments
from apps.promotions import api as promotions
from tradecore import db, degradation, wire
from tradecore.errors import Refusal
from tradecore.groups import Group, Member, NotTogether
from tradecore.locks import JustWritten, Know
from tradecore.timers import Deadline, set_timers
from tradecore.worlds import ByWorld

#: Only the purchase's own timer ends its holds; their own deadline is a backstop.
HOLD_BACKSTOP = timedelta(minutes=10)

#: The market's clock that each way of paying runs on.
PAY_CLOCKS = {"card": "pay_card", "voucher": "pay_card", "bank_slip": "pay_slip"}


@dataclass(frozen=True, slots=True)
class _Sale:
    """What buyer and shop agree upon: a quote that was priced again, and until when it is to be paid."""

    command: PlacePurchase
    quote: Quote
    wish: Wish
    pay_by: datetime
    now: datetime


def place_purchase(*, command: PlacePurchase, now: datetime, together: bool = False) -> PaymentProgress:
    """Turn a quote into orders that await payment, or change nothing. The provider is called by `collect_payment`.

    `together` says that it may share its transaction; see Note [Placing together].

    Refuses, in this order: QuoteInvalid, QuoteUsed, GuestsOff, QuoteExpired, what `make_quote` refuses, PriceChanged,
    MethodUnknown, what `payments.open_intent` refuses, what `promotions.hold` refuses, OutOfStock.
    Locks, in this order: promotions, their uses, stock (see Note [Lock order]); all other rows are new.
    """
    quote_id, _, _ = read_token(token=command.quote_token, buyer=command.buyer)
    try:
        return _place_together(command=command, now=now) if together else _place(command=command, now=now)
    except db.OutcomeUnknown:
        raise  # it may be this very call that used the quote
    except (IntegrityError, Refusal):
        # Whatever else is wrong with a quote that was used, that is what its buyer has to know.
        _refuse_if_used(quote_id)
        raise


@db.use_case
def _place(*, command: PlacePurchase, now: datetime) -> PaymentProgress:
    sale = _agree(command, now=now)
    lines, placed, know = _open(sale)
    purchase_id, expires_at = placed.purchase.id, sale.pay_by + HOLD_BACKSTOP
    if sale.quote.priced.promotion_uses:
        promotions.hold(
            owner_ref=purchase_id,
            buyer_ref=command.buyer.ref,
            uses=[
                promotions.PromotionUse(use.promotion_id, use.units, use.amount_minor)
                for use in sale.quote.priced.promotion_uses
            ],
            expires_at=expires_at,
            now=now,
        )
    know_hold = inventory.hold(owner_ref=purchase_id, lines=lines, expires_at=expires_at, now=now)
    return replace(placed, just_written=JustWritten(*know, know_hold))


def _place_together(*, command: PlacePurchase, now: datetime) -> PaymentProgress:
    sale = _agree(command, now=now)
    if sale.quote.priced.promotion_uses:
        return _place(command=command, now=now)
    try:
        return _PLACING.get().join(sale)
    except NotTogether:
        return _place(command=command, now=now)


def _place_group(members: Sequence[Member[_Sale]]) -> list[PaymentProgress | Refusal | NotTogether]:
    return _place_all(members, attempts=itertools.count())


@db.use_case
def _place_all(
    members: Sequence[Member[_Sale]], *, attempts: "itertools.count[int]"
) -> list[PaymentProgress | Refusal | NotTogether]:
    """Locks: stock, by (SKU, warehouse, bucket); all other rows are new."""
    db.gather()
    used = orders.list_used_quotes(quote_ids=[member.job.quote.id for member in members])
    sku_ids = {line.sku_id for member in members for line in member.job.wish.lines}
    holding = inventory.Holding(sku_ids=sku_ids, locks_first=next(attempts) > 0)
    placed = [_place_member(member, holding, used) for member in members]
    holding.take()
    return placed


def _place_member(
    member: Member[_Sale], holding: inventory.Holding, used: set[int]
) -> PaymentProgress | Refusal | NotTogether:
    sale = member.job
    if sale.quote.id in used:
        return NotTogether()
    try:
        with member.in_its_name(), db.attempt():
            lines, placed, know = _open(sale)
            know_hold = holding.add(
                owner_ref=placed.purchase.id, lines=lines, expires_at=sale.pay_by + HOLD_BACKSTOP, now=sale.now
            )
    except Refusal as refusal:
        return refusal
    used.add(sale.quote.id)
    return replace(placed, just_written=JustWritten(*know, know_hold))


_PLACING: ByWorld[Group[_Sale, PaymentProgress]] = ByWorld(lambda: Group(_place_group))


def _agree(command: PlacePurchase, *, now: datetime) -> _Sale:
    """Refuses, in this order: QuoteInvalid, GuestsOff, QuoteExpired, what `make_quote` refuses, PriceChanged,
    MethodUnknown.
    """
    if command.buyer.is_guest:
        degradation.refuse_if_guests_are_off()
    quote, wish = requote(token=command.quote_token, buyer=command.buyer, now=now)
    if quote.total != command.expected_total:
        raise PriceChanged(expected=command.expected_total, quoted=quote.total, quote=quote)
    pay_by = pay_deadline(command.tenders, market=quote.market, now=now)
    return _Sale(command, quote, wish, pay_by, now)


def _open(sale: _Sale) -> tuple[list[inventory.StockLine], PaymentProgress, tuple[Know, Know]]:
    """Let everything that is new wait to be inserted; nothing is locked. Refuses what `payments.open_intent` does.

    Returns what stock is to be held for, the progress, and what lets the next transaction know what is new.
    """
    command, quote, now = sale.command, sale.quote, sale.now
    draft = _draft(quote, sale.wish, command.buyer, pay_by=sale.pay_by)
    opened = orders.open_purchase(draft=draft, now=now)
    purchase_id = opened.purchase.id
    payment, calls, know_payment = payments.open_intent(
        payable_ref=purchase_id,
        buyer_ref=command.buyer.ref,
        amount=quote.total,
        tenders=tender_requests(command.tenders, quote),
        now=now,
    )
    set_timers([Deadline("expire_purchase", purchase_id, sale.pay_by)])
    if not quote.total.minor:
        # Confirmed within this request; the timer is there for a process that dies before.
        set_timers([Deadline("confirm_free_purchase", purchase_id, now)])
    lines = [inventory.StockLine(line.line_id, line.sku_id, line.quantity) for line in opened.lines]
    placed = PaymentProgress(purchase=opened.purchase, payment=payment, is_final=False, unsent=calls)
    return lines, placed, (opened.know, know_payment)


def pay_deadline(tenders: Sequence[TenderWish], *, market: str, now: datetime) -> datetime:
    """The longest of the tenders' own deadlines. Refuses: MethodUnknown."""
    check_methods(tenders)
    rules = get_market(market, now=now)
    clocks = {PAY_CLOCKS[tender.method] for tender in tenders} or {PAY_CLOCKS["card"]}
    return max(deadline(market=rules, clock=clock, start=now) for clock in clocks)


def check_methods(tenders: Sequence[TenderWish]) -> None:
    """Refuses: MethodUnknown."""
    for tender in tenders:
        if tender.method not in PAY_CLOCKS:
            raise MethodUnknown(method=tender.method)


def tender_requests(tenders: Sequence[TenderWish], quote: Quote) -> list[payments.TenderRequest]:
    """What is asked of the providers. Nothing, where there is nothing to pay."""
    return [tender.asking(quote.total) for tender in tenders] if quote.total.minor else []


def _refuse_if_used(quote_id: int) -> None:
    purchase_id = orders.find_purchase_of_quote(quote_id=quote_id)
    if purchase_id is not None:
        raise QuoteUsed(purchase_id=purchase_id)


def _draft(quote: Quote, wish: Wish, buyer: Buyer, *, pay_by: datetime) -> orders.PurchaseDraft:
    items = {
        item.sku_id: orders.SoldItem(
            sku_id=item.sku_id,
            product_id=item.product_id,
            title=item.title,
            sku_code=item.sku_code,
            terms=item.terms,
        )
        for item in quote.items.values()
    }
    return orders.PurchaseDraft(
        buyer_ref=buyer.ref,
        is_guest=buyer.is_guest,
        contact_email=buyer.email,
        quote_id=quote.id,
        market=quote.market,
        total=quote.total,
        uses_promotions=bool(quote.priced.promotion_uses),
        pay_by=pay_by,
        orders=tuple(
            orders.OrderDraft(
                shop_id=priced.shop_id,
                priced=priced,
                items=items,
                delivery_option=wish.delivery_option,
                address=wire.to_json(wish.address),
                tax_payable_to=quote.tax_payable_to,
                standard_shipping_minor=quote.standard_shipping.get(priced.shop_id, 0),
            )
            for priced in quote.priced.orders
        ),
    )
