"""Sellers with money and a bank account, and the two people whom a payout takes."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from apps.ledger import api as ledger
from apps.ledger.api import Posting, Sheet
from apps.markets.api import forget_markets, load_standard_markets
from apps.settlement import api as settlement
from apps.settlement.api import (
    BankAnswer,
    BankMovement,
    LineKind,
    OpenedAccount,
    PayoutInstruction,
    PayoutView,
)
from apps.settlement.bank.sandbox import SandboxBank
from apps.settlement.contracts import NewLine
from apps.settlement.models import FxRate, Payout, PayoutAccount
from apps.settlement.services.lines import lock_account, write_lines
from tests.support import NOON, in_use_case
from tradecore import approvals, db
from tradecore.ids import new_id
from tradecore.models import Approval

ASKER = "user:1"
APPROVER = "user:2"


class WatchedBank:
    """The sandbox bank without pauses; remembers what it was told."""

    def __init__(self) -> None:
        self.sandbox = SandboxBank(moment_ms=0)
        self.sent: list[PayoutInstruction] = []
        self.opened: list[str] = []

    def open_account(self, *, holder_name: str, account_number: str, currency: str) -> OpenedAccount:
        self.opened.append(account_number)
        return self.sandbox.open_account(holder_name=holder_name, account_number=account_number, currency=currency)

    def send(self, instruction: PayoutInstruction) -> BankAnswer:
        self.sent.append(instruction)
        return self.sandbox.send(instruction)

    def ask(self, reference: int) -> BankAnswer | None:
        return self.sandbox.ask(reference)

    def list_movements(self, *, on: date) -> Sequence[BankMovement]:
        return self.sandbox.list_movements(on=on)

    def moved(self, *, on: date | None = None) -> list[tuple[str, str, str]]:
        """Kind, reference and amount of each movement of a day."""
        on = on or NOON.date()
        return [(each.kind.value, each.reference, str(each.amount)) for each in self.list_movements(on=on)]


def open_bank() -> WatchedBank:
    """A bank with an empty book in the sandbox's place, and markets to pay out in."""
    load_standard_markets(now=NOON)
    forget_markets()
    bank = WatchedBank()
    settlement.BANKS.register("sandbox", bank)
    return bank


def earn(minor: int, *, shop_id: int | None = None, market: str = "GB", currency: str = "GBP") -> int:
    """Let a shop have so much available, negative too, and the books say so. Returns the shop."""
    shop_id = shop_id or new_id()

    def write() -> None:
        reference = new_id()
        sheet = Sheet(currency).debit("SUSPENSE.test", minor, about=reference)
        sheet.credit("SELLER_AVAILABLE", minor, about=reference, owner=shop_id)
        ledger.post(Posting(kind="test_earned", reference=reference, entries=tuple(sheet.entries)), now=NOON)
        db.insert_pending()
        account = lock_account(shop_id=shop_id, market=market, currency=currency)
        line = NewLine(kind=LineKind.ADJUSTMENT, amount_minor=minor, reference=reference, details={})
        write_lines(account, [line], now=NOON)

    in_use_case(write)
    return shop_id


def give_account(shop_id: int, *, token: str = "acct_ok", currency: str = "GBP", **parts: Any) -> PayoutAccount:
    """The first account of a shop, as it would have set it."""
    row: PayoutAccount = PayoutAccount.objects.create(
        **{
            "shop_id": shop_id,
            "number": 1,
            "bank": "sandbox",
            "token": token,
            "masked": "…1234",
            "holder_name": "North Wool Ltd",
            "currency": currency,
            "status": "CURRENT",
            "current_of": shop_id,
            "created_by": ASKER,
            "created_at": NOON,
            "usable_from": NOON,
            **parts,
        }
    )
    return row


def make_seller(minor: int = 6755, *, token: str = "acct_ok", pays: str | None = None, **parts: Any) -> int:
    """A shop that can be paid out. Returns its id."""
    shop_id = earn(minor, **parts)
    give_account(shop_id, token=token, currency=pays or parts.get("currency", "GBP"))
    return shop_id


def set_rate(rate: str, *, pair: str = "JPY/USD", valid_from: datetime = NOON) -> FxRate:
    """A rate that two people have set."""
    source, _, target = pair.partition("/")
    whole, _, decimals = rate.partition(".")
    row: FxRate = FxRate.objects.create(
        from_currency=source,
        to_currency=target,
        rate_e6=int(whole + decimals.ljust(6, "0")),
        valid_from=valid_from,
        requested_by=ASKER,
        approved_by=APPROVER,
        created_at=NOON,
    )
    return row


def propose(market: str = "GB", *, now: datetime = NOON) -> int:
    """Propose what is available. Returns the id of the run."""
    run_id = settlement.propose_payouts(market=market, actor=ASKER, reason="weekly", now=now)
    assert run_id is not None
    return run_id


def approve(run_id: int, *, actor: str = APPROVER, now: datetime = NOON) -> None:
    """Let the second person approve a run as they have read it."""
    approval = Approval.objects.get(pk=settlement.get_payout_run(run_id=run_id).approval_id)
    approvals.approve(approval_id=approval.pk, content_hash=approval.content_hash, actor=actor, now=now)


def reject(run_id: int, *, actor: str = APPROVER, now: datetime = NOON) -> None:
    """Let the second person reject a run."""
    approval_id = settlement.get_payout_run(run_id=run_id).approval_id
    approvals.reject(approval_id=approval_id, actor=actor, reason="too much", now=now)


def send(*shop_ids: int, now: datetime = NOON) -> None:
    """Let a worker send, or ask about, what is due; of these shops, due or not."""
    ids = list(Payout.objects.filter(shop_id__in=shop_ids).values_list("pk", flat=True)) if shop_ids else None
    settlement.send_payouts(limit=50, now=now, payout_ids=ids)


def pay_out(*shop_ids: int, market: str = "GB") -> list[PayoutView]:
    """Propose, approve and send. Returns the payouts of these shops, in that order."""
    approve(propose(market))
    send()
    return [payout_of(shop_id) for shop_id in shop_ids]


def payout_of(shop_id: int) -> PayoutView:
    """The latest payout of a shop."""
    (latest,) = settlement.list_payouts(limit=1, shop_id=shop_id)
    return latest


def available_of(shop_id: int, currency: str = "GBP") -> int:
    """What a shop has, in minor units."""
    return settlement.get_account(shop_id=shop_id, currency=currency).available.minor
