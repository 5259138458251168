"""The rows of orders. Amounts are minor units of the order's currency; counts are units."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from apps.orders.contracts import GoneKind
from apps.orders.states import CANCEL_REQUEST, ORDER, PURCHASE
from tradecore.ids import format_number, new_id

_GONE_KINDS = [kind.value for kind in GoneKind]


class Purchase(models.Model):
    """One click of a buyer: one payment, and one order per shop.

    AWAITING_PAYMENT until it is PAID, or EXPIRED at `pay_by`, or CANCELLED by its buyer. A quote buys once. Never
    changed: buyer, quote, market, total, whether it uses promotions (if not, none are held for it). `pay_by` is the
    longest deadline of the tenders that it was placed with.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    buyer_ref = models.BigIntegerField()
    is_guest = models.BooleanField(default=False)
    contact_email = models.CharField(max_length=254)
    quote_id = models.BigIntegerField()
    market = models.CharField(max_length=8)
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    uses_promotions = models.BooleanField(default=True)
    status = models.CharField(max_length=16, default="AWAITING_PAYMENT")
    version = models.PositiveIntegerField(default=0)
    placed_at = models.DateTimeField()
    pay_by = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "orders_purchase"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["quote_id"], name="orders_purchase_quote"),
            models.CheckConstraint(condition=Q(status__in=PURCHASE.states), name="orders_purchase_status"),
            models.CheckConstraint(condition=Q(total_minor__gte=0), name="orders_purchase_total"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["buyer_ref", "id"], name="orders_purchase_buyer"),
            models.Index(fields=["contact_email"], name="orders_purchase_email"),
        ]

    def __str__(self) -> str:
        return format_number(self.pk)


class Order(models.Model):
    """What one shop sends to one address for one purchase. Its status is derived from its facts (see `status.py`).

    Never changed after the purchase: shop, address, delivery, every amount but `refunded_minor`, the breakdown. The
    identities of the price ladder are constraints of this table. Moments are absolute and computed once.
    `tax_payable_to` is the jurisdiction that the platform remits the order's tax to, empty where the seller does.
    `standard_shipping_minor` is what the shop's cheapest delivery would have cost, where the law gives so much of the
    shipping back after a change of mind, else 0. `refunded_minor` is the buyer's money that went back, to them or to
    their bank where they disputed it; `gone_count` is how often something did.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    purchase = models.ForeignKey(Purchase, on_delete=models.PROTECT, related_name="orders")
    buyer_ref = models.BigIntegerField()
    shop_id = models.BigIntegerField()
    market = models.CharField(max_length=8)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20, default="UNPAID")
    transition_count = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=0)

    address = models.JSONField()
    delivery_option = models.CharField(max_length=30)

    original_minor = models.BigIntegerField()
    seller_discount_minor = models.BigIntegerField()
    platform_discount_minor = models.BigIntegerField()
    original_shipping_minor = models.BigIntegerField()
    shipping_seller_discount_minor = models.BigIntegerField()
    shipping_platform_discount_minor = models.BigIntegerField()
    tax_inclusive = models.BooleanField()
    shipping_tax_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    added_tax_minor = models.BigIntegerField()
    tax_payable_to = models.CharField(max_length=16, default="")
    duty_minor = models.BigIntegerField()
    fees_minor = models.BigIntegerField()
    payment_discount_minor = models.BigIntegerField()
    charges_payment_discount_minor = models.BigIntegerField()
    recorded_difference_minor = models.BigIntegerField(default=0)
    charges_recorded_difference_minor = models.BigIntegerField(default=0)
    total_minor = models.BigIntegerField()
    standard_shipping_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    gone_count = models.PositiveIntegerField(default=0)
    breakdown = models.JSONField()

    placed_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    held_until = models.DateTimeField(null=True)
    is_held = models.BooleanField(default=False)
    ship_by = models.DateTimeField(null=True)
    ship_cancel_at = models.DateTimeField(null=True)
    collect_cancel_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    completes_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    cancel_reason = models.CharField(max_length=40, default="")
    cancel_initiator = models.CharField(max_length=10, default="")

    class Meta:
        db_table = "orders_order"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    total_minor=F("original_minor")
                    - F("seller_discount_minor")
                    - F("platform_discount_minor")
                    + F("original_shipping_minor")
                    - F("shipping_seller_discount_minor")
                    - F("shipping_platform_discount_minor")
                    + F("added_tax_minor")
                    + F("duty_minor")
                    + F("fees_minor")
                    - F("payment_discount_minor")
                    + F("recorded_difference_minor")
                ),
                name="orders_order_identity",
            ),
            models.CheckConstraint(
                condition=Q(
                    total_minor__gte=0,
                    seller_discount_minor__gte=0,
                    platform_discount_minor__gte=0,
                    shipping_seller_discount_minor__gte=0,
                    shipping_platform_discount_minor__gte=0,
                    shipping_tax_minor__gte=0,
                    tax_minor__gte=F("shipping_tax_minor"),
                    added_tax_minor__gte=0,
                    added_tax_minor__lte=F("tax_minor"),
                    duty_minor__gte=0,
                    fees_minor__gte=0,
                    payment_discount_minor__gte=0,
                ),
                name="orders_order_amounts",
            ),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0, refunded_minor__lte=F("total_minor")), name="orders_order_refunded"
            ),
            models.CheckConstraint(condition=Q(status__in=ORDER.states), name="orders_order_status"),
            models.CheckConstraint(condition=Q(is_held=False) | Q(held_until__isnull=False), name="orders_order_held"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["buyer_ref", "id"], name="orders_order_buyer"),
            models.Index(fields=["shop_id", "status", "id"], name="orders_order_shop"),
            models.Index(fields=["shop_id", "id"], name="orders_order_newest"),
            models.Index(fields=["status", "id"], name="orders_order_status"),
            models.Index(fields=["market", "paid_at"], name="orders_order_paid"),
        ]

    def __str__(self) -> str:
        return format_number(self.pk)


class OrderLine(models.Model):
    """One SKU at one price within an order, and what became of its units.

    Never changed: everything but the counters. `ladder` is the line's way from list price to net, step by step; `terms`
    are the terms of sale that settlement and after-sales read. The money of each unit goes back once: when it is
    `cancelled`, `lost` or `refunded`. Units that came back are `returned` as well; `conceded_minor` is what went back
    without any unit.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    line_no = models.PositiveSmallIntegerField()
    sku_id = models.BigIntegerField()
    product_id = models.BigIntegerField()
    title = models.CharField(max_length=255)
    sku_code = models.CharField(max_length=64)
    unit_price_minor = models.BigIntegerField()
    quantity = models.PositiveIntegerField()

    list_minor = models.BigIntegerField()
    seller_discount_minor = models.BigIntegerField()
    platform_discount_minor = models.BigIntegerField()
    net_minor = models.BigIntegerField()
    tax_rate_e5 = models.PositiveIntegerField()
    tax_minor = models.BigIntegerField()
    duty_minor = models.BigIntegerField()
    shipping_share_minor = models.BigIntegerField()
    payment_discount_minor = models.BigIntegerField()
    recorded_difference_minor = models.BigIntegerField(default=0)
    ladder = models.JSONField()
    terms = models.JSONField()

    cancelled = models.PositiveIntegerField(default=0)
    arranged = models.PositiveIntegerField(default=0)
    collected = models.PositiveIntegerField(default=0)
    delivered = models.PositiveIntegerField(default=0)
    lost = models.PositiveIntegerField(default=0)
    refunded = models.PositiveIntegerField(default=0)
    returned = models.PositiveIntegerField(default=0)
    conceded_minor = models.BigIntegerField(default=0)

    class Meta:
        db_table = "orders_line"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "line_no"], name="orders_line_number"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="orders_line_quantity"),
            models.CheckConstraint(
                condition=Q(
                    net_minor=F("list_minor") - F("seller_discount_minor") - F("platform_discount_minor"),
                    net_minor__gte=0,
                    seller_discount_minor__gte=0,
                    platform_discount_minor__gte=0,
                    tax_minor__gte=0,
                    duty_minor__gte=0,
                ),
                name="orders_line_identity",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=F("cancelled") + F("arranged")), name="orders_line_arranged"
            ),
            models.CheckConstraint(condition=Q(collected__lte=F("arranged")), name="orders_line_collected"),
            models.CheckConstraint(
                condition=Q(collected__gte=F("delivered") + F("lost")), name="orders_line_delivered"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=F("cancelled") + F("lost") + F("refunded")), name="orders_line_refunded"
            ),
            models.CheckConstraint(condition=Q(returned__lte=F("collected")), name="orders_line_returned"),
            models.CheckConstraint(condition=Q(conceded_minor__gte=0), name="orders_line_conceded"),
        ]
        indexes: ClassVar = [models.Index(fields=["sku_id", "id"], name="orders_line_sku")]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku_code}"


class OrderTransition(models.Model):
    """One change of status of one order. Append-only; `sequence` has no gap, each begins where the last one ended."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="transitions")
    sequence = models.PositiveIntegerField()
    before = models.CharField(max_length=20)
    after = models.CharField(max_length=20)
    initiator = models.CharField(max_length=10)
    reason = models.CharField(max_length=40, default="")
    occurred_at = models.DateTimeField()

    class Meta:
        db_table = "orders_transition"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "sequence"], name="orders_transition_sequence"),
        ]


class OrderHold(models.Model):
    """A reason why an order must not move: a flow that must stop another puts it here, and takes it away when it is
    done.

    Open until `released_at`. `owner_ref` is the case, request or dispute that it belongs to.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="holds")
    kind = models.CharField(max_length=30)
    owner_ref = models.BigIntegerField()
    placed_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "orders_hold"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "kind", "owner_ref"], name="orders_hold_once")
        ]


class UnitsGoneEntry(models.Model):
    """What went back of an order at one moment: its units, or an amount without any; and what that carried.

    Append-only. `kind` says how: CANCELLED before shipment, LOST on the way, REFUNDED after shipment, CONCEDED (an
    amount, and the buyer keeps the goods), or CHARGED_BACK (taken by the buyer's bank). `sequence` has no gap within an
    order: what a later one carries depends on the earlier ones. `parts` holds what the frozen prices say of each line:
    units, and every component by name.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="units_gone")
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=15)
    cause = models.CharField(max_length=30)
    initiator = models.CharField(max_length=10)
    reason = models.CharField(max_length=40)
    parts = models.JSONField()
    refund_minor = models.BigIntegerField()
    occurred_at = models.DateTimeField()

    class Meta:
        db_table = "orders_units_gone"
        verbose_name_plural = "units gone"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "sequence"], name="orders_units_gone_sequence"),
            models.CheckConstraint(condition=Q(kind__in=_GONE_KINDS), name="orders_units_gone_kind"),
            models.CheckConstraint(condition=Q(refund_minor__gte=0), name="orders_units_gone_refund"),
        ]


class CancelRequest(models.Model):
    """A buyer who asks to cancel what the seller may be packing already: `units`, or all that is in no parcel if null.

    OPEN until it is APPROVED or REJECTED (by the seller; by the system where nobody answers until `answer_by`), or
    WITHDRAWN by its buyer. An order has at most one that is open: `open_for` is the order meanwhile, and null after.
    Never changed: what is asked for, why, and until when it is to be answered.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="cancel_requests")
    open_for = models.BigIntegerField(null=True)
    units = models.JSONField(null=True)
    reason = models.CharField(max_length=40)
    status = models.CharField(max_length=10, default="OPEN")
    requested_at = models.DateTimeField()
    answer_by = models.DateTimeField()
    decided_by = models.CharField(max_length=10, default="")
    decided_at = models.DateTimeField(null=True)
    reject_reason = models.CharField(max_length=40, default="")

    class Meta:
        db_table = "orders_cancel_request"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["open_for"], name="orders_cancel_request_open"),
            models.CheckConstraint(condition=Q(status__in=CANCEL_REQUEST.states), name="orders_cancel_request_status"),
            models.CheckConstraint(
                condition=Q(
                    status="OPEN",
                    open_for__isnull=False,
                    open_for=F("order"),
                    decided_by="",
                    decided_at__isnull=True,
                )
                | Q(status="WITHDRAWN", open_for__isnull=True, decided_by="buyer", decided_at__isnull=False)
                | Q(
                    status__in=["APPROVED", "REJECTED"],
                    open_for__isnull=True,
                    decided_by__in=["seller", "system"],
                    decided_at__isnull=False,
                ),
                name="orders_cancel_request_decided",
            ),
            models.CheckConstraint(
                condition=Q(status="REJECTED") & ~Q(reject_reason="") | ~Q(status="REJECTED") & Q(reject_reason=""),
                name="orders_cancel_request_reject_reason",
            ),
            models.CheckConstraint(
                condition=Q(answer_by__gte=F("requested_at")), name="orders_cancel_request_answer_by"
            ),
        ]

    def __str__(self) -> str:
        return format_number(self.pk)
