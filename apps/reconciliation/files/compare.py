"""Compare: what a line tells, and what we know of it. What agrees is posted in that moment. See Note [Files]."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.ledger import api as ledger
from apps.ledger.api import journals
from apps.payments import api as payments
from apps.reconciliation.contracts import LineKind, LineState, Source
from apps.reconciliation.models import FileLine
from apps.settlement import api as settlement
from tradecore import db
from tradecore.errors import NotFound
from tradecore.ids import find_id
from tradecore.money import Money

BATCH = 100

_WAITING = [state.value for state in LineState if state not in {LineState.AGREES, LineState.EXPLAINED}]

#: Statuses of a payout of which a bank may tell a line of that kind.
_TELLS_OF: Mapping[str, frozenset[str]] = {
    LineKind.PAYOUT: frozenset({"SENT", "CONFIRMED", "RETURNED"}),
    LineKind.RETURN: frozenset({"RETURNED"}),
}


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What is found of a line; of one that agrees also what it is about, and the posting that it calls for."""

    line: FileLine
    state: LineState
    subject_ref: int | None = None
    posting: ledger.Posting | None = None
    other_side: FileLine | None = None


def compare_lines(*, real_now: datetime) -> int:
    """Compare every line that does not agree yet, those of providers first. Returns how many agree now.

    A line that agrees is posted with that, once; every other one is compared again next time. Any number of processes
    may do so at once.
    """
    agreed = 0
    for source in Source:
        after = 0
        while batch := _next_batch(source, after=after):
            agreed += _compare(source, batch, real_now=real_now)
            after = batch[-1].pk
    return agreed


def _next_batch(source: Source, *, after: int) -> list[FileLine]:
    waiting = FileLine.objects.filter(state__in=_WAITING, pk__gt=after, source=source.value)
    waiting = waiting.exclude(kind=LineKind.TOTAL.value)
    return list(waiting.order_by("pk")[:BATCH])


def _compare(source: Source, batch: Sequence[FileLine], *, real_now: datetime) -> int:
    judge = _judge_provider if source is Source.PROVIDER else _judge_bank
    return _record(list(judge(batch)), real_now=real_now)


# --- Providers --------------------------------------------------------------------------------------------------------


def _judge_provider(batch: Sequence[FileLine]) -> Iterable[_Verdict]:
    totals = _totals_of(batch)
    for name in sorted({line.name for line in batch}):
        lines = [line for line in batch if line.name == name]
        is_ours = _account_check(name)
        subjects = payments.list_line_subjects(provider=name, lines=[_told(line) for line in lines])
        for line, subject in zip(lines, subjects, strict=True):
            yield _judge_settled(line, subject, totals[name, line.settlement_ref], is_ours=is_ours(line))


def _judge_settled(line: FileLine, subject: payments.LineSubject | None, total: FileLine, *, is_ours: bool) -> _Verdict:
    if subject is None:
        return _Verdict(line, LineState.MISSING_HERE)
    if not is_ours or subject.amount != _amount(line):
        return _Verdict(line, LineState.DIFFERS)
    posting = journals.provider_settled(
        line=line.kind,
        reference=subject.reference,
        settlement_ref=total.pk,
        capture_ref=subject.capture_ref,
        payable_ref=subject.payable_ref,
        provider=line.name,
        gross=_amount(line),
        fee=Money(line.fee_minor, line.currency),
    )
    return _Verdict(line, LineState.AGREES, subject_ref=subject.reference, posting=posting)


def _account_check(provider: str) -> Callable[[FileLine], bool]:
    """Whether a line is of the merchant account that is ours, where the provider is one that we have."""
    if provider not in payments.PROVIDERS.names():
        return lambda _: False
    account = payments.PROVIDERS.get(provider).account
    return lambda line: line.account == account


def _totals_of(batch: Iterable[FileLine]) -> dict[tuple[str, str], FileLine]:
    """The totals of the settlements that the lines are of: each settlement has one, kept with its lines.

    Of one that was corrected it is the first.
    """
    rows = FileLine.objects.filter(
        source=Source.PROVIDER.value,
        kind=LineKind.TOTAL.value,
        settlement_ref__in={line.settlement_ref for line in batch},
    )
    return {(row.name, row.settlement_ref): row for row in rows.order_by("-pk")}


def _told(line: FileLine) -> payments.SettlementLine:
    """The line in the provider's words."""
    assert line.happened_at is not None, "a provider says when"
    return payments.SettlementLine(
        kind=payments.SettledKind(line.kind),
        reference=find_id(line.our_ref) or 0,
        provider_ref=line.external_ref,
        gross=_amount(line),
        fee=Money(line.fee_minor, line.currency),
        at=line.happened_at,
    )


# --- Banks ------------------------------------------------------------------------------------------------------------


def _judge_bank(batch: Sequence[FileLine]) -> Iterable[_Verdict]:
    transfers = _announced(line for line in batch if line.kind == LineKind.TRANSFER)
    for line in batch:
        if line.kind == LineKind.TRANSFER:
            yield _judge_transfer(line, transfers.get(line.our_ref))
        else:
            yield _judge_payout(line)


def _announced(lines: Iterable[FileLine]) -> dict[str, FileLine]:
    """What providers have announced to transfer, by the reference that it carries."""
    totals = FileLine.objects.filter(
        source=Source.PROVIDER.value,
        kind=LineKind.TOTAL.value,
        external_ref__in={line.our_ref for line in lines},
    )
    return {row.external_ref: row for row in totals.order_by("-pk")}


def _judge_transfer(line: FileLine, total: FileLine | None) -> _Verdict:
    if total is None:
        return _Verdict(line, LineState.MISSING_HERE)
    if _amount(line) != _amount(total):
        return _Verdict(line, LineState.DIFFERS)
    return _Verdict(line, LineState.AGREES, subject_ref=total.pk, other_side=total)


def _judge_payout(line: FileLine) -> _Verdict:
    payout = _find_payout(line)
    if payout is None:
        return _Verdict(line, LineState.MISSING_HERE)
    sign = -1 if line.kind == LineKind.PAYOUT else 1
    told = Money(sign * line.amount_minor, line.currency)
    if told != payout.pays or payout.status not in _TELLS_OF[line.kind]:
        return _Verdict(line, LineState.DIFFERS)
    return _Verdict(line, LineState.AGREES, subject_ref=payout.id)


def _find_payout(line: FileLine) -> settlement.PayoutView | None:
    payout_id = find_id(line.our_ref)
    try:
        return None if payout_id is None else settlement.get_payout(payout_id=payout_id)
    except NotFound:
        return None


# --- What was found ---------------------------------------------------------------------------------------------------


@db.use_case
def _record(verdicts: Sequence[_Verdict], *, real_now: datetime) -> int:
    """Write down what was found, and post what agrees. A subject that another line agrees with is told twice."""
    taken = _taken(verdicts)
    agreed = 0
    for verdict in verdicts:
        key = (verdict.line.source, verdict.line.name, verdict.line.kind, verdict.subject_ref)
        if verdict.state is LineState.AGREES and key not in taken:
            taken.add(key)
            agreed += _agree(verdict, real_now=real_now)
        else:
            is_double = verdict.state is LineState.AGREES
            _note(verdict.line, LineState.DUPLICATE if is_double else verdict.state, real_now=real_now)
    return agreed


def _taken(verdicts: Iterable[_Verdict]) -> set[tuple[str, str, str, int | None]]:
    """What lines agree with already."""
    refs = {verdict.subject_ref for verdict in verdicts if verdict.subject_ref is not None}
    rows = FileLine.objects.filter(state=LineState.AGREES.value, subject_ref__in=refs)
    return set(rows.values_list("source", "name", "kind", "subject_ref"))


def _agree(verdict: _Verdict, *, real_now: datetime) -> bool:
    """False if somebody else has just found the same."""
    found = {"state": LineState.AGREES.value, "compared_at": real_now}
    line = FileLine.objects.filter(pk=verdict.line.pk, state__in=_WAITING)
    if not line.update(subject_ref=verdict.subject_ref, **found):
        return False
    if verdict.other_side is not None:
        FileLine.objects.filter(pk=verdict.other_side.pk).update(subject_ref=verdict.line.pk, **found)
    ledger.post(verdict.posting, now=real_now)
    return True


def _note(line: FileLine, state: LineState, *, real_now: datetime) -> None:
    FileLine.objects.filter(pk=line.pk, state__in=_WAITING).update(state=state.value, compared_at=real_now)


def _amount(line: FileLine) -> Money:
    return Money(line.amount_minor, line.currency)
