"""The rows of ledger. Amounts are signed minor units: a debit is positive, a credit negative.

# Note [Nothing is updated]
Postings, entries, seals and manifests are append-only (see Note [Append-only]), so nothing about a posting is a column
that changes: that it is resolved, reversed or sealed is a row that names it. Balances and the sealer's place in the
book are the only rows that move; both are derived, and nobody but the sealer writes them.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.ledger.contracts import Outcome
from tradecore.append_only import AppendOnlyModel
from tradecore.ids import new_id
from tradecore.models import SealerModel
from tradecore.money import MAX_MINOR


class Posting(AppendOnlyModel):
    """One money event, in the transaction of its fact. At most one per (kind, reference), for ever.

    A posting whose entries are pending waits for the one that `resolves` it: posted, voided or expired, once. One that
    `reverses` another is its correction. `order_ref` is the order or purchase that the money belongs to.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=40)
    reference = models.BigIntegerField()
    order_ref = models.BigIntegerField(null=True)
    resolves = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="resolution")
    outcome = models.CharField(max_length=8, default="")
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="reversal")
    reason = models.CharField(max_length=300, default="")
    actor = models.CharField(max_length=80, default="")
    request_id = models.CharField(max_length=64, default="")
    occurred_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_posting"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "reference"], name="ledger_posting_once"),
            models.CheckConstraint(
                condition=Q(resolves__isnull=True, outcome="") | Q(resolves__isnull=False, outcome__in=sorted(Outcome)),
                name="ledger_posting_outcome",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["order_ref", "id"], name="ledger_posting_order")]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"


class Entry(AppendOnlyModel):
    """One side of one posting. `is_pending` entries are a promise, and stand beside the posted ones of an account.

    A clearing account is nothing for each `about_ref` once its story is over.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="entries", db_index=False)
    line_no = models.PositiveSmallIntegerField()
    account = models.CharField(max_length=60)
    owner_ref = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    is_pending = models.BooleanField(default=False)
    about_ref = models.BigIntegerField()

    class Meta:
        db_table = "ledger_entry"
        verbose_name_plural = "entries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["posting", "line_no"], name="ledger_entry_line"),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=-MAX_MINOR, amount_minor__lte=MAX_MINOR) & ~Q(amount_minor=0),
                name="ledger_entry_amount",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["owner_ref", "account", "currency", "id"], name="ledger_entry_account"),
            models.Index(fields=["about_ref", "account"], name="ledger_entry_about"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount_minor} {self.currency}"


class Seal(AppendOnlyModel):
    """One posting's place in the hash chain, given after its commit. `number` has no gap. See `services/seal.py`."""

    number = models.BigIntegerField(primary_key=True, editable=False)
    posting = models.OneToOneField(Posting, on_delete=models.PROTECT, related_name="seal")
    hash = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_seal"
        indexes: ClassVar = [models.Index(fields=["sealed_at"], name="ledger_seal_at")]

    def __str__(self) -> str:
        return f"seal {self.number}"


class DayManifest(AppendOnlyModel):
    """What was sealed on one day (UTC): counts, sums, the last hash, signed. Proof for whoever keeps a copy."""

    day = models.DateField(primary_key=True, editable=False)
    first_seal = models.BigIntegerField()
    last_seal = models.BigIntegerField()
    posting_count = models.PositiveIntegerField()
    totals = models.JSONField()
    last_hash = models.CharField(max_length=64)
    previous_digest = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    key_id = models.CharField(max_length=16)
    signature = models.CharField(max_length=128)

    class Meta:
        db_table = "ledger_manifest"
        constraints: ClassVar = [models.UniqueConstraint(fields=["digest"], name="ledger_manifest_digest")]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}"


class Sealer(SealerModel):
    """The sealer of postings. Whoever holds its row has the balances, too."""

    class Meta:
        db_table = "ledger_sealer"


class Balance(models.Model):
    """What the sealed entries of one account add up to. Written by the sealer alone, so that no account is ever hot."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    account = models.CharField(max_length=60)
    owner_ref = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    is_pending = models.BooleanField(default=False)
    amount_minor = models.BigIntegerField(default=0)

    class Meta:
        db_table = "ledger_balance"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner_ref", "account", "currency", "is_pending"], name="ledger_balance_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.currency}"
