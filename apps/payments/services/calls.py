"""Calls to providers: written before they are sent, asked for by our own reference when no answer came.

# Note [Sent or not]
CREATED says that no outcome is recorded, and nothing about whether the call was sent: its process may be waiting for
the answer right now, or have died with it in hand. So a call that could take money is never forgotten. When its tender
is given up it becomes UNKNOWN and a void is written, always; it is asked about until the void has succeeded (the
provider then refuses what comes later) or the provider says what became of it. Meanwhile it is not sent any more.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from django.db.models import F, Q

from apps.payments.models import Dispute, ProviderCall, Refund, Tender
from apps.payments.provider import PROVIDERS, Call, Operation, ProviderUnreachable, Said, Statement, StoredAnswer
from apps.payments.services import rows
from tradecore import clock, db, freezes, metrics
from tradecore.breakers import Circuits
from tradecore.money import Money
from tradecore.prepared import Select
from tradecore.worlds import marked

log = structlog.get_logger()

#: How long the process that wrote a call has it for itself before the poller takes it up.
OWN_TIME = timedelta(seconds=30)
ASK_FIRST_S = 5
ASK_LIMIT_S = 300
FIRST_OPERATIONS = (Operation.CHARGE, Operation.AUTHORISE)
#: Calls whose end is not known.
OPEN_CALLS = frozenset({"CREATED", "UNKNOWN", "PENDING"})
#: What may take a buyer's money, now or in the end.
PAYING_OPERATIONS = frozenset({*FIRST_OPERATIONS, Operation.CAPTURE})
_UNSENT_REFUND = Q(operation=Operation.REFUND.value, status="CREATED")
#: Tenders whose money, or whose answer, may still come.
LIVE_TENDERS = frozenset({"CREATED", "REQUIRES_ACTION", "AUTHORISED", "SUSPECT"})

#: A provider that does not answer is left alone, rather than waited for by every buyer: their calls are then unknown at
#: once, and asked about later like any other.
_CIRCUITS = Circuits("provider", failures=5, rest_s=5.0)
#: While somebody buys, a silent provider is tried after each rest, and takes its time limits to fail.
_TRIED_WITHIN_S = 15.0


def are_all_silent() -> bool:
    """Whether every provider is left alone by this process, and did not answer when it was last tried. Asks nobody."""
    return all(_CIRCUITS.to(name).is_failing(within_s=_TRIED_WITHIN_S) for name in PROVIDERS.names())


def make_call(
    tender: Tender,
    operation: Operation,
    *,
    now: datetime,
    refund: Refund | None = None,
    dispute: Dispute | None = None,
    amount_minor: int | None = None,
    send_here: bool = False,
) -> ProviderCall:
    """A new call, not saved. `send_here` says that the caller's flow sends it itself after the commit."""
    real_now = clock.real_now()
    return ProviderCall(
        tender=tender,
        refund=refund,
        dispute=dispute,
        operation=operation.value,
        amount_minor=tender.amount_minor if amount_minor is None else amount_minor,
        ask_at=real_now + OWN_TIME if send_here else real_now,
        created_at=now,
    )


def describe_call(row: ProviderCall) -> Call:
    """The call as the provider gets it. `row.tender.intent` and `row.dispute` must be loaded."""
    tender = row.tender
    contested = row.dispute if row.operation == Operation.CONTEST else None
    return Call(
        reference=row.pk,
        operation=Operation(row.operation),
        provider=tender.provider,
        method=tender.method,
        method_token=tender.method_token,
        amount=Money(row.amount_minor, tender.intent.currency),
        instalments=tender.instalments,
        about=None if row.operation in FIRST_OPERATIONS else first_call_of(tender).pk,
        dispute_ref="" if row.dispute is None else row.dispute.provider_ref,
        evidence=None if contested is None else contested.evidence,
    )


def first_call_of(tender: Tender) -> ProviderCall:
    """The call that the tender began with: later ones name it to the provider by its reference."""
    return tender.calls.get(operation__in=FIRST_OPERATIONS)


_UNSENT = Select(
    lambda payable: (
        ProviderCall.objects.filter(tender__intent__payable_ref=payable, status="CREATED")
        .select_related("tender__intent", "dispute")
        .order_by("id")
    )
)


def list_unsent_calls(*, payable_ref: int) -> list[Call]:
    """The calls of a payable that wait to be sent, oldest first; no refund while all of them are frozen."""
    calls = [describe_call(row) for row in _UNSENT(payable=payable_ref)]
    if any(call.operation is Operation.REFUND for call in calls) and _refunds_are_frozen():
        return [call for call in calls if call.operation is not Operation.REFUND]
    return calls


def send_call(call: Call) -> Statement | None:
    """Send the call; None when no answer came, and nothing may be concluded from that."""
    db.assert_no_transaction()
    try:
        with _calling(call.provider, call.operation.value):
            return PROVIDERS.get(call.provider).send(call)
    except ProviderUnreachable as error:
        log.warning("provider_silent", provider=call.provider, reference=call.reference, error=str(error))
        return None


def ask_about_call(call: Call) -> Statement | None:
    """What became of a call. One that the provider never had is sent (again): its reference makes that safe.

    None when no answer came, or where it must not be sent any more; see Note [Sent or not].
    """
    db.assert_no_transaction()
    provider = PROVIDERS.get(call.provider)
    try:
        with _calling(call.provider, "ask"):
            return provider.ask(call.reference) or (provider.send(call) if _may_be_sent(call) else None)
    except ProviderUnreachable as error:
        log.warning("provider_silent", provider=call.provider, reference=call.reference, error=str(error))
        return None


@contextmanager
def _calling(provider: str, what: str) -> Iterator[None]:
    """Mark the block as a call to a provider: through its circuit, and measured. Raises ProviderUnreachable."""
    started, outcome = time.perf_counter(), "answered"
    try:
        with _CIRCUITS.to(provider).calling(ProviderUnreachable):
            yield
    except ProviderUnreachable:
        outcome = "silent"
        raise
    finally:
        metrics.PROVIDER_TIME.observe(marked(provider), what, outcome, seconds=time.perf_counter() - started)


def _may_be_sent(call: Call) -> bool:
    """Whether the call still has a purpose: money is only asked for while its tender is alive.

    And no money goes back while all refunds are frozen.
    """
    if call.operation is Operation.REFUND:
        return not _refunds_are_frozen()
    if call.operation not in PAYING_OPERATIONS:
        return True
    alive = ProviderCall.objects.filter(pk=call.reference, tender__status__in=LIVE_TENDERS)
    return alive.filter(tender__intent__status="OPEN").exists()


def confirm_statement(answer: StoredAnswer) -> Statement | None:
    """What the provider itself says of the call, or the chargeback, that a stored answer is about. None if it is
    silent.

    An answer about something that the provider does not know says no more than that the call is open.
    """
    db.assert_no_transaction()
    told, provider = answer.statement, PROVIDERS.get(answer.provider)
    try:
        with _calling(answer.provider, "ask"):
            said = provider.ask(told.reference) if told.dispute is None else provider.ask_dispute(told.provider_ref)
        return said or replace(told, said=Said.PENDING, dispute=None)
    except ProviderUnreachable as error:
        log.warning("provider_silent", provider=answer.provider, reference=told.reference, error=str(error))
        return None


@db.transaction_required
def mark_unanswered(*, reference: int, now: datetime) -> int:
    """No answer came: the outcome is unknown, and the poller asks for it. Takes the lock of the payment.

    Returns the payable.
    """
    payable_ref = ProviderCall.objects.values_list("tender__intent__payable_ref", flat=True).get(pk=reference)
    intent = rows.lock_intent(payable_ref=payable_ref)
    call = ProviderCall.objects.get(pk=reference)
    if call.status == "CREATED":
        rows.move(call, "UNKNOWN", intent=intent, now=now)
    put_off(call)
    return payable_ref


def put_off_call(*, reference: int) -> None:
    """What was said of the call could not be applied: ask again later."""
    put_off(ProviderCall.objects.get(pk=reference))


def put_off(call: ProviderCall) -> None:
    """Ask again later: twice as late each time."""
    pause_s = min(ASK_FIRST_S << min(call.asked_count, 10), ASK_LIMIT_S)
    ProviderCall.objects.filter(pk=call.pk).update(
        ask_at=clock.real_now() + timedelta(seconds=pause_s), asked_count=F("asked_count") + 1
    )


@db.use_case
def claim_due_calls(*, limit: int, references: Sequence[int] | None = None) -> list[Call]:
    """Take up calls that nobody has sent, or whose answer is overdue, for OWN_TIME. For the poller, of any number.

    With `references` those of them that are open, due or not. While all refunds are frozen, one that nobody has sent
    stays where it is; what may have been sent is asked about all the same.
    """
    real_now = clock.real_now()
    due = ProviderCall.objects.filter(status__in=OPEN_CALLS)
    due = due.filter(ask_at__lte=real_now) if references is None else due.filter(pk__in=references)
    if _refunds_are_frozen():
        due = due.exclude(_UNSENT_REFUND)
    pks = list(due.order_by("ask_at").select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit])
    ProviderCall.objects.filter(pk__in=pks).update(ask_at=real_now + OWN_TIME)
    claimed = ProviderCall.objects.filter(pk__in=pks).select_related("tender__intent", "dispute").order_by("id")
    return [describe_call(row) for row in claimed]


def _refunds_are_frozen() -> bool:
    """Money that leaves asks what is committed now."""
    return freezes.EVERYBODY in freezes.read_frozen(kind=freezes.ALL_REFUNDS)
