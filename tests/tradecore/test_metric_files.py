"""What processes leave in a folder: told by any of them for all, and kept when they have ended."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.settings import BASE_DIR
from tradecore import metric_files

COUNT = """
import sys
import django
django.setup()
from tradecore import metrics
metrics.TICKS.add("beat", by=int(sys.argv[1]))
metrics.THREADS_BUSY.set("browse", to=int(sys.argv[1]))
metrics.TRANSACTION_TIME.observe(seconds=0.04)
"""


def count_in_a_process(folder: Path, number: int) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "TRADECORE_ENV": "test",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "METRICS_DIR": str(folder),
    }
    subprocess.run([sys.executable, "-c", COUNT, str(number)], cwd=BASE_DIR, env=environment, check=True)


def told(folder: Path) -> dict[str, float]:
    return {
        sample.name: sample.value
        for metric in metric_files.tell_all(folder)
        for sample in metric.samples
        if sample.name
        in {"tradecore_ticks_total", "tradecore_http_threads_busy", "tradecore_transaction_seconds_count"}
    }


def end_all(folder: Path) -> None:
    """Let everybody be silent for so long that they must have ended."""
    long_ago = time.time() - 2 * metric_files.ENDED_AFTER_S
    for file in folder.glob("*.db"):
        os.utime(file, (long_ago, long_ago))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where two processes have counted."""
    count_in_a_process(tmp_path, 2)
    count_in_a_process(tmp_path, 3)
    return tmp_path


class TestTellAll:
    def test_adds_up_what_processes_have_counted(self, folder: Path) -> None:
        assert told(folder) == {
            "tradecore_ticks_total": 5,
            "tradecore_http_threads_busy": 5,
            "tradecore_transaction_seconds_count": 2,
        }


class TestKeepAlive:
    def test_leaves_those_alone_that_may_live(self, folder: Path) -> None:
        before = sorted(folder.glob("*.db"))
        metric_files.keep_alive(folder)
        assert sorted(folder.glob("*.db")) == before

    def test_keeps_the_counts_of_those_that_ended_in_one_file_and_forgets_how_they_stood(self, folder: Path) -> None:
        end_all(folder)
        metric_files.keep_alive(folder)
        assert sorted(file.name for file in folder.glob("*.db")) == ["counter_ended.db", "histogram_ended.db"]
        assert told(folder) == {"tradecore_ticks_total": 5, "tradecore_transaction_seconds_count": 2}

    def test_adds_to_what_ended_before(self, folder: Path) -> None:
        end_all(folder)
        metric_files.keep_alive(folder)
        count_in_a_process(folder, 4)
        end_all(folder)
        metric_files.keep_alive(folder)
        assert told(folder)["tradecore_ticks_total"] == 9
        assert len(list(folder.glob("*.db"))) == 2
