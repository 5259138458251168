"""The alerts that are shipped ask for metrics that there are, by labels and values that there are."""

import re
from typing import Any

import pytest
import yaml

from config.jobs import JOBS
from config.readings import READINGS
from config.settings import BASE_DIR
from config.traffic import Traffic
from tradecore import freezes, metrics

RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((BASE_DIR / "docs" / "alerts" / "tradecore.rules.yml").read_text())["groups"]
    for rule in group["rules"]
]

LABELS = {
    **metrics.LABELS,
    **{f"tradecore_{reading.name}": reading.labels for reading in READINGS},
    "tradecore_reading_failed": ("reading",),
}
#: What Prometheus adds to the names of counters and histograms.
ENDINGS = re.compile(r"_(total|bucket|count)$")
VALUES = {"traffic": set(Traffic), "job": JOBS.keys(), "kind": freezes.KINDS}


def metrics_in(rule: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    """Each metric that a rule asks for, with what its labels are to be."""
    return [
        (ENDINGS.sub("", name), dict(re.findall(r'(\w+)=~?"([^"]*)"', selector)))
        for name, selector in re.findall(r"(tradecore_\w+)(\{[^}]*\})?", rule["expr"])
    ]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
class TestEveryAlert:
    def test_asks_for_metrics_that_there_are(self, rule: dict[str, Any]) -> None:
        asked = metrics_in(rule)
        assert asked
        assert [name for name, _ in asked if name not in LABELS] == []

    def test_asks_by_labels_that_they_have(self, rule: dict[str, Any]) -> None:
        for name, labels in metrics_in(rule):
            assert labels.keys() <= set(LABELS[name])
            assert all(set(value.split("|")) <= VALUES[label] for label, value in labels.items() if label in VALUES)

    def test_tells_by_labels_that_are_left(self, rule: dict[str, Any]) -> None:
        told = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        kept = set(re.findall(r"by \((\w+)\)", rule["expr"]))
        assert told <= kept
