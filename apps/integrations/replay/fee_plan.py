"""The fee plan that recorded orders are sold under, from a file: what sellers were charged was not recorded.

There is one plan in a database: what it charges is frozen on every line that was ever bought there.
"""

from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Final

from apps.fees import api as fees
from apps.integrations.replay.records import CURRENCY

#: The plan that is shipped.
DEFAULT_FILE: Final = Path(__file__).parent / "data" / "fee_plan.json"

_CODE: Final = "OLIST"
_MARKET: Final = "OLIST"


class FeePlanUnfit(Exception):
    """No recorded order can be sold under this plan; the text says why."""


def read_fee_plan(path: Path) -> fees.FeePlanDraft:
    """Read the plan of a file, of the form of those in apps/fees/data. Raises FeePlanUnfit, OSError."""
    try:
        draft = fees.read_draft(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise FeePlanUnfit(f"{path.name}: it is not text in UTF-8") from error
    except fees.FeePlanInvalid as refusal:
        raise FeePlanUnfit(f"{path.name}: {refusal.reason}") from refusal
    if wrong := _what_is_wrong(draft):
        raise FeePlanUnfit(f"{path.name}: {wrong}")
    return draft


def publish(draft: fees.FeePlanDraft, *, first_at: datetime, actor: str) -> None:
    """Put the plan in force for the first purchase; again is nothing. Raises FeePlanUnfit."""
    if draft.valid_from > first_at:
        raise FeePlanUnfit(f"the plan begins after the first purchase, on {draft.valid_from:%Y-%m-%d}")
    standing = fees.list_plans([draft.code], now=first_at).get(draft.code)
    if standing is None:
        _publish_first(draft, actor=actor, now=first_at)
    elif _terms(standing) != _terms(draft):
        raise FeePlanUnfit("the orders of this database are sold under another plan: take an empty one")


def _what_is_wrong(draft: fees.FeePlanDraft) -> str | None:
    if (draft.code, draft.market, draft.currency) != (_CODE, _MARKET, CURRENCY):
        return f"its code is {_CODE}, its market {_MARKET}, its currency {CURRENCY}"
    if any(rule.category_id is not None for rule in draft.rules):
        return "categories have no ids before they are listed: a rule is for all goods"
    return None


def _publish_first(draft: fees.FeePlanDraft, *, actor: str, now: datetime) -> None:
    try:
        fees.publish_first_version(draft=draft, actor=actor, now=now)
    except fees.FeePlanInvalid as refusal:
        raise FeePlanUnfit(refusal.reason) from refusal


def _terms(plan: fees.FeePlan | fees.FeePlanDraft) -> dict[str, object]:
    """What a plan says, however it is written."""
    said = {field.name: getattr(plan, field.name) for field in fields(fees.FeePlanDraft)}
    return said | {"rules": sorted(plan.rules, key=lambda rule: rule.kind)}
