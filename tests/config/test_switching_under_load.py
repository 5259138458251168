"""Each plan is switched while two web processes sell: both show its effect, and its end, within two seconds."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection

from apps.settlement import api as settlement
from config.degradation import ALARMS, PROMOTIONS_OFF_AT_FREEZES
from config.jobs import JOBS
from config.ticker import QUIET_LIMIT_S
from config.tour.client import Answer, Client, Question
from machine import servers
from tests.config.test_without_broker import (
    START_S,
    STOP_S,
    broker,
    database_user,
    is_ready,
    keep_numbers_of_tests,
    wait_for,
    web_environment,
    worker,
)
from tests.factories.accounts import make_address
from tests.factories.checkout import make_shop_floor
from tests.factories.payouts import make_seller, open_bank
from tests.factories.promotions import make_promotion
from tradecore import clock, degradation, freezes, live_settings, wire
from tradecore.models import PlanSwitch

pytestmark = [
    pytest.mark.mariadb,
    pytest.mark.redis,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("broker"),
]

__all__ = ["broker", "database_user", "worker"]

PROMISED_S = 2.0
#: How long a busy machine may take to send a few requests after that.
SEEN_S = 180.0
#: So many answers of each process say what it knows.
ANSWERS = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """One answer: of which process, to which question, sent when (by the monotonic clock)."""

    web: int
    kind: str
    sent_at: float
    answer: Answer

    @property
    def code(self) -> str:
        return str(self.answer["code"])

    @property
    def degraded(self) -> list[str]:
        return self.answer["degraded"] or []

    def missed(self, reason: str) -> bool:
        return any(outcome["reason"] == reason for outcome in self.answer["promotions"] or [])


class Crowd:
    """Guests who quote and buy without a pause, one per web process; everything that they were answered."""

    def __init__(self, webs: list[Client], sku_id: str) -> None:
        self.seen: list[Seen] = []
        self._sku_id = sku_id
        self._stopped = threading.Event()
        self._keys = count()
        self._threads = [threading.Thread(target=self._shop, args=each) for each in enumerate(webs)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def answers(self, kind: str, *, sent_after: float, web: int) -> list[Seen]:
        return [each for each in self.seen if (each.kind, each.web) == (kind, web) and each.sent_at >= sent_after]

    def _shop(self, web: int, client: Client) -> None:
        guest = client.send(Question("POST", "/store/v1/guests", {}))
        headers = {"Authorization": f"Bearer {guest['token']}"}
        wish = {
            "market": "GB",
            "lines": [{"sku_id": self._sku_id, "quantity": 2}],
            "address": wire.to_json(make_address()),
            "delivery_option": "standard",
            "coupon_codes": ["SAVE10"],
        }
        while not self._stopped.is_set():
            quote = self._ask(web, "quote", client, Question("POST", "/store/v1/quotes", wish, headers=headers))
            self._ask(web, "read", client, Question("GET", f"/store/v1/skus/{self._sku_id}?market=GB"))
            if quote.status != 200:
                continue
            body = {
                "quote_token": quote["quote_token"],
                "expected_total": quote["total"],
                "payment": {"provider": "sandbox", "method_token": "tok_ok"},
                "email": "robin@example.com",
            }
            keyed = headers | {"Idempotency-Key": f"{web}-{next(self._keys)}"}
            self._ask(web, "purchase", client, Question("POST", "/store/v1/purchases", body, headers=keyed))

    def _ask(self, web: int, kind: str, client: Client, question: Question) -> Answer:
        sent_at = time.monotonic()
        answer = client.send(question)
        self.seen.append(Seen(web, kind, sent_at, answer))
        return answer


class Gate:
    """The way of a web process to the database, which the test can shut."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._is_shut = False
        self._ways: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def shut(self) -> None:
        """Whoever is connected is cut off, and whoever comes is sent away."""
        self._is_shut = True
        for way in self._ways:
            close(way)

    def open(self) -> None:
        self._is_shut = False

    def end(self) -> None:
        self.shut()
        close(self._listener)

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._listener.accept()
            except OSError:  # the end
                return
            if self._is_shut:
                close(here)
                continue
            there = socket.create_connection(self._target)
            self._ways += [here, there]
            for source, sink in ((here, there), (there, here)):
                threading.Thread(target=pump, args=(source, sink), daemon=True).start()


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Pass on whatever comes until either end is closed."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:  # cut off by the other direction, or by the test
        return
    finally:
        close(source)
        close(sink)


def close(way: socket.socket) -> None:
    """Close it, also for whoever waits in it."""
    with suppress(OSError):
        way.shutdown(socket.SHUT_RDWR)
    way.close()


@pytest.fixture
def webs(broker: servers.Server, database_user: tuple[str, str], tmp_path: Path) -> Iterator[list[Client]]:
    """Two web processes of their own, under production settings, on the test's database."""
    keep_numbers_of_tests()
    with serving([start_web(broker, database_user, tmp_path / f"web{number}") for number in range(2)]) as clients:
        yield clients


@pytest.fixture
def gate() -> Iterator[Gate]:
    url = urlsplit(os.environ["DATABASE_URL"])
    assert url.hostname is not None
    assert url.port is not None
    gate = Gate((url.hostname, url.port))
    yield gate
    gate.end()


@pytest.fixture
def web_behind_the_gate(
    broker: servers.Server, database_user: tuple[str, str], gate: Gate, tmp_path: Path
) -> Iterator[Client]:
    keep_numbers_of_tests()
    with serving([start_web(broker, database_user, tmp_path / "web", gate=gate)]) as (client,):
        yield client
        gate.open()  # an orderly end gives a number back


@contextmanager
def serving(started: list[tuple[subprocess.Popen[bytes], Client, Path]]) -> Iterator[list[Client]]:
    """Wait until the processes serve; let them end in order, or by force if the block fails."""
    try:
        for process, client, log in started:
            wait_for(lambda: process.poll() is not None or is_ready(client), START_S, log)  # noqa: B023 - waits here
            assert process.poll() is None, log.read_text()[-4000:]
        yield [client for _, client, _ in started]
        for process, _, _ in started:
            process.terminate()
        assert {process.wait(STOP_S) for process, _, _ in started} == {0}
    finally:
        for process, _, _ in started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def start_web(
    broker: servers.Server, user: tuple[str, str], folder: Path, *, gate: Gate | None = None
) -> tuple[subprocess.Popen[bytes], Client, Path]:
    folder.mkdir()
    port, log = servers.free_port(), folder / "web.log"
    environment = web_environment(broker, user, port=port, folder=folder)
    environment["RATE_LIMITS_PERCENT"] = "10000"  # of a few guests who never pause
    if gate is not None:
        url = urlsplit(environment["DATABASE_URL"])
        environment["DATABASE_URL"] = urlunsplit(url._replace(netloc=f"{':'.join(user)}@127.0.0.1:{gate.port}"))
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py"],
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return process, Client(f"http://127.0.0.1:{port}"), log


@pytest.fixture
def crowd(webs: list[Client]) -> Iterator[Crowd]:
    sku_id = str(make_shop_floor().add_sku(stock=100_000))
    make_promotion(
        code="SAVE10",
        min_spend_minor=0,
        uses_cap=1_000_000,
        uses_per_buyer_cap=None,
        budget_minor=10**12,
        starts_at=clock.now() - timedelta(days=1),
        ends_at=clock.now() + timedelta(days=1),
    )
    crowd = Crowd(webs, sku_id)
    try:
        wait_until(lambda: all(crowd.answers("purchase", sent_after=0, web=web) for web in range(2)))
        yield crowd
    finally:
        crowd.stop()


def wait_until(condition: Callable[[], bool]) -> None:
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < SEEN_S
        time.sleep(0.05)


def answers_from(crowd: Crowd, kind: str, moment: float) -> list[Seen]:
    """What both processes answered to what was sent two seconds after the moment, or later: a few answers of each."""
    promised = moment + PROMISED_S

    def seen(web: int) -> list[Seen]:
        return crowd.answers(kind, sent_after=promised, web=web)

    wait_until(lambda: all(len(seen(web)) >= ANSWERS for web in range(2)))
    return [*seen(0), *seen(1)]


#: Plan -> (its market, what is asked, how the answer shows it).
EFFECTS: dict[str, tuple[str, str, Callable[[Seen], bool]]] = {
    degradation.PROMOTIONS: ("", "quote", lambda seen: seen.missed("PROMOTIONS_OFF")),
    degradation.GUESTS: ("", "purchase", lambda seen: seen.code == "degradation.guests_off"),
    degradation.READ_ONLY: ("", "purchase", lambda seen: seen.code == "degradation.read_only"),
    degradation.MARKET_CLOSED: ("GB", "quote", lambda seen: seen.code == "checkout.market_closed"),
}


def test_everything_is_switched_while_everybody_buys(crowd: Crowd) -> None:
    """One crowd for all of it: it takes longer to gather than to be told."""
    for plan in EFFECTS:
        both_processes_show_a_plan_and_its_end_in_time(plan, crowd)
    a_plan_is_over_at_its_end_without_anybody(crowd)
    payouts_stop_and_go_on_while_everybody_buys(crowd)
    both_processes_hear_of_a_setting_and_of_its_rollback_in_time(crowd)
    both_processes_are_read_only_for_as_long_as_nothing_can_be_written(crowd)


def both_processes_show_a_plan_and_its_end_in_time(plan: str, crowd: Crowd) -> None:
    market, kind, shows = EFFECTS[plan]
    named = f"{plan}:{market}" if market else plan
    before = answers_from(crowd, kind, time.monotonic())
    assert not any(shows(seen) or seen.degraded for seen in before)

    now = clock.now()
    degradation.switch_on(
        plan=plan, market=market, until=now + timedelta(hours=1), reason="a test", actor="user:1", now=now
    )
    switched_on = time.monotonic()
    during = answers_from(crowd, kind, switched_on)
    assert all(shows(seen) and seen.degraded == [named] for seen in during), during
    reads = answers_from(crowd, "read", switched_on)
    assert all((seen.answer.status, seen.degraded) == (200, [named]) for seen in reads), reads

    degradation.switch_off(plan=plan, market=market, reason="it is over", actor="user:1", now=clock.now())
    after = answers_from(crowd, "purchase", time.monotonic())
    assert all((seen.answer.status, seen.degraded) == (201, []) for seen in after), after


def a_plan_is_over_at_its_end_without_anybody(crowd: Crowd) -> None:
    now = clock.now()
    lasts = timedelta(seconds=12)  # long enough for both to be asked again and again after they heard of it
    degradation.switch_on(plan=degradation.GUESTS, until=now + lasts, reason="a test", actor="user:1", now=now)
    begun = time.monotonic()
    after = answers_from(crowd, "purchase", begun + lasts.total_seconds())
    refused = [seen for seen in crowd.seen if seen.code == "degradation.guests_off" and seen.sent_at >= begun]
    assert {seen.web for seen in refused} == {0, 1}
    assert all(int(seen.answer.headers["Retry-After"]) <= lasts.total_seconds() for seen in refused)
    assert all((seen.answer.status, seen.degraded) == (201, []) for seen in after), after


def payouts_stop_and_go_on_while_everybody_buys(crowd: Crowd) -> None:
    open_bank()
    make_seller()
    now = clock.now()
    degradation.switch_on(
        plan=degradation.PAYOUTS, until=now + timedelta(hours=1), reason="a test", actor="user:1", now=now
    )
    switched_on = time.monotonic()
    with pytest.raises(settlement.PayoutsFrozen):
        settlement.propose_payouts(market="GB", actor="user:1", reason="now", now=clock.now())
    sold = answers_from(crowd, "purchase", switched_on)
    assert all((seen.answer.status, seen.degraded) == (201, []) for seen in sold), "buyers see nothing of it"
    degradation.switch_off(plan=degradation.PAYOUTS, reason="it is over", actor="user:1", now=clock.now())
    assert settlement.propose_payouts(market="GB", actor="user:1", reason="now", now=clock.now()) is not None


def both_processes_hear_of_a_setting_and_of_its_rollback_in_time(crowd: Crowd) -> None:
    parts: dict[str, Any] = {"name": "checkout.quantity_limit", "target": "market:GB", "actor": "user:1"}
    live_settings.set_value(value=1, reason="a hot sale", now=clock.now(), **parts)
    during = answers_from(crowd, "quote", time.monotonic())
    assert {seen.code for seen in during} == {"checkout.quantity_too_large"}
    live_settings.roll_back(reason="it is over", now=clock.now(), **parts)
    after = answers_from(crowd, "quote", time.monotonic())
    assert {seen.answer.status for seen in after} == {200}


def both_processes_are_read_only_for_as_long_as_nothing_can_be_written(crowd: Crowd) -> None:
    begun = clock.real_now()
    with written_nowhere():
        refused_from = time.monotonic()
        during = answers_from(crowd, "purchase", refused_from)
        assert {(seen.answer.status, seen.code) for seen in during} == {(503, "degradation.read_only")}
        reads = answers_from(crowd, "read", refused_from)
        assert all((seen.answer.status, seen.degraded) == (200, ["read_only"]) for seen in reads), reads
    strange = {seen.answer.status for seen in crowd.seen if seen.sent_at >= refused_from} - {200, 201, 503}
    assert not strange, "also the first ones, who met it, got an answer that says so"
    (alarm,) = (alarm for alarm in ALARMS if alarm.plan == degradation.READ_ONLY)
    after = answers_from(crowd, "purchase", time.monotonic() + alarm.lasts.total_seconds())
    assert all((seen.answer.status, seen.degraded) == (201, []) for seen in after), after
    wait_until(lambda: PlanSwitch.objects.filter(trigger=alarm.name).exists())
    (row,) = PlanSwitch.objects.filter(trigger=alarm.name)
    assert begun < row.since < row.until < clock.real_now()
    assert row.reason.startswith("the database takes no writes, for ")


@contextmanager
def written_nowhere() -> Iterator[None]:
    """While the database refuses the first writes of every use case, as one that is read-only does.

    By triggers, because other tests share the server.
    """
    refusing = {"kernel_idempotency": "INSERT", "kernel_revision": "UPDATE"}
    says = "The MariaDB server is running with the --read-only option so it cannot execute this statement"
    with connection.cursor() as cursor:
        for table, event in refusing.items():
            cursor.execute(
                f"CREATE TRIGGER tests_{table} BEFORE {event} ON {table} FOR EACH ROW "
                f"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1290, MESSAGE_TEXT = '{says}'"
            )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for table in refusing:
                cursor.execute(f"DROP TRIGGER tests_{table}")


def test_what_was_read_last_serves_while_the_database_is_away(web_behind_the_gate: Client, gate: Gate) -> None:
    make_shop_floor()
    products = Question("GET", "/store/v1/products?market=GB")

    def ask() -> tuple[int, Any]:
        answer = web_behind_the_gate.send(products)
        return answer.status, answer["degraded"]

    now = clock.now()
    degradation.switch_on(
        plan=degradation.GUESTS, until=now + timedelta(hours=1), reason="a test", actor="user:1", now=now
    )
    wait_until(lambda: ask() == (200, ["guests"]))

    gate.shut()
    degradation.switch_off(plan=degradation.GUESTS, reason="it is over", actor="user:1", now=clock.now())
    shut_at = time.monotonic()
    while time.monotonic() - shut_at < 2 * PROMISED_S:
        assert ask() == (503, ["guests"])

    gate.open()
    opened_at = time.monotonic()
    wait_until(lambda: time.monotonic() - opened_at > PROMISED_S)
    assert ask() == (200, None)


def test_a_worker_hears_of_a_bound_and_pulls_the_trigger(worker: Path) -> None:
    now = clock.now()
    for promotion_id in (7, 8):
        freezes.place_freeze(
            kind=freezes.PROMOTION, subject=promotion_id, reason="a break", actor="reconciliation", now=now
        )
    wait_for(lambda: "ticking_by_itself" in worker.read_text(), START_S, worker)
    assert not PlanSwitch.objects.exists(), "so few do not pull it"
    live_settings.set_value(
        name=PROMOTIONS_OFF_AT_FREEZES.name, target="everyone", value=2, actor="user:1", reason="a test", now=now
    )
    _, _, every_s = JOBS["check_triggers"]
    wait_for(PlanSwitch.objects.exists, PROMISED_S + every_s + QUIET_LIMIT_S, worker)
    assert PlanSwitch.objects.get().trigger == "frozen_promotions"
