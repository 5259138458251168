"""The inbox: a consumer sees an event once, whoever else is just handling it."""

import threading
from typing import Any

import pytest

from tests.support import NOON, in_use_case
from tradecore import inbox
from tradecore.models import InboxEntry


def handle(consumer: str = "letters", event_id: int = 1) -> bool:
    return in_use_case(lambda: inbox.first_time(consumer=consumer, event_id=event_id, now=NOON))


@pytest.mark.django_db
class TestInbox:
    def test_says_once_that_it_is_the_first_time(self) -> None:
        assert [handle(), handle()] == [True, False]
        assert InboxEntry.objects.count() == 1

    def test_knows_consumers_and_events_apart(self) -> None:
        assert [handle(), handle("receipts"), handle(event_id=2)] == [True, True, True]
        assert inbox.is_handled(consumer="receipts", event_id=1)
        assert not inbox.is_handled(consumer="receipts", event_id=2)

    def test_tells_the_new_ones_of_many(self) -> None:
        handle(event_id=2)
        handle("receipts", event_id=3)

        def handle_many() -> set[int]:
            return inbox.first_times(consumer="letters", event_ids=[3, 2, 1], now=NOON)

        assert [in_use_case(handle_many), in_use_case(handle_many)] == [{1, 3}, set()]
        assert InboxEntry.objects.filter(consumer="letters").count() == 3

    def test_needs_one_statement_for_many_that_are_new(self, django_assert_num_queries: Any) -> None:
        def handle_many() -> set[int]:
            return inbox.first_times(consumer="letters", event_ids=range(1, 26), now=NOON)

        in_use_case(lambda: None)
        with django_assert_num_queries(3):  # with the savepoint around it
            assert len(in_use_case(handle_many)) == 25

    def test_forgets_what_was_rolled_back(self) -> None:
        def fail() -> None:
            assert inbox.first_time(consumer="letters", event_id=1, now=NOON)
            raise RuntimeError

        with pytest.raises(RuntimeError):
            in_use_case(fail)
        assert handle()


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
class TestConsumersAtOnce:
    def test_are_first_one_after_the_other(self, race: Any) -> None:
        answers: list[bool] = []
        lock = threading.Lock()

        def handle_some() -> None:
            for event_id in range(1, 21):
                is_first = handle(event_id=event_id)
                with lock:
                    answers.append(is_first)

        race([handle_some] * 4)
        assert (answers.count(True), answers.count(False)) == (20, 60)

    def test_are_first_for_each_event_of_many_once(self, race: Any) -> None:
        answers: list[set[int]] = []

        def handle_many(event_ids: range) -> None:
            is_new = in_use_case(lambda: inbox.first_times(consumer="letters", event_ids=event_ids, now=NOON))
            answers.append(is_new)

        race([lambda ids=ids: handle_many(ids) for ids in (range(1, 21), range(11, 31), range(30, 0, -1))])
        assert sorted(event_id for is_new in answers for event_id in is_new) == list(range(1, 31))
