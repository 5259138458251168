"""Breaks in the admin: to be read, never edited."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action

from apps.reconciliation import models
from apps.reconciliation.contracts import LineKind, LineState, Source
from apps.reconciliation.fuses import FUSES
from apps.reconciliation.invariants import INVARIANTS
from apps.reconciliation.selectors import title_of
from apps.reconciliation.services.explain import request_explanation
from tradecore import clock
from tradecore.admin import ReadOnlyAdmin, ReasonForm, StateFilter, actor_of, filter_by, money
from tradecore.errors import Refusal
from tradecore.money import Money


class _BreakStateFilter(StateFilter):
    def conditions(self) -> Mapping[str, Q]:
        return {"open": Q(closed_at=None), "closed": Q(closed_at__isnull=False)}


@admin.register(models.Break)
class BreakAdmin(ReadOnlyAdmin):
    """What the books contradict themselves about, found by the row that it is about."""

    list_display: ClassVar = ["invariant", "says", "row_ref", "what", "at_risk", "is_contained", "first_seen_at"]
    list_filter: ClassVar = [_BreakStateFilter, filter_by("invariant", [*INVARIANTS, *FUSES])]
    number_fields: ClassVar = ["pk", "row_ref"]
    search_help_text = "The id of the row that a break is about"

    @admin.display(description="is always true")
    def says(self, row: models.Break) -> str:
        return title_of(row.invariant)

    @admin.display(description="at risk")
    def at_risk(self, row: models.Break) -> Any:
        return Money(row.at_risk_minor, row.currency) if row.currency else ""


@admin.register(models.Run)
class RunAdmin(ReadOnlyAdmin):
    """When the books were looked at, and how much was wrong."""

    list_display: ClassVar = ["suite", "started_at", "finished_at", "offence_count"]
    list_filter: ClassVar = [filter_by("suite", ["all", "recent"])]


@admin.register(models.File)
class FileAdmin(ReadOnlyAdmin):
    """Which days of providers and banks were fetched, how often, and how many lines they have."""

    list_display: ClassVar = ["source", "name", "on", "line_count", "fetched_count", "fetched_at"]
    list_filter: ClassVar = [filter_by("source", [source.value for source in Source])]


@admin.register(models.FileLine)
class FileLineAdmin(ReadOnlyAdmin):
    """What providers and banks have told, line by line, and what comparing it has found; found by either reference."""

    list_display: ClassVar = [
        "source",
        "name",
        "kind",
        "external_ref",
        "our_ref",
        money("amount_minor"),
        money("fee_minor"),
        "state",
        "subject_ref",
        "first_seen_at",
    ]
    list_filter: ClassVar = [
        filter_by("state", [state.value for state in LineState]),
        filter_by("kind", [kind.value for kind in LineKind]),
    ]
    currency_path = "currency"
    text_fields: ClassVar = ["external_ref"]
    search_help_text = "The id of a line, or the beginning of an outsider's reference"
    actions_detail: ClassVar = ["explain"]

    def has_explain_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("reconciliation.change_fileline")

    @action(
        description="Explain",
        permissions=["explain"],
        dialog={
            "title": "Say why this line is right as it is",
            "description": "A second person must agree. Nothing is posted by that.",
            "form_class": ReasonForm,
            "form_submit_text": "Ask for it",
        },
    )
    def explain(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Ask a second person; the page is loaded anew by htmx either way."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        try:
            asked = request_explanation(
                line_id=row.pk, reason=form.cleaned_data["reason"], actor=actor_of(request), now=clock.now()
            )
            self.message_user(request, str(asked), messages.SUCCESS)
        except Refusal as refusal:
            self.message_user(request, refusal.title, messages.ERROR)
        return HttpResponse(headers={"HX-Redirect": reverse("admin:reconciliation_fileline_change", args=[row.pk])})
