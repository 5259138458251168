"""The rows of reconciliation."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from tradecore.ids import new_id


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
