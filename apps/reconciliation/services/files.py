"""Files: fetched, compared, and asked about. See Note [Files]."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from apps.reconciliation.contracts import ComparedFile, FilesReport, Source, Suite
from apps.reconciliation.files.compare import compare_lines
from apps.reconciliation.files.fetch import fetch_days, fetch_due_days
from apps.reconciliation.invariants import OF_FILES
from apps.reconciliation.models import FileLine
from apps.reconciliation.services.run import reconcile


def reconcile_files(*, named: Iterable[tuple[Source, str]], on: date, real_now: datetime) -> FilesReport:
    """Fetch the files of a day, compare them, and ask what only files can tell of.

    Refuses and raises as `fetch_days` does, for the first of those named of which that is so.
    """
    files = [file for source, name in named for file in fetch_days(source=source, name=name, on=on, real_now=real_now)]
    return _compare(files, real_now=real_now)


def reconcile_due_files(*, real_now: datetime) -> int:
    """Fetch and compare the files of the days that are over, once a day. Returns how many lines are new."""
    files = fetch_due_days(real_now=real_now)
    if not files:
        compare_lines(real_now=real_now)
        return 0
    _compare(files, real_now=real_now)
    return sum(file.new_count for file in files)


def _compare(files: Sequence[ComparedFile], *, real_now: datetime) -> FilesReport:
    compare_lines(real_now=real_now)
    report = reconcile(suite=Suite.ALL, names=OF_FILES, real_now=real_now)
    return FilesReport(files=tuple(files), states=_count_states(files), offences=report.offences)


def _count_states(files: Iterable[ComparedFile]) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for file in files:
        lines = FileLine.objects.filter(source=file.source.value, name=file.name, file__on=file.on)
        counted.update(lines.values_list("state", flat=True))
    return dict(sorted(counted.items()))
