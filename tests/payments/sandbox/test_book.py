"""The provider's book: one decision at a time, remembered."""

import sqlite3
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from apps.payments.provider import Operation, ProviderUnreachable, Said
from apps.payments.sandbox.book import Book
from apps.payments.sandbox.entries import Balance, Standing, add_up
from apps.payments.sandbox.errors import ReferenceReused
from apps.payments.sandbox.provider import SandboxProvider
from tests.payments.sandbox.support import in_processes, make_call
from tradecore.money import Money

#: A charge in process must cost well under this.
CHARGE_COST_MAX_S = 0.000_3


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "book.sqlite3"


def at_once(contenders: int, act: Callable[[int], object]) -> list[object]:
    """Let so many threads act at once; what each returned."""
    barrier = threading.Barrier(contenders, timeout=60)

    def contend(number: int) -> object:
        barrier.wait()
        return act(number)

    with ThreadPoolExecutor(max_workers=contenders) as pool:
        return list(pool.map(contend, range(contenders)))


class TestBook:
    def test_goes_on_where_it_was(self, path: Path) -> None:
        charge, void = make_call(), make_call(Operation.VOID, about=(late := make_call()))
        before = Book(path)
        before.take(charge)
        before.take(void)
        before.close()

        after = Book(path)
        assert after.take(charge).is_new is False
        assert after.take(make_call(Operation.REFUND, about=charge)).entry.standing is Standing.REFUNDED
        assert after.take(late).entry.standing is Standing.DECLINED

    def test_forgets_what_was_in_memory(self) -> None:
        book = Book()
        book.take(call := make_call())
        book.close()
        assert book.find(call.reference) is None

    def test_remembers_nothing_of_what_it_refused(self) -> None:
        book = Book()
        book.take(call := make_call())
        with pytest.raises(ReferenceReused):
            book.take(make_call(reference=call.reference, token="tok_declined"))
        assert [entry.call for entry in book.list_entries()] == [call]

    def test_adds_up_by_currency(self) -> None:
        book = Book()
        book.take(make_call())
        book.take(make_call())
        book.take(in_yen := make_call(amount=Money(500, "JPY")))
        book.take(make_call(token="tok_declined"))
        book.take(first := make_call(Operation.AUTHORISE))
        book.take(make_call(Operation.CAPTURE, about=first, amount=Money(34, "GBP")))
        book.take(make_call(Operation.REFUND, about=in_yen, amount=Money(120, "JPY")))
        assert add_up(book.list_entries()) == {
            "GBP": Balance(captured=Money(25_02, "GBP"), refunded=Money(0, "GBP")),
            "JPY": Balance(captured=Money(500, "JPY"), refunded=Money(120, "JPY")),
        }

    def test_says_when_it_cannot_be_opened(self, tmp_path: Path) -> None:
        nowhere = Book(tmp_path / "nowhere" / "book.sqlite3")
        with pytest.raises(sqlite3.OperationalError):
            nowhere.open()
        with pytest.raises(ProviderUnreachable):
            SandboxProvider(book=nowhere).send(make_call())
        with pytest.raises(ProviderUnreachable):
            SandboxProvider(book=nowhere).ask(1)


class TestRaces:
    @pytest.mark.parametrize("in_memory", [True, False], ids=["in_memory", "in_file"])
    def test_one_charge_sent_by_many_is_taken_once(self, path: Path, in_memory: bool) -> None:
        book, call = Book() if in_memory else Book(path), make_call()
        taken = at_once(16, lambda _: book.take(call).is_new)
        assert sorted(map(bool, taken)) == [False] * 15 + [True]

    def test_refunds_never_exceed_the_capture(self, path: Path) -> None:
        book, charge = Book(path), make_call(amount=Money(100, "GBP"))
        book.take(charge)
        refunds = [make_call(Operation.REFUND, about=charge, amount=Money(30, "GBP")) for _ in range(16)]
        at_once(16, lambda number: book.take(refunds[number]))
        assert add_up(book.list_entries())["GBP"].refunded == Money(90, "GBP")

    def test_a_charge_and_its_void_never_both_win(self) -> None:
        book = Book()
        for _ in range(50):
            calls = [first := make_call(Operation.AUTHORISE), make_call(Operation.VOID, about=first)]
            at_once(2, lambda number, calls=calls: book.take(calls[number]))  # type: ignore[misc]
            entry = book.find(first.reference)
            assert entry is not None
            assert entry.standing in {Standing.VOIDED, Standing.DECLINED}

    def test_processes_that_share_a_file_agree(self, path: Path) -> None:
        """They open a new file at once, charge the same call and refund the same payment; the parent has it open."""
        book, charge = Book(path), make_call(amount=Money(100, "GBP"))
        refunds = [make_call(Operation.REFUND, about=charge, amount=Money(30, "GBP")) for _ in range(6)]

        def act(number: int) -> None:
            book.take(charge)
            book.take(refunds[number])

        in_processes(6, act)
        assert add_up(book.list_entries()) == {"GBP": Balance(captured=Money(100, "GBP"), refunded=Money(90, "GBP"))}

    def test_a_fork_leaves_parent_and_child_with_a_book(self, path: Path) -> None:
        in_file, in_memory = Book(path), Book()
        for book in (in_file, in_memory):
            book.take(make_call())
        calls = [make_call(), make_call()]
        in_processes(2, lambda number: (in_file.take(calls[number]), in_memory.take(calls[number])))
        assert (len(in_file.list_entries()), len(in_memory.list_entries())) == (3, 1)

    def test_a_fork_amid_a_decision_leaves_the_child_free_to_decide(self, path: Path) -> None:
        book, is_over = Book(path), threading.Event()

        def decide_on_and_on() -> None:
            while not is_over.is_set():
                book.take(make_call())

        busy = threading.Thread(target=decide_on_and_on)
        busy.start()
        calls = [make_call() for _ in range(12)]
        try:
            in_processes(12, lambda number: book.take(calls[number]))
        finally:
            is_over.set()
            busy.join()
        assert all(book.find(call.reference) for call in calls)


class TestCost:
    def test_a_charge_costs_next_to_nothing(self, path: Path) -> None:
        provider = SandboxProvider(book=Book(path))
        costs = []
        for call in [make_call() for _ in range(500)]:
            began = time.perf_counter()
            assert provider.send(call).said is Said.CAPTURED
            costs.append(time.perf_counter() - began)
        assert statistics.median(costs) < CHARGE_COST_MAX_S
