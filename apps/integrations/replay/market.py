"""The stage: the market in which recorded orders are lived, its fee plan, and the market that they are measured by."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from apps.fees import api as fees
from apps.integrations.replay.records import CURRENCY
from apps.markets import api as markets

ACTOR: Final = "replay_olist"

_FILE: Final = Path(__file__).parent / "data" / "olist.json"
_STANDARD_MARKET: Final = "BR"

_FEE_PLAN: Final = fees.FeePlanDraft(
    code="OLIST",
    market="OLIST",
    currency=CURRENCY,
    valid_from=datetime(2016, 1, 1, tzinfo=UTC),
    settle_after_s=7 * 24 * 3600,
    # What sellers were charged was not recorded.
    rules=(fees.FeeRule(kind="commission", basis=fees.FeeBasis.GOODS, rate_bp=0),),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """The replay's market as its `file` defines it, and this product's own for the country, with its default clocks."""

    market: markets.Market
    standard: markets.Market
    fee_plan: str
    file: Mapping[str, Any]


def set_stage(*, first_at: datetime, last_at: datetime, now: datetime) -> Stage:
    """Load the replay's market with the holidays of the recorded years, and its fee plan; again is nothing.

    The standard market is the one that stands at `now`, on the calendar of the recorded years.
    """
    text = _FILE.read_text(encoding="utf-8")
    definition = markets.read_definition(text)
    for moment in (first_at, last_at):
        markets.load_market(definition=definition, actor=ACTOR, now=moment)
    market = markets.get_market(definition.code, now=first_at)
    _publish_fee_plan(now=first_at)
    return Stage(
        market=market,
        standard=replace(_get_standard_market(now=now), holidays=market.holidays),
        fee_plan=_FEE_PLAN.code,
        file=json.loads(text),
    )


def _get_standard_market(*, now: datetime) -> markets.Market:
    """The market that is shipped; a database that has none yet gets those that are."""
    try:
        return markets.get_market(_STANDARD_MARKET, now=now)
    except markets.UnknownMarket:
        markets.load_standard_markets(now=now)
        return markets.get_market(_STANDARD_MARKET, now=now)


def _publish_fee_plan(*, now: datetime) -> None:
    if not fees.list_plans([_FEE_PLAN.code], now=now):
        fees.publish_first_version(draft=_FEE_PLAN, actor=ACTOR, now=now)
