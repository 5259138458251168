"""What a process remembers of a few rows: read once, and again when it has changed; served while nobody answers."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection

from tests.support import in_use_case
from tradecore import revisions
from tradecore.models import Revision
from tradecore.revisions import Watched


class Board:
    """A value that somebody else writes; it counts how often it was loaded."""

    def __init__(self) -> None:
        self.written = "empty"
        self.loaded = 0

    def load(self) -> str:
        self.loaded += 1
        Revision.objects.count()  # asks the database, as every load does
        return self.written

    def write(self, text: str) -> None:
        """As another process would: this one is told nothing."""
        self.written = text
        in_use_case(lambda: revisions.count_up("board"))


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def watched(board: Board, monkeypatch: pytest.MonkeyPatch) -> Watched[str]:
    monkeypatch.setattr(revisions, "_all", {})
    return Watched("board", load=board.load, empty="empty")


@pytest.fixture
def no_database(db: None) -> Iterator[None]:
    def refuse(*_: Any) -> None:
        raise OperationalError(2002, "Can't connect")

    with connection.execute_wrapper(refuse):
        yield


@pytest.mark.django_db
class TestWatched:
    def test_is_loaded_by_the_first_who_asks_and_by_nobody_after(
        self, board: Board, watched: Watched[str], django_assert_num_queries: Any
    ) -> None:
        board.write("A")
        assert watched.get() == "A"
        with django_assert_num_queries(0):
            assert watched.get() == watched.peek() == "A"
        assert board.loaded == 1

    def test_hears_at_the_next_look_of_what_others_have_written(
        self, board: Board, watched: Watched[str], django_assert_num_queries: Any
    ) -> None:
        board.write("A")
        revisions.look()
        board.write("B")
        assert watched.get() == "A"
        revisions.look()
        assert watched.get() == "B"
        with django_assert_num_queries(1):
            revisions.look()
        assert board.loaded == 2

    def test_is_loaded_anew_once_it_is_forgotten(self, board: Board, watched: Watched[str]) -> None:
        watched.get()
        board.write("B")
        watched.forget()
        assert watched.peek() == "empty"
        assert watched.get() == watched.peek() == "B"

    def test_peeks_without_asking_anybody(self, watched: Watched[str], django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(0):
            assert watched.peek() == "empty"


class TestWithoutADatabase:
    def test_what_was_read_last_goes_on_serving(self, board: Board, watched: Watched[str], no_database: None) -> None:
        watched.be_empty()
        revisions._Watcher()._look()
        assert watched.get() == watched.peek() == "empty"
        assert board.loaded == 0

    def test_a_look_is_taken_again_until_somebody_answers(self, board: Board, watched: Watched[str], db: None) -> None:
        board.write("A")
        watcher = revisions._Watcher()
        watcher._look()
        board.write("B")

        def refuse(*_: Any) -> None:
            raise OperationalError(2002, "Can't connect")

        with connection.execute_wrapper(refuse):
            watcher._look()
            watcher._look()
            assert watched.get() == "A"
        watcher._look()
        assert watched.get() == "B"


@pytest.mark.django_db
class TestCountUp:
    def test_begins_at_one_and_counts_each_name_by_itself(self) -> None:
        assert [in_use_case(lambda: revisions.count_up("one")) for _ in range(3)] == [1, 2, 3]
        assert in_use_case(lambda: revisions.count_up("other")) == 1


@pytest.mark.race
def test_changes_at_once_get_numbers_of_their_own(race: Any) -> None:
    numbers = race([lambda: in_use_case(lambda: revisions.count_up("raced"))] * 8)
    assert sorted(numbers) == list(range(1, 9))
