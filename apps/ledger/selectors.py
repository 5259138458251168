"""The reads of ledger.

# Note [Balances]
A balance is what the sealer has folded plus the entries that it has not come to. Both are read by one statement, which
sees one moment: a posting that is sealed meanwhile is counted here or there, never twice and never not at all.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, F, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Abs, Coalesce

from apps.ledger import models
from apps.ledger.chart import CHART, Account, Side
from apps.ledger.contracts import (
    BalanceView,
    EntryView,
    Manifest,
    Outcome,
    PostingView,
    StatementLine,
    TrialBalanceLine,
)
from tradecore.money import Money

_ACCOUNT = ("account", "owner_ref", "currency", "is_pending")


def get_balance(account: Account, *, currency: str) -> BalanceView:
    """What one account comes to now. See Note [Balances]."""
    balances = list_balances(accounts=[account.code], owner_refs=[account.owner_ref], currency=currency)
    return next(iter(balances), BalanceView(account=account, posted=Money(0, currency), pending=Money(0, currency)))


def list_balances(
    *,
    accounts: Collection[str] | None = None,
    owner_refs: Collection[int] | None = None,
    currency: str | None = None,
) -> list[BalanceView]:
    """The balances of accounts, by code, owner and currency: of these codes, owners and currency where they are named.

    Accounts that come to nothing are among them once they have had an entry.
    """
    wanted = Q()
    if accounts is not None:
        wanted &= Q(account__in=accounts)
    if owner_refs is not None:
        wanted &= Q(owner_ref__in=owner_refs)
    if currency is not None:
        wanted &= Q(currency=currency)
    sums: dict[tuple[str, int, str], Counter[bool]] = defaultdict(Counter)
    for code, owner_ref, of_currency, is_pending, minor in _folded_and_not(wanted):
        sums[code, owner_ref, of_currency][bool(is_pending)] += int(minor)
    return [
        BalanceView(
            account=Account(code, owner_ref),
            posted=Money(minors[False], of_currency),
            pending=Money(minors[True], of_currency),
        )
        for (code, owner_ref, of_currency), minors in sorted(sums.items())
    ]


def trial_balance() -> list[TrialBalanceLine]:
    """What is posted on every account, owners together, by currency and account. All of one currency is nothing."""
    sums: Counter[tuple[str, str]] = Counter()
    for code, _, currency, is_pending, minor in _folded_and_not(Q()):
        if not is_pending:
            sums[currency, code] += int(minor)
    return [
        TrialBalanceLine(account=code, side=_side(code), balance=Money(_on_its_side(code, minor), currency))
        for (currency, code), minor in sorted(sums.items())
    ]


def list_entries(
    *,
    account: str,
    owner_ref: int = 0,
    currency: str,
    limit: int,
    since: datetime | None = None,
    before: int | None = None,
) -> list[EntryView]:
    """The entries of one account, the latest first."""
    rows = models.Entry.objects.filter(account=account, owner_ref=owner_ref, currency=currency)
    if since is not None:
        rows = rows.filter(posting__occurred_at__gte=since)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return [_view_entry(row, row.posting) for row in rows.select_related("posting").order_by("-pk")[:limit]]


def list_statement(account: Account, *, currency: str, limit: int) -> list[StatementLine]:
    """The last so many entries of one account, oldest first; the last line's balance is that of the account.

    Entries and balance are read by one statement: see Note [Balances].
    """
    of_account = Q(account=account.code, owner_ref=account.owner_ref, currency=currency)
    posted = of_account & Q(is_pending=False)
    rows = models.Entry.objects.filter(of_account).select_related("posting").order_by("-pk")
    latest = list(rows.annotate(balance_minor=_scalar(_folded(posted)) + _scalar(_unsealed(posted)))[:limit])
    lines, minor = [], int(latest[0].balance_minor) if latest else 0
    for row in latest:
        lines.append(StatementLine(entry=_view_entry(row, row.posting), balance=Money(minor, currency)))
        minor -= 0 if row.is_pending else row.amount_minor
    return lines[::-1]


def list_postings(*, order_refs: Iterable[int]) -> list[PostingView]:
    """Everything that was posted for orders or purchases, oldest first, in two statements."""
    rows = models.Posting.objects.filter(order_ref__in=list(order_refs)).select_related("seal").order_by("pk")
    return [_view_posting(row) for row in rows.prefetch_related("entries")]


def find_posting(*, kind: str, reference: int) -> PostingView | None:
    """The posting of a fact, if there is one."""
    rows = models.Posting.objects.filter(kind=kind, reference=reference).select_related("seal")
    row = rows.prefetch_related("entries").first()
    return None if row is None else _view_posting(row)


def list_manifests(*, limit: int | None = None) -> list[Manifest]:
    """The manifests of the last so many days, or of all, the latest first."""
    return [view_manifest(row) for row in models.DayManifest.objects.order_by("-day")[:limit]]


def add_up_absolute(*, first_seal: int, last_seal: int) -> dict[str, str]:
    """Currency -> the sum of all amounts without their sign, of the postings with these seals."""
    entries = models.Entry.objects.filter(posting__seal__number__gte=first_seal, posting__seal__number__lte=last_seal)
    sums = entries.order_by("currency").values_list("currency").annotate(total=Sum(Abs("amount_minor")))
    return {currency: str(int(total)) for currency, total in sums}


def view_manifest(row: models.DayManifest) -> Manifest:
    """The contract of a manifest."""
    return Manifest(
        day=row.day,
        first_seal=row.first_seal,
        last_seal=row.last_seal,
        posting_count=row.posting_count,
        totals=row.totals,
        last_hash=row.last_hash,
        previous_digest=row.previous_digest,
        digest=row.digest,
        key_id=row.key_id,
        signature=row.signature,
    )


def _folded_and_not(wanted: Q) -> QuerySet[models.Balance, tuple[str, int, str, bool, int]]:
    """(account, owner, currency, is pending, minor units), folded and not: several rows may be of one account."""
    return _folded(wanted).union(_unsealed(wanted), all=True)


def _folded(wanted: Q) -> QuerySet[models.Balance, Any]:
    rows = models.Balance.objects.filter(wanted).order_by()
    return rows.values_list(*_ACCOUNT).annotate(minor=F("amount_minor"))


def _unsealed(wanted: Q) -> QuerySet[models.Entry, Any]:
    swept_below = Coalesce(Subquery(models.Sealer.objects.values("swept_below")[:1]), 0)
    rows = models.Entry.objects.filter(wanted, posting__seal__isnull=True, posting_id__gte=swept_below).order_by()
    return rows.values_list(*_ACCOUNT).annotate(minor=Sum("amount_minor"))


def _scalar(sums: QuerySet[Any, Any]) -> Coalesce:
    """The one sum of sums that are of one account, or nothing."""
    return Coalesce(Subquery(sums.values("minor")[:1]), 0, output_field=BigIntegerField())


def _side(code: str) -> Side:
    return CHART[code.partition(".")[0]].side


def _on_its_side(code: str, minor: int) -> int:
    return minor if _side(code) is Side.DEBIT else -minor


def _view_posting(row: models.Posting) -> PostingView:
    entries: Sequence[models.Entry] = sorted(row.entries.all(), key=lambda entry: entry.line_no)
    return PostingView(
        id=row.pk,
        kind=row.kind,
        reference=row.reference,
        order_ref=row.order_ref,
        outcome=Outcome(row.outcome) if row.outcome else None,
        resolves_id=row.resolves_id,
        reverses_id=row.reverses_id,
        reason=row.reason,
        actor=row.actor,
        occurred_at=row.occurred_at,
        seal=row.seal.number if hasattr(row, "seal") else None,
        entries=tuple(_view_entry(entry, row) for entry in entries),
    )


def _view_entry(row: models.Entry, posting: models.Posting) -> EntryView:
    return EntryView(
        id=row.pk,
        posting_id=posting.pk,
        kind=posting.kind,
        reference=posting.reference,
        account=row.account,
        owner_ref=row.owner_ref,
        amount=Money(row.amount_minor, row.currency),
        is_pending=row.is_pending,
        about_ref=row.about_ref,
        occurred_at=posting.occurred_at,
    )
