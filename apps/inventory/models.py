"""The rows of inventory. Quantities are pieces.

# Note [No key to a contended row]
An insert takes a shared lock on every row that it refers to by a foreign key. Two buyers who had inserted lines with
keys to the same stock would both own that lock, and each would wait for the other before taking pieces. So lines and
movements name SKU, warehouse and bucket by number, and have keys only to rows that their own transaction has locked
already.

# Note [Buckets]
One row is locked by one transaction at a time, so the stock of a SKU that many want at once lies in several rows, its
buckets: in each warehouse bucket 0, which every stock has, and others beside it while they are worth it. Each bucket is
a stock of its own: it has its counters and its journal, what is taken from it is held, posted and shipped in it, and
comes back to it. Only their sum is shown and sold, and whoever finds one bucket empty is served from the next.

Pieces that nobody holds are shifted from bucket to bucket (`services/level.py`) by whoever has locked bucket 0 first,
with a row of the journal for each bucket concerned; those rows come to nothing together. A bucket is never taken away,
because pieces may come back to it years later; an empty one is in nobody's way.
"""

from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from apps.inventory.contracts import HoldStatus, MovementKind
from apps.inventory.effects import OF_NO_LINE, journal_condition
from tradecore.ids import new_id


def _choices(words: type[StrEnum]) -> list[tuple[str, str]]:
    """The words of a column, so that the admin filters by them without reading the table."""
    return [(word.value, word.value) for word in words]


_OF_NO_LINE = [kind.value for kind in OF_NO_LINE]


class Warehouse(models.Model):
    """A place that one shop ships from. Never changed: shop, code. Lower `priority` numbers serve first."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    shop_id = models.BigIntegerField()
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=100)
    priority = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "inventory_warehouse"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shop_id", "code"], name="inventory_warehouse_code"),
        ]

    def __str__(self) -> str:
        return self.code


class Stock(models.Model):
    """One SKU in one warehouse, or one bucket of it: what is for sale, what is promised, what is paid for and has not
    left. See Note [Buckets].

    Changed only by conditional UPDATE, after the journal row that explains the change. Its counters are what the
    journal adds up to, at the end of every transaction.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    sku_id = models.BigIntegerField()
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="stocks")
    bucket = models.PositiveSmallIntegerField(default=0)
    available = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    committed = models.BigIntegerField(default=0)

    class Meta:
        db_table = "inventory_stock"
        verbose_name_plural = "stock"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sku_id", "warehouse", "bucket"], name="inventory_stock_bucket"),
            models.CheckConstraint(condition=Q(available__gte=0), name="inventory_stock_available"),
            models.CheckConstraint(condition=Q(held__gte=0), name="inventory_stock_held"),
            models.CheckConstraint(condition=Q(committed__gte=0), name="inventory_stock_committed"),
        ]
        # Buckets beside the first are few.
        indexes: ClassVar = [models.Index(fields=["bucket"], name="inventory_stock_beside")]

    def __str__(self) -> str:
        return f"SKU {self.sku_id}"

    @property
    def on_hand(self) -> int:
        return self.available + self.held + self.committed


class HotSku(models.Model):
    """A SKU that many want at once: its purchases share their transactions, and are refused early once it is gone; its
    stock lies in buckets while there is enough of it.

    Marking changes how fast it is sold and never how much of it. `ends_at` is empty where a person has marked it; what
    was found by its traffic is hot until then, or longer, where the traffic goes on. A row whose end has passed says
    nothing, until its SKU is found again.
    """

    sku_id = models.BigIntegerField(primary_key=True)
    reason = models.CharField(max_length=200)
    marked_by = models.CharField(max_length=80)
    marked_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "inventory_hot_sku"
        verbose_name = "hot SKU"

    def __str__(self) -> str:
        return f"SKU {self.sku_id}"


class StockHold(models.Model):
    """All that one owner holds, under one status (see states.HOLD). One row per owner for ever: the owner is its key.

    `expires_at` is a backstop, on the clock that the hold was made under: the owner's own timer ends the hold long
    before. A VOIDED row without lines is a tombstone: the void came first, and the hold that comes after it is refused.
    """

    owner_ref = models.BigIntegerField(primary_key=True)
    status = models.CharField(max_length=8, choices=_choices(HoldStatus), default=HoldStatus.PENDING)
    clock = models.CharField(max_length=40)
    expires_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "inventory_hold"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(status__in=sorted(HoldStatus)), name="inventory_hold_status"),
            models.CheckConstraint(
                condition=Q(status=HoldStatus.PENDING.value, resolved_at__isnull=True)
                | (~Q(status=HoldStatus.PENDING.value) & Q(resolved_at__isnull=False)),
                name="inventory_hold_resolved",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=False) | Q(status=HoldStatus.VOIDED.value),
                name="inventory_hold_expires",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["status", "clock", "expires_at"], name="inventory_hold_due")]

    def __str__(self) -> str:
        return f"hold of {self.owner_ref}"


class StockHoldLine(models.Model):
    """What one line of an owner holds in one bucket of a warehouse; a line that is split over several has a row each.

    Counters only grow: of `quantity`, pieces are `voided` or `posted`; of what is posted, `released` or `shipped`; of
    what is shipped, `returned`. Never changed: everything else.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    hold = models.ForeignKey(StockHold, on_delete=models.PROTECT, related_name="lines", db_index=False)
    line_ref = models.BigIntegerField()
    sku_id = models.BigIntegerField()
    warehouse_id = models.BigIntegerField()
    bucket = models.PositiveSmallIntegerField(default=0)
    quantity = models.BigIntegerField()
    voided = models.BigIntegerField(default=0)
    posted = models.BigIntegerField(default=0)
    released = models.BigIntegerField(default=0)
    shipped = models.BigIntegerField(default=0)
    returned = models.BigIntegerField(default=0)

    class Meta:
        db_table = "inventory_hold_line"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["hold", "line_ref", "warehouse_id", "bucket"], name="inventory_hold_line_bucket"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="inventory_hold_line_quantity"),
            models.CheckConstraint(
                condition=Q(voided__gte=0, posted__gte=0, quantity__gte=F("voided") + F("posted")),
                name="inventory_hold_line_resolved",
            ),
            models.CheckConstraint(
                condition=Q(released__gte=0, shipped__gte=0, posted__gte=F("released") + F("shipped")),
                name="inventory_hold_line_posted",
            ),
            models.CheckConstraint(
                condition=Q(returned__gte=0, returned__lte=F("shipped")), name="inventory_hold_line_returned"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["sku_id", "warehouse_id"], name="inventory_hold_line_stock")]

    def __str__(self) -> str:
        return f"line {self.line_ref}"


class StockMovement(models.Model):
    """One change of counters: so many pieces, as a signed delta of each counter. Append-only, and kept for good.

    All but adjustments, and shifts between buckets, name the hold line that they concern. The sum of a bucket's
    movements is the bucket.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=8, choices=_choices(MovementKind))
    sku_id = models.BigIntegerField()
    warehouse_id = models.BigIntegerField()
    bucket = models.PositiveSmallIntegerField(default=0)
    available = models.BigIntegerField()
    held = models.BigIntegerField()
    committed = models.BigIntegerField()
    hold_line = models.ForeignKey(StockHoldLine, on_delete=models.PROTECT, null=True, related_name="movements")
    reason = models.CharField(max_length=200, default="")
    actor = models.CharField(max_length=80, default="")
    occurred_at = models.DateTimeField()

    class Meta:
        db_table = "inventory_movement"
        constraints: ClassVar = [
            models.CheckConstraint(condition=journal_condition(), name="inventory_movement_effect"),
            models.CheckConstraint(
                condition=Q(kind__in=_OF_NO_LINE, hold_line__isnull=True)
                | (~Q(kind__in=_OF_NO_LINE) & Q(hold_line__isnull=False)),
                name="inventory_movement_line",
            ),
            models.CheckConstraint(
                condition=~Q(kind=MovementKind.ADJUSTED.value) | ~(Q(reason="") | Q(actor="")),
                name="inventory_movement_reason",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["sku_id", "warehouse_id"], name="inventory_movement_stock")]

    def __str__(self) -> str:
        return f"{self.kind} of SKU {self.sku_id}"
