"""Quotes among few and many live promotions, and of few and many lines under many rules."""

import json
import sys
from typing import Any, Final

from bench.growth.findings import Findings, Ratio, compare_costs
from bench.growth.world import World
from bench.place import HTTP_FLOOR

FEW: Final = 10

#: What a quote may cost at most: with all promotions of the market, and with all lines of the basket.
_AT_MOST_PROMOTIONS, _AT_MOST_LINES = 1.5, 20.0


def measure(world: World) -> Findings:
    """See the module. Every total is checked, to the penny, with what the promotions take off it."""
    options = world.options
    prices = _promote(world, "market", min(FEW, options.promotions))
    with world.crew(prices=prices["prices"]) as crew:
        little = world.play(crew, [HTTP_FLOOR, "quote"])
    prices = _promote(world, "market", options.promotions)
    with world.crew(prices=prices["prices"]) as crew:
        much = world.play(crew, [HTTP_FLOOR, "quote"])
    ruled = _promote(world, "rules", options.rules, options.lines)
    with world.crew(prices=ruled["prices"], basket=ruled["basket"]) as crew:
        few_lines, many_lines = world.play(crew, ["quote_few", "quote_many"])
    lines = len(ruled["basket"])
    return Findings(
        ratios=[
            *compare_costs(little[0], much[0], what=HTTP_FLOOR, at_most=None),
            *compare_costs(little[1], much[1], what="quote, by promotions", at_most=_AT_MOST_PROMOTIONS),
            *compare_costs(few_lines, many_lines, what="quote, by lines", at_most=_AT_MOST_LINES),
            Ratio("promotions", "live", min(FEW, options.promotions), prices["live"]),
            Ratio("lines", "of a quote", min(2, lines), lines),
        ],
        measured={},
        contests={
            f"quote, {FEW} promotions": little[1],
            f"quote, {options.promotions} promotions": much[1],
            f"quote, 2 lines under {options.rules} rules": few_lines,
            f"quote, {lines} lines under {options.rules} rules": many_lines,
        },
        checks=[],
    )


def _promote(world: World, *arguments: Any) -> dict[str, Any]:
    """See build_promotions.py."""
    said = world.place.run(sys.executable, "-m", "bench.growth.build_promotions", *map(str, arguments))
    answer: dict[str, Any] = json.loads(said)
    return answer | {"prices": {int(sku_id): price for sku_id, price in answer["prices"].items()}}
