"""The rows of settlement. Amounts are signed minor units; what is positive is the seller's."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from apps.settlement.contracts import LineKind
from apps.settlement.states import PAYOUT, PAYOUT_ACCOUNT, PAYOUT_RUN
from tradecore.append_only import AppendOnlyModel
from tradecore.ids import format_number, new_id

_KINDS = [kind.value for kind in LineKind]


class SellerAccount(models.Model):
    """What one shop has, in its currency: what is available to be paid out, and what is kept back.

    Both are what its lines add up to and what the ledger has on SELLER_AVAILABLE and SELLER_RESERVE. They change under
    the lock of this row, with the lines that change them. `available_minor` may be negative: settlements cover it.
    """

    shop_id = models.BigIntegerField(primary_key=True)
    market = models.CharField(max_length=8)
    currency = models.CharField(max_length=3)
    available_minor = models.BigIntegerField(default=0)
    reserve_minor = models.BigIntegerField(default=0)

    class Meta:
        db_table = "settlement_account"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(reserve_minor__gte=0), name="settlement_account_reserve"),
        ]

    def __str__(self) -> str:
        return f"account of {self.shop_id}"


class Statement(models.Model):
    """One day of one shop, in its market's calendar. Open from its first line until the day is over; then sums are
    fixed: `opening + settled + reserve + paid_out = closing`.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    shop_id = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    on = models.DateField()
    opening_minor = models.BigIntegerField()
    settled_minor = models.BigIntegerField(null=True)
    reserve_minor = models.BigIntegerField(null=True)
    paid_out_minor = models.BigIntegerField(null=True)
    closing_minor = models.BigIntegerField(null=True)
    line_count = models.PositiveIntegerField(null=True)
    closes_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "settlement_statement"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shop_id", "on"], name="settlement_statement_day"),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closing_minor__isnull=True)
                | Q(
                    closed_at__isnull=False,
                    closing_minor=F("opening_minor") + F("settled_minor") + F("reserve_minor") + F("paid_out_minor"),
                ),
                name="settlement_statement_sums",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["closed_at", "closes_at"], name="settlement_statement_open")]

    def __str__(self) -> str:
        return f"{self.shop_id} on {self.on}"


class Settlement(models.Model):
    """One order's settlement: once, and brought up to date when something goes back afterwards, under the order's lock.

    `reserve_minor` is what is still kept back of it, until `reserve_until`.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    order_id = models.BigIntegerField()
    shop_id = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    settled_at = models.DateTimeField()
    reserve_minor = models.BigIntegerField(default=0)
    reserve_until = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "settlement_settlement"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order_id"], name="settlement_settlement_once"),
            models.CheckConstraint(condition=Q(reserve_minor__gte=0), name="settlement_settlement_reserve"),
        ]
        indexes: ClassVar = [models.Index(fields=["shop_id", "id"], name="settlement_settlement_shop")]

    def __str__(self) -> str:
        return format_number(self.order_id)


class SettlementLine(AppendOnlyModel):
    """One signed amount on a seller's account, and what it was reckoned from. Append-only.

    At most one per kind, name and reference: one sale per order, one refund per thing that went back, one change of a
    fee per reckoning. `owner_ref` is the creator of a creator's share.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    shop_id = models.BigIntegerField()
    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="lines", db_index=False)
    settlement = models.ForeignKey(
        Settlement, on_delete=models.PROTECT, related_name="lines", db_index=False, null=True
    )
    order_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=60, default="")
    reference = models.BigIntegerField()
    owner_ref = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    details = models.JSONField()
    occurred_at = models.DateTimeField()

    class Meta:
        db_table = "settlement_line"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["reference", "kind", "name"], name="settlement_line_once"),
            models.CheckConstraint(condition=Q(kind__in=_KINDS), name="settlement_line_kind"),
            models.CheckConstraint(condition=~Q(amount_minor=0), name="settlement_line_amount"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["statement", "id"], name="settlement_line_statement"),
            models.Index(fields=["settlement", "id"], name="settlement_line_settlement"),
            models.Index(fields=["shop_id", "id"], name="settlement_line_shop"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_minor} {self.currency}"


class PayoutAccount(models.Model):
    """An account at a bank that one shop is, was or may be paid to. See states.PAYOUT_ACCOUNT.

    The bank knows its number; here are the bank's token for it and its last four characters. Payouts go there from
    `usable_from` on. `number` counts a shop's accounts. Never changed but for `status` and what was decided.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    shop_id = models.BigIntegerField()
    number = models.PositiveIntegerField()
    bank = models.CharField(max_length=30)
    token = models.CharField(max_length=100)
    masked = models.CharField(max_length=5)
    holder_name = models.CharField(max_length=100)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, default=PAYOUT_ACCOUNT.initial)
    current_of = models.BigIntegerField(null=True)
    waits_for = models.BigIntegerField(null=True)
    version = models.PositiveIntegerField(default=1)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    approval_id = models.BigIntegerField(null=True)
    review_ends_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=80, default="")
    decided_at = models.DateTimeField(null=True)
    usable_from = models.DateTimeField(null=True)

    class Meta:
        db_table = "settlement_payout_account"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shop_id", "number"], name="settlement_payout_account_number"),
            models.UniqueConstraint(fields=["current_of"], name="settlement_payout_account_current"),
            models.UniqueConstraint(fields=["waits_for"], name="settlement_payout_account_waits"),
            models.CheckConstraint(
                condition=Q(status="CURRENT", current_of=F("shop_id"), waits_for__isnull=True)
                | Q(status="PROPOSED", current_of__isnull=True, waits_for=F("shop_id"))
                | Q(status__in=["REPLACED", "DROPPED"], current_of__isnull=True, waits_for__isnull=True),
                name="settlement_payout_account_status",
            ),
            models.CheckConstraint(
                condition=Q(number=1) | Q(status__in=["PROPOSED", "DROPPED"]) | ~Q(decided_by=""),
                name="settlement_payout_account_decided",
            ),
            models.CheckConstraint(
                condition=~Q(decided_by=F("created_by")), name="settlement_payout_account_four_eyes"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.masked} of {self.shop_id}"


class FxRate(models.Model):
    """What one major unit of a currency is worth in another one, in millionths, from `valid_from` until the next rate.

    Two people have set it. A rate never changes, and a payout keeps the one that it was approved at.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    from_currency = models.CharField(max_length=3)
    to_currency = models.CharField(max_length=3)
    rate_e6 = models.BigIntegerField()
    valid_from = models.DateTimeField()
    requested_by = models.CharField(max_length=80)
    approved_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "settlement_fx_rate"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["from_currency", "to_currency", "valid_from"], name="settlement_fx_rate_once"
            ),
            models.CheckConstraint(condition=Q(rate_e6__gt=0), name="settlement_fx_rate_positive"),
            models.CheckConstraint(condition=~Q(from_currency=F("to_currency")), name="settlement_fx_rate_two"),
            models.CheckConstraint(condition=~Q(approved_by=F("requested_by")), name="settlement_fx_rate_four_eyes"),
        ]

    def __str__(self) -> str:
        return f"{self.from_currency}/{self.to_currency}"


class PayoutRun(models.Model):
    """Payouts of one market and day: one person proposes them, another one decides. See states.PAYOUT_RUN.

    `number` counts the runs of a day. Nobody can approve it any more from `expires_at` on.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    market = models.CharField(max_length=8)
    currency = models.CharField(max_length=3)
    on = models.DateField()
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=10, default=PAYOUT_RUN.initial)
    payout_count = models.PositiveIntegerField()
    total_minor = models.BigIntegerField()
    approval_id = models.BigIntegerField()
    proposed_by = models.CharField(max_length=80)
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.CharField(max_length=80, default="")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "settlement_payout_run"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["market", "currency", "on", "number"], name="settlement_payout_run_once"),
            models.UniqueConstraint(fields=["approval_id"], name="settlement_payout_run_approval"),
            models.CheckConstraint(condition=Q(status__in=PAYOUT_RUN.states), name="settlement_payout_run_status"),
            models.CheckConstraint(condition=~Q(decided_by=F("proposed_by")), name="settlement_payout_run_four_eyes"),
            models.CheckConstraint(
                condition=~Q(status="APPROVED") | ~Q(decided_by=""), name="settlement_payout_run_decided"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["status", "expires_at"], name="settlement_payout_run_open")]

    def __str__(self) -> str:
        return f"{self.market} {self.on} {self.number}"


class Payout(models.Model):
    """One payment to one seller's bank; its id is our reference, and the bank's key. See states.PAYOUT.

    `amount_minor` is what leaves the seller's account, `pays_minor` what the bank is told to send: the same, or in
    another currency at `rate_e6`. `in_flight_of` is the shop for as long as its outcome is open: one at a time.
    `ask_at` is when the bank is told, or asked, next. `contradiction` says in what the bank did not agree with us.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(PayoutRun, on_delete=models.PROTECT, related_name="payouts")
    account = models.ForeignKey(PayoutAccount, on_delete=models.PROTECT, related_name="payouts", db_index=False)
    shop_id = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    pays_currency = models.CharField(max_length=3)
    pays_minor = models.BigIntegerField()
    rate_e6 = models.BigIntegerField(null=True)
    status = models.CharField(max_length=10, default=PAYOUT.initial)
    reason = models.CharField(max_length=40, default="")
    in_flight_of = models.BigIntegerField(null=True)
    execute_on = models.DateField(null=True)
    bank_ref = models.CharField(max_length=100, default="")
    contradiction = models.CharField(max_length=40, default="")
    ask_at = models.DateTimeField(null=True)
    asked_count = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=0)
    transition_count = models.PositiveIntegerField(default=0)
    proposed_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "settlement_payout"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(status__in=PAYOUT.states), name="settlement_payout_status"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0, pays_minor__gt=0), name="settlement_payout_amount"),
            models.CheckConstraint(
                condition=Q(rate_e6__isnull=True, pays_currency=F("currency"), pays_minor=F("amount_minor"))
                | (Q(rate_e6__gt=0) & ~Q(pays_currency=F("currency"))),
                name="settlement_payout_converted",
            ),
            models.UniqueConstraint(fields=["in_flight_of"], name="settlement_payout_in_flight"),
            models.CheckConstraint(
                condition=Q(status__in=["PROPOSED", "APPROVED", "SENT"], in_flight_of=F("shop_id"))
                | Q(
                    status__in=["CONFIRMED", "SKIPPED", "CANCELLED", "REJECTED", "RETURNED"], in_flight_of__isnull=True
                ),
                name="settlement_payout_one_at_a_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["ask_at"], name="settlement_payout_ask"),
            models.Index(fields=["shop_id", "id"], name="settlement_payout_shop"),
        ]

    def __str__(self) -> str:
        return f"payout {self.pk}"


class PayoutTransition(models.Model):
    """One change of status of one payout. Append-only; `sequence` has no gap."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="transitions", db_index=False)
    sequence = models.PositiveIntegerField()
    before = models.CharField(max_length=10)
    after = models.CharField(max_length=10)
    reason = models.CharField(max_length=40, default="")
    occurred_at = models.DateTimeField()

    class Meta:
        db_table = "settlement_payout_transition"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["payout", "sequence"], name="settlement_payout_transition_once"),
        ]

    def __str__(self) -> str:
        return f"{self.before} -> {self.after}"
