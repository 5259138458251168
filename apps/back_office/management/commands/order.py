"""`manage.py order`: everything about one order, on one screen."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand

from apps.back_office.aftermath import Aftermath, Earnings, read_aftermath
from apps.back_office.named_order import get_named_order
from apps.fulfilment import api as fulfilment
from apps.orders import api as orders
from apps.payments import api as payments
from apps.sellers import api as sellers
from tradecore import wire

DESCRIPTION = "Show one order: lines, price, payment, refunds, parcels, earnings, cases, documents, timeline."


class Command(BaseCommand):
    help = DESCRIPTION

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("order", help="the order's number (5049-...) or its id")
        parser.add_argument("--json", action="store_true", help="write JSON for scripts")

    def handle(self, *, order: str, **options: Any) -> None:
        found = get_named_order(order)
        purchase = orders.get_purchase(purchase_id=found.purchase_id)
        shop = sellers.list_shops(shop_ids=[found.shop_id]).get(found.shop_id)
        payment = payments.get_payment(payable_ref=found.purchase_id)
        refunds = payments.list_refunds(order_ref=found.id)
        packages = fulfilment.list_packages(order_id=found.id)
        aftermath = read_aftermath(found)
        if options["json"]:
            document = {"order": found, "payment": payment, "refunds": refunds, "packages": packages}
            self.stdout.write(json.dumps(wire.to_json({**document, "aftermath": aftermath}), indent=2))
            return
        for line in (
            *_order_lines(found, purchase, shop),
            *_payment_lines(payment, refunds),
            *_package_lines(packages),
            *_aftermath_lines(aftermath),
        ):
            self.stdout.write(line)


def _order_lines(order: orders.OrderView, purchase: orders.PurchaseView, shop: sellers.Shop | None) -> Iterator[str]:
    yield f"Order {order.number} ({order.id})  {order.status}"
    yield f"  shop {shop.name if shop else 'unknown'} ({order.shop_id}), purchase {purchase.number} ({purchase.id})"
    for line in order.lines:
        yield f"  {line.quantity:>5} x {line.title[:50]:<52}{_money(line.net):>16}"
    sums = order.breakdown
    yield f"  goods {_money(sums.sub_total)}, shipping {_money(sums.shipping_fee)}, tax {_money(sums.tax)}"
    yield f"  total {_money(sums.total)}, refunded {_money(sums.refunded)}"
    for hold in order.holds:
        yield f"  on hold: {hold}"
    yield from _deadline_lines(order, purchase)
    yield "Timeline (UTC)"
    for entry in order.timeline:
        yield f"  {_moment(entry.occurred_at)}  {entry.status:<20}{entry.initiator} {entry.reason}".rstrip()


def _deadline_lines(order: orders.OrderView, purchase: orders.PurchaseView) -> Iterator[str]:
    """Until when what has to happen, or is done by a timer."""
    due = [(deadline.due_at, deadline.kind.replace("_", " ")) for deadline in order.deadlines]
    if order.status == "UNPAID":
        due.append((purchase.pay_by, "pay by"))
    if due:
        yield "Deadlines (UTC)"
    for moment, what in sorted(due):
        yield f"  {_moment(moment)}  {what}"


def _payment_lines(payment: payments.Payment, refunds: list[payments.RefundView]) -> Iterator[str]:
    yield f"Payment {payment.id}  {payment.status}  captured {_money(payment.captured)} of {_money(payment.amount)}"
    for tender in payment.tenders:
        yield f"  {tender.method:<12}{tender.status:<18}{_money(tender.amount)}"
    for refund in refunds:
        yield f"  refund {refund.status:<18}{_money(refund.amount)}  {refund.reason}"


def _package_lines(packages: list[fulfilment.PackageView]) -> Iterator[str]:
    for package in packages:
        yield f"Parcel {package.id}  {package.state}  {package.carrier} {package.tracking_number}"
        if package.tracking:
            yield "  Tracking (UTC, by the carrier's clock)"
        for entry in package.tracking:
            yield f"    {_moment(entry.occurred_at)}  {entry.status}"


def _aftermath_lines(aftermath: Aftermath) -> Iterator[str]:
    yield from _earnings_lines(aftermath.earnings)
    for dispute in aftermath.disputes:
        yield f"Chargeback {dispute.provider_ref}  {dispute.status}  {_money(dispute.amount)}  {dispute.reason_code}"
    for case in aftermath.cases:
        yield f"Case {case.number}  {case.state}  {case.kind}, {case.reason}"
        waits = case.next_action
        if waits.action and waits.due_at:
            yield f"  waits for {waits.actor}: {waits.action} by {_moment(waits.due_at)}, or {waits.default}"
    if aftermath.documents:
        yield "Documents"
    for document in aftermath.documents:
        yield f"  {document.kind:<12}{document.number:<36}{_money(document.total):>16}"


def _earnings_lines(earnings: Earnings) -> Iterator[str]:
    """What the seller gets: settled line by line, or as it stands."""
    if earnings.is_to_be is not None:
        due_at = earnings.is_to_be.due_at
        yield f"To settle {_moment(due_at) if due_at else 'once it is over'}  {_money(earnings.is_to_be.amount)}"
    if earnings.settled is not None:
        yield f"Settled {_moment(earnings.settled.settled_at)}  {_money(earnings.settled.amount)}"
        for line in earnings.settled.lines:
            yield f"  {f'{line.kind} {line.name}'.strip():<36}{_money(line.amount):>16}"
    if earnings.payout is not None:
        yield f"  payout {earnings.payout.number}  {earnings.payout.status}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _money(amount: Any) -> str:
    return f"{amount.amount} {amount.currency}"
