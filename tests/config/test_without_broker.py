"""With Redis stopped: buying goes on, and events, webhooks and expiries arrive within ten seconds."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection

from apps.orders.models import Purchase
from apps.payments import api as payments
from apps.payments.api import Said, Statement
from apps.payments.models import ProviderAnswer, ProviderCall
from machine import packages, reaper, servers
from tests.factories.checkout import make_shop_floor, place, tender
from tradecore import clock, ids
from tradecore.models import OutboxEvent, WorkerLease
from tradecore.money import Money

pytestmark = [
    pytest.mark.mariadb,
    pytest.mark.redis,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("broker"),
]

PROMISED_S = 10.0
START_S = 30.0


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[servers.Server]:
    """A Redis of this test's own, which it may stop."""
    programs = packages.find_servers()
    assert programs is not None
    mark = f"broker-{os.getpid()}"
    server = servers.start_redis(programs, tmp_path, {**os.environ, reaper.VARIABLE: mark})
    try:
        yield server
    finally:
        os.kill(server.pid, signal.SIGCONT)
        reaper.end_all(mark, [])


@pytest.fixture
def worker(broker: servers.Server, tmp_path: Path) -> Iterator[Path]:
    """A worker on the test's database, without a beat. Yields its log."""
    keep_numbers_of_tests()
    log = tmp_path / "worker.log"
    command = [sys.executable, "-m", "celery", "-A", "config.celery", "worker", "-P", "solo", "-Q", "money,events"]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=worker_environment(broker), stdout=output, stderr=subprocess.STDOUT
        )
    try:
        wait_for(lambda: "ready" in log.read_text(), START_S, log)
        yield log
    finally:
        process.kill()
        process.wait()


def worker_environment(broker: servers.Server) -> dict[str, str]:
    url = urlsplit(os.environ["DATABASE_URL"])
    database = urlunsplit(url._replace(path=f"/{connection.settings_dict['NAME']}"))
    return {
        **os.environ,
        "TRADECORE_ENV": "embedded",
        "DATABASE_URL": database,
        "REDIS_URL": f"{broker.url}/1",
        "CELERY_BROKER_URL": f"{broker.url}/0",
    }


def keep_numbers_of_tests() -> None:
    """Tests have fixed worker numbers, which the worker must not lease."""
    until = int(time.time() * 1000) + 3_600_000
    WorkerLease.objects.bulk_create(
        WorkerLease(worker=number, holder="tests", leased_until_ms=until) for number in range(ids.WORKER_COUNT - 4)
    )


def wait_for(condition: Any, limit_s: float, log: Path) -> float:
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > limit_s:
            raise AssertionError(log.read_text()[-4000:])
        time.sleep(0.1)
    return time.monotonic() - started


def test_what_is_due_is_done_within_ten_seconds(broker: servers.Server, worker: Path) -> None:
    floor = make_shop_floor()
    os.kill(broker.pid, signal.SIGSTOP)
    now = clock.now()

    unpaid = place((floor.add_sku(), 1), now=now - timedelta(hours=1)).purchase.id
    waiting = place((floor.add_sku(), 1), tenders=(tender("tok_3ds", provider="sandbox"),), now=now).purchase
    call = ProviderCall.objects.get(tender__intent__payable_ref=waiting.id)
    payments.store_webhook(
        provider="sandbox",
        statement=Statement(
            said=Said.REQUIRES_ACTION,
            reference=call.pk,
            provider_ref="ref",
            amount=Money(call.amount_minor, "GBP"),
            account=payments.PROVIDERS.get("sandbox").account,
            event_id="evt_1",
            next_action={"kind": "redirect"},
        ),
        now=now,
    )

    wait_for(lambda: Purchase.objects.get(pk=unpaid).status == "EXPIRED", PROMISED_S, worker)
    wait_for(lambda: ProviderAnswer.objects.get(event_id="evt_1").applied_at is not None, PROMISED_S, worker)
    wait_for(lambda: not OutboxEvent.objects.filter(delivered_at=None).exists(), PROMISED_S, worker)
    assert not OutboxEvent.objects.filter(position=None).exists()
