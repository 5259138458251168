"""What each process writes down of itself, every ten seconds."""

from datetime import timedelta

import pytest
from django.conf import settings

from tests.support import NOON
from tradecore import metrics, samples
from tradecore.models import Sample

pytestmark = pytest.mark.django_db


class TestSlotOf:
    def test_is_the_begin_of_its_ten_seconds(self) -> None:
        assert samples.slot_of(NOON + timedelta(seconds=19.5)) == NOON + timedelta(seconds=10)


class TestRecorder:
    def test_says_what_was_counted_since_it_said_so_last(self, transactional_db: None) -> None:
        recorder = samples.Recorder()
        recorder.record()
        metrics.TICKS.add("beat", by=2)
        metrics.PROVIDER_TIME.observe("sandbox", "charge", "answered", seconds=0.04)
        metrics.PROVIDER_TIME.observe("sandbox", "charge", "answered", seconds=0.6)
        Sample.objects.all().delete()
        recorder.record()
        counts = Sample.objects.get().counts
        assert counts["ticks beat"] == 2
        assert {name: count for name, count in counts.items() if name.startswith("provider_call_seconds in")} == {
            "provider_call_seconds in sandbox charge answered 0.05": 1,
            "provider_call_seconds in sandbox charge answered 0.75": 1,
        }
        assert counts["provider_call_seconds sum sandbox charge answered"] == pytest.approx(0.64)
        assert not [name for name in counts if name.startswith("job_seconds")]

    def test_says_how_the_process_stands(self, transactional_db: None) -> None:
        samples.Recorder().record()
        assert Sample.objects.get().levels[f"process_resident_bytes {settings.TRADECORE_PROCESS}"] > 0

    def test_says_it_later_where_it_could_not_be_written(
        self, transactional_db: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(**_: object) -> None:
            raise RuntimeError("away")

        recorder = samples.Recorder()
        recorder.record()
        metrics.TICKS.add("worker")
        Sample.objects.all().delete()
        with monkeypatch.context() as patched:
            patched.setattr(samples, "write", fail)
            with pytest.raises(RuntimeError):
                recorder.record()
        recorder.record()
        assert Sample.objects.get().counts["ticks worker"] == 1


class TestWrite:
    def test_takes_the_first_of_a_slot(self) -> None:
        for waiting in (1.0, 2.0):
            samples.write(source=samples.TABLES, slot=NOON, counts={}, levels={"queue_waiting events": waiting})
        assert Sample.objects.get().levels == {"queue_waiting events": 1.0}
