"""Fetch: what a provider or a bank tells of its days, kept line by line."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

import structlog
from django.db import IntegrityError

from apps.payments import api as payments
from apps.reconciliation.contracts import ComparedFile, LineKind, Source
from apps.reconciliation.errors import BankUnknown, DayNotBegun, TooManyDays
from apps.reconciliation.models import File, FileLine
from apps.settlement import api as settlement
from tradecore import db
from tradecore.ids import first_id_at

log = structlog.get_logger()

#: A transfer is to be booked at the bank so long after the day that it is of.
TRANSFER_DAYS = 2
#: So many days are looked at again: what was corrected since is told by the same file.
LOOKS_BACK = 3
#: A gap that is longer is not filled at once.
DAYS_MAX = 400

_DAY = timedelta(days=1)

Read = Callable[[date], Sequence[FileLine]]


def fetch_days(*, source: Source, name: str, on: date, real_now: datetime) -> list[ComparedFile]:
    """Fetch a day of a provider or bank, and whichever days lie between it and those that were fetched before.

    Talks to the network, so outside any transaction. Returns the days in their order; the same file again adds nothing.
    Refuses, in this order: ProviderUnknown or BankUnknown, DayNotBegun, TooManyDays. Raises ProviderUnreachable,
    BankUnreachable.
    """
    db.assert_no_transaction()
    read = _reader(source, name)
    if on > real_now.date():
        raise DayNotBegun(on=on.isoformat())
    days = _days_up_to(source, name, on)
    if len(days) > DAYS_MAX:
        raise TooManyDays(days=len(days), days_max=DAYS_MAX)
    return [_keep(source, name, day, read(day), real_now=real_now) for day in days]


def fetch_due_days(*, real_now: datetime) -> list[ComparedFile]:
    """Fetch what every provider and bank tells of the days that are over: once a day, the last few again.

    Who cannot be reached is left out, and asked again by the next round.
    """
    yesterday = real_now.date() - _DAY
    fetched: list[ComparedFile] = []
    for source, name in _outsiders():
        try:
            fetched += _fetch_due(source, name, yesterday, real_now=real_now)
        except (payments.ProviderUnreachable, settlement.BankUnreachable) as error:
            log.warning("file_not_fetched", source=source, name=name, error=str(error))
    return fetched


def _outsiders() -> Iterator[tuple[Source, str]]:
    for name in sorted(payments.PROVIDERS.names()):
        yield Source.PROVIDER, name
    for name in sorted(settlement.BANKS.names()):
        yield Source.BANK, name


def _fetch_due(source: Source, name: str, yesterday: date, *, real_now: datetime) -> list[ComparedFile]:
    known = File.objects.filter(source=source.value, name=name)
    midnight = _midnight(yesterday + _DAY)
    if known.filter(on=yesterday, fetched_at__gte=midnight).exists():
        return []
    read = _reader(source, name)
    again = known.filter(on__gt=yesterday - LOOKS_BACK * _DAY, on__lt=yesterday).order_by("on")
    days = [*again.values_list("on", flat=True), *_days_up_to(source, name, yesterday)]
    return [_keep(source, name, day, read(day), real_now=real_now) for day in sorted(set(days))[:DAYS_MAX]]


def _days_up_to(source: Source, name: str, on: date) -> list[date]:
    """The day, and those between it and the days that are known: there must be no gap."""
    known = File.objects.filter(source=source.value, name=name).order_by("on").values_list("on", flat=True)
    first, last = known.first(), known.last()
    if first is None or last is None or first <= on <= last:
        return [on]
    if on > last:
        return [last + number * _DAY for number in range(1, (on - last).days + 1)]
    return [on + number * _DAY for number in range((first - on).days)]


def _reader(source: Source, name: str) -> Read:
    """Refuses: ProviderUnknown, BankUnknown."""
    if source is Source.PROVIDER:
        if name not in payments.PROVIDERS.names():
            raise payments.ProviderUnknown(provider=name)
        return lambda day: _of_provider(payments.fetch_provider_settlement(provider=name, on=day))
    if name not in settlement.BANKS.names():
        raise BankUnknown(bank=name)
    return lambda day: [_of_bank(movement) for movement in _list_movements(name, on=day)]


def _list_movements(bank: str, *, on: date) -> Sequence[settlement.BankMovement]:
    """Raises BankUnreachable."""
    with settlement.BANK_CIRCUITS.to(bank).calling(settlement.BankUnreachable):
        return settlement.BANKS.get(bank).list_movements(on=on)


def _of_provider(settlements: Iterable[payments.ProviderSettlement]) -> list[FileLine]:
    """The lines of each settlement, and after them its total."""
    lines: list[FileLine] = []
    for settled in settlements:
        of_it = {"settlement_ref": settled.provider_ref, "account": settled.account}
        lines += [
            FileLine(
                **of_it,
                kind=LineKind(line.kind.value).value,
                external_ref=line.provider_ref,
                our_ref=str(line.reference),
                currency=line.gross.currency,
                amount_minor=line.gross.minor,
                fee_minor=line.fee.minor,
                happened_at=line.at,
            )
            for line in settled.lines
        ]
        lines.append(
            FileLine(
                **of_it,
                kind=LineKind.TOTAL.value,
                external_ref=settled.provider_ref,
                currency=settled.transfer.currency,
                amount_minor=settled.transfer.minor,
                due_on=settled.on + TRANSFER_DAYS * _DAY,
            )
        )
    return lines


def _of_bank(movement: settlement.BankMovement) -> FileLine:
    return FileLine(
        kind=LineKind(movement.kind.value).value,
        external_ref=movement.bank_ref,
        our_ref=movement.reference,
        currency=movement.amount.currency,
        amount_minor=movement.amount.minor,
    )


def _keep(source: Source, name: str, on: date, lines: Sequence[FileLine], *, real_now: datetime) -> ComparedFile:
    """Write down what of a day is not known yet. Somebody else who does so at the same time waits, and finds it."""
    _note_file(source, name, on, real_now=real_now)
    new_count = _add(source, name, on, lines, real_now=real_now)
    return ComparedFile(source=source, name=name, on=on, line_count=len(lines), new_count=new_count)


@db.use_case
def _note_file(source: Source, name: str, on: date, *, real_now: datetime) -> None:
    try:
        with db.savepoint():
            File.objects.get_or_create(
                source=source.value,
                name=name,
                on=on,
                defaults={
                    "first_id": first_id_at(_midnight(on)),
                    "next_id": first_id_at(_midnight(on + _DAY)),
                    "fetched_at": real_now,
                },
            )
    except IntegrityError:  # another process has just noted it
        return


@db.use_case
def _add(source: Source, name: str, on: date, lines: Sequence[FileLine], *, real_now: datetime) -> int:
    file = File.objects.select_for_update().get(source=source.value, name=name, on=on)
    known = _known(file, lines)
    new = []
    for line, occurrence in _count(lines):
        if _content(line, occurrence) in known:
            continue
        line.file, line.source, line.name = file, file.source, file.name
        line.occurrence, line.first_seen_at = occurrence, real_now
        new.append(line)
    FileLine.objects.bulk_create(new, batch_size=500)
    file.line_count += len(new)
    file.fetched_count += 1
    file.fetched_at = real_now
    file.save(update_fields=["line_count", "fetched_count", "fetched_at"])
    return len(new)


def _known(file: File, lines: Sequence[FileLine]) -> set[tuple[object, ...]]:
    """What is known of the same settlements, or statement, whichever day told of it."""
    settlements = {line.settlement_ref for line in lines}
    rows = FileLine.objects.filter(source=file.source, name=file.name)
    rows = rows.filter(file=file) if settlements <= {""} else rows.filter(settlement_ref__in=settlements)
    return {_content(row, row.occurrence) for row in rows}


def _count(lines: Sequence[FileLine]) -> Iterator[tuple[FileLine, int]]:
    """Each line, and the how manyth of its kind it is within its settlement."""
    seen: Counter[tuple[object, ...]] = Counter()
    for line in lines:
        seen[_content(line, 0)] += 1
        yield line, seen[_content(line, 0)]


def _content(line: FileLine, occurrence: int) -> tuple[object, ...]:
    names = (line.settlement_ref, line.kind, line.external_ref)
    return (*names, line.currency, line.amount_minor, line.fee_minor, occurrence)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)
