"""The rows of reconciliation."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.reconciliation.contracts import LineKind, LineState, Source
from tradecore.ids import new_id

_SOURCES = [source.value for source in Source]
_KINDS = [kind.value for kind in LineKind]
_WITHOUT_SUBJECT = [state.value for state in LineState if state is not LineState.AGREES]


class Break(models.Model):
    """One row of some table that breaks one invariant.

    Open until a run of everything no longer finds it (`closed_at`); found again it is open again. `is_contained` says
    that what it is about was frozen; lifting that freeze is a person's decision.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    invariant = models.CharField(max_length=10)
    row_ref = models.BigIntegerField()
    what = models.CharField(max_length=200)
    currency = models.CharField(max_length=3, default="")
    at_risk_minor = models.BigIntegerField(default=0)
    is_contained = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=0)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "reconciliation_break"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["invariant", "row_ref"], name="reconciliation_break_once"),
            models.CheckConstraint(condition=Q(at_risk_minor__gte=0), name="reconciliation_break_at_risk"),
        ]
        indexes: ClassVar = [models.Index(fields=["closed_at", "id"], name="reconciliation_break_open")]

    def __str__(self) -> str:
        return f"{self.invariant} {self.row_ref}"


class Run(models.Model):
    """One look at the books. Without `finished_at` it has not come to its end."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    suite = models.CharField(max_length=8)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    offence_count = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "reconciliation_run"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(suite__in=["all", "recent"]), name="reconciliation_run_suite")
        ]
        indexes: ClassVar = [models.Index(fields=["suite", "finished_at"], name="reconciliation_run_last")]

    def __str__(self) -> str:
        return f"{self.suite} {self.started_at:%Y-%m-%d %H:%M:%S}"


class File(models.Model):
    """One day as a provider or a bank tells it, fetched once or more often. See Note [Files].

    `first_id` and `next_id` are the first ids of the day and of the next one, by the clock of the file (UTC).
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    source = models.CharField(max_length=8)
    name = models.CharField(max_length=30)
    on = models.DateField()
    first_id = models.BigIntegerField()
    next_id = models.BigIntegerField()
    line_count = models.PositiveIntegerField(default=0)
    fetched_count = models.PositiveIntegerField(default=0)
    fetched_at = models.DateTimeField()

    class Meta:
        db_table = "reconciliation_file"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "name", "on"], name="reconciliation_file_day"),
            models.CheckConstraint(condition=Q(source__in=_SOURCES), name="reconciliation_file_source"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.name} {self.on:%Y-%m-%d}"


class FileLine(models.Model):
    """One line of a file, as it was first told. Never changed: what it says. See Note [Files].

    `our_ref` is our reference in it, `external_ref` the outsider's. A TOTAL is what a provider transfers of a
    settlement, and is to be booked at the bank by `due_on`; every other amount is gross, and negative where it is
    taken. `occurrence` tells lines apart that say the same in one settlement. What a line that AGREES is about is its
    `subject_ref`: a capture, a refund's call, a dispute, a payout, or the other side of a transfer.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    file = models.ForeignKey(File, on_delete=models.PROTECT, related_name="lines")
    source = models.CharField(max_length=8)
    name = models.CharField(max_length=30)
    settlement_ref = models.CharField(max_length=100, default="")
    kind = models.CharField(max_length=20)
    external_ref = models.CharField(max_length=100)
    our_ref = models.CharField(max_length=100, default="")
    account = models.CharField(max_length=100, default="")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField(default=0)
    occurrence = models.PositiveIntegerField(default=1)
    happened_at = models.DateTimeField(null=True)
    due_on = models.DateField(null=True)
    state = models.CharField(max_length=12, default=LineState.OPEN.value)
    subject_ref = models.BigIntegerField(null=True)
    first_seen_at = models.DateTimeField()
    compared_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "reconciliation_file_line"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=[
                    "source",
                    "name",
                    "settlement_ref",
                    "kind",
                    "external_ref",
                    "currency",
                    "amount_minor",
                    "fee_minor",
                    "occurrence",
                ],
                name="reconciliation_file_line_once",
            ),
            models.UniqueConstraint(
                fields=["source", "name", "kind", "subject_ref"], name="reconciliation_file_line_subject"
            ),
            models.CheckConstraint(condition=Q(source__in=_SOURCES), name="reconciliation_file_line_source"),
            models.CheckConstraint(condition=Q(kind__in=_KINDS), name="reconciliation_file_line_kind"),
            models.CheckConstraint(
                condition=Q(state=LineState.AGREES.value, subject_ref__isnull=False)
                | (Q(state__in=_WITHOUT_SUBJECT, subject_ref__isnull=True)),
                name="reconciliation_file_line_state",
            ),
            models.CheckConstraint(
                condition=Q(kind=LineKind.TOTAL.value, due_on__isnull=False)
                | (~Q(kind=LineKind.TOTAL.value) & Q(due_on__isnull=True)),
                name="reconciliation_file_line_due",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "id"], name="reconciliation_file_line_todo"),
            models.Index(fields=["external_ref"], name="reconciliation_file_line_ref"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_ref}"
