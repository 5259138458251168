"""What is counted: each series found once, and a fault that is said and hurts nobody."""

import logging
from typing import Any

import pytest
from django.conf import settings

from tradecore import metrics


class Full:
    """A series for which the disk is full."""

    def inc(self, _by: float) -> None:
        raise OSError(28, "No space left on device")

    observe = set = inc


class TestEveryMetric:
    def test_has_few_labels_none_of_them_an_id(self) -> None:
        assert all(len(labels) <= 3 for labels in metrics.LABELS.values())
        levels = [metric for metric in vars(metrics).values() if isinstance(metric, metrics.Level)]
        assert levels
        assert all(metric._metric._labelnames for metric in levels)
        assert not [label for labels in metrics.LABELS.values() for label in labels if label.endswith(("id", "ref"))]


class TestCounting:
    def test_finds_its_series_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        metrics.TICKS.add("beat")
        monkeypatch.setattr(metrics.TICKS, "_metric", None)  # nobody is asked for it again
        before = metrics.TICKS._find(("beat",))._value.get()
        metrics.TICKS.add("beat", by=2)
        assert metrics.TICKS._find(("beat",))._value.get() == before + 2

    def test_fails_nobody_and_says_so_once_a_second(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        full: Any = Full()
        monkeypatch.setattr(metrics, "_quiet_until", 0.0)
        for metric in (metrics.TICKS, metrics.TRANSACTION_TIME, metrics.MEMORY):
            monkeypatch.setattr(metric, "_series", {(): full})
        with caplog.at_level(logging.ERROR):
            metrics.TICKS.add()
            metrics.TRANSACTION_TIME.observe(seconds=1)
            metrics.MEMORY.set(to=1)
        (line,) = [record.message for record in caplog.records]
        assert "No space left on device" in line


class TestRefresh:
    def test_reads_what_a_process_holds_of_the_memory(self) -> None:
        metrics.refresh()
        held = metrics.MEMORY._find((settings.TRADECORE_PROCESS,))._value.get()
        assert 10_000_000 < held < 10_000_000_000
