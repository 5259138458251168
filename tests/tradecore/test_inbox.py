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
