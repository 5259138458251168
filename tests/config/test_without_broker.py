"""With Redis stopped: buying goes on, and events, webhooks and expiries arrive within ten seconds."""

import base64
import os
import secrets
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
from django.core.management import call_command
from django.db import connection

from apps.integrations.views.health import KNOWN_S
from apps.orders.models import Purchase
from apps.payments import api as payments
from apps.payments.api import Said, Statement
from apps.payments.models import ProviderAnswer, ProviderCall
from config.tour.client import Answer, Client, Question, Unreachable
from machine import packages, reaper, servers
from tests.factories.accounts import make_address
from tests.factories.checkout import make_shop_floor, place, tender
from tradecore import clock, ids, wire
from tradecore.models import OutboxEvent, WorkerLease
from tradecore.money import Money

pytestmark = [
    pytest.mark.mariadb,
    pytest.mark.redis,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("broker"),
]

QUEUES = "money,providers,events"
PROMISED_S = 10.0
SALE_S = 2.0  # a request takes a tenth of it; the rest is for a machine that has other things to do
#: For processes to come up and to end in order, on a machine that has other things to do.
START_S = 180.0
STOP_S = 60.0


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
    command = [sys.executable, "-m", "celery", "-A", "config.celery", "worker", "-P", "solo", "-Q", QUEUES]
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


@pytest.fixture
def database_user() -> Iterator[tuple[str, str]]:
    """Name and password of a user of the database with the rights of the application's own."""
    name, password = f"web_{secrets.token_hex(4)}", secrets.token_hex(16)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE USER '{name}'@'%%' IDENTIFIED BY '{password}'", [])
    try:
        call_command("grant_application", name, verbosity=0)
        yield name, password
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP USER '{name}'@'%%'", [])


@pytest.fixture
def web(broker: servers.Server, database_user: tuple[str, str], tmp_path: Path) -> Iterator[Client]:
    """A web process under production settings on the test's database, alone in a group of processes of its own."""
    keep_numbers_of_tests()
    port, log = servers.free_port(), tmp_path / "web.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py"],
            cwd=settings.BASE_DIR,
            env=web_environment(broker, database_user, port=port, folder=tmp_path),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    client = Client(f"http://127.0.0.1:{port}")
    try:
        wait_for(lambda: process.poll() is not None or is_ready(client), START_S, log)
        assert process.poll() is None, log.read_text()[-4000:]
        yield client
        process.terminate()
        assert process.wait(STOP_S) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def web_environment(broker: servers.Server, user: tuple[str, str], *, port: int, folder: Path) -> dict[str, str]:
    url = urlsplit(os.environ["DATABASE_URL"])
    netloc = f"{':'.join(user)}@{url.hostname}:{url.port}"
    database = urlunsplit(url._replace(netloc=netloc, path=f"/{connection.settings_dict['NAME']}"))
    return {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        "TRADECORE_ENV": "production",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "SANDBOX_WEBHOOK_SECRETS": f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "SANDBOX_BOOK": str(folder / "book.sqlite3"),
        "LEDGER_SIGNING_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "ALLOWED_HOSTS": "127.0.0.1",
        "HTTPS_ONLY": "false",
        "DATABASE_URL": database,
        "REDIS_URL": f"{broker.url}/1",
        "CELERY_BROKER_URL": f"{broker.url}/0",
        "WEB_PORT": str(port),
    }


def is_ready(client: Client) -> bool:
    try:
        return client.send(Question("GET", "/readyz")).status == 200
    except Unreachable:
        return False


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


def test_web_goes_on_selling(broker: servers.Server, web: Client) -> None:
    sku_id = str(make_shop_floor().add_sku(stock=1))
    os.kill(broker.pid, signal.SIGSTOP)

    guest = soon(web, Question("POST", "/store/v1/guests", {}))
    bearer = {"Authorization": f"Bearer {guest['token']}"}
    wish = {
        "market": "GB",
        "lines": [{"sku_id": sku_id, "quantity": 1}],
        "address": wire.to_json(make_address()),
        "delivery_option": "standard",
    }
    quote = soon(web, Question("POST", "/store/v1/quotes", wish, headers=bearer))
    assert quote.status == 200, quote.body
    purchase = {
        "quote_token": quote["quote_token"],
        "expected_total": quote["total"],
        "payment": {"provider": "sandbox", "method_token": "tok_ok"},
        "email": "robin@example.com",
    }
    bought = soon(web, Question("POST", "/store/v1/purchases", purchase, headers=bearer | {"Idempotency-Key": "one"}))
    assert (bought.status, bought["status"]) == (201, "PAID"), bought.body
    again = soon(web, Question("POST", "/store/v1/purchases", purchase, headers=bearer | {"Idempotency-Key": "one"}))
    assert (again.status, again.body) == (201, bought.body)
    assert Purchase.objects.get().status == "PAID"
    time.sleep(KNOWN_S)  # it may say what it has found out before
    ready = soon(web, Question("GET", "/readyz"))
    assert (ready.status, ready["cache"]) == (200, "away")


def soon(client: Client, question: Question) -> Answer:
    """The answer, which does not wait for Redis."""
    started = time.monotonic()
    answer = client.send(question)
    took = time.monotonic() - started
    assert took < SALE_S, f"{question.method} {question.path} took {took:.1f} s"
    return answer
