"""Breaks in the admin: to be read, never edited."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q

from apps.reconciliation import models
from apps.reconciliation.invariants import INVARIANTS
from tradecore.admin import ReadOnlyAdmin, StateFilter, filter_by
from tradecore.money import Money


class _BreakStateFilter(StateFilter):
    def conditions(self) -> Mapping[str, Q]:
        return {"open": Q(closed_at=None), "closed": Q(closed_at__isnull=False)}


@admin.register(models.Break)
class BreakAdmin(ReadOnlyAdmin):
    """What the books contradict themselves about, found by the row that it is about."""

    list_display: ClassVar = ["invariant", "says", "row_ref", "what", "at_risk", "is_contained", "first_seen_at"]
    list_filter: ClassVar = [_BreakStateFilter, filter_by("invariant", list(INVARIANTS))]
    number_fields: ClassVar = ["pk", "row_ref"]
    search_help_text = "The id of the row that a break is about"

    @admin.display(description="is always true")
    def says(self, row: models.Break) -> str:
        return INVARIANTS[row.invariant].title if row.invariant in INVARIANTS else ""

    @admin.display(description="at risk")
    def at_risk(self, row: models.Break) -> Any:
        return Money(row.at_risk_minor, row.currency) if row.currency else ""


@admin.register(models.Run)
class RunAdmin(ReadOnlyAdmin):
    """When the books were looked at, and how much was wrong."""

    list_display: ClassVar = ["suite", "started_at", "finished_at", "offence_count"]
    list_filter: ClassVar = [filter_by("suite", ["all", "recent"])]
