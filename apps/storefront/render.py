"""How the contracts of the apps below look to a buyer."""

from collections.abc import Mapping, Sequence
from typing import Any

from apps.checkout.api import PaymentProgress, PriceChanged, Quote, QuoteExpired
from apps.fulfilment import api as fulfilment
from apps.orders import api as orders
from apps.orders.api import OrderView, PurchaseView
from apps.payments.api import Payment
from apps.pricing.api import Breakdown, LadderStep, PricedLine, PricedOrder, PromotionOutcome
from tradecore import wire
from tradecore.http import problems
from tradecore.money import decimal_of


def quote(contract: Quote) -> dict[str, Any]:
    """A quote: what the purchase would be, step by step, and why."""
    currency = contract.total.currency
    return {
        "market": contract.market,
        "orders": [_order(order, contract) for order in contract.priced.orders],
        "breakdown": _breakdown(contract.priced.breakdown, currency),
        "total": wire.to_json(contract.total),
        "promotions": [_outcome(outcome, currency) for outcome in contract.priced.outcomes],
        "expires_at": wire.to_json(contract.expires_at),
        "quote_token": contract.token,
    }


@problems.show_facts.register
def _(refusal: QuoteExpired) -> Mapping[str, Any]:
    return {"quote": quote(refusal.quote)}


@problems.show_facts.register
def _(refusal: PriceChanged) -> Mapping[str, Any]:
    return {
        "expected": wire.to_json(refusal.expected),
        "quoted": wire.to_json(refusal.quoted),
        "quote": quote(refusal.quote),
    }


def purchase(contract: PurchaseView, payment: Payment) -> dict[str, Any]:
    """A purchase with its orders, its payment, and what the buyer must do next."""
    return {
        "purchase_id": str(contract.id),
        "number": contract.number,
        "market": contract.market,
        "status": contract.status,
        "total": wire.to_json(contract.total),
        "placed_at": wire.to_json(contract.placed_at),
        "pay_by": wire.to_json(contract.pay_by),
        "paid_at": wire.to_json(contract.paid_at),
        "orders": [
            {
                "id": str(order.id),
                "number": order.number,
                "shop_id": str(order.shop_id),
                "status": order.status,
                "total": wire.to_json(order.total),
                "unit_count": order.unit_count,
            }
            for order in contract.orders
        ],
        "payment": _payment(payment),
        "next_action": next_action(contract, payment),
    }


def progress(contract: PaymentProgress) -> dict[str, Any]:
    return purchase(contract.purchase, contract.payment)


def next_action(contract: PurchaseView, payment: Payment) -> dict[str, Any] | None:
    """What the buyer must do before the purchase is paid; None once nothing is left to do."""
    if contract.status != "AWAITING_PAYMENT":
        return None
    if falls_short(payment):
        return {"kind": "pay_again"}
    for tender in payment.tenders:
        if tender.status == "REQUIRES_ACTION" and tender.next_action:
            return {**tender.next_action, "tender_id": str(tender.id)}
    return {"kind": "await_provider"}


def falls_short(payment: Payment) -> bool:
    """Whether the tenders that were not declined or given up are worth less than the amount: it cannot be paid so."""
    offered = sum(tender.amount.minor for tender in payment.tenders if tender.status not in {"DECLINED", "VOIDED"})
    return offered < payment.amount.minor


def order(contract: OrderView) -> dict[str, Any]:
    """An order as its buyer sees it."""
    document: dict[str, Any] = wire.to_json(contract)
    for name in ("buyer_ref", "facts"):
        del document[name]
    return document


def next_actions(contract: OrderView) -> list[str]:
    """What the buyer may do with the order now, each by the route of that name."""
    if contract.status == "UNPAID":
        return ["pay", "cancel"]
    if orders.CANCEL_REQUEST_HOLD in contract.holds:
        return ["withdraw_cancel_request"]
    if contract.holds:
        return []
    if contract.status == "DELIVERED":
        return ["confirm_receipt"]
    return ["cancel"] if any(line.open_units for line in contract.lines) else []


def packages(contracts: Sequence[fulfilment.PackageView]) -> list[dict[str, Any]]:
    """An order's parcels as its buyer sees them."""
    return [wire.to_json(contract) for contract in contracts]


def _order(priced: PricedOrder, contract: Quote) -> dict[str, Any]:
    currency = priced.currency
    return {
        "shop_id": str(priced.shop_id),
        "lines": [_line(line, contract, currency) for line in priced.lines],
        "breakdown": _breakdown(priced.breakdown, currency),
        "steps": [_step(step, currency) for step in priced.charges.steps],
    }


def _line(line: PricedLine, contract: Quote, currency: str) -> dict[str, Any]:
    item = contract.items[line.sku_id]
    amounts = {
        "list_unit_price": line.list_unit_minor,
        "unit_price": line.unit_minor,
        "list_price": line.list_minor,
        "seller_discount": line.seller_discount_minor,
        "platform_discount": line.platform_discount_minor,
        "net": line.net_minor,
        "tax": line.tax_minor,
        "duty": line.duty_minor,
    }
    return {
        "line_no": line.line_no,
        "sku_id": str(line.sku_id),
        "product_id": str(item.product_id),
        "title": item.title,
        "quantity": line.quantity,
        "tax_rate_e5": line.tax_rate_e5,
        **{name: _money(minor, currency) for name, minor in amounts.items()},
        "steps": [_step(step, currency) for step in line.steps],
    }


def _step(step: LadderStep, currency: str) -> dict[str, Any]:
    return {
        "layer": f"L{step.layer.value}",
        "kind": step.kind.value,
        "amount": _money(step.amount_minor, currency),
        "funder": step.funder.value if step.funder else None,
        "source_id": None if step.source_id is None else str(step.source_id),
    }


def _breakdown(sums: Breakdown, currency: str) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, value in wire.to_json(sums).items():
        if name.endswith("_minor"):
            document[name.removesuffix("_minor")] = _money(value, currency)
        else:
            document[name] = value
    return document


def _outcome(outcome: PromotionOutcome, currency: str) -> dict[str, Any]:
    return {
        "promotion_id": None if outcome.promotion_id is None else str(outcome.promotion_id),
        "code": outcome.code,
        "outcome": "applied" if outcome.applied else "missed",
        "reason": outcome.reason.value if outcome.reason else None,
        "missing": _money(outcome.missing_minor, currency) if outcome.missing_minor else None,
        "missing_units": outcome.missing_units,
        "units": outcome.units,
        "amount": _money(outcome.amount_minor, currency),
    }


def _payment(payment: Payment) -> dict[str, Any]:
    return {
        "status": payment.status,
        "amount": wire.to_json(payment.amount),
        "captured": wire.to_json(payment.captured),
        "refunded": wire.to_json(payment.refunded),
        "tenders": [
            {
                "id": str(tender.id),
                "method": tender.method,
                "provider": tender.provider,
                "amount": wire.to_json(tender.amount),
                "instalments": tender.instalments,
                "status": tender.status,
                "decline_code": tender.decline_code,
            }
            for tender in payment.tenders
        ],
    }


def _money(minor: int, currency: str) -> dict[str, str]:
    return {"amount": decimal_of(minor, currency), "currency": currency}
