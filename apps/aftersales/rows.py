"""How cases are locked, the one way in which they move, and how they are shown."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from apps.aftersales import states
from apps.aftersales.contracts import (
    COMMENT_LENGTH_MAX,
    EVIDENCE_MAX,
    IMAGE_LENGTH_MAX,
    IMAGES_MAX,
    Act,
    Actor,
    CaseKind,
    CaseState,
    Evidence,
)
from apps.aftersales.duties import DUTIES, WAITED_FOR, next_action
from apps.aftersales.errors import (
    CaseInvalid,
    CaseNotWaiting,
    CaseVersionStale,
    EvidenceFull,
    EvidenceInvalid,
)
from apps.aftersales.events import CaseClosed, CaseEvent, CaseMoved, CaseOpened
from apps.aftersales.models import Case, CaseEvidence, CaseLine, CaseStep
from apps.orders import api as orders
from tradecore import db, outbox
from tradecore.errors import NotFound
from tradecore.ids import gene_of, new_id
from tradecore.locks import Rank, lock_row
from tradecore.timers import Deadline, cancel_timers, reset_timer, set_timers

CASE_HOLD: Final = "case"
TIMER: Final = "case_due"

CARRIER_LENGTH_MAX: Final = 40
TRACKING_NUMBER_LENGTH_MAX: Final = 60

Facts = Mapping[str, Any]

_IMAGE = re.compile(r"https://[!-~]+|[A-Za-z0-9][A-Za-z0-9._/-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who acts on a case, and what they say to it. `ref` names somebody of the platform's."""

    actor: Actor
    ref: str = ""
    reason: str = ""
    comment: str = ""


CLOCK: Final = By(actor=Actor.SYSTEM, reason="no_answer_in_time")
PAID: Final = By(actor=Actor.SYSTEM, reason="money_arrived")


def lock_case(case_id: int) -> Case:
    """The case, locked under its order and purchase. Refuses: NotFound."""
    order_id = Case.objects.filter(pk=case_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise NotFound(what="case")
    orders.lock_order(order_id=order_id)
    case = lock_row(Rank.CASE, Case, case_id)
    assert case is not None, f"case {case_id} is never deleted"
    return case


def lock_waiting(case_id: int, *acts: Act, version: int | None = None) -> Case:
    """The locked case, which waits for one of these acts. Refuses: NotFound, CaseVersionStale, CaseNotWaiting."""
    case = lock_case(case_id)
    if version is not None and version != case.version:
        raise CaseVersionStale(version=case.version)
    if case.next_action not in acts:
        raise not_waiting(case)
    return case


def not_waiting(case: Case) -> CaseNotWaiting:
    return CaseNotWaiting(case_state=case.state, next_actor=case.next_actor, next_action=case.next_action or None)


@db.transaction_required
def open_case(  # noqa: PLR0913 - what a case begins as
    *,
    order: orders.OrderView,
    lines: Sequence[CaseLine],
    kind: CaseKind,
    reason: str,
    cause: str,
    by: By,
    state: CaseState,
    waits_for: Act,
    now: datetime,
    package_id: int | None = None,
    holds_order: bool = True,
) -> Case:
    """A new case about an order whose lock is held, with its hold, its timer and its first step."""
    duty = next_action(waits_for, market=order.market, now=now)
    assert duty.due_at is not None, "what is waited for has its time"
    case = Case(
        id=new_id(gene_of(order.id)),
        order_id=order.id,
        purchase_id=order.purchase_id,
        shop_id=order.shop_id,
        buyer_ref=order.buyer_ref,
        market=order.market,
        currency=order.breakdown.total.currency,
        kind=kind,
        reason=reason,
        cause=cause,
        initiator=by.actor,
        package_id=package_id,
        holds_order=holds_order,
        state=state,
        next_actor=duty.actor,
        next_action=waits_for,
        due_at=duty.due_at,
        default_action=DUTIES[waits_for].default,
        opened_at=now,
    )
    for line in lines:
        line.case = case
    publish(
        case,
        CaseOpened,
        now=now,
        initiator=by.actor,
        state=state,
        next_actor=duty.actor,
        due_at=duty.due_at,
    )
    case.save(force_insert=True)
    CaseLine.objects.bulk_create(lines)
    _note_step(case, "open", by, before="", now=now)
    set_timers([Deadline(TIMER, case.pk, duty.due_at)])
    if holds_order:
        orders.place_hold(order_id=order.id, kind=CASE_HOLD, owner_ref=case.pk, now=now)
    return case


@db.transaction_required
def move(
    case: Case,
    after: CaseState,
    act: str,
    *,
    by: By,
    waits_for: Act | None,
    now: datetime,
    also: tuple[type[CaseEvent], Facts] | None = None,
    **facts: Any,
) -> None:
    """Change a locked case: where it stands, who acts next, its timer and its history; and publish that.

    The one function that writes a case's state; the version of the row is compared and set. A case that is open no more
    lets its order go. `also` is another fact to publish with it.
    """
    before, was_open = case.state, case.is_open
    if after != before:
        states.CASE.check(before, after)
    assert waits_for in WAITED_FOR[after] if waits_for else after in states.CASE.terminal
    duty = next_action(waits_for, market=case.market, now=now)
    is_over = after in states.CASE.terminal
    facts |= {
        "state": after.value,
        "next_actor": duty.actor.value,
        "next_action": "" if duty.action is None else duty.action.value,
        "due_at": duty.due_at,
        "default_action": "" if duty.default is None else duty.default.value,
        **({"is_open": False, "closed_at": now} if is_over else {}),
    }
    version_before = case.version
    for name, value in facts.items():
        setattr(case, name, value)
    if also is not None:
        publish(case, also[0], now=now, **also[1])
    if is_over:
        publish(case, CaseClosed, now=now, act=act, actor=by.actor, outcome=after)
    else:
        publish(
            case,
            CaseMoved,
            now=now,
            act=act,
            actor=by.actor,
            before=before,
            after=after,
            next_actor=duty.actor,
            due_at=duty.due_at,
        )
    updated = Case.objects.filter(pk=case.pk, version=version_before).update(version=case.version, **facts)
    assert updated == 1, f"case {case.pk} changed under its lock"
    _note_step(case, act, by, before=before, now=now)
    if was_open and not case.is_open and case.holds_order:
        orders.release_hold(order_id=case.order_id, kind=CASE_HOLD, owner_ref=case.pk, now=now)
    _set_clock(case)


def publish(case: Case, event: type[CaseEvent], *, now: datetime, **facts: Any) -> None:
    """Publish a fact about a case and count its version up; the caller stores it."""
    case.version += 1
    outbox.publish(
        event(
            case_id=case.pk,
            order_id=case.order_id,
            purchase_id=case.purchase_id,
            buyer_ref=case.buyer_ref,
            shop_id=case.shop_id,
            case_kind=case.kind,
            reason=case.reason,
            **facts,
        ),
        aggregate="case",
        aggregate_id=case.pk,
        sequence=case.version,
        shop_id=case.shop_id,
        now=now,
    )


def list_lines(case: Case) -> list[CaseLine]:
    """What a case is about."""
    return list(CaseLine.objects.filter(case=case).order_by("id"))


def refuse_comment(comment: str) -> None:
    """Refuses: CaseInvalid, where it is longer than it may be."""
    if len(comment) > COMMENT_LENGTH_MAX:
        raise CaseInvalid(field="comment", reason=f"more than {COMMENT_LENGTH_MAX} characters")


def refuse_parcel(carrier: str, tracking_number: str) -> None:
    """Refuses: CaseInvalid, unless both are visible ASCII characters, not too many."""
    for field, text, length_max in (
        ("carrier", carrier, CARRIER_LENGTH_MAX),
        ("tracking_number", tracking_number, TRACKING_NUMBER_LENGTH_MAX),
    ):
        if not (1 <= len(text) <= length_max and text.isascii() and text.isprintable() and " " not in text):
            raise CaseInvalid(field=field, reason=f"not 1 to {length_max} visible ASCII characters")


def refuse_evidence(evidence: Evidence) -> None:
    """Refuses: EvidenceInvalid."""
    if len(evidence.text) > COMMENT_LENGTH_MAX:
        raise EvidenceInvalid(reason=f"a text of more than {COMMENT_LENGTH_MAX} characters")
    if len(evidence.images) > IMAGES_MAX:
        raise EvidenceInvalid(reason=f"more than {IMAGES_MAX} images")
    for image in evidence.images:
        if len(image) > IMAGE_LENGTH_MAX or not _IMAGE.fullmatch(image):
            raise EvidenceInvalid(reason="an image is named by an https address or by the key of a store")


@db.transaction_required
def keep_evidence(case: Case, evidence: Evidence, *, by: Actor, now: datetime) -> None:
    """Keep what somebody shows, if it is anything. Refuses: EvidenceFull."""
    if evidence.is_empty:
        return
    if CaseEvidence.objects.filter(case=case).count() >= EVIDENCE_MAX:
        raise EvidenceFull(limit=EVIDENCE_MAX)
    db.insert_later(
        CaseEvidence(
            id=new_id(gene_of(case.pk)),
            case=case,
            given_by=by,
            text=evidence.text,
            images=list(evidence.images),
            given_at=now,
        )
    )


def count_units(lines: Iterable[CaseLine]) -> dict[int, int]:
    """Units by order line."""
    return {line.line_id: line.quantity for line in lines}


def _note_step(case: Case, act: str, by: By, *, before: str, now: datetime) -> None:
    db.insert_later(
        CaseStep(
            case=case,
            sequence=case.version,
            actor=by.actor,
            actor_ref=by.ref,
            act=act,
            reason=by.reason,
            comment=by.comment,
            before=before,
            after=case.state,
            occurred_at=now,
        )
    )


def _set_clock(case: Case) -> None:
    if case.due_at is None:
        cancel_timers(subjects=[case.pk], kinds=[TIMER])
    else:
        reset_timer(Deadline(TIMER, case.pk, case.due_at))
