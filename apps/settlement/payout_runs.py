"""What is available is proposed to be paid out, and a second person decides.

# Note [Payout runs]
A run is a list: whom, how much, to which account, at which rate. The second person approves the hash of that list (see
Note [Approvals] in tradecore), and their approval takes the money off the sellers' accounts in its own transaction, so
that nothing can be approved twice or left half done. The world may have changed since the list was made: a payout whose
seller has less by then, or is frozen, or is paid elsewhere, is skipped, and stays in the run with the reason; none is
ever changed. Sending comes later: see Note [Sent once].
"""

from collections.abc import Mapping, Sequence, Set
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Exists, Max, OuterRef

from apps.ledger import api as ledger
from apps.ledger.api import seller_journals as journals
from apps.markets.api import Market, get_market, list_markets, local_day
from apps.pricing.api import convert
from apps.settlement.contracts import LineKind, NewLine
from apps.settlement.errors import PayoutRunOver, PayoutsFrozen
from apps.settlement.fx_rates import rates_from
from apps.settlement.models import Payout, PayoutAccount, PayoutRun, SellerAccount
from apps.settlement.payout_accounts import fingerprint_of
from apps.settlement.services.lines import write_lines
from apps.settlement.services.payouts import amount_of, move_payout, pays_of, spell_rate
from apps.settlement.states import PAYOUT_RUN
from apps.settlement.stops import are_payouts_stopped
from tradecore import approvals, clock, db, freezes, wire
from tradecore.approvals import Approved, ContentChanged, Rejected
from tradecore.ids import new_id
from tradecore.live_settings import LiveSetting, Scope, WholeNumber
from tradecore.locks import Rank, lock_row, lock_rows
from tradecore.money import Money

#: The kind of their approvals.
PAYOUT_RUN_APPROVAL = "settlement.payout_run"

#: Whoever proposes when nobody does.
JOB = "system"

EXPIRED_BATCH = 50

RUN_LIMIT = LiveSetting(
    name="settlement.run_limit",
    meaning="How many payouts a run has at most, as a second person reads all of them.",
    schema=WholeNumber(1, 1_000),
    default=lambda: settings.PAYOUT_RUN_MAX,
    scopes=frozenset({Scope.MARKET}),
)


def propose_due_payouts(*, now: datetime) -> int:
    """Propose for every market that has had no run on its day, in as many runs as it takes. Returns how many.

    What nobody has decided in time is cancelled first. Any number of processes may do so at once.
    """
    cancel_expired_runs(now=now)
    if are_payouts_stopped():
        return 0
    return sum(_propose_rest_of_day(market, now=now) for market in list_markets(now=now))


@db.use_case
def propose_payouts(*, market: str, actor: str, reason: str, now: datetime) -> int | None:
    """Propose what is available in a market, as one run of RUN_LIMIT payouts at most, by shop.

    A shop is proposed with all that it has if that is PAYOUT_MINIMUMS_MINOR or more, its payouts are not frozen, it has
    an account that is usable and to whose currency there is a rate, and no payout of it is open.
    Returns the id of the run; None where there is nothing to propose, or somebody else has just proposed it.
    Refuses, in this order: UnknownMarket, PayoutsFrozen.
    """
    where = get_market(market, now=now)
    if are_payouts_stopped():
        raise PayoutsFrozen
    payouts = _draft_payouts(where, now=now)
    if not payouts:
        return None
    on = local_day(where.time_zone, now)
    run = PayoutRun(
        id=new_id(),
        market=where.code,
        currency=where.currency,
        on=on,
        number=1 + (_runs_of(where, now=now).aggregate(last=Max("number"))["last"] or 0),
        payout_count=len(payouts),
        total_minor=sum(payout.amount_minor for payout in payouts),
        proposed_by=actor,
        proposed_at=now,
        expires_at=now + approvals.LIFETIME,
    )
    try:
        with db.savepoint():
            run.approval_id = approvals.request_approval(
                kind=PAYOUT_RUN_APPROVAL,
                subject=f"payout_run:{run.pk}",
                content=_content(run, payouts),
                actor=actor,
                reason=reason,
                now=now,
            )
            run.save(force_insert=True)
            for payout in payouts:
                payout.run = run
            Payout.objects.bulk_create(payouts)
    except IntegrityError:  # a run of that number, or an open payout of one of the shops
        return None
    return run.pk


@db.transaction_required
def carry_out_run(approved: Approved, now: datetime) -> None:
    """The handler of approved runs: take the money off the sellers' accounts, and have it sent. See Note [Payout runs].

    Refuses, in this order: PayoutRunOver, PayoutsFrozen, ContentChanged (the rows are not what was read).
    Locks, in this order: run, accounts.
    """
    run = _lock_open_run(approved.content)
    if are_payouts_stopped():
        raise PayoutsFrozen
    payouts = _open_payouts(run)
    if wire.to_json(_content(run, payouts)) != approved.content:
        raise ContentChanged
    _move_run(run, "APPROVED", decided_by=approved.approved_by, now=now)
    frozen = freezes.read_frozen(kind=freezes.SHOP_PAYOUTS)
    locked = lock_rows(Rank.ACCOUNT, SellerAccount, [payout.shop_id for payout in payouts])
    accounts = {account.shop_id: account for account in locked}
    for payout in payouts:
        _approve(payout, accounts[payout.shop_id], frozen=frozen, now=now)


@db.transaction_required
def note_run_rejection(rejected: Rejected, now: datetime) -> None:
    """The handler of rejected runs: nothing of it is paid out. Refuses: PayoutRunOver. Locks: the run."""
    run = _lock_open_run(rejected.content)
    _cancel(run, decided_by=rejected.rejected_by, now=now)


def cancel_expired_runs(*, now: datetime) -> int:
    """Cancel runs that nobody has decided in time, each by itself. Returns how many."""
    late = PayoutRun.objects.filter(status="PROPOSED", expires_at__lte=now).order_by("expires_at")
    return sum(_cancel_expired(run_id, now=now) for run_id in late.values_list("pk", flat=True)[:EXPIRED_BATCH])


@db.use_case
def _cancel_expired(run_id: int, *, now: datetime) -> bool:
    run = lock_row(Rank.SETTLEMENT, PayoutRun, run_id)
    if run is None or run.status != "PROPOSED":
        return False
    _cancel(run, decided_by="", now=now)
    return True


def _propose_rest_of_day(market: Market, *, now: datetime) -> int:
    """A run that is full is followed by another one; one that is not was the last of its day."""
    proposed = 0
    while _is_due(market, now=now):
        reason = f"daily payout of {market.code}"
        if propose_payouts(market=market.code, actor=JOB, reason=reason, now=now) is None:
            break
        proposed += 1
    return proposed


def _is_due(market: Market, *, now: datetime) -> bool:
    last = _runs_of(market, now=now).order_by("-number").first()
    return last is None or (last.status != "CANCELLED" and last.payout_count >= RUN_LIMIT.read(market=market.code))


def _runs_of(market: Market, *, now: datetime) -> Any:
    """The runs of the market's day."""
    on = local_day(market.time_zone, now)
    return PayoutRun.objects.filter(market=market.code, currency=market.currency, on=on)


def _draft_payouts(market: Market, *, now: datetime) -> list[Payout]:
    """What is to be paid out, by shop, without its run."""
    rates = rates_from(market.currency, now=now)
    usable = PayoutAccount.objects.filter(
        current_of=OuterRef("shop_id"), usable_from__lte=now, currency__in=[market.currency, *rates]
    )
    in_flight = Payout.objects.filter(in_flight_of=OuterRef("shop_id"))
    minimum_minor = max(1, settings.PAYOUT_MINIMUMS_MINOR.get(market.currency, 1))
    payable = SellerAccount.objects.filter(
        Exists(usable),
        ~Exists(in_flight),
        market=market.code,
        currency=market.currency,
        available_minor__gte=minimum_minor,
    )
    payable = payable.exclude(shop_id__in=freezes.read_frozen(kind=freezes.SHOP_PAYOUTS))
    sellers = list(payable.order_by("shop_id")[: RUN_LIMIT.read(market=market.code)])
    targets = PayoutAccount.objects.filter(current_of__in=[seller.shop_id for seller in sellers])
    by_shop = {target.shop_id: target for target in targets}
    drafts = [_draft(seller, by_shop[seller.shop_id], rates=rates, now=now) for seller in sellers]
    return [draft for draft in drafts if draft.pays_minor]


def _draft(seller: SellerAccount, target: PayoutAccount, *, rates: Mapping[str, int], now: datetime) -> Payout:
    amount = Money(seller.available_minor, seller.currency)
    rate_e6 = None if target.currency == seller.currency else rates[target.currency]
    pays = amount if rate_e6 is None else convert(amount=amount, rate_e6=rate_e6, currency=target.currency)
    return Payout(
        id=new_id(),
        account=target,
        shop_id=seller.shop_id,
        in_flight_of=seller.shop_id,
        currency=amount.currency,
        amount_minor=amount.minor,
        pays_currency=pays.currency,
        pays_minor=pays.minor,
        rate_e6=rate_e6,
        proposed_at=now,
    )


def _content(run: PayoutRun, payouts: Sequence[Payout]) -> dict[str, Any]:
    """What the second person reads: the whole list."""
    return {
        "run_id": run.pk,
        "market": run.market,
        "on": run.on,
        "number": run.number,
        "payout_count": run.payout_count,
        "total": Money(run.total_minor, run.currency),
        "payouts": [_describe(payout) for payout in payouts],
    }


def _describe(payout: Payout) -> dict[str, Any]:
    described: dict[str, Any] = {
        "payout_id": payout.pk,
        "shop_id": payout.shop_id,
        "amount": amount_of(payout),
        "account": payout.account.masked,
        "fingerprint": fingerprint_of(payout.account),
    }
    if payout.rate_e6 is not None:
        described |= {"rate": spell_rate(payout.rate_e6), "pays": pays_of(payout)}
    return described


def _lock_open_run(content: Mapping[str, Any]) -> PayoutRun:
    """Refuses: PayoutRunOver."""
    run = lock_row(Rank.SETTLEMENT, PayoutRun, int(content["run_id"]))
    assert run is not None, "a run is never deleted"
    if run.status != "PROPOSED":
        raise PayoutRunOver(run_status=run.status)
    return run


def _open_payouts(run: PayoutRun) -> list[Payout]:
    return list(run.payouts.filter(status="PROPOSED").select_related("account").order_by("shop_id"))


def _approve(payout: Payout, account: SellerAccount, *, frozen: Set[int], now: datetime) -> None:
    """Take a payout off its locked account, or skip it."""
    if reason := _why_not(payout, account, frozen=frozen, now=now):
        move_payout(payout, "SKIPPED", reason=reason, ended_at=now, now=now)
        return
    move_payout(
        payout,
        "APPROVED",
        approved_at=now,
        execute_on=now.astimezone(UTC).date(),
        ask_at=clock.real_now(),
        now=now,
    )
    ledger.post(
        *journals.payout(payout_ref=payout.pk, shop_ref=payout.shop_id, amount=amount_of(payout), pays=pays_of(payout)),
        now=now,
    )
    details = {
        "account": payout.account.masked,
        "pays_minor": payout.pays_minor,
        "pays_currency": payout.pays_currency,
        "rate": None if payout.rate_e6 is None else spell_rate(payout.rate_e6),
    }
    line = NewLine(kind=LineKind.PAYOUT, amount_minor=-payout.amount_minor, reference=payout.pk, details=details)
    write_lines(account, [line], now=now)


def _why_not(payout: Payout, account: SellerAccount, *, frozen: Set[int], now: datetime) -> str:
    """Why a payout cannot be made as it was proposed; empty if it can."""
    target = payout.account
    if payout.shop_id in frozen:
        return "frozen"
    if target.status != "CURRENT" or target.usable_from is None or now < target.usable_from:
        return "account_changed"
    return "not_available" if account.available_minor < payout.amount_minor else ""


def _cancel(run: PayoutRun, *, decided_by: str, now: datetime) -> None:
    _move_run(run, "CANCELLED", decided_by=decided_by, now=now)
    reason = "rejected" if decided_by else "not_decided"
    for payout in _open_payouts(run):
        move_payout(payout, "CANCELLED", reason=reason, ended_at=now, now=now)


def _move_run(run: PayoutRun, after: str, *, decided_by: str, now: datetime) -> None:
    """The one way in which the status of a run changes, under its lock."""
    PAYOUT_RUN.check(run.status, after)
    open_run = PayoutRun.objects.filter(pk=run.pk, status=run.status)
    moved = open_run.update(status=after, decided_by=decided_by, decided_at=now)
    assert moved == 1, f"run {run.pk} was decided under its lock"
    run.status, run.decided_by, run.decided_at = after, decided_by, now
