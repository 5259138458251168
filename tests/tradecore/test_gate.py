"""What comes when all threads are busy, or too late: refused at once, while a fifth is kept for what is critical."""

import json
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from pytest_django import Settings

from config.traffic import BERTHS, Traffic
from tradecore.deadlines import deadline, time_left
from tradecore.http.gate import Berth, Bulkheads, Gate
from tradecore.http.waiting import waiting_since

THREADS = 10
#: Until somebody has come who comes in a moment, on a machine that has other things to do.
PATIENCE_S = 60
PATHS = {"/browse": "browse", "/quote": "quote", "/buy": "buy"}
OF_THREE = {
    "browse": Berth(threads_percent=60, seconds=5),
    "quote": Berth(threads_percent=60, seconds=5),
    "buy": Berth(threads_percent=100, seconds=15, is_critical=True),
}


def taken(bulkheads: Bulkheads, name: str, *, tries: int = 3 * THREADS) -> int:
    return sum(bulkheads.enter(name) for _ in range(tries))


class TestBulkheads:
    def test_bound_each_class(self) -> None:
        assert taken(Bulkheads(OF_THREE, threads=THREADS), "browse") == 6

    def test_keep_a_fifth_for_what_is_critical(self) -> None:
        bulkheads = Bulkheads(OF_THREE, threads=THREADS)
        assert taken(bulkheads, "browse") + taken(bulkheads, "quote") == 8
        assert taken(bulkheads, "buy") == 2

    def test_let_what_is_critical_have_all(self) -> None:
        bulkheads = Bulkheads(OF_THREE, threads=THREADS)
        assert (taken(bulkheads, "buy"), taken(bulkheads, "browse")) == (10, 0)

    def test_have_room_again_when_somebody_has_left(self) -> None:
        bulkheads = Bulkheads(OF_THREE, threads=THREADS)
        taken(bulkheads, "browse")
        bulkheads.leave("browse")
        assert taken(bulkheads, "browse") == 1

    @pytest.mark.parametrize(("threads", "others"), [(2, 1), (3, 2), (5, 4), (8, 6), (16, 12)])
    def test_keep_a_fifth_at_least_of_any_number(self, threads: int, others: int) -> None:
        bulkheads = Bulkheads(OF_THREE, threads=threads)
        assert taken(bulkheads, "browse") + taken(bulkheads, "quote") == others

    def test_of_the_product_know_every_class_and_three_critical_things(self) -> None:
        assert BERTHS.keys() == set(Traffic)
        # Paying is a class with buying.
        critical = {name for name, berth in BERTHS.items() if berth.is_critical}
        assert critical == {Traffic.PURCHASE, Traffic.WEBHOOK}


class Stage:
    """An application behind a gate, whose requests last until they are let go."""

    def __init__(self) -> None:
        #: Of each request that was served: the moment at which it must end.
        self.ends_at: list[float] = []
        self._let_go = threading.Event()
        self._busy = threading.Semaphore(0)
        self._gate = Gate(self._serve, classify=lambda _method, path: PATHS.get(path), berths=OF_THREE, threads=THREADS)
        self._pool = ThreadPoolExecutor(2 * THREADS)

    def ask(self, path: str, **environ: str) -> tuple[str, dict[str, str], bytes]:
        answered: list[Any] = []
        body = self._gate({"REQUEST_METHOD": "GET", "PATH_INFO": path, **environ}, lambda *said: answered.extend(said))
        return answered[0], dict(answered[1]), b"".join(body)

    @contextmanager
    def busy(self, path: str, number: int) -> Iterator[None]:
        """While so many requests for that path are being served."""
        self._let_go.clear()
        asked = [self._pool.submit(self.ask, path) for _ in range(number)]
        for _ in range(number):
            assert self._busy.acquire(timeout=PATIENCE_S)
        try:
            yield
        finally:
            self._let_go.set()
            assert [future.result()[0] for future in asked] == ["200 OK"] * number

    def idle(self) -> "Stage":
        self._let_go.set()
        return self

    def _serve(self, _environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.ends_at.append(time.monotonic() + time_left(at_most=1000))
        self._busy.release()
        assert self._let_go.wait(PATIENCE_S)
        start_response("200 OK", [])
        return [b"served"]


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def waited() -> Iterator[Callable[[float], None]]:
    """Let this thread's request have waited so long for it."""

    def wait(seconds: float) -> None:
        waiting_since.set(time.monotonic() - seconds)

    token = waiting_since.set(None)
    yield wait
    waiting_since.reset(token)


class TestARefusal:
    def test_is_a_problem_document_that_says_when_to_come_back(self, stage: Stage) -> None:
        with stage.busy("/buy", 10):
            status, headers, body = stage.ask("/buy", HTTP_X_REQUEST_ID="a-1")
        document = json.loads(body)
        assert status == "503 Service Unavailable"
        assert (document["status"], document["code"]) == (503, "overload.shed")
        assert headers["Content-Type"] == "application/problem+json"
        assert headers["Retry-After"] == str(document["retry_after"]) in {"1", "2", "3"}
        assert headers["X-Request-Id"] == "a-1"
        assert int(headers["Content-Length"]) == len(body)

    def test_is_made_within_50_ms(self, stage: Stage) -> None:
        took = []
        with stage.busy("/buy", 10):
            for _ in range(100):
                started = time.perf_counter()
                stage.ask("/browse")
                took.append(time.perf_counter() - started)
        assert statistics.median(took) < 0.05

    def test_is_not_for_what_is_in_no_class(self, stage: Stage) -> None:
        with stage.busy("/buy", 10):
            asked = stage._pool.submit(stage.ask, "/healthz")
            assert stage._busy.acquire(timeout=PATIENCE_S)
        assert asked.result()[0] == "200 OK"

    def test_is_over_when_the_crowd_is(self, stage: Stage) -> None:
        with stage.busy("/buy", 10):
            assert stage.ask("/buy")[0].startswith("503")
        assert stage.idle().ask("/buy")[0] == "200 OK"

    def test_gives_the_thread_back_when_the_application_fails(self) -> None:
        def fail(*_: Any) -> Iterable[bytes]:
            raise RuntimeError

        gate = Gate(fail, classify=lambda *_: "buy", berths=OF_THREE, threads=2)
        for _ in range(10):
            with pytest.raises(RuntimeError):
                gate({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, lambda *_: None)


class TestADeadline:
    def test_is_that_of_the_class_less_what_was_waited(self, stage: Stage, waited: Callable[[float], None]) -> None:
        asked_at = time.monotonic()
        waited(2)
        stage.idle().ask("/browse")
        (ends_at,) = stage.ends_at
        assert asked_at + 3 <= ends_at <= time.monotonic() + 3

    def test_of_the_caller_counts_where_it_is_earlier(self, stage: Stage) -> None:
        asked_at = time.monotonic()
        stage.idle().ask("/browse", HTTP_X_REQUEST_TIMEOUT_MS="3000")
        assert asked_at + 3 <= stage.ends_at[0] <= time.monotonic() + 3
        asked_at = time.monotonic()
        stage.ask("/browse", HTTP_X_REQUEST_TIMEOUT_MS="999999")
        assert asked_at + 5 <= stage.ends_at[1] <= time.monotonic() + 5

    @pytest.mark.parametrize("nonsense", ["", "-1", "1e3", "1.5", "\uff11", "12345678"])
    def test_that_is_none_is_not_one(self, stage: Stage, nonsense: str) -> None:
        asked_at = time.monotonic()
        stage.idle().ask("/browse", HTTP_X_REQUEST_TIMEOUT_MS=nonsense)
        (ends_at,) = stage.ends_at
        assert asked_at + 5 <= ends_at <= time.monotonic() + 5

    def test_that_has_passed_in_the_queue_is_refused_before_anything_is_done(
        self, stage: Stage, waited: Callable[[float], None]
    ) -> None:
        waited(5.1)
        status, _, body = stage.idle().ask("/browse")
        assert (status[:3], json.loads(body)["code"]) == ("503", "overload.too_late")
        assert stage.ends_at == []

    def test_counts_from_where_the_proxy_has_it_from(self, stage: Stage, settings: Settings) -> None:
        started = f"t={time.time() - 6:.3f}"
        settings.TRUST_PROXY_HEADERS = True
        assert stage.idle().ask("/browse", HTTP_X_REQUEST_START=started)[0][:3] == "503"
        settings.TRUST_PROXY_HEADERS = False
        assert stage.ask("/browse", HTTP_X_REQUEST_START=started)[0] == "200 OK"

    def test_is_nobody_s_where_there_is_none(self) -> None:
        assert time_left(at_most=3) == 3

    def test_is_never_later_than_that_of_who_waits(self) -> None:
        with deadline(1), deadline(10):
            assert time_left(at_most=3) <= 1
        with deadline(0):
            assert (time_left(at_most=3), time_left(at_most=3, at_least=0.5)) == (0, 0.5)
