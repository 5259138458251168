"""Turn a quote into orders that await payment."""

from collections.abc import Sequence
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
from tradecore.timers import Deadline, set_timers

#: Only the purchase's own timer ends its holds; their own deadline is a backstop.
HOLD_BACKSTOP = timedelta(minutes=10)

#: The market's clock that each way of paying runs on.
PAY_CLOCKS = {"card": "pay_card", "voucher": "pay_card", "bank_slip": "pay_slip"}


def place_purchase(*, command: PlacePurchase, now: datetime) -> PaymentProgress:
    """Turn a quote into orders that await payment, or change nothing. The provider is called by `collect_payment`.

    Refuses, in this order: QuoteInvalid, QuoteUsed, GuestsOff, QuoteExpired, what `make_quote` refuses, PriceChanged,
    MethodUnknown, what `payments.open_intent` refuses, what `promotions.hold` refuses, OutOfStock.
    Locks, in this order: promotions, their uses, stock (see Note [Lock order]); all other rows are new.
    """
    quote_id, _, _ = read_token(token=command.quote_token, buyer=command.buyer)
    try:
        return _place(command=command, now=now)
    except db.OutcomeUnknown:
        raise  # it may be this very call that used the quote
    except (IntegrityError, Refusal):
        # Whatever else is wrong with a quote that was used, that is what its buyer has to know.
        _refuse_if_used(quote_id)
        raise


@db.use_case
def _place(*, command: PlacePurchase, now: datetime) -> PaymentProgress:
    if command.buyer.is_guest:
        degradation.refuse_if_guests_are_off()
    quote, wish = requote(token=command.quote_token, buyer=command.buyer, now=now)
    if quote.total != command.expected_total:
        raise PriceChanged(expected=command.expected_total, quoted=quote.total, quote=quote)

    pay_by = pay_deadline(command.tenders, market=quote.market, now=now)
    opened = orders.open_purchase(draft=_draft(quote, wish, command.buyer, pay_by=pay_by), now=now)
    purchase_id = opened.purchase.id
    payment, calls = payments.open_intent(
        payable_ref=purchase_id,
        buyer_ref=command.buyer.ref,
        amount=quote.total,
        tenders=tender_requests(command.tenders, quote),
        now=now,
    )
    set_timers([Deadline("expire_purchase", purchase_id, pay_by)])
    if not quote.total.minor:
        # Confirmed within this request; the timer is there for a process that dies before.
        set_timers([Deadline("confirm_free_purchase", purchase_id, now)])
    if quote.priced.promotion_uses:
        promotions.hold(
            owner_ref=purchase_id,
            buyer_ref=command.buyer.ref,
            uses=[
                promotions.PromotionUse(use.promotion_id, use.units, use.amount_minor)
                for use in quote.priced.promotion_uses
            ],
            expires_at=pay_by + HOLD_BACKSTOP,
            now=now,
        )
    inventory.hold(
        owner_ref=purchase_id,
        lines=[inventory.StockLine(line.line_id, line.sku_id, line.quantity) for line in opened.lines],
        expires_at=pay_by + HOLD_BACKSTOP,
        now=now,
    )
    return PaymentProgress(purchase=opened.purchase, payment=payment, is_final=False, unsent=calls)


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
