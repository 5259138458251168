"""What may become a version of a plan, and the drafts that are shipped."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from apps.fees.contracts import FeeBasis, FeePlanDraft, FeeRefundPolicy, FeeRule
from apps.fees.errors import FeePlanInvalid
from tradecore.money import BASIS_POINTS, MAX_MINOR, TAX_SCALE, exponent_of

_STANDARD_PLANS: Final = Path(__file__).parent / "data" / "standard_plans.json"

_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,39}")
_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


def read_standard_drafts() -> list[FeePlanDraft]:
    """The plans that are shipped, one for each market that is."""
    return [_draft(**plan) for plan in json.loads(_STANDARD_PLANS.read_text(encoding="utf-8"))]


def _draft(*, code: str, currency: str, valid_from: str, rules: Iterable[Mapping[str, Any]]) -> FeePlanDraft:
    return FeePlanDraft(
        code=code,
        currency=currency,
        valid_from=datetime.fromisoformat(valid_from),
        rules=tuple(_rule(**rule) for rule in rules),
    )


def _rule(*, basis: str, refund_policy: str, **rest: Any) -> FeeRule:
    return FeeRule(basis=FeeBasis(basis), refund_policy=FeeRefundPolicy(refund_policy), **rest)


def check_draft(draft: FeePlanDraft) -> None:
    """Refuses, in this order: FeePlanInvalid, UnknownCurrency."""
    if not _CODE.fullmatch(draft.code):
        raise FeePlanInvalid(reason="the code is not of capitals, digits, - and _")
    if not draft.rules:
        raise FeePlanInvalid(reason="a plan has at least one rule")
    if len({(rule.kind, rule.category_id) for rule in draft.rules}) < len(draft.rules):
        raise FeePlanInvalid(reason="two rules of one kind for the same goods")
    for rule in draft.rules:
        if wrong := _what_is_wrong(rule):
            raise FeePlanInvalid(reason=f"{rule.kind[:40]}: {wrong}")
    exponent_of(draft.currency)


def _what_is_wrong(rule: FeeRule) -> str | None:
    keeps_a_part = rule.refund_policy is FeeRefundPolicy.PRO_RATA_MINUS_ADMIN
    if not _KIND.fullmatch(rule.kind):
        return "the kind is not of small letters, digits and _"
    if rule.category_id is not None and rule.category_id <= 0:
        return "there is no such category"
    if not (0 <= rule.rate_bp <= BASIS_POINTS and 0 <= rule.tax_rate_e5 <= TAX_SCALE):
        return "a rate lies between nothing and the whole"
    if not (0 <= rule.fixed_minor <= MAX_MINOR and 0 <= (rule.cap_minor or 0) <= MAX_MINOR):
        return "an amount is negative or too large"
    if not (1 <= rule.admin_bp <= BASIS_POINTS if keeps_a_part else rule.admin_bp == 0):
        return "admin_bp goes with PRO_RATA_MINUS_ADMIN, and with nothing else"
    return None
