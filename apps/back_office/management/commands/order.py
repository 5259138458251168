"""`manage.py order`: everything about one order, on one screen."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.fulfilment import api as fulfilment
from apps.orders import api as orders
from apps.payments import api as payments
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
        payment = payments.get_payment(payable_ref=found.purchase_id)
        refunds = payments.list_refunds(order_ref=found.id)
        packages = fulfilment.list_packages(order_id=found.id)
        if options["json"]:
            document = {"order": found, "payment": payment, "refunds": refunds, "packages": packages}
            self.stdout.write(json.dumps(wire.to_json(document), indent=2))
            return
        for line in (*_order_lines(found), *_payment_lines(payment, refunds), *_package_lines(packages)):
            self.stdout.write(line)


def _order_lines(order: orders.OrderView) -> Iterator[str]:
    yield f"Order {order.number} ({order.id})  {order.status}  shop {order.shop_id}  purchase {order.purchase_id}"
    for line in order.lines:
        yield f"  {line.quantity:>5} x {line.title[:50]:<52}{_money(line.net):>16}"
    sums = order.breakdown
    yield f"  goods {_money(sums.sub_total)}, shipping {_money(sums.shipping_fee)}, tax {_money(sums.tax)}"
    yield f"  total {_money(sums.total)}, refunded {_money(sums.refunded)}"
    for deadline in order.deadlines:
        yield f"  {deadline.due_at:%Y-%m-%d %H:%M:%S}  {deadline.kind}"
    for entry in order.timeline:
        yield f"  {entry.occurred_at:%Y-%m-%d %H:%M:%S}  {entry.status:<20}{entry.initiator} {entry.reason}"
    for hold in order.holds:
        yield f"  on hold: {hold}"


def _payment_lines(payment: payments.Payment, refunds: list[payments.RefundView]) -> Iterator[str]:
    yield f"Payment {payment.id}  {payment.status}  captured {_money(payment.captured)} of {_money(payment.amount)}"
    for tender in payment.tenders:
        yield f"  {tender.method:<12}{tender.status:<18}{_money(tender.amount)}"
    for refund in refunds:
        yield f"  refund {refund.status:<18}{_money(refund.amount)}  {refund.reason}"


def _package_lines(packages: list[fulfilment.PackageView]) -> Iterator[str]:
    for package in packages:
        yield f"Parcel {package.id}  {package.state}  {package.carrier} {package.tracking_number}"


def _money(amount: Any) -> str:
    return f"{amount.amount} {amount.currency}"
