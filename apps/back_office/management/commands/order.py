"""`manage.py order`: everything about one order, on one screen."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.fulfilment import api as fulfilment
from apps.orders import api as orders
from apps.payments import api as payments
from apps.sellers import api as sellers
from tradecore import wire
from tradecore.errors import NotFound
from tradecore.ids import find_id

DESCRIPTION = "Show one order: lines, price, payment, refunds, parcels, deadlines and timeline."


class Command(BaseCommand):
    help = DESCRIPTION

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("order", help="the order's number (5049-...) or its id")
        parser.add_argument("--json", action="store_true", help="write JSON for scripts")

    def handle(self, *, order: str, **options: Any) -> None:
        order_id = find_id(order)
        if order_id is None:
            raise CommandError(f"{order} is neither an id nor a number: it has a typing error")
        try:
            found = orders.get_order(order_id=order_id)
        except NotFound as refusal:
            raise CommandError(f"there is no order {order}") from refusal
        purchase = orders.get_purchase(purchase_id=found.purchase_id)
        shop = sellers.list_shops(shop_ids=[found.shop_id]).get(found.shop_id)
        payment = payments.get_payment(payable_ref=found.purchase_id)
        refunds = payments.list_refunds(order_ref=found.id)
        packages = fulfilment.list_packages(order_id=found.id)
        if options["json"]:
            document = {"order": found, "payment": payment, "refunds": refunds, "packages": packages}
            self.stdout.write(json.dumps(wire.to_json(document), indent=2))
            return
        for line in (
            *_order_lines(found, purchase, shop),
            *_payment_lines(payment, refunds),
            *_package_lines(packages),
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


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _money(amount: Any) -> str:
    return f"{amount.amount} {amount.currency}"
