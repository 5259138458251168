"""The public door of reconciliation."""

from apps.reconciliation.contracts import (
    ComparedFile,
    Contains,
    FilesReport,
    Invariant,
    LineKind,
    LineState,
    Offence,
    RunReport,
    Source,
    Suite,
)
from apps.reconciliation.drill.life import Life, live
from apps.reconciliation.drill.run import Trial, look_at_health, try_all, try_one
from apps.reconciliation.drill.scratch import (
    NotScratch,
    Scratch,
    ScratchRefused,
    entered,
    make_scratch,
    tear_down_triggers,
)
from apps.reconciliation.drill.tamperings import TAMPERINGS
from apps.reconciliation.drill.world import DoctoredDesk, World
from apps.reconciliation.errors import BankUnknown, DayNotBegun, LineSettled, TooManyDays
from apps.reconciliation.events import BreakClosed, BreakFound
from apps.reconciliation.fuses import FUSES, LATE_MONEY_BP, PAYOUT_TIMES, REFUND_TIMES, Fuse, Limits
from apps.reconciliation.invariants import INVARIANTS, OF_FILES
from apps.reconciliation.selectors import count_open_breaks, money_at_risk, title_of
from apps.reconciliation.services.explain import EXPLANATION, carry_out_explanation, request_explanation
from apps.reconciliation.services.files import reconcile_due_files, reconcile_files
from apps.reconciliation.services.fuses import check_fuses
from apps.reconciliation.services.run import reconcile, reconcile_daily

__all__ = [
    "EXPLANATION",
    "FUSES",
    "INVARIANTS",
    "LATE_MONEY_BP",
    "OF_FILES",
    "PAYOUT_TIMES",
    "REFUND_TIMES",
    "TAMPERINGS",
    "BankUnknown",
    "BreakClosed",
    "BreakFound",
    "ComparedFile",
    "Contains",
    "DayNotBegun",
    "DoctoredDesk",
    "FilesReport",
    "Fuse",
    "Invariant",
    "Life",
    "Limits",
    "LineKind",
    "LineSettled",
    "LineState",
    "NotScratch",
    "Offence",
    "RunReport",
    "Scratch",
    "ScratchRefused",
    "Source",
    "Suite",
    "TooManyDays",
    "Trial",
    "World",
    "carry_out_explanation",
    "check_fuses",
    "count_open_breaks",
    "entered",
    "live",
    "look_at_health",
    "make_scratch",
    "money_at_risk",
    "reconcile",
    "reconcile_daily",
    "reconcile_due_files",
    "reconcile_files",
    "request_explanation",
    "tear_down_triggers",
    "title_of",
    "try_all",
    "try_one",
]
