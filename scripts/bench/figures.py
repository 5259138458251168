"""Medians and percentiles. Pure."""

from collections.abc import Sequence
from math import ceil
from statistics import median


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of the values do not exceed (nearest rank). Of nothing: 0."""
    if not values:
        return 0.0
    ranked = sorted(values)
    return ranked[max(ceil(len(ranked) * percent / 100), 1) - 1]


def middle(values: Sequence[float]) -> float:
    """The median. Of nothing: 0."""
    return float(median(values)) if values else 0.0


def ratio(value: float, base: float) -> float | None:
    """How many times the base; None where there is none to compare with."""
    return value / base if base else None
