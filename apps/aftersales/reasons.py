"""For which reasons a case may be opened or refused: data, by market, initiator, kind, and the order's status.

The file is read and checked when this is imported: a reason that contradicts the rules keeps the process from starting.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

from apps.aftersales.contracts import Actor, CaseKind
from apps.aftersales.errors import EvidenceMissing, ReasonNotAllowed
from apps.pricing.api import RefundCause

EVERYWHERE: Final = "*"
FILE: Final = Path(__file__).parent / "data" / "reasons.json"

#: From the first scan until all of the order is delivered.
SHIPPED: Final = frozenset({"PARTIALLY_SHIPPING", "AWAITING_COLLECTION", "IN_TRANSIT"})
DELIVERED: Final = frozenset({"DELIVERED"})

#: What the rules of after-sales let each initiator ask for, whatever the data say: kind -> statuses.
BOUNDS: Final[Mapping[Actor, Mapping[CaseKind, frozenset[str]]]] = {
    Actor.BUYER: {
        CaseKind.REFUND_ONLY: SHIPPED | DELIVERED,
        CaseKind.RETURN_AND_REFUND: DELIVERED,
        CaseKind.REPLACEMENT: DELIVERED,
        CaseKind.EXCHANGE: DELIVERED,
    },
    Actor.SELLER: {CaseKind.REFUND_ONLY: SHIPPED | DELIVERED},
    Actor.OPERATOR: {CaseKind.REFUND_ONLY: SHIPPED | DELIVERED | {"COMPLETED"}},
    Actor.SYSTEM: {CaseKind.REFUSED_PARCEL: SHIPPED | DELIVERED | {"COMPLETED", "CANCELLED"}},
}

_CODE_LENGTH_MAX: Final = 40
_CAUSES: Final = frozenset(RefundCause) - {RefundCause.CANCELLED_BEFORE_SHIPMENT}
_PAYERS: Final = frozenset({Actor.BUYER, Actor.SELLER, Actor.PLATFORM})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a case is opened, and whose doing that is."""

    code: str
    title: str
    cause: RefundCause
    needs_evidence: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """What the file says. Reasons by (market, initiator, kind, status) and code; titles of rejections by code."""

    reasons: Mapping[tuple[str, Actor, CaseKind, str], Mapping[str, Reason]]
    return_paid_by: Mapping[str, Mapping[RefundCause, Actor]]
    review_rejections: Mapping[str, str]
    inspect_rejections: Mapping[str, str]


def list_reasons(*, market: str, initiator: Actor, kind: CaseKind, order_status: str) -> list[Reason]:
    """The reasons that may be given, in the order of the file; where the market has one of its own, that one."""
    own = RULES.reasons.get((market, initiator, kind, order_status), {})
    general = RULES.reasons.get((EVERYWHERE, initiator, kind, order_status), {})
    return list({**general, **own}.values())


def get_reason(
    code: str, *, market: str, initiator: Actor, kind: CaseKind, order_status: str, has_evidence: bool
) -> Reason:
    """The reason of this code. Refuses, in this order: ReasonNotAllowed, EvidenceMissing."""
    allowed = list_reasons(market=market, initiator=initiator, kind=kind, order_status=order_status)
    reason = next((reason for reason in allowed if reason.code == code), None)
    if reason is None:
        raise ReasonNotAllowed(reason=code[:_CODE_LENGTH_MAX], allowed=tuple(reason.code for reason in allowed))
    if reason.needs_evidence and not has_evidence:
        raise EvidenceMissing(reason=code)
    return reason


def list_codes(initiator: Actor) -> tuple[str, ...]:
    """Every reason that such an initiator may give anywhere, in the order of the file."""
    found = {code: None for place, reasons in RULES.reasons.items() if place[1] is initiator for code in reasons}
    return tuple(found)


def refuse_rejection(code: str, *, allowed: Mapping[str, str]) -> None:
    """Refuses: ReasonNotAllowed, unless a seller may say no for this reason."""
    if code not in allowed:
        raise ReasonNotAllowed(reason=code[:_CODE_LENGTH_MAX], allowed=tuple(allowed))


def return_paid_by(*, market: str, cause: RefundCause) -> Actor:
    """Who pays for the way back, by the rule of the market."""
    return RULES.return_paid_by.get(market, RULES.return_paid_by[EVERYWHERE])[cause]


def read_rules(text: str) -> Rulebook:
    """Read the file strictly. Raises ValueError, TypeError or KeyError for what it may not say."""
    return _rulebook(**json.loads(text))


def _rulebook(
    *,
    notes: Iterable[str],  # noqa: ARG001 - what the data simplify, for whoever reads the file
    return_paid_by: Mapping[str, Mapping[str, str]],
    reasons: Iterable[Mapping[str, Any]],
    rejections: Mapping[str, Mapping[str, str]],
) -> Rulebook:
    by_place: dict[tuple[str, Actor, CaseKind, str], dict[str, Reason]] = {}
    for entry in reasons:
        _add_reason(by_place, **entry)
    payers = {market: _payers(rules) for market, rules in return_paid_by.items()}
    if EVERYWHERE not in payers:
        raise ValueError("markets without rules of their own have nobody who pays for the way back")
    return Rulebook(
        reasons=by_place,
        return_paid_by=payers,
        review_rejections={_code(code): title for code, title in rejections["review"].items()},
        inspect_rejections={_code(code): title for code, title in rejections["inspect"].items()},
    )


def _add_reason(
    by_place: dict[tuple[str, Actor, CaseKind, str], dict[str, Reason]],
    *,
    initiator: str,
    markets: Iterable[str],
    kinds: Iterable[str],
    statuses: Iterable[str],
    **members: Any,
) -> None:
    """Put one entry of the file wherever it counts."""
    reason = _reason(**members)
    for market, kind, status in product(markets, map(CaseKind, kinds), statuses):
        who = Actor(initiator)
        if status not in BOUNDS[who].get(kind, frozenset()):
            raise ValueError(f"{reason.code}: no {kind} of the {who} at {status}")
        here = by_place.setdefault((market, who, kind, status), {})
        if reason.code in here:
            raise ValueError(f"{reason.code} stands twice for {market}, {who}, {kind}, {status}")
        here[reason.code] = reason


def _reason(*, code: str, title: str, cause: str, needs_evidence: bool) -> Reason:
    if not isinstance(needs_evidence, bool):
        raise TypeError(f"{code}: needs_evidence is true or false")
    if RefundCause(cause) not in _CAUSES:
        raise ValueError(f"{code}: nothing is cancelled before shipment here")
    return Reason(code=_code(code), title=title, cause=RefundCause(cause), needs_evidence=needs_evidence)


def _payers(rules: Mapping[str, str]) -> dict[RefundCause, Actor]:
    payers = {RefundCause(cause): Actor(payer) for cause, payer in rules.items()}
    if payers.keys() != _CAUSES or not _PAYERS.issuperset(payers.values()):
        raise ValueError(f"every cause has its payer, and no other: {dict(rules)}")
    return payers


def _code(code: str) -> str:
    if not 1 <= len(code) <= _CODE_LENGTH_MAX or not code.replace("_", "").isalnum() or code != code.lower():
        raise ValueError(f"{code!r} is not a code")
    return code


RULES: Final = read_rules(FILE.read_text(encoding="utf-8"))
