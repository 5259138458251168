"""The terms of sale, as they were frozen on a line at its purchase."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.fees.api import FeeBasis as RuleBasis
from apps.fees.api import FeePlan, FeeRefundPolicy, FeeRule
from apps.pricing.api import FeeBasis


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatorTerms:
    """A creator's share of a line: it goes back with the goods, pro rata."""

    creator_ref: int
    basis: FeeBasis
    rate_bp: int


def read_plan(terms: Mapping[str, Any]) -> FeePlan | None:
    """The fee plan that a line was sold under, in the version of that moment; None where none was frozen."""
    frozen = terms.get("fee_plan")
    if not isinstance(frozen, Mapping):
        return None
    rest = {name: value for name, value in frozen.items() if name not in {"rules", "valid_from"}}
    return FeePlan(
        **rest,
        valid_from=datetime.fromisoformat(frozen["valid_from"]),
        rules=tuple(_read_rule(rule) for rule in frozen["rules"]),
    )


def read_creator(terms: Mapping[str, Any]) -> CreatorTerms | None:
    """The creator's share of a line, if it has a creator."""
    frozen = terms.get("creator")
    if frozen is None:
        return None
    return CreatorTerms(
        creator_ref=int(frozen["creator_ref"]), basis=FeeBasis(frozen["basis"]), rate_bp=frozen["rate_bp"]
    )


def _read_rule(frozen: Mapping[str, Any]) -> FeeRule:
    category = frozen["category_id"]
    return FeeRule(
        **{
            **frozen,
            "category_id": None if category is None else int(category),
            "basis": RuleBasis(frozen["basis"]),
            "refund_policy": FeeRefundPolicy(frozen["refund_policy"]),
        }
    )
