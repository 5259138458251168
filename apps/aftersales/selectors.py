"""The reads of after-sales. Whoever asks says for whom: a buyer's reads name the buyer, a shop's the shop."""

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet

from apps.aftersales.contracts import (
    Act,
    Actor,
    CaseKind,
    CaseLineView,
    CaseState,
    CaseStepView,
    CaseSummary,
    CaseView,
    Default,
    EvidenceView,
    NextAction,
    Parcel,
    Verdict,
)
from apps.aftersales.models import Case, CaseLine, CaseStep
from apps.pricing.api import RefundCause
from tradecore.errors import NotFound
from tradecore.ids import format_number
from tradecore.money import Money


def get_case(*, case_id: int, buyer_ref: int | None = None, shop_ids: Sequence[int] | None = None) -> CaseView:
    """A case, of this buyer or of these shops only when they are named, in four statements. Refuses: NotFound."""
    case = _scoped(buyer_ref, shop_ids).prefetch_related("lines", "steps", "evidence").filter(pk=case_id).first()
    if case is None:
        raise NotFound(what="case")
    return _view(case)


def list_cases(
    *,
    limit: int,
    before: int | None = None,
    buyer_ref: int | None = None,
    shop_ids: Sequence[int] | None = None,
    order_id: int | None = None,
    next_actor: Actor | None = None,
    state: CaseState | None = None,
) -> list[CaseSummary]:
    """Cases, newest first, in one statement."""
    filters = {"pk__lt": before, "order_id": order_id, "next_actor": next_actor, "state": state}
    cases = _scoped(buyer_ref, shop_ids).filter(**{name: value for name, value in filters.items() if value is not None})
    return [_summarise(case) for case in cases.order_by("-id")[:limit]]


def count_in_arbitration() -> int:
    """How many cases wait for an operator to decide."""
    return Case.objects.filter(next_actor=Actor.PLATFORM, state=CaseState.IN_ARBITRATION).count()


def _scoped(buyer_ref: int | None, shop_ids: Sequence[int] | None) -> QuerySet[Case]:
    cases = Case.objects.all()
    if buyer_ref is not None:
        cases = cases.filter(buyer_ref=buyer_ref).exclude(kind=CaseKind.REFUSED_PARCEL)
    if shop_ids is not None:
        cases = cases.filter(shop_id__in=shop_ids)
    return cases


def _summarise(case: Case) -> CaseSummary:
    return CaseSummary(
        id=case.pk,
        number=format_number(case.pk),
        order_id=case.order_id,
        shop_id=case.shop_id,
        kind=CaseKind(case.kind),
        reason=case.reason,
        state=CaseState(case.state),
        next_action=_next_action(case),
        opened_at=case.opened_at,
        closed_at=case.closed_at,
    )


def _view(case: Case) -> CaseView:
    return CaseView(
        id=case.pk,
        number=format_number(case.pk),
        order_id=case.order_id,
        purchase_id=case.purchase_id,
        shop_id=case.shop_id,
        buyer_ref=case.buyer_ref,
        market=case.market,
        kind=CaseKind(case.kind),
        reason=case.reason,
        cause=RefundCause(case.cause),
        initiator=Actor(case.initiator),
        state=CaseState(case.state),
        version=case.version,
        is_open=case.is_open,
        next_action=_next_action(case),
        lines=tuple(_view_line(line) for line in sorted(case.lines.all(), key=lambda line: line.pk)),
        offered=_money(case.offered_minor, case),
        agreed=_money(case.agreed_minor, case),
        refund=_money(case.refund_minor, case),
        returned_by=_parcel(case.return_carrier, case.return_tracking_number),
        replaced_by=_parcel(case.replacement_carrier, case.replacement_tracking_number),
        verdict=Verdict(case.verdict) if case.verdict else None,
        platform_pays=case.platform_pays,
        opened_at=case.opened_at,
        closed_at=case.closed_at,
        steps=_view_steps(case.steps.all()),
        evidence=tuple(
            EvidenceView(by=Actor(row.given_by), text=row.text, images=tuple(row.images), given_at=row.given_at)
            for row in sorted(case.evidence.all(), key=lambda row: row.pk)
        ),
    )


def _view_line(line: CaseLine) -> CaseLineView:
    return CaseLineView(
        line_id=line.line_id,
        sku_id=line.sku_id,
        quantity=line.quantity,
        wanted_sku_id=line.wanted_sku_id,
        good=line.good,
        damaged=line.damaged,
    )


def _view_steps(steps: Iterable[CaseStep]) -> tuple[CaseStepView, ...]:
    return tuple(
        CaseStepView(
            actor=Actor(step.actor),
            act=step.act,
            reason=step.reason,
            comment=step.comment,
            state=CaseState(step.after),
            occurred_at=step.occurred_at,
        )
        for step in sorted(steps, key=lambda step: step.sequence)
    )


def _next_action(case: Case) -> NextAction:
    return NextAction(
        actor=Actor(case.next_actor),
        action=Act(case.next_action) if case.next_action else None,
        due_at=case.due_at,
        default=Default(case.default_action) if case.default_action else None,
    )


def _money(minor: int | None, case: Case) -> Money | None:
    return None if minor is None else Money(minor, case.currency)


def _parcel(carrier: str, tracking_number: str) -> Parcel | None:
    return Parcel(carrier=carrier, tracking_number=tracking_number) if carrier else None
