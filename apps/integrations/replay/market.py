"""The stage: the market in which recorded orders are lived, its fee plan, and the market that they are measured by."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from apps.fees.api import FeePlanDraft
from apps.integrations.replay import fee_plan
from apps.markets import api as markets

ACTOR: Final = "replay_olist"

_FILE: Final = Path(__file__).parent / "data" / "olist.json"
_STANDARD_MARKET: Final = "BR"


@dataclass(frozen=True, slots=True)
class Stage:
    """The replay's market as its `file` defines it with its fee plan, and this product's own for the country, with its
    default clocks.
    """

    market: markets.Market
    standard: markets.Market
    plan: FeePlanDraft
    file: Mapping[str, Any]


def set_stage(*, plan: FeePlanDraft, first_at: datetime, last_at: datetime, now: datetime) -> Stage:
    """Load the replay's market with the holidays of the recorded years, and its fee plan; again is nothing.

    The standard market is the one that stands at `now`, on the calendar of the recorded years. Raises FeePlanUnfit.
    """
    text = _FILE.read_text(encoding="utf-8")
    definition = markets.read_definition(text)
    for moment in (first_at, last_at):
        markets.load_market(definition=definition, actor=ACTOR, now=moment)
    market = markets.get_market(definition.code, now=first_at)
    fee_plan.publish(plan, first_at=first_at, actor=ACTOR)
    return Stage(
        market=market,
        standard=replace(_get_standard_market(now=now), holidays=market.holidays),
        plan=plan,
        file=json.loads(text),
    )


def _get_standard_market(*, now: datetime) -> markets.Market:
    """The market that is shipped; a database that has none yet gets those that are."""
    try:
        return markets.get_market(_STANDARD_MARKET, now=now)
    except markets.UnknownMarket:
        markets.load_standard_markets(now=now)
        return markets.get_market(_STANDARD_MARKET, now=now)
