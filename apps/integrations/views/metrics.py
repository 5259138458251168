"""What is counted and measured, for Prometheus: of all processes that share a folder, and what the tables know."""

from collections.abc import Iterable, Iterator
from hmac import compare_digest
from pathlib import Path
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tradecore import metric_files, metrics
from tradecore.readings import Read, read_all

_SCHEME: Final = "Bearer "


def tell_metrics(request: HttpRequest) -> HttpResponse:
    """In the text form of Prometheus. Whoever does not bring METRICS_TOKEN finds nothing here.

    In no class of traffic: it answers while all threads are busy, and when the database does not.
    """
    if not _may_know(request):
        return HttpResponseNotFound()
    registry = CollectorRegistry()
    registry.register(_Told())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_know(request: HttpRequest) -> bool:
    if not settings.METRICS_TOKEN:
        return not settings.IN_PRODUCTION
    return compare_digest(
        request.headers.get("Authorization", "").encode(), f"{_SCHEME}{settings.METRICS_TOKEN}".encode()
    )


class _Told(Collector):
    """Everything, collected when it is asked for."""

    def collect(self) -> Iterator[Metric]:
        metrics.refresh()
        yield from _counted()
        yield from _read()


def _counted() -> Iterable[Metric]:
    if settings.METRICS_DIR:
        return metric_files.tell_all(Path(settings.METRICS_DIR))
    return metrics.REGISTRY.collect()


def _read() -> Iterator[Metric]:
    failed = GaugeMetricFamily("tradecore_reading_failed", "1 where the tables could not be read.", labels=["reading"])
    for read in read_all():
        failed.add_metric([read.reading.name], float(read.values is None))
        if read.values is not None:
            yield _family(read)
    yield failed


def _family(read: Read) -> Metric:
    """A reading in the library's words."""
    make = CounterMetricFamily if read.reading.grows else GaugeMetricFamily
    family = make(f"tradecore_{read.reading.name}", read.reading.meaning, labels=read.reading.labels)
    for labels, value in (read.values or {}).items():
        family.add_metric(labels, value)
    return family
