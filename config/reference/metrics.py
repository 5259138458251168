"""docs/metrics.md: everything that is counted, measured and read, by its name for Prometheus."""

from collections.abc import Iterator

from prometheus_client.metrics_core import Metric

from config.readings import READINGS
from tradecore import metrics

INTRODUCTION = """\
# Metrics

What `/metrics` tells Prometheus. Of one machine any web process answers for all that share its `METRICS_DIR`; what is
read off the tables is of the whole marketplace, whoever is asked: scrape every machine, and take `max` of the second
table. The page Live of the admin draws the most important ones, of all machines, without a Prometheus.

```yaml
scrape_configs:
  - job_name: tradecore
    scheme: https
    authorization: {credentials_file: /etc/prometheus/tradecore.token}
    static_configs: [{targets: ["shop.example"]}]
```
"""

COUNTED = """\
## Counted by processes

A counter ends in `_total`; a histogram has `_bucket`, `_sum` and `_count`. Labels are names that stand in the code,
never an id.
"""

READ = """\
## Read off the tables

When Prometheus asks. `tradecore_reading_failed` is 1 for a reading that the database did not answer.
"""

_HEAD = "| metric | labels | what |\n| --- | --- | --- |"
_ENDINGS = {"counter": "_total", "histogram": "", "gauge": ""}


def render_metrics() -> str:
    """The whole page."""
    counted = sorted(metrics.REGISTRY.collect(), key=lambda metric: metric.name)
    return "\n".join(
        [
            INTRODUCTION,
            COUNTED,
            _HEAD,
            *(
                _row(f"{metric.name}{_ENDINGS[metric.type]}", _labels_of(metric), metric.documentation)
                for metric in counted
            ),
            "",
            READ,
            _HEAD,
            *_readings(),
        ]
    )


def _readings() -> Iterator[str]:
    for reading in sorted(READINGS, key=lambda reading: reading.name):
        ending = "_total" if reading.grows else ""
        yield _row(f"tradecore_{reading.name}{ending}", reading.labels, reading.meaning)


def _labels_of(metric: Metric) -> tuple[str, ...]:
    return metrics.LABELS[metric.name]


def _row(name: str, labels: tuple[str, ...], meaning: str) -> str:
    return f"| `{name}` | {', '.join(f'`{label}`' for label in labels)} | {meaning} |"
