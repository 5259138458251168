"""The kernel's tables: what any use case may have to remember beside its effect."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from tradecore.append_only import AppendOnlyModel
from tradecore.ids import new_id


class WorkerLease(models.Model):
    """One worker number of this cell and the process that holds it. See `tradecore.worker_leases`."""

    worker = models.PositiveSmallIntegerField(primary_key=True)
    holder = models.CharField(max_length=80)
    leased_until_ms = models.BigIntegerField()

    class Meta:
        db_table = "kernel_worker_lease"


class OutboxEvent(models.Model):
    """One fact, written in the transaction that made it true.

    Pending until every handler has had it (`delivered_at`), or parked after too many failures (`dead_at`) until
    somebody replays it. `sequence` counts the events of one aggregate without a gap; `position` is given after the
    commit by the stamper and never changes, nor does anything else that says what happened.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=60)
    aggregate = models.CharField(max_length=30)
    aggregate_id = models.BigIntegerField()
    sequence = models.PositiveIntegerField()
    shop_id = models.BigIntegerField(null=True)
    payload = models.JSONField()
    request_id = models.CharField(max_length=64, default="")
    occurred_at = models.DateTimeField()
    position = models.BigIntegerField(null=True)
    next_attempt_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=500, default="")
    delivered_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "kernel_outbox"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["aggregate", "aggregate_id", "sequence"], name="kernel_outbox_sequence"),
            models.UniqueConstraint(fields=["position"], name="kernel_outbox_position"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["delivered_at", "dead_at", "next_attempt_at", "id"], name="kernel_outbox_due"),
            models.Index(fields=["shop_id", "position"], name="kernel_outbox_shop"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.aggregate}:{self.aggregate_id}"


class EventPosition(models.Model):
    """The one row that the stamper of positions locks: the last position given."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    last = models.BigIntegerField(default=0)

    class Meta:
        db_table = "kernel_event_position"


class InboxEntry(models.Model):
    """One event that one consumer has handled, written in the transaction of its effect."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    consumer = models.CharField(max_length=60)
    event_id = models.BigIntegerField()
    handled_at = models.DateTimeField()

    class Meta:
        db_table = "kernel_inbox"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["event_id", "consumer"], name="kernel_inbox_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["handled_at"], name="kernel_inbox_age")]

    def __str__(self) -> str:
        return f"{self.consumer} of {self.event_id}"


class Timer(models.Model):
    """One deadline of one subject: pending until `fired_at`, or parked (`dead_at`) after too many failures.

    Setting it again moves it and counts `version` up, so that a firing of the earlier deadline finds itself stale.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=40)
    subject = models.BigIntegerField()
    clock = models.CharField(max_length=40)
    due_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)
    claimed_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=500, default="")
    fired_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "kernel_timer"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subject", "kind"], name="kernel_timer_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clock", "fired_at", "dead_at", "due_at", "id"], name="kernel_timer_due"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.subject}"


class IdempotencyRecord(models.Model):
    """One key that one principal sent to one route.

    STARTED while somebody works on it under a lease; DONE once its outcome is stored, which never changes. `fence`
    counts who took it over: only the latest holder may write.
    """

    STARTED = "started"
    DONE = "done"

    scope_hash = models.CharField(max_length=64, primary_key=True)
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(max_length=8, default=STARTED)
    locked_until = models.DateTimeField()
    fence = models.PositiveIntegerField(default=1)
    recovery_point = models.CharField(max_length=40, default="")
    recovery_subject = models.BigIntegerField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    outcome = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "kernel_idempotency"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="started", status__isnull=True) | Q(state="done", status__isnull=False),
                name="kernel_idempotency_outcome",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="kernel_idempotency_age")]

    def __str__(self) -> str:
        return self.scope_hash[:12]


class AuditEntry(AppendOnlyModel):
    """One act of one person or job, written in the transaction of the act. Never changed, never deleted."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    actor = models.CharField(max_length=80)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=80)
    reason = models.CharField(max_length=300, default="")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    request_id = models.CharField(max_length=64, default="")
    occurred_at = models.DateTimeField()

    class Meta:
        db_table = "kernel_audit"
        verbose_name_plural = "audit entries"
        indexes: ClassVar = [models.Index(fields=["subject", "id"], name="kernel_audit_subject")]

    def __str__(self) -> str:
        return f"{self.action} of {self.subject}"


class SealerModel(models.Model):
    """The one row that a sealer locks: the last seal given, and the id below which nothing is left to be sealed.

    See `tradecore.chain`.
    """

    id = models.PositiveSmallIntegerField(primary_key=True)
    last_number = models.BigIntegerField(default=0)
    last_hash = models.CharField(max_length=64, default="")
    swept_below = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


class AuditSeal(AppendOnlyModel):
    """One audit entry's place in the hash chain of the audit, given after its commit: after the one before, for ever.

    `number` has no gap, and no two follow the same one.
    """

    number = models.BigIntegerField(primary_key=True, editable=False)
    entry = models.OneToOneField(AuditEntry, on_delete=models.PROTECT, related_name="seal")
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    class Meta:
        db_table = "kernel_audit_seal"
        constraints: ClassVar = [models.UniqueConstraint(fields=["previous_hash"], name="kernel_audit_seal_no_fork")]

    def __str__(self) -> str:
        return f"seal {self.number}"


class AuditSealer(SealerModel):
    """The sealer of audit entries."""

    class Meta:
        db_table = "kernel_audit_sealer"


class Freeze(models.Model):
    """One thing that must not move until the freeze is lifted: a SKU's sale, a promotion, a shop's payouts.

    The row is the freeze; lifting it deletes the row and leaves the audit entry.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=30)
    subject = models.BigIntegerField()
    reason = models.CharField(max_length=300)
    placed_by = models.CharField(max_length=80)
    placed_at = models.DateTimeField()

    class Meta:
        db_table = "kernel_freeze"
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "subject"], name="kernel_freeze_once")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.subject}"


class Approval(models.Model):
    """One act that one person asks for and another one decides. See `tradecore.approvals`.

    PENDING until it is APPROVED, which does the act in the same transaction, or REJECTED, or past `expires_at`. The
    content never changes, and its hash is what the second person puts their name to. `sole_key` is there while no other
    request of the same may wait beside it.
    """

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=80)
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    reason = models.CharField(max_length=300)
    status = models.CharField(max_length=8, default=PENDING)
    requested_by = models.CharField(max_length=80)
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.CharField(max_length=80, default="")
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.CharField(max_length=300, default="")
    sole_key = models.CharField(max_length=64, null=True)  # noqa: DJ001 - NULL is free of the unique constraint

    class Meta:
        db_table = "kernel_approval"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status="PENDING", decided_by="", decided_at__isnull=True)
                | (Q(status__in=["APPROVED", "REJECTED"], decided_at__isnull=False) & ~Q(decided_by="")),
                name="kernel_approval_decided",
            ),
            models.CheckConstraint(condition=~Q(decided_by=F("requested_by")), name="kernel_approval_four_eyes"),
            models.UniqueConstraint(fields=["sole_key"], name="kernel_approval_sole"),
            models.CheckConstraint(
                condition=Q(sole_key__isnull=True) | Q(status="PENDING"), name="kernel_approval_sole_waits"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["status", "id"], name="kernel_approval_status"),
            models.Index(fields=["subject", "id"], name="kernel_approval_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.subject}"


class AttemptWindow(models.Model):
    """How often somebody guessed within one window of time. See `tradecore.attempts`."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    scope = models.CharField(max_length=30)
    subject_hash = models.CharField(max_length=64)
    window_started_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "kernel_attempt_window"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subject_hash", "scope", "window_started_at"], name="kernel_attempt_window_once"
            ),
            models.CheckConstraint(condition=Q(count__gte=0), name="kernel_attempt_window_count"),
        ]
        indexes: ClassVar = [models.Index(fields=["window_started_at"], name="kernel_attempt_window_age")]


class Revision(models.Model):
    """How often what a process remembers under one name was changed. See Note [Revisions] in `tradecore.revisions`."""

    name = models.CharField(max_length=30, primary_key=True)
    number = models.BigIntegerField(default=0)

    class Meta:
        db_table = "kernel_revision"

    def __str__(self) -> str:
        return f"{self.name} {self.number}"


class SettingVersion(AppendOnlyModel):
    """What one live setting is for one target from `set_at` on, until the next version of the two. Never changed.

    `target` is `everyone`, `market:GB` or `shop:1234`. So many `percent` of the target's buyers have `value`, the
    others have `other`; null is: not set here, so that what is less specific holds. `version` counts the changes of
    all settings, one at a time. `approved_by` is there where it took two.
    """

    version = models.BigIntegerField(primary_key=True)
    name = models.CharField(max_length=60)
    target = models.CharField(max_length=40)
    value = models.JSONField(null=True)
    percent = models.PositiveSmallIntegerField(default=100)
    other = models.JSONField(null=True)
    reason = models.CharField(max_length=300)
    set_by = models.CharField(max_length=80)
    approved_by = models.CharField(max_length=80, default="")
    set_at = models.DateTimeField()

    class Meta:
        db_table = "kernel_setting_version"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version"], name="kernel_setting_version_once"),
            models.CheckConstraint(
                condition=Q(percent__gte=1, percent__lte=100), name="kernel_setting_version_percent"
            ),
            models.CheckConstraint(condition=~Q(approved_by=F("set_by")), name="kernel_setting_version_four_eyes"),
        ]
        indexes: ClassVar = [models.Index(fields=["name", "target", "version"], name="kernel_setting_target")]

    def __str__(self) -> str:
        return f"{self.name} of {self.target}, version {self.version}"


class PlanSwitch(models.Model):
    """One switching on of one degradation plan, from `since` until `until`, or until somebody ended it (`ended_at`).

    `market` is empty where the plan is of all of them, `trigger` where a person switched it on. Never purged.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    plan = models.CharField(max_length=30)
    market = models.CharField(max_length=16, default="")
    reason = models.CharField(max_length=300)
    trigger = models.CharField(max_length=60, default="")
    switched_on_by = models.CharField(max_length=80)
    since = models.DateTimeField()
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=80, default="")
    end_reason = models.CharField(max_length=300, default="")

    class Meta:
        db_table = "kernel_plan_switch"
        verbose_name_plural = "plan switches"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="kernel_plan_switch_ends"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by="") | (Q(ended_at__isnull=False) & ~Q(ended_by="")),
                name="kernel_plan_switch_ended",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["until", "plan"], name="kernel_plan_switch_until"),
            models.Index(fields=["trigger", "id"], name="kernel_plan_switch_trigger"),
        ]

    def __str__(self) -> str:
        return f"{self.plan} until {self.until:%Y-%m-%d %H:%M}"


class Sample(models.Model):
    """What one process has counted in the ten seconds that ended with `slot`, and how it stood. See Note [Samples].

    `source` is the process; `counts` has only what has moved. Purged after some hours.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    source = models.CharField(max_length=80)
    slot = models.DateTimeField()
    counts = models.JSONField(default=dict)
    levels = models.JSONField(default=dict)

    class Meta:
        db_table = "kernel_sample"
        constraints: ClassVar = [models.UniqueConstraint(fields=["slot", "source"], name="kernel_sample_once")]

    def __str__(self) -> str:
        return f"{self.source} at {self.slot:%H:%M:%S}"
