"""Where a shop is paid to: its first account its people set themselves, a later one waits for a second person.

# Note [A stolen shop]
Whoever gets into a shop would have its money sent to themselves. So nobody changes an account alone, the second person
is not of the shop, the shop is written to, and for some time after a change nothing is paid out. The number of the
account goes to the bank and nowhere else; nobody can read it here.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Max, Sum

from apps.settlement.bank.port import BANK_CIRCUITS, BANKS, AccountUnusable, BankUnreachable, OpenedAccount
from apps.settlement.contracts import PayoutAccounts, PayoutAccountView
from apps.settlement.errors import BankSilent, PayoutAccountStale, PayoutAccountUnusable, PayoutAccountWaits
from apps.settlement.events import PayoutAccountChanged
from apps.settlement.models import PayoutAccount
from apps.settlement.states import PAYOUT_ACCOUNT
from tradecore import approvals, audit, db, outbox, wire, worker_leases
from tradecore.approvals import Approved, ContentChanged, Rejected
from tradecore.ids import new_id
from tradecore.live_settings import LiveSetting, Scope, WholeNumber
from tradecore.money import exponent_of

#: The kind of the approvals of a change.
PAYOUT_ACCOUNT_CHANGE = "settlement.payout_account"

_FINGERPRINT_LENGTH = 16

ACCOUNT_REST_S = LiveSetting(
    name="settlement.account_rest_s",
    meaning="How many seconds payouts wait after a shop was given another account, so that it can object.",
    schema=WholeNumber(0, 30 * 24 * 3600),
    default=lambda: settings.PAYOUT_ACCOUNT_REST_S,
    scopes=frozenset({Scope.SHOP}),
    needs_two=True,
)


def get_payout_accounts(*, shop_id: int) -> PayoutAccounts:
    """Where a shop is paid to, and what is to take its place; neither, before there is any."""
    rows = {
        row.status: row for row in PayoutAccount.objects.filter(shop_id=shop_id, status__in=["CURRENT", "PROPOSED"])
    }
    return PayoutAccounts(
        shop_id=shop_id,
        version=_version_of(shop_id),
        current=_view(rows.get("CURRENT")),
        proposed=_view(rows.get("PROPOSED")),
    )


def set_payout_account(
    *,
    shop_id: int,
    version: int,
    holder_name: str,
    account_number: str,
    currency: str,
    actor: str,
    now: datetime,
) -> PayoutAccounts:
    """Have a shop paid to this account: at once if it is its first one, else when a second person says so.

    The bank is told of it first, and what is kept is what the bank says of it. See Note [A stolen shop].
    Refuses, in this order: UnknownCurrency, PayoutAccountStale (somebody has changed it since `version`),
    PayoutAccountWaits, PayoutAccountUnusable, BankSilent, and once the bank knows it PayoutAccountStale and
    PayoutAccountWaits again.
    """
    exponent_of(currency)
    _refuse_if_not_free(shop_id, version=version, now=now)
    opened = _open_account(holder_name=holder_name, account_number=account_number, currency=currency)
    worker_leases.ensure()
    new = PayoutAccount(
        id=new_id(),
        shop_id=shop_id,
        bank=settings.PAYOUT_BANK,
        token=opened.token,
        masked=opened.masked,
        holder_name=holder_name,
        currency=currency,
        created_by=actor,
        created_at=now,
    )
    return _store(new, version=version, now=now)


@db.transaction_required
def carry_out_account_change(approved: Approved, now: datetime) -> None:
    """The handler of approved changes: payouts wait for ACCOUNT_REST_S. Refuses: ContentChanged."""
    row = _find_waiting(approved.content)
    current = PayoutAccount.objects.get(current_of=row.shop_id)
    if wire.to_json(_content(row, replaces=current)) != approved.content:
        raise ContentChanged
    _move(current, "REPLACED", current_of=None)
    _move(
        row,
        "CURRENT",
        current_of=row.shop_id,
        waits_for=None,
        decided_by=approved.approved_by,
        decided_at=now,
        usable_from=now + timedelta(seconds=ACCOUNT_REST_S.read(shop_id=row.shop_id)),
    )
    _tell(row, now=now)


@db.transaction_required
def note_account_rejection(rejected: Rejected, now: datetime) -> None:
    """The handler of rejected changes: the shop is paid to where it was. Refuses: ContentChanged."""
    row = _find_waiting(rejected.content)
    _move(row, "DROPPED", waits_for=None, decided_by=rejected.rejected_by, decided_at=now)


def fingerprint_of(account: PayoutAccount) -> str:
    """What tells one account, with its holder, from every other, and tells nothing of it."""
    parts = [account.bank, account.token, account.masked, account.holder_name, account.currency]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_FINGERPRINT_LENGTH]


def _open_account(*, holder_name: str, account_number: str, currency: str) -> OpenedAccount:
    db.assert_no_transaction()
    try:
        with BANK_CIRCUITS.to(settings.PAYOUT_BANK).calling(BankUnreachable):
            return BANKS.get(settings.PAYOUT_BANK).open_account(
                holder_name=holder_name, account_number=account_number, currency=currency
            )
    except AccountUnusable as error:
        raise PayoutAccountUnusable from error
    except BankUnreachable as error:
        raise BankSilent from error


@db.use_case
def _store(new: PayoutAccount, *, version: int, now: datetime) -> PayoutAccounts:
    """Refuses, in this order: PayoutAccountStale, PayoutAccountWaits."""
    shop_id = new.shop_id
    _refuse_if_not_free(shop_id, version=version, now=now)
    overdue = PayoutAccount.objects.filter(waits_for=shop_id).first()
    if overdue is not None:
        _move(overdue, "DROPPED", waits_for=None)
    current = PayoutAccount.objects.filter(current_of=shop_id).first()
    new.number = 1 + (PayoutAccount.objects.filter(shop_id=shop_id).aggregate(last=Max("number"))["last"] or 0)
    try:
        with db.savepoint():
            if current is None:
                new.status, new.current_of, new.usable_from = "CURRENT", shop_id, now
            else:
                _ask_for(new, replaces=current, now=now)
            new.save(force_insert=True)
    except IntegrityError as error:  # somebody else was a moment earlier
        raise PayoutAccountStale(version=_version_of(shop_id)) from error
    audit.record(
        actor=new.created_by,
        action="payout_account.set" if current is None else "payout_account.proposed",
        subject=f"shop:{shop_id}",
        after=_describe(new),
        now=now,
    )
    if current is None:
        _tell(new, now=now)
    return get_payout_accounts(shop_id=shop_id)


def _ask_for(new: PayoutAccount, *, replaces: PayoutAccount, now: datetime) -> None:
    new.waits_for = new.shop_id
    new.review_ends_at = now + approvals.LIFETIME
    new.approval_id = approvals.request_approval(
        kind=PAYOUT_ACCOUNT_CHANGE,
        subject=f"shop:{new.shop_id}",
        content=_content(new, replaces=replaces),
        actor=new.created_by,
        reason="the shop is to be paid to another account",
        now=now,
    )


def _refuse_if_not_free(shop_id: int, *, version: int, now: datetime) -> None:
    """Refuses, in this order: PayoutAccountStale, PayoutAccountWaits."""
    stands = _version_of(shop_id)
    if version != stands:
        raise PayoutAccountStale(version=stands)
    waiting = PayoutAccount.objects.filter(waits_for=shop_id).first()
    if waiting is not None and waiting.review_ends_at is not None and now < waiting.review_ends_at:
        raise PayoutAccountWaits(review_ends_at=waiting.review_ends_at)


def _version_of(shop_id: int) -> int:
    """Counts what happened to the accounts of a shop; 1 before there is any."""
    changes = PayoutAccount.objects.filter(shop_id=shop_id).aggregate(sum=Sum("version"))["sum"]
    return 1 + int(changes or 0)


def _find_waiting(content: Mapping[str, Any]) -> PayoutAccount:
    row = PayoutAccount.objects.filter(pk=int(content["payout_account_id"]), status="PROPOSED").first()
    if row is None:
        raise ContentChanged
    return row


def _content(row: PayoutAccount, *, replaces: PayoutAccount) -> dict[str, Any]:
    """What the second person reads. The holder's name stands on the page of the account, and in the fingerprint."""
    return {"shop_id": row.shop_id, **_describe(row), "replaces": _describe(replaces)}


def _describe(row: PayoutAccount) -> dict[str, Any]:
    return {
        "payout_account_id": row.pk,
        "account": row.masked,
        "currency": row.currency,
        "fingerprint": fingerprint_of(row),
    }


def _move(row: PayoutAccount, after: str, **columns: Any) -> None:
    """The one way in which the status of an account changes: compared and set."""
    PAYOUT_ACCOUNT.check(row.status, after)
    as_read = PayoutAccount.objects.filter(pk=row.pk, status=row.status)
    moved = as_read.update(status=after, version=row.version + 1, **columns)
    if not moved:
        raise ContentChanged
    row.refresh_from_db()


def _tell(row: PayoutAccount, *, now: datetime) -> None:
    assert row.usable_from is not None, "it is current"
    event = PayoutAccountChanged(shop_id=row.shop_id, account=row.masked, usable_from=row.usable_from)
    outbox.publish(event, aggregate="payout_account", aggregate_id=row.pk, sequence=1, shop_id=row.shop_id, now=now)


def _view(row: PayoutAccount | None) -> PayoutAccountView | None:
    if row is None:
        return None
    return PayoutAccountView(
        id=row.pk,
        status=row.status,
        account=row.masked,
        holder_name=row.holder_name,
        currency=row.currency,
        created_at=row.created_at,
        review_ends_at=row.review_ends_at,
        usable_from=row.usable_from,
    )
