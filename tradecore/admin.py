"""The admin of the kernel's tables, and what every app's admin is made of.

What is money, stock or history is read here and changed nowhere, whoever looks at it: superusers too. The few things
that an operator may do are actions of their own, each with a permission of its own, that call the public function.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache, reduce
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import flatten_fieldsets
from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from tradecore import approvals, clock, degradation, freezes, models, outbox, timers
from tradecore.errors import Refusal
from tradecore.ids import MAX_ID, find_id
from tradecore.money import Money

#: So many rows are counted and paged through; who has more narrows the search.
COUNTED_ROWS_MAX = 10_000


# --- What every admin is made of --------------------------------------------------------------------------------------


class BoundedPaginator(Paginator):
    """Counts up to COUNTED_ROWS_MAX: a count of all rows of a table that only grows would read all of it."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        return rows.order_by()[:COUNTED_ROWS_MAX].count() if isinstance(rows, QuerySet) else len(rows)


@cache  # Django compares what is shown with what is left out of the form: the same column is the same function.
def money(column: str, *, currency: str = "currency") -> Callable[[Any], Money | None]:
    """Show a `_minor` column as money; `currency` is the dotted way from the row to its currency."""

    @admin.display(description=column.removesuffix("_minor").replace("_", " "), ordering=column)
    def shown(row: Any) -> Money | None:
        minor = getattr(row, column)
        return None if minor is None else Money(minor, reduce(getattr, currency.split("."), row))

    return shown


def filter_by(column: str, words: Collection[str]) -> type[admin.SimpleListFilter]:
    """A filter by the words that a column may hold. Django's own would read the whole table to find them."""

    class WordFilter(admin.SimpleListFilter):
        title = column.replace("_", " ")
        parameter_name = column

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return [(word, word) for word in words]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(**{column: self.value()}) if self.value() else queryset

    return WordFilter


class StateFilter(admin.SimpleListFilter):
    """Rows by where they stand, which is read off several columns."""

    title = "state"
    parameter_name = "state"

    def conditions(self) -> Mapping[str, Q]:
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state, state) for state in self.conditions()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        condition = self.conditions().get(self.value() or "")
        return queryset if condition is None else queryset.filter(condition)


class ReadOnly:
    """For admins and inlines: every field is shown, amounts as money, and none can be changed.

    `currency_path` is the dotted way from a row to the currency of its `_minor` columns; empty where it has none.
    """

    model: type[Model]
    fields: ClassVar[Sequence[Any] | None] = None
    exclude: ClassVar[Sequence[str] | None] = None
    currency_path: ClassVar[str] = ""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]  # every admin has it
        owner, _, _ = self.currency_path.rpartition(".")
        return rows.select_related(owner.replace(".", "__")) if owner else rows

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        options = self.model._meta  # noqa: SLF001 - the documented way to a model's fields
        every = [field.name for field in options.concrete_fields if field.name not in (self.exclude or ())]
        return [self._shown(name) for name in self.fields or every]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return flatten_fieldsets(self.get_fieldsets(request, obj))  # type: ignore[attr-defined]  # every admin has it

    def _shown(self, name: Any) -> Any:
        is_amount = isinstance(name, str) and name.endswith("_minor") and self.currency_path
        return money(name, currency=self.currency_path) if is_amount else name


class FoundByIndex(ModelAdmin):
    """A list that is searched through its indexes: whole ids, or the beginning of a text.

    Django's own search would read every row as text. An id may be typed as the number that people know it by.
    """

    number_fields: ClassVar[Sequence[str]] = ["pk"]
    text_fields: ClassVar[Sequence[str]] = []
    search_fields: ClassVar = ["pk"]  # makes the box appear; what is found is decided below
    show_full_result_count = False
    paginator = BoundedPaginator

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        return (queryset.filter(self.find(term)) if term else queryset), False

    def find(self, term: str) -> Q:
        """What a term that is not empty asks for."""
        found = Q(pk__in=[])
        for name in self.text_fields:
            found |= Q((f"{name}__startswith", self.text_form(term)))
        number = find_id(term)
        if number is not None:
            for name in self.number_fields:
                found |= Q((name, number))
        return found

    def text_form(self, term: str) -> str:
        """The term in the form in which the text fields hold their texts."""
        return term


class ReadOnlyAdmin(ReadOnly, FoundByIndex):
    """Rows to be found and read, the latest first."""

    ordering: ClassVar[Sequence[str]] = ["-pk"]


class ReadOnlyInline(ReadOnly, TabularInline):
    """Rows to be read on the page of what they belong to."""

    hide_title = True
    ordering: ClassVar[Sequence[str]] = ["pk"]


def actor_of(request: HttpRequest) -> str:
    """How the audit names whoever is signed in."""
    return f"user:{request.user.pk}"


# --- Timers -----------------------------------------------------------------------------------------------------------


class _TimerStateFilter(StateFilter):
    def conditions(self) -> Mapping[str, Q]:
        waiting, now = Q(fired_at=None, dead_at=None), clock.now()
        return {
            "due": waiting & Q(due_at__lte=now),
            "waiting": waiting & Q(due_at__gt=now),
            "parked": Q(fired_at=None, dead_at__isnull=False),
            "fired": Q(fired_at__isnull=False),
        }


@admin.register(models.Timer)
class TimerAdmin(ReadOnlyAdmin):
    """Deadlines, found by their subject: a purchase, an order, a package."""

    list_display: ClassVar = ["kind", "subject", "state", "due_at", "fired_at", "clock", "attempts", "last_error"]
    list_filter: ClassVar = [_TimerStateFilter]
    number_fields: ClassVar = ["pk", "subject"]
    search_help_text = "The id of a timer or of its subject"
    actions: ClassVar = ["revive"]

    @display(description="state", label={"fired": "success", "parked": "danger", "pending": "info"})
    def state(self, row: models.Timer) -> str:
        if row.fired_at:
            return "fired"
        return "parked" if row.dead_at else "pending"

    def has_revive_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tradecore.change_timer")

    @admin.action(description="Revive: give parked timers another round of attempts", permissions=["revive"])
    def revive(self, request: HttpRequest, queryset: QuerySet[models.Timer]) -> None:
        revived = timers.revive_dead(ids=list(queryset.values_list("pk", flat=True)))
        self.message_user(request, f"Revived: {revived}")


# --- Events -----------------------------------------------------------------------------------------------------------


class _EventStateFilter(StateFilter):
    def conditions(self) -> Mapping[str, Q]:
        return {
            "waiting": Q(delivered_at=None, dead_at=None),
            "dead": Q(delivered_at=None, dead_at__isnull=False),
            "delivered": Q(delivered_at__isnull=False),
        }


@admin.register(models.OutboxEvent)
class OutboxEventAdmin(ReadOnlyAdmin):
    """Events. Those that are dead are the dead letters: parked after too many failures, until somebody replays them."""

    list_display: ClassVar = [
        "kind",
        "aggregate",
        "aggregate_id",
        "sequence",
        "state",
        "position",
        "occurred_at",
        "attempts",
        "last_error",
    ]
    list_filter: ClassVar = [_EventStateFilter]
    number_fields: ClassVar = ["pk", "position"]
    search_help_text = "The id or position of an event, or what it is about: order:1234"
    actions: ClassVar = ["replay"]

    def find(self, term: str) -> Q:
        aggregate, separator, number = term.partition(":")
        subject = find_id(number)
        if separator and subject is not None:
            return Q(aggregate=aggregate, aggregate_id=subject)
        return super().find(term)

    @display(description="state", label={"delivered": "success", "dead": "danger", "waiting": "info"})
    def state(self, row: models.OutboxEvent) -> str:
        if row.delivered_at:
            return "delivered"
        return "dead" if row.dead_at else "waiting"

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tradecore.change_outboxevent")

    @admin.action(description="Replay: give dead letters another round of attempts", permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[models.OutboxEvent]) -> None:
        replayed = outbox.replay_dead(ids=list(queryset.values_list("pk", flat=True)))
        self.message_user(request, f"Replayed: {replayed}")


@admin.register(models.InboxEntry)
class InboxEntryAdmin(ReadOnlyAdmin):
    """Which consumer has handled which event."""

    list_display: ClassVar = ["event_id", "consumer", "handled_at"]
    number_fields: ClassVar = ["event_id"]
    search_help_text = "The id of an event"


# --- Freezes ----------------------------------------------------------------------------------------------------------


class ReasonForm(BaseDialogForm):
    """Why: what the audit keeps of an act."""

    reason = forms.CharField(max_length=300, widget=UnfoldAdminTextInputWidget)


class _FreezeForm(ReasonForm):
    kind = forms.ChoiceField(choices=[(kind, kind) for kind in sorted(freezes.KINDS)], widget=UnfoldAdminSelectWidget)
    subject = forms.IntegerField(
        min_value=freezes.EVERYBODY,
        max_value=MAX_ID,
        help_text="The id of the SKU, of the promotion or of the shop; 0 for all payouts, or all refunds.",
        widget=UnfoldAdminIntegerFieldWidget,
    )
    field_order: ClassVar = ["kind", "subject", "reason"]

    def clean_subject(self) -> int:
        """What is of everybody is of nobody in particular, and the other way round."""
        subject: int = self.cleaned_data["subject"]
        is_everybodys = self.cleaned_data.get("kind") in freezes.OF_EVERYBODY
        if is_everybodys != (subject == freezes.EVERYBODY):
            raise forms.ValidationError("0 goes with all payouts and all refunds, and with nothing else.")
        return subject


@admin.register(models.Freeze)
class FreezeAdmin(ReadOnlyAdmin):
    """What is frozen now, found by what it is. What was lifted stands in the audit."""

    list_display: ClassVar = ["kind", "subject", "reason", "placed_by", "placed_at"]
    list_filter: ClassVar = [filter_by("kind", sorted(freezes.KINDS))]
    number_fields: ClassVar = ["pk", "subject"]
    search_help_text = "The id of what is frozen"
    actions_list: ClassVar = ["place"]
    actions_detail: ClassVar = ["lift"]

    def has_place_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tradecore.add_freeze")

    def has_lift_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("tradecore.delete_freeze")

    @action(
        description="Freeze something",
        permissions=["place"],
        dialog={
            "title": "Freeze something",
            "description": "It stops at once, and until somebody lifts the freeze. The reason stays in the audit.",
            "form_class": _FreezeForm,
            "form_submit_text": "Freeze",
        },
    )
    def place(self, request: HttpRequest, form: _FreezeForm) -> HttpResponse:
        """Place it; the list is loaded anew by htmx."""
        freezes.place_freeze(
            kind=form.cleaned_data["kind"],
            subject=form.cleaned_data["subject"],
            reason=form.cleaned_data["reason"],
            actor=actor_of(request),
            now=clock.now(),
        )
        return _back_to_freezes()

    @action(
        description="Lift",
        permissions=["lift"],
        dialog={
            "title": "Lift the freeze",
            "description": "What was frozen moves again. The reason stays in the audit.",
            "form_class": ReasonForm,
            "form_submit_text": "Lift",
        },
    )
    def lift(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Lift it; htmx goes back to the list, where it is no more."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        freezes.lift_freeze(
            kind=row.kind,
            subject=row.subject,
            reason=form.cleaned_data["reason"],
            actor=actor_of(request),
            now=clock.now(),
        )
        self.message_user(request, f"Lifted: {row.kind} of {row.subject}", messages.SUCCESS)
        return _back_to_freezes()


def _back_to_freezes() -> HttpResponse:
    return HttpResponse(headers={"HX-Redirect": reverse("admin:tradecore_freeze_changelist")})


# --- Four eyes --------------------------------------------------------------------------------------------------------


class _ApprovalStateFilter(StateFilter):
    def conditions(self) -> Mapping[str, Q]:
        pending, now = Q(status=models.Approval.PENDING), clock.now()
        return {
            "waiting": pending & Q(expires_at__gt=now),
            "expired": pending & Q(expires_at__lte=now),
            "approved": Q(status=models.Approval.APPROVED),
            "rejected": Q(status=models.Approval.REJECTED),
        }


class _ApproveForm(BaseDialogForm):
    code = forms.CharField(
        min_length=approvals.CODE_LENGTH,
        max_length=approvals.CODE_LENGTH,
        help_text="The code of what you have read, as the page shows it.",
        widget=UnfoldAdminTextInputWidget,
    )


@admin.register(models.Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    """What waits for a second person, and what was decided; found by its subject."""

    list_display: ClassVar = ["kind", "subject", "status", "requested_by", "requested_at", "expires_at", "decided_by"]
    list_filter: ClassVar = [_ApprovalStateFilter]
    fields: ClassVar = [
        "kind",
        "subject",
        "asked_for",
        "reason",
        "code",
        "status",
        "requested_by",
        "requested_at",
        "expires_at",
        "decided_by",
        "decided_at",
        "decision_reason",
    ]
    readonly_fields: ClassVar = ["asked_for", "code"]
    text_fields: ClassVar = ["subject"]
    search_help_text = "What it is about: posting:1234, order:1234"
    actions_detail: ClassVar = ["approve", "reject"]

    @admin.display(description="what is asked for")
    def asked_for(self, row: models.Approval) -> str:
        return format_html('<pre class="whitespace-pre-wrap">{}</pre>', "\n".join(approvals.spell_out(row.content)))

    @admin.display(description="code to approve it")
    def code(self, row: models.Approval) -> str:
        return approvals.code_of(row.content_hash)

    def has_decide_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("tradecore.change_approval")

    @action(
        description="Approve",
        permissions=["decide"],
        dialog={
            "title": "Approve and do it",
            "description": "It is done at once, in both your names.",
            "form_class": _ApproveForm,
            "form_submit_text": "Approve",
        },
    )
    def approve(self, request: HttpRequest, form: _ApproveForm, object_id: str) -> HttpResponse:
        """Approve, or say why not; the page is loaded anew by htmx either way."""
        row = self._find(request, object_id)
        is_read = form.cleaned_data["code"] == self.code(row)
        return self._decided(
            request,
            row,
            lambda: approvals.approve(
                approval_id=row.pk,
                content_hash=row.content_hash if is_read else "",
                actor=actor_of(request),
                now=clock.now(),
            ),
        )

    @action(
        description="Reject",
        permissions=["decide"],
        dialog={
            "title": "Reject",
            "description": "Nothing is done. It can be asked for anew.",
            "form_class": ReasonForm,
            "form_submit_text": "Reject",
        },
    )
    def reject(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Reject, or say why not; the page is loaded anew by htmx either way."""
        row = self._find(request, object_id)
        return self._decided(
            request,
            row,
            lambda: approvals.reject(
                approval_id=row.pk, actor=actor_of(request), reason=form.cleaned_data["reason"], now=clock.now()
            ),
        )

    def _find(self, request: HttpRequest, object_id: str) -> models.Approval:
        row: models.Approval | None = self.get_object(request, object_id)
        if row is None:
            raise Http404
        return row

    def _decided(self, request: HttpRequest, row: models.Approval, decide: Callable[[], None]) -> HttpResponse:
        try:
            decide()
        except Refusal as refusal:
            self.message_user(request, refusal.title, messages.ERROR)
        return HttpResponse(headers={"HX-Redirect": reverse("admin:tradecore_approval_change", args=[row.pk])})


# --- Settings and switches --------------------------------------------------------------------------------------------


@admin.register(models.SettingVersion)
class SettingVersionAdmin(ReadOnlyAdmin):
    """What every live setting was for whom, from when on. What it is now stands on a page of the back office."""

    list_display: ClassVar = [
        "version",
        "name",
        "target",
        "value",
        "percent",
        "other",
        "set_by",
        "approved_by",
        "set_at",
    ]
    text_fields: ClassVar = ["name"]
    search_help_text = "The number of a version, or the beginning of a setting's name"


class _SwitchStateFilter(StateFilter):
    def conditions(self) -> Mapping[str, Q]:
        running = Q(ended_at=None, until__gt=clock.now())
        return {"running": running, "over": ~running}


@admin.register(models.PlanSwitch)
class PlanSwitchAdmin(ReadOnlyAdmin):
    """What was switched off, why, until when, and who ended it before."""

    list_display: ClassVar = ["plan", "market", "reason", "switched_on_by", "trigger", "since", "until", "ended_at"]
    list_filter: ClassVar = [_SwitchStateFilter, filter_by("plan", sorted(degradation.PLANS))]
    search_help_text = "The id of a switch"


# --- What happened ----------------------------------------------------------------------------------------------------


@admin.register(models.AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who did what to what, and why."""

    list_display: ClassVar = ["occurred_at", "actor", "action", "subject", "reason", "request_id"]
    text_fields: ClassVar = ["subject"]
    search_help_text = "What was done to: sku:1234, shop:1234, promotion:1234"


@admin.register(models.AuditSeal)
class AuditSealAdmin(ReadOnlyAdmin):
    """The chain of the audit, found by a seal's number or by its entry."""

    list_display: ClassVar = ["number", "entry", "hash", "sealed_at"]
    list_select_related: ClassVar = ["entry"]
    number_fields: ClassVar = ["number", "entry_id"]
    search_help_text = "The number of a seal, or the id of its entry"


@admin.register(models.IdempotencyRecord)
class IdempotencyRecordAdmin(ReadOnlyAdmin):
    """Which keys were claimed, and what was answered. The keys themselves are stored as hashes only."""

    list_display: ClassVar = ["short_hash", "state", "status", "fence", "recovery_point", "locked_until", "created_at"]
    list_filter: ClassVar = [filter_by("state", [models.IdempotencyRecord.STARTED, models.IdempotencyRecord.DONE])]
    number_fields: ClassVar = []
    text_fields: ClassVar = ["scope_hash"]
    search_help_text = "The beginning of the hash"
    ordering: ClassVar = ["-created_at"]

    @admin.display(description="scope hash")
    def short_hash(self, row: models.IdempotencyRecord) -> str:
        return row.scope_hash[:12]
