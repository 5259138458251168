"""The outbox: at least once, in order per aggregate, positions without a gap."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Never

import pytest
import structlog

from tests.support import NOON, count_rows_read, in_use_case
from tradecore import clock, outbox
from tradecore.models import OutboxEvent
from tradecore.money import Money
from tradecore.origins import origin_now
from tradecore.outbox import Event, publish, relay, replay_dead, stamp_positions


@dataclass(frozen=True, slots=True)
class ThingHappened(Event):
    kind: ClassVar[str] = "test.thing_happened"

    thing_id: int
    price: Money


def publish_some(*sequences: int, thing: int = 1, shop_id: int | None = None) -> None:
    def body() -> None:
        for sequence in sequences:
            event = ThingHappened(thing_id=thing, price=Money(6944, "GBP"))
            publish(event, aggregate="thing", aggregate_id=thing, sequence=sequence, now=NOON, shop_id=shop_id)

    in_use_case(body)


class Recorder:
    """A handler that keeps what it gets and fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.got: list[tuple[int, int]] = []
        self.failures = failures

    def __call__(self, event: outbox.DeliveredEvent) -> None:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("cannot")
        self.got.append((event.aggregate_id, event.sequence))


class Batches:
    """What a handler of many gets, call by call; it takes no batch that has the thing `bad` in it."""

    def __init__(self, bad: int = 0) -> None:
        self.got: list[list[tuple[int, int]]] = []
        self.bad = bad
        self.handler = outbox.BatchHandler(self.handle)

    def handle(self, events: Sequence[outbox.DeliveredEvent]) -> None:
        self.got.append([(event.aggregate_id, event.sequence) for event in events])
        if any(event.aggregate_id == self.bad for event in events):
            raise RuntimeError("cannot")

    def relay(self, *others: outbox.Handler) -> int:
        return relay(subscriptions={ThingHappened.kind: [self.handler, *others]})


class OriginRecorder(Recorder):
    """Keeps the id under which it was called."""

    def __init__(self) -> None:
        super().__init__()
        self.origins: list[str] = []

    def __call__(self, event: outbox.DeliveredEvent) -> None:
        super().__call__(event)
        self.origins.append(origin_now())


def relay_to(handler: Recorder) -> int:
    return relay(subscriptions={ThingHappened.kind: [handler]})


def make_due() -> None:
    OutboxEvent.objects.update(next_attempt_at=clock.real_now() - timedelta(seconds=1))


@pytest.mark.django_db
class TestPublish:
    def test_stands_or_falls_with_its_fact(self) -> None:
        def body() -> Never:
            publish(ThingHappened(1, Money(1, "GBP")), aggregate="thing", aggregate_id=1, sequence=1, now=NOON)
            raise RuntimeError

        with pytest.raises(RuntimeError):
            in_use_case(body)
        assert not OutboxEvent.objects.exists()

    def test_writes_the_payload_as_answers_are_written(self) -> None:
        publish_some(1)
        row = OutboxEvent.objects.get()
        assert row.payload == {"thing_id": "1", "price": {"amount": "69.44", "currency": "GBP"}}

    def test_refuses_a_sequence_twice(self) -> None:
        publish_some(1)
        with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
            publish_some(1)


@pytest.mark.django_db
class TestRelay:
    def test_delivers_once_and_in_order(self) -> None:
        publish_some(1, 2, 3)
        handler = Recorder()
        assert (relay_to(handler), relay_to(handler)) == (3, 0)
        assert handler.got == [(1, 1), (1, 2), (1, 3)]

    def test_holds_back_what_comes_after_a_failure_and_nothing_of_others(self) -> None:
        publish_some(1, 2, thing=1)
        publish_some(1, thing=2)
        handler = Recorder(failures=1)
        relay_to(handler)
        assert handler.got == [(2, 1)]
        make_due()
        relay_to(handler)
        make_due()
        relay_to(handler)
        assert handler.got == [(2, 1), (1, 1), (1, 2)]

    def test_holds_back_what_comes_after_an_event_that_this_release_does_not_know(self) -> None:
        publish_some(1, 2, 3)
        OutboxEvent.objects.filter(sequence=2).update(kind="test.of_a_newer_release")
        handler = Recorder()
        relay_to(handler)
        make_due()
        relay_to(handler)
        assert handler.got == [(1, 1)]

    def test_backs_off_before_it_tries_again(self) -> None:
        publish_some(1)
        handler = Recorder(failures=1)
        relay_to(handler)
        assert relay_to(handler) == 0
        assert handler.got == []
        assert OutboxEvent.objects.get().last_error == "RuntimeError: cannot"

    def test_parks_poison_with_what_is_behind_it_until_it_is_replayed(self) -> None:
        publish_some(1, 2)
        handler = Recorder(failures=outbox.ATTEMPTS_LIMIT)
        for _ in range(outbox.ATTEMPTS_LIMIT + 2):
            make_due()
            relay_to(handler)
        assert OutboxEvent.objects.exclude(dead_at=None).count() == 1
        assert handler.got == []
        assert replay_dead() == 1
        for _ in range(2):
            make_due()
            relay_to(handler)
        assert handler.got == [(1, 1), (1, 2)]

    @pytest.mark.parametrize("first", [{"dead_at": NOON}, {"kind": "test.of_a_newer_release"}])
    def test_goes_on_past_any_number_of_events_behind_what_nobody_delivers(self, first: dict[str, Any]) -> None:
        for thing in range(1, 4):
            publish_some(*range(1, outbox.BATCH), thing=thing)
        OutboxEvent.objects.filter(sequence=1).update(**first)
        publish_some(1, thing=9)
        recorder = Recorder()
        assert relay_to(recorder) == 1
        assert recorder.got == [(9, 1)]

    def test_leaves_kinds_alone_that_only_a_newer_release_knows(self) -> None:
        publish_some(1)
        OutboxEvent.objects.update(kind="test.invented_later")
        assert relay_to(Recorder()) == 0
        assert OutboxEvent.objects.get().delivered_at is None

    def test_takes_up_what_a_dead_relay_had_claimed(self) -> None:
        publish_some(1)
        outbox._claim(limit=10)
        handler = Recorder()
        assert relay_to(handler) == 0
        make_due()
        assert relay_to(handler) == 1

    def test_delivers_what_nobody_subscribes_to(self) -> None:
        publish_some(1)
        assert relay(subscriptions={}) == 1


@pytest.mark.django_db
class TestABacklog:
    """See Note [Backlogs]."""

    def test_does_not_keep_what_is_new_waiting(self) -> None:
        for thing in range(1, 21):
            publish_some(1, thing=thing)
        handler = Recorder()
        assert relay(subscriptions={ThingHappened.kind: [handler]}, limit=8) == 8
        assert handler.got == [(thing, 1) for thing in (*range(1, 5), *range(17, 21))]

    def test_is_claimed_from_its_old_end_alone_where_it_fits(self) -> None:
        for thing in range(1, 4):
            publish_some(1, thing=thing)
        handler = Recorder()
        assert relay(subscriptions={ThingHappened.kind: [handler]}, limit=8) == 3
        assert handler.got == [(thing, 1) for thing in range(1, 4)]

    def test_lets_nothing_new_overtake_what_is_older_of_its_aggregate(self) -> None:
        publish_some(*range(1, 21))
        handler = Recorder()
        assert relay(subscriptions={ThingHappened.kind: [handler]}, limit=8) == 4
        assert handler.got == [(1, sequence) for sequence in range(1, 5)]
        while relay_to(handler):
            pass
        assert handler.got == [(1, sequence) for sequence in range(1, 21)]

    def test_is_marked_in_one_statement(self, django_assert_num_queries: Any) -> None:
        for thing in range(1, 21):
            publish_some(1, thing=thing)
        relay(subscriptions={}, limit=4)
        with django_assert_num_queries(8):  # savepoint, two claims of two statements, the aggregates, the marks
            assert relay(subscriptions={}, limit=16) == 16

    def test_is_given_back_in_time_by_a_round_that_takes_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for thing in range(1, 4):
            publish_some(1, thing=thing)
        handler = Recorder()
        monkeypatch.setattr(outbox, "ROUND_LIMIT_S", -1)
        assert relay_to(handler) == 0
        assert set(OutboxEvent.objects.values_list("attempts", "delivered_at")) == {(0, None)}
        monkeypatch.undo()
        make_due()
        assert relay_to(handler) == 3

    def test_is_marked_as_far_as_it_was_delivered_when_the_relay_ends(self) -> None:
        publish_some(1, thing=1)
        publish_some(1, thing=2)

        def end_at_the_second(event: outbox.DeliveredEvent) -> None:
            if event.aggregate_id == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            relay(subscriptions={ThingHappened.kind: [end_at_the_second]})
        undelivered = OutboxEvent.objects.filter(delivered_at=None)
        assert list(undelivered.values_list("aggregate_id", flat=True)) == [2]


@pytest.mark.django_db
class TestABatch:
    """See Note [Batches]."""

    def test_has_one_event_of_each_aggregate_in_its_order(self) -> None:
        for thing in (1, 2):
            publish_some(1, 2, thing=thing)
        publish_some(1, thing=3)
        batches, single = Batches(), Recorder()
        assert batches.relay(single) == 5
        assert batches.got == [[(1, 1), (2, 1), (3, 1)], [(1, 2), (2, 2)]]
        assert single.got == [event for batch in batches.got for event in batch]

    def test_is_taken_apart_where_one_is_bad_and_only_that_one_backs_off(self) -> None:
        publish_some(1, thing=1)
        publish_some(1, 2, thing=2)
        publish_some(1, thing=3)
        batches, single = Batches(bad=2), Recorder()
        assert batches.relay(single) == 2
        assert batches.got == [[(1, 1), (2, 1), (3, 1)], [(1, 1)], [(2, 1)], [(3, 1)]]
        assert single.got == [(1, 1), (3, 1)]
        failed = OutboxEvent.objects.get(aggregate_id=2, sequence=1)
        assert (failed.last_error, failed.delivered_at) == ("RuntimeError: cannot", None)
        assert set(OutboxEvent.objects.exclude(pk=failed.pk).values_list("last_error", flat=True)) == {""}

        batches.bad = 0
        for _ in range(2):
            make_due()
            batches.relay(single)
        assert single.got[2:] == [(2, 1), (2, 2)]

    def test_of_which_the_process_dies_is_delivered_again_whole(self) -> None:
        publish_some(1, thing=1)
        publish_some(1, thing=2)
        batches = Batches()

        def die(event: outbox.DeliveredEvent) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            batches.relay(die)
        assert not OutboxEvent.objects.exclude(delivered_at=None).exists()
        make_due()
        assert batches.relay() == 2
        assert batches.got == [[(1, 1), (2, 1)]] * 2

    def test_carries_an_id_of_its_own(self) -> None:
        publish_some(1, thing=1)
        publish_some(1, thing=2)
        origins: list[str] = []
        handler = outbox.BatchHandler(lambda events: origins.append(origin_now()))
        relay(subscriptions={ThingHappened.kind: [handler]})
        assert origins == [f"batch.{OutboxEvent.objects.order_by('id').values_list('id', flat=True)[0]}"]


@pytest.mark.mariadb
@pytest.mark.django_db
class TestWhatAClaimReads:
    """Rows that the server reads for one event, from its claim to its delivery."""

    @staticmethod
    def read_for_one() -> int:
        def relay_some() -> None:
            assert relay(subscriptions={}, limit=4) == 4

        return count_rows_read(relay_some)

    def test_is_the_same_however_much_is_waiting(self) -> None:
        self.publish_things(range(1, 51))
        few = self.read_for_one()
        self.publish_things(range(51, 3_051))
        assert self.read_for_one() <= few + 4

    @staticmethod
    def publish_things(things: range) -> None:
        def body() -> None:
            for thing in things:
                event = ThingHappened(thing_id=thing, price=Money(1, "GBP"))
                publish(event, aggregate="thing", aggregate_id=thing, sequence=1, now=NOON)

        in_use_case(body)


@pytest.mark.django_db
class TestPositions:
    def test_have_no_gap_and_never_change(self) -> None:
        publish_some(1, 2)
        stamp_positions()
        publish_some(3)
        stamp_positions()
        stamp_positions()
        assert list(OutboxEvent.objects.order_by("sequence").values_list("position", flat=True)) == [1, 2, 3]

    def test_are_not_lost_to_an_event_that_commits_late(self) -> None:
        publish_some(2)
        stamp_positions()
        publish_some(1)
        late = OutboxEvent.objects.get(sequence=1)
        OutboxEvent.objects.filter(pk=late.pk).update(id=1)
        stamp_positions()
        assert OutboxEvent.objects.get(sequence=1).position == 2

    def test_show_a_shop_its_own_events_only(self) -> None:
        publish_some(1, thing=1, shop_id=10)
        publish_some(1, thing=2, shop_id=20)
        publish_some(1, thing=3)
        stamp_positions()
        assert [row.shop_id for row in outbox.list_events(after=0, limit=10, shop_ids=[10])] == [10]
        assert len(outbox.list_events(after=0, limit=10)) == 3
        assert len(outbox.list_events(after=2, limit=10)) == 1


@pytest.mark.race
class TestTwoRelaysAtOnce:
    def test_deliver_every_event_and_keep_each_aggregate_in_order(self, race: Any) -> None:
        for thing in range(1, 21):
            publish_some(1, 2, 3, thing=thing)
        handlers = [Recorder(), Recorder()]
        race([lambda handler=handler: relay_to(handler) for handler in handlers] * 2)
        last = Recorder()
        for _ in range(10):
            make_due()
            relay_to(last)
        got = [event for handler in [*handlers, last] for event in handler.got]
        assert sorted(got) == [(thing, sequence) for thing in range(1, 21) for sequence in (1, 2, 3)]

    def test_give_positions_without_a_gap(self, race: Any) -> None:
        for thing in range(1, 21):
            publish_some(1, 2, thing=thing)
        race([stamp_positions] * 3)
        positions = OutboxEvent.objects.order_by("position").values_list("position", flat=True)
        assert list(positions) == list(range(1, 41))


@pytest.mark.django_db
class TestOrigins:
    def test_are_kept_by_whatever_follows_from_an_event(self) -> None:
        with structlog.contextvars.bound_contextvars(request_id="of-a-buyer"):
            publish_some(1)
        handler = OriginRecorder()
        relay_to(handler)
        assert handler.origins == ["of-a-buyer"]

    def test_of_nobody_name_the_event(self) -> None:
        publish_some(1)
        handler = OriginRecorder()
        relay_to(handler)
        assert handler.origins == [f"event.{OutboxEvent.objects.get().pk}"]
