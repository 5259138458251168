"""What may become a version of a plan, and the drafts that are shipped."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from apps.fees.contracts import FeeBasis, FeePlanDraft, FeeRefundPolicy, FeeRule
from apps.fees.errors import FeePlanInvalid
from apps.fees.models import WAIT_S_MAX
from tradecore.ids import MAX_ID
from tradecore.money import BASIS_POINTS, MAX_MINOR, TAX_SCALE, exponent_of

_STANDARD_PLANS: Final = Path(__file__).parent / "data" / "standard_plans.json"

_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,39}")
_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MARKET: Final = re.compile(r"\S{1,16}")


def read_standard_drafts() -> list[FeePlanDraft]:
    """The plans that are shipped, one for each market that is."""
    return [_draft(**plan) for plan in json.loads(_STANDARD_PLANS.read_text(encoding="utf-8"))]


def read_draft(text: str) -> FeePlanDraft:
    """Read a draft from JSON, of the form that each of the plans that are shipped has. Refuses: FeePlanInvalid."""
    try:
        return _draft(**json.loads(text))
    except (ValueError, TypeError, AttributeError) as error:
        raise FeePlanInvalid(reason=_in_words(error)) from error


def _in_words(error: Exception) -> str:
    """What is wrong with a file, without the names of what read it."""
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON: {error}"
    words = re.sub(r"^[\w.]+\(\) ", "", str(error))
    return words.replace("keyword-only argument", "member").replace("keyword argument", "member")


def _draft(
    *, code: str, market: str, currency: str, valid_from: str, rules: Iterable[Mapping[str, Any]], **settlement: Any
) -> FeePlanDraft:
    return FeePlanDraft(
        code=_text(code),
        market=_text(market),
        currency=_text(currency),
        valid_from=datetime.fromisoformat(_text(valid_from)),
        **{name: _whole(value) for name, value in settlement.items()},
        rules=tuple(_rule(**rule) for rule in rules),
    )


def _rule(*, kind: str, basis: str, refund_policy: str, **numbers: Any) -> FeeRule:
    return FeeRule(
        kind=_text(kind),
        basis=FeeBasis(basis),
        refund_policy=FeeRefundPolicy(refund_policy),
        **{name: _whole(value) for name, value in numbers.items() if value is not None},
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int:  # which true is
        raise TypeError(f"{value!r} is not a whole number")
    return value


def check_draft(draft: FeePlanDraft) -> None:
    """Refuses, in this order: FeePlanInvalid, UnknownCurrency."""
    if wrong := _what_is_wrong_with_the_plan(draft):
        raise FeePlanInvalid(reason=wrong)
    for rule in draft.rules:
        if wrong := _what_is_wrong(rule):
            raise FeePlanInvalid(reason=f"{rule.kind[:40]}: {wrong}")
    exponent_of(draft.currency)


def _what_is_wrong_with_the_plan(draft: FeePlanDraft) -> str | None:
    if not _CODE.fullmatch(draft.code):
        return "the code is not of capitals, digits, - and _"
    if not _MARKET.fullmatch(draft.market):
        return "the market is not the code of one"
    if draft.valid_from.tzinfo is None:
        return "valid_from names no time zone"
    if not draft.rules:
        return "a plan has at least one rule"
    if len({(rule.kind, rule.category_id) for rule in draft.rules}) < len(draft.rules):
        return "two rules of one kind for the same goods"
    return _what_is_wrong_with_the_settlement(draft)


def _what_is_wrong_with_the_settlement(draft: FeePlanDraft) -> str | None:
    if not (0 <= draft.settle_after_s <= WAIT_S_MAX and 0 <= draft.reserve_s <= WAIT_S_MAX):
        return "nobody waits less than no time, or more than a year"
    if not 0 <= draft.reserve_bp <= BASIS_POINTS:
        return "the reserve lies between nothing and the whole"
    if bool(draft.reserve_bp) != bool(draft.reserve_s):
        return "reserve_bp and reserve_s go together"
    return None


def _what_is_wrong(rule: FeeRule) -> str | None:
    keeps_a_part = rule.refund_policy is FeeRefundPolicy.PRO_RATA_MINUS_ADMIN
    if not _KIND.fullmatch(rule.kind):
        return "the kind is not of small letters, digits and _"
    if rule.category_id is not None and not 0 < rule.category_id <= MAX_ID:
        return "there is no such category"
    if not (0 <= rule.rate_bp <= BASIS_POINTS and 0 <= rule.tax_rate_e5 <= TAX_SCALE):
        return "a rate lies between nothing and the whole"
    if not (0 <= rule.fixed_minor <= MAX_MINOR and 0 <= (rule.cap_minor or 0) <= MAX_MINOR):
        return "an amount is negative or too large"
    if not (1 <= rule.admin_bp <= BASIS_POINTS if keeps_a_part else rule.admin_bp == 0):
        return "admin_bp goes with PRO_RATA_MINUS_ADMIN, and with nothing else"
    return None
