"""Prepared statements find, change and insert what the same querysets would."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, Never
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q
from django.test.utils import CaptureQueriesContext

from apps.inventory.models import Stock, Warehouse
from tests.factories.inventory import WarehouseFactory, make_stock
from tests.support import NOON, hear_round_trips, in_use_case
from tradecore import db, prepared
from tradecore.models import Freeze, IdempotencyRecord, Timer
from tradecore.prepared import Change, Delete, Select, Update

pytestmark = pytest.mark.django_db


def make_timers(*due_in_hours: int, kind: str = "ring") -> list[Timer]:
    return [
        Timer.objects.create(kind=kind, subject=hours, clock="real", due_at=NOON + timedelta(hours=hours))
        for hours in due_in_hours
    ]


def fields_of(row: Any) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


class TestSelect:
    def test_makes_the_rows_that_the_queryset_makes(self) -> None:
        make_timers(1, 2, 3)
        late = Select(lambda moment: Timer.objects.filter(due_at__gt=moment).order_by("due_at"))
        found = late(moment=NOON + timedelta(hours=1))
        expected = list(Timer.objects.filter(due_at__gt=NOON + timedelta(hours=1)).order_by("due_at"))
        assert [fields_of(row) for row in found] == [fields_of(row) for row in expected]
        assert [row.subject for row in found] == [2, 3]
        assert not found[0]._state.adding

    def test_leaves_out_what_the_queryset_defers(self) -> None:
        make_timers(1)
        kinds = Select(lambda kind: Timer.objects.filter(kind=kind).only("kind"))
        (row,) = kinds(kind="ring")
        assert row.get_deferred_fields() == {field.attname for field in Timer._meta.concrete_fields} - {"id", "kind"}
        assert row.subject == 1

    def test_fills_what_is_joined_and_annotated(self) -> None:
        warehouse = WarehouseFactory(code="LEEDS")
        make_stock(7, sku_id=1, warehouse=warehouse)
        both = Select(
            lambda sku: Stock.objects.filter(sku_id=sku).select_related("warehouse").annotate(twice=F("available") * 2)
        )
        with CaptureQueriesContext(connection) as captured:
            (row,) = both(sku=1)
            assert (row.warehouse.code, row.twice) == ("LEEDS", 14)
        assert len(captured) == 1

    def test_makes_tuples_and_values_of_lists_of_values(self) -> None:
        make_timers(1, 2)
        pairs = Select(lambda kind: Timer.objects.filter(kind=kind).order_by("due_at").values_list("subject", "kind"))
        alone = Select(
            lambda kind: Timer.objects.filter(kind=kind).order_by("due_at").values_list("subject", flat=True)
        )
        assert pairs(kind="ring") == [(1, "ring"), (2, "ring")]
        assert alone(kind="ring") == [1, 2]

    def test_asks_for_any_number_of_items_of_a_sequence(self) -> None:
        make_timers(*range(9))
        some = Select(lambda subjects: Timer.objects.filter(subject__in=subjects).order_by("subject"))
        for number in range(10):
            assert [row.subject for row in some(subjects=set(range(number)))] == list(range(number))

    def test_finds_nothing_in_an_empty_sequence_without_asking(self) -> None:
        make_timers(1)
        some = Select(lambda subjects: Timer.objects.filter(subject__in=subjects))
        with CaptureQueriesContext(connection) as captured:
            assert some(subjects=()) == []
        assert not captured.captured_queries

    def test_leaves_an_empty_sequence_out_of_an_or(self) -> None:
        make_timers(1, 2)
        some = Select(lambda subjects, other: Timer.objects.filter(Q(subject__in=subjects) | Q(subject=other)))
        assert [row.subject for row in some(subjects=(), other=2)] == [2]

    def test_compares_nothing_with_none(self) -> None:
        Timer.objects.create(kind="ring", subject=1, clock="real", due_at=NOON, fired_at=None)
        fired = Select(lambda moment: Timer.objects.filter(fired_at=moment))
        assert fired(moment=None) == []

    def test_finds_the_first_or_none(self) -> None:
        make_timers(2, 1)
        by_kind = Select(lambda kind: Timer.objects.filter(kind=kind).order_by("due_at"))
        first = by_kind.find(kind="ring")
        assert first is not None
        assert first.subject == 1
        assert by_kind.find(kind="other") is None

    def test_is_built_once(self) -> None:
        built = []

        def build(kind: Any) -> Any:
            built.append(kind)
            return Timer.objects.filter(kind=kind)

        by_kind = Select(build)
        for kind in ("ring", "call", "ring"):
            by_kind(kind=kind)
        assert len(built) == 1


class TestUpdate:
    def test_changes_what_it_finds_and_says_how_many(self) -> None:
        make_timers(1, 2)
        fire = Update(
            lambda subject, now: (
                Timer.objects.filter(subject=subject, fired_at=None),
                {"fired_at": now, "version": F("version") + 1},
            )
        )
        assert [fire(subject=1, now=NOON), fire(subject=1, now=NOON)] == [1, 0]
        first, second = Timer.objects.order_by("subject")
        assert (first.fired_at, first.version - second.version, second.fired_at) == (NOON, 1, None)

    def test_writes_what_the_field_makes_of_a_value(self) -> None:
        IdempotencyRecord.objects.create(scope_hash="a", fingerprint="b", locked_until=NOON, created_at=NOON)
        write = Update(lambda scope, **values: (IdempotencyRecord.objects.filter(pk=scope), values))
        for outcome in ({"total": "1.00", "naïve": None}, [1, "two"], "three"):
            assert write(scope="a", state=IdempotencyRecord.DONE, outcome=outcome, status=201) == 1
            record = IdempotencyRecord.objects.get()
            assert (record.outcome, record.status) == (outcome, 201)

    def test_may_write_other_fields_each_time(self) -> None:
        make_timers(1)
        write = Update(lambda subject, **values: (Timer.objects.filter(subject=subject), values))
        write(subject=1, attempts=3)
        write(subject=1, last_error="mail is down")
        timer = Timer.objects.get()
        assert (timer.attempts, timer.last_error) == (3, "mail is down")

    def test_counts_down_by_an_argument_only_as_far_as_it_may(self) -> None:
        make_stock(5, sku_id=1, warehouse=WarehouseFactory())
        take = Update(
            lambda sku, pieces: (
                Stock.objects.filter(sku_id=sku, available__gte=pieces),
                {"available": F("available") - pieces},
            )
        )
        assert [take(sku=1, pieces=3), take(sku=1, pieces=3)] == [1, 0]
        assert Stock.objects.get().available == 2


class TestDelete:
    def test_takes_away_what_it_finds(self) -> None:
        make_timers(1, 2, 3)
        cancel = Delete(lambda subjects, but: Timer.objects.filter(subject__in=subjects).exclude(subject=but))
        assert cancel(subjects={1, 2}, but=2) == 1
        assert sorted(Timer.objects.values_list("subject", flat=True)) == [2, 3]


class TestInsert:
    def test_inserts_rows_as_they_are(self) -> None:
        rows = [
            Freeze(kind="sku_sale", subject=number, reason="it's 100 % é", placed_by="user:1", placed_at=NOON)
            for number in (1, 2)
        ]
        with CaptureQueriesContext(connection) as captured:
            prepared.insert(*rows)
        assert len(captured) == 1
        stored = Freeze.objects.order_by("subject")
        assert [fields_of(row) for row in stored] == [fields_of(row) for row in rows]
        assert not rows[0]._state.adding

    def test_leaves_to_the_field_what_its_column_does_not_take_as_it_stands(self) -> None:
        class Kind(StrEnum):
            SALE = "sku_sale"

        prepared.insert(Freeze(kind=Kind.SALE, subject="7", reason="test", placed_by=5, placed_at=NOON.isoformat()))
        stored = Freeze.objects.get()
        assert (stored.kind, stored.subject, stored.placed_by) == ("sku_sale", 7, "5")
        assert stored.placed_at == NOON

    @pytest.mark.parametrize("moment", [NOON, NOON.astimezone(timezone(timedelta(hours=-9)))])
    def test_stores_the_moment_that_a_time_of_any_zone_is(self, moment: datetime) -> None:
        prepared.insert(Freeze(kind="sku_sale", subject=7, reason="test", placed_by="test", placed_at=moment))
        assert Freeze.objects.get().placed_at == NOON

    def test_tells_the_two_moments_of_an_hour_that_summer_time_repeats_apart(self) -> None:
        first = datetime(2026, 10, 25, 1, 30, tzinfo=ZoneInfo("Europe/London"))
        moments = [first, first.replace(fold=1)]
        prepared.insert(
            *(
                Freeze(kind="sku_sale", subject=number, reason="test", placed_by="test", placed_at=moment)
                for number, moment in enumerate(moments)
            )
        )
        stored = Freeze.objects.order_by("subject").values_list("placed_at", flat=True)
        assert list(stored) == [moment.astimezone(UTC) for moment in moments]

    def test_of_nothing_asks_nothing(self) -> None:
        with CaptureQueriesContext(connection) as captured:
            prepared.insert()
        assert not captured.captured_queries

    def test_inserts_more_rows_than_one_statement_takes(self) -> None:
        rows = [Warehouse(shop_id=1, code=f"W{number}", name="W", priority=1) for number in range(3_000)]
        prepared.insert(*rows)
        assert Warehouse.objects.count() == 3_000


RINGING = Select(lambda kind: Timer.objects.filter(kind=kind).order_by("subject").values_list("subject", flat=True))
MOVE_ON = Update(lambda subject: (Timer.objects.filter(subject=subject), {"attempts": F("attempts") + 1}))
TAKE_AWAY = Delete(lambda subjects: Timer.objects.filter(subject__in=subjects))


def a_timer(subject: int, **facts: Any) -> Timer:
    return Timer(kind="ring", subject=subject, clock="real", due_at=NOON, **facts)


class TestSend:
    def test_answers_each_statement_in_its_turn(self) -> None:
        make_timers(1, 2, 3)
        answers = prepared.send(
            MOVE_ON.of(subject=2),
            RINGING.of(kind="ring"),
            TAKE_AWAY.of(subjects=(1, 2)),
            MOVE_ON.of(subject=2),
            *prepared.inserts([a_timer(7), a_timer(8)]),
            RINGING.of(kind="ring"),
        )
        assert answers == [1, [1, 2, 3], 2, 0, 2, [3, 7, 8]]
        assert list(Timer.objects.order_by("subject").values_list("attempts", flat=True)) == [0, 0, 0]

    def test_counts_a_row_that_had_the_new_values_already(self) -> None:
        make_timers(1)
        stay = Update(lambda subject: (Timer.objects.filter(subject=subject), {"kind": "ring"}))
        assert prepared.send(stay.of(subject=1), stay.of(subject=1), stay.of(subject=2)) == [1, 1, 0]

    def test_asks_nothing_for_what_can_find_nothing(self) -> None:
        some = Select(lambda subjects: Timer.objects.filter(subject__in=subjects))
        with CaptureQueriesContext(connection) as captured:
            assert prepared.send(TAKE_AWAY.of(subjects=()), some.of(subjects=())) == [0, []]
        assert not captured.captured_queries

    def test_sends_text_as_it_stands(self) -> None:
        odd = 'it\'s; DROP \\ "100 %s" -- é\n\x00;'
        prepared.send(*prepared.inserts([a_timer(1, last_error=odd)]), *prepared.inserts([a_timer(2, last_error="")]))
        assert list(Timer.objects.order_by("subject").values_list("last_error", flat=True)) == [odd, ""]

    @pytest.mark.parametrize("fails_at", [0, 1, 2])
    def test_ends_with_the_first_that_fails(self, fails_at: int) -> None:
        """Those before it have run, those after it have not, and the connection goes on as if each had been alone."""
        (standing,) = make_timers(9)
        statements = [MOVE_ON.of(subject=9), MOVE_ON.of(subject=9)]
        statements[fails_at:fails_at] = prepared.inserts([a_timer(9, id=standing.pk)])

        def act() -> None:
            with pytest.raises(IntegrityError):
                prepared.send(*statements)
            if connection.vendor == "mysql":  # which undoes the statement that failed, and no other
                assert Timer.objects.get().attempts == fails_at

        in_use_case(act)
        assert RINGING(kind="ring") == [9]

    @pytest.mark.parametrize("comes_first", [True, False])
    def test_says_of_a_constraint_that_it_is_one(self, comes_first: bool) -> None:
        make_stock(5, sku_id=1, warehouse=WarehouseFactory())
        take = Update(lambda pieces: (Stock.objects.filter(sku_id=1), {"available": F("available") - pieces}))
        statements = [take.of(pieces=6)] if comes_first else [take.of(pieces=1), take.of(pieces=6)]
        with pytest.raises(IntegrityError), transaction.atomic():
            prepared.send(*statements)
        assert Stock.objects.get().available == 5

    def test_tells_whoever_listens_of_each(self) -> None:
        make_timers(1)
        with CaptureQueriesContext(connection) as captured:
            assert prepared.send(MOVE_ON.of(subject=1), RINGING.of(kind="ring")) == [1, [1]]
        assert [query["sql"].split()[0] for query in captured.captured_queries] == ["UPDATE", "SELECT"]


@pytest.mark.mariadb
class TestRoundTrips:
    @pytest.fixture
    def sent(self, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
        """The texts that go to the server."""
        return hear_round_trips(monkeypatch)

    def test_are_one_for_all_that_is_sent_together(self, sent: list[bytes]) -> None:
        rows = [a_timer(subject) for subject in range(3)]
        answers = prepared.send(*(each for row in rows for each in prepared.inserts([row])), RINGING.of(kind="ring"))
        assert answers == [1, 1, 1, [0, 1, 2]]
        assert len(sent) == 1

    def test_are_one_for_all_rows_that_wait_and_what_is_checked_of_them(self, sent: list[bytes]) -> None:
        seen = []
        check = db.Check(lambda _keys: RINGING.of(kind="ring"), lambda keys, rows: seen.append((keys, rows)))

        def act() -> list[int]:
            db.insert_later(a_timer(1), Freeze(kind="k", subject=1, reason="r", placed_by="p", placed_at=NOON))
            db.check_inserted(check, 5)
            sent.clear()
            answers = db.insert_pending(MOVE_ON.of(subject=1), MOVE_ON.of(subject=2))
            assert len(sent) == 1
            return answers

        assert in_use_case(act) == [1, 0]
        assert seen == [([5], [1])]

    def test_are_more_where_there_is_much_to_send(self, sent: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tradecore.mysql.base.SENT_MAX", 1_000)
        rows = [a_timer(subject, last_error="x" * 400) for subject in range(3)]
        answers = prepared.send(*(each for row in rows for each in prepared.inserts([row])), RINGING.of(kind="ring"))
        assert answers == [1, 1, 1, [0, 1, 2]]
        assert len(sent) == 3

    @pytest.mark.django_db(transaction=True)
    def test_that_are_broken_off_leave_no_answers_behind(self, monkeypatch: pytest.MonkeyPatch) -> None:
        make_timers(1, 2)
        with monkeypatch.context() as broken:
            broken.setattr("tradecore.mysql.base.DatabaseWrapper._take_answer", interrupt)
            with pytest.raises(KeyboardInterrupt):
                prepared.send(RINGING.of(kind="ring"), RINGING.of(kind="none"))
        assert prepared.send(RINGING.of(kind="none"), RINGING.of(kind="ring")) == [[], [1, 2]]


def interrupt(_connection: Any) -> Never:
    raise KeyboardInterrupt


class TestInsertIfNew:
    def test_inserts_a_row_unless_its_unique_key_is_there(self) -> None:
        first, second = (
            Freeze(kind="sku_sale", subject=7, reason=reason, placed_by="user:1", placed_at=NOON)
            for reason in ("a first", "a second")
        )
        with CaptureQueriesContext(connection) as captured:
            assert prepared.insert_if_new(first)
            assert not prepared.insert_if_new(second)
        assert len(captured) == 2
        assert Freeze.objects.get().reason == "a first"
        assert (first._state.adding, second._state.adding) == (False, True)


class TestReadingAhead:
    OF = Select(lambda subjects: Timer.objects.filter(subject__in=subjects).order_by("kind"), by="subject")

    def test_finds_the_same_objects_again_without_asking(self) -> None:
        make_timers(1, 2, 3)
        make_timers(2, kind="buzz")

        def read() -> None:
            rows = self.OF.read_ahead(subjects={1, 2, 4})
            with CaptureQueriesContext(connection) as captured:
                assert [row.kind for row in self.OF(subjects=(2,))] == ["buzz", "ring"]
                assert self.OF(subjects=(1,))[0] is next(row for row in rows if row.subject == 1)
                assert self.OF(subjects=(4,)) == []
            assert not captured.captured_queries

        in_use_case(read)

    def test_asks_for_what_was_not_read(self) -> None:
        make_timers(1, 3)

        def read() -> None:
            self.OF.read_ahead(subjects={1})
            assert sorted(row.subject for row in self.OF(subjects=(1, 3))) == [1, 3]

        in_use_case(read)

    def test_is_forgotten_with_the_transaction(self) -> None:
        make_timers(1)
        in_use_case(lambda: self.OF.read_ahead(subjects={1}))
        Timer.objects.all().delete()
        assert in_use_case(lambda: self.OF(subjects=(1,))) == []


class TestChange:
    def test_writes_what_is_alike_with_one_statement(self) -> None:
        first, second, third = make_timers(1, 2, 3)
        changes = [
            Change(first.pk, {"kind": "ring"}, {"last_error": "a", "fired_at": NOON, "attempts": 5}),
            Change(third.pk, {"kind": "ring"}, {"last_error": "b", "fired_at": None, "attempts": 5}),
        ]
        with CaptureQueriesContext(connection) as captured:
            assert prepared.change(Timer, changes) == 2
        assert len(captured) == 1
        rows = Timer.objects.order_by("subject").values_list("last_error", "fired_at", "attempts")
        assert list(rows) == [("a", NOON, 5), (second.last_error, None, second.attempts), ("b", None, 5)]

    def test_writes_what_is_not_alike_apart(self) -> None:
        first, second = make_timers(1, 2)
        assert (
            prepared.change(Timer, [Change(first.pk, {}, {"kind": "a"}), Change(second.pk, {}, {"attempts": 9})]) == 2
        )
        assert list(Timer.objects.order_by("subject").values_list("kind", "attempts")) == [("a", 0), ("ring", 9)]

    def test_leaves_rows_that_are_not_as_they_were(self) -> None:
        first, second = make_timers(1, 2)
        changes = [Change(row.pk, {"kind": "ring", "version": row.version}, {"kind": "a"}) for row in (first, second)]
        Timer.objects.filter(pk=second.pk).update(kind="buzz")
        assert prepared.change(Timer, changes) == 1
        assert list(Timer.objects.order_by("subject").values_list("kind", flat=True)) == ["a", "buzz"]


class TestChangesThatWait:
    """In a transaction that does the same for many."""

    def test_are_written_together_before_the_commit(self) -> None:
        rows = make_timers(1, 2)

        def act() -> None:
            db.gather()
            for row in rows:
                db.change(Timer, row.pk, before={"kind": "ring"}, after={"attempts": row.subject})
            assert not Timer.objects.filter(attempts__gt=0).exists()

        in_use_case(act)
        assert list(Timer.objects.order_by("subject").values_list("attempts", flat=True)) == [1, 2]

    def test_of_one_row_come_one_after_the_other(self) -> None:
        (row,) = make_timers(1)

        def act() -> None:
            db.gather()
            db.change(Timer, row.pk, before={"kind": "ring"}, after={"kind": "a"})
            db.change(Timer, row.pk, before={"kind": "a"}, after={"kind": "b"})

        in_use_case(act)
        assert Timer.objects.get().kind == "b"

    def test_undo_everything_where_a_row_has_moved(self) -> None:
        first, second = make_timers(1, 2)

        def act() -> None:
            db.gather()
            db.change(Timer, first.pk, before={"kind": "ring"}, after={"kind": "a"})
            db.change(Timer, second.pk, before={"kind": "else"}, after={"kind": "a"})

        with pytest.raises(db.RowMoved):
            in_use_case(act)
        assert set(Timer.objects.values_list("kind", flat=True)) == {"ring"}

    def test_are_taken_back_with_an_attempt(self) -> None:
        first, second = make_timers(1, 2)

        def act() -> None:
            db.gather()
            db.change(Timer, first.pk, before={}, after={"kind": "a"})
            with suppress(ValueError), db.attempt():
                db.change(Timer, second.pk, before={}, after={"kind": "a"})
                db.insert_later(Timer(kind="new", subject=9, clock="real", due_at=NOON))
                raise ValueError

        in_use_case(act)
        assert list(Timer.objects.order_by("subject").values_list("kind", flat=True)) == ["a", "ring"]
