"""The words for transactions."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Never

import pytest
from django.db import IntegrityError, OperationalError

from tests.support import NOON, in_use_case
from tradecore import db, locks
from tradecore.deadlines import deadline
from tradecore.locks import LockOrderInverted, Rank, note_lock
from tradecore.models import AuditEntry, Freeze
from tradecore.prepared import Select


def a_freeze(subject: int = 1) -> Freeze:
    return Freeze(kind="sku_sale", subject=subject, reason="test", placed_by="test", placed_at=NOON)


def an_entry() -> AuditEntry:
    return AuditEntry(actor="test", action="test", subject="test", occurred_at=NOON)


FREEZES = Select(lambda kind: Freeze.objects.filter(kind=kind))


@pytest.mark.django_db
class TestUseCase:
    def test_commits_what_waits_to_be_inserted(self) -> None:
        in_use_case(lambda: db.insert_later(a_freeze(1), a_freeze(2), an_entry()))
        assert (Freeze.objects.count(), AuditEntry.objects.count()) == (2, 1)

    def test_inserts_one_statement_per_table(self, django_assert_num_queries: Any) -> None:
        def body() -> None:
            db.insert_later(a_freeze(1), an_entry(), a_freeze(2), an_entry())
            with django_assert_num_queries(2):
                db.insert_pending()

        in_use_case(body)

    def test_leaves_nothing_behind_when_it_fails(self) -> None:
        def body() -> Never:
            a_freeze().save(force_insert=True)
            raise RuntimeError

        with pytest.raises(RuntimeError):
            in_use_case(body)
        assert not Freeze.objects.exists()

    def test_cannot_be_opened_inside_another(self) -> None:
        with pytest.raises(AssertionError, match="a use case is open"):
            in_use_case(lambda: in_use_case(lambda: None))

    def test_starts_again_after_a_deadlock(self) -> None:
        attempts = []

        def body() -> None:
            attempts.append(1)
            a_freeze().save(force_insert=True)
            if len(attempts) < 3:
                raise OperationalError(1213, "Deadlock found")

        in_use_case(body)
        assert (len(attempts), Freeze.objects.count()) == (3, 1)

    def test_gives_up_with_busy_after_bounded_tries(self) -> None:
        attempts = []

        def body() -> Never:
            attempts.append(1)
            raise OperationalError(1213, "Deadlock found")

        with pytest.raises(db.Busy):
            in_use_case(body)
        assert len(attempts) == 4

    def test_does_not_wait_twice_for_a_lock_while_somebody_waits_for_it(self) -> None:
        attempts = []

        def body() -> Never:
            attempts.append(1)
            raise OperationalError(1205, "Lock wait timeout exceeded")

        with db.web_request(), pytest.raises(db.Busy):
            in_use_case(body)
        assert len(attempts) == 1

    def test_does_not_start_again_when_the_budget_is_spent(self) -> None:
        attempts = []

        def body() -> Never:
            attempts.append(1)
            raise OperationalError(1213, "Deadlock found")

        while db.RETRIES.get().spend():
            pass
        with pytest.raises(db.Busy):
            in_use_case(body)
        assert len(attempts) == 1

    def test_does_not_start_again_past_its_deadline(self) -> None:
        attempts = []

        def body() -> Never:
            attempts.append(1)
            raise OperationalError(1213, "Deadlock found")

        with deadline(0.0), pytest.raises(db.Busy):
            in_use_case(body)
        assert len(attempts) == 1

    def test_is_busy_at_once_when_the_database_cannot_be_reached(self) -> None:
        def body() -> Never:
            raise OperationalError(2002, "Can't connect")

        with pytest.raises(db.Busy):
            in_use_case(body)

    def test_is_busy_at_once_when_a_statement_took_too_long(self) -> None:
        attempts = []

        def body() -> Never:
            attempts.append(1)
            raise OperationalError(1969, "Query execution was interrupted (max_statement_time exceeded)")

        with pytest.raises(db.Busy):
            in_use_case(body)
        assert len(attempts) == 1

    def test_says_so_when_nothing_can_be_committed_any_more(self) -> None:
        a_freeze().save()

        def body() -> None:
            a_freeze(subject=2).save()
            with suppress(IntegrityError):  # and without a savepoint, as nobody should
                a_freeze().save(force_insert=True)

        with pytest.raises(AssertionError):
            in_use_case(body)
        assert Freeze.objects.count() == 1

    def test_does_not_retry_what_a_constraint_refuses(self) -> None:
        attempts = []

        def body() -> Never:
            attempts.append(1)
            raise IntegrityError(1062, "Duplicate entry")

        with pytest.raises(IntegrityError):
            in_use_case(body)
        assert len(attempts) == 1


@pytest.mark.django_db
class TestAlongside:
    def test_runs_with_the_result_and_commits_with_it(self) -> None:
        seen = []

        def companion(result: Any) -> None:
            seen.append(result)
            an_entry().save(force_insert=True)

        with db.alongside(companion):
            in_use_case(lambda: "the result")
        assert seen == ["the result"]
        assert AuditEntry.objects.count() == 1

    def test_rolls_the_effect_back_when_it_fails(self) -> None:
        def companion(_result: Any) -> Never:
            raise RuntimeError

        with db.alongside(companion), pytest.raises(RuntimeError):
            in_use_case(lambda: a_freeze().save(force_insert=True))
        assert not Freeze.objects.exists()

    def test_is_not_run_outside_its_block(self) -> None:
        seen: list[object] = []
        with db.alongside(seen.append):
            pass
        in_use_case(lambda: None)
        assert seen == []

    def test_joins_those_around_it(self) -> None:
        seen = []
        with db.alongside(lambda _: seen.append("outer")), db.alongside(lambda _: seen.append("inner")):
            in_use_case(lambda: None)
        assert seen == ["outer", "inner"]


@pytest.mark.django_db
class TestSavepoint:
    def test_takes_back_what_waited_to_be_inserted(self) -> None:
        def fail_behind_a_savepoint() -> None:
            with db.savepoint():
                db.insert_later(a_freeze(2))
                raise RuntimeError

        def body() -> None:
            db.insert_later(a_freeze(1))
            with pytest.raises(RuntimeError):
                fail_behind_a_savepoint()

        in_use_case(body)
        assert [freeze.subject for freeze in Freeze.objects.all()] == [1]

    def test_keeps_the_transaction_after_a_refused_row(self) -> None:
        def body() -> None:
            a_freeze(1).save(force_insert=True)
            with pytest.raises(IntegrityError), db.savepoint():
                a_freeze(1).save(force_insert=True)

        in_use_case(body)
        assert Freeze.objects.count() == 1


@pytest.mark.django_db
class TestCheckInserted:
    """What was looked at, in the order in which it was: each list is one call."""

    @pytest.fixture
    def seen(self) -> list[list[int]]:
        return []

    @pytest.fixture
    def check(self, seen: list[list[int]]) -> db.Check:
        return db.Check(
            lambda _keys: FREEZES.of(kind="sku_sale"), lambda keys, freezes: seen.append([*keys, len(freezes)])
        )

    def test_looks_once_for_all_keys_after_the_rows_are_there(self, seen: list[list[int]], check: db.Check) -> None:
        def body() -> None:
            for subject in (1, 2):
                db.check_inserted(check, subject)
                db.insert_later(a_freeze(subject))
            assert seen == []

        in_use_case(body)
        assert seen == [[1, 2, 2]]

    def test_looks_with_insert_pending_and_again_for_what_comes_after(
        self, seen: list[list[int]], check: db.Check
    ) -> None:
        def body() -> None:
            db.check_inserted(check, 1)
            db.insert_pending()
            db.check_inserted(check, 2)

        in_use_case(body)
        assert seen == [[1, 0], [2, 0]]

    def test_undoes_the_transaction_by_what_it_raises(self) -> None:
        def refuse(_keys: Sequence[int], _freezes: Sequence[Freeze]) -> Never:
            raise AssertionError("not as it should be")

        def body() -> None:
            db.insert_later(a_freeze())
            db.check_inserted(db.Check(lambda _keys: FREEZES.of(kind="sku_sale"), refuse), 1)

        with pytest.raises(AssertionError, match="not as it should be"):
            in_use_case(body)
        assert not Freeze.objects.exists()

    def test_forgets_what_a_savepoint_took_back(self, seen: list[list[int]], check: db.Check) -> None:
        def fail_behind_a_savepoint() -> None:
            with db.savepoint():
                db.check_inserted(check, 2)
                raise RuntimeError

        def body() -> None:
            db.check_inserted(check, 1)
            with pytest.raises(RuntimeError):
                fail_behind_a_savepoint()

        in_use_case(body)
        assert seen == [[1, 0]]

    def test_is_not_called_for_nothing(self, seen: list[list[int]], check: db.Check) -> None:
        def fail_behind_a_savepoint() -> None:
            with db.savepoint():
                db.check_inserted(check, 1)
                raise RuntimeError

        def body() -> None:
            with pytest.raises(RuntimeError):
                fail_behind_a_savepoint()

        in_use_case(body)
        assert seen == []

    def test_needs_a_use_case(self, check: db.Check) -> None:
        with pytest.raises(AssertionError, match="no use case open"):
            db.check_inserted(check, 1)


class TestTransactionRequired:
    def test_refuses_to_run_alone(self) -> None:
        with pytest.raises(AssertionError, match="inside a use case only"):
            db.transaction_required(lambda: None)()


@pytest.mark.django_db
class TestLockOrder:
    def test_refuses_a_lower_rank_after_a_higher_one(self) -> None:
        def body() -> None:
            note_lock(Rank.STOCK, 1, 1)
            note_lock(Rank.PURCHASE, 1)

        with pytest.raises(LockOrderInverted):
            in_use_case(body)

    def test_refuses_a_lower_key_after_a_higher_one(self) -> None:
        def body() -> None:
            note_lock(Rank.STOCK, 2, 1)
            note_lock(Rank.STOCK, 1, 9)

        with pytest.raises(LockOrderInverted):
            in_use_case(body)

    def test_takes_again_what_is_held(self) -> None:
        def body() -> None:
            note_lock(Rank.PURCHASE, 1)
            note_lock(Rank.STOCK, 1, 1)
            note_lock(Rank.PURCHASE, 1)

        in_use_case(body)

    def test_starts_anew_with_each_transaction(self) -> None:
        in_use_case(lambda: note_lock(Rank.STOCK, 1, 1))
        in_use_case(lambda: note_lock(Rank.PURCHASE, 1))

    def test_gives_the_same_object_for_a_row_that_is_held(self, django_assert_num_queries: Any) -> None:
        a_freeze().save(force_insert=True)
        pk = Freeze.objects.get().pk

        def body() -> None:
            first = locks.lock_row(Rank.PURCHASE, Freeze, pk)
            with django_assert_num_queries(0):
                assert locks.lock_row(Rank.PURCHASE, Freeze, pk) is first

        in_use_case(body)

    def test_leaves_out_what_does_not_exist(self) -> None:
        assert in_use_case(lambda: locks.lock_rows(Rank.PURCHASE, Freeze, [1, 2])) == []


@pytest.mark.django_db(transaction=True)
class TestRehearsal:
    def test_undoes_what_use_cases_have_committed(self) -> None:
        a_freeze(1).save()
        with db.rehearsal():
            in_use_case(lambda: db.insert_later(a_freeze(2), an_entry()))
            assert Freeze.objects.count() == 2
            with db.read_only_snapshot():
                assert Freeze.objects.count() == 2
            in_use_case(lambda: Freeze.objects.filter(subject=1).delete())
            assert Freeze.objects.get().subject == 2
        assert Freeze.objects.get().subject == 1
        assert not AuditEntry.objects.exists()

    def test_undoes_it_when_the_block_fails(self) -> None:
        def fail() -> Never:
            with db.rehearsal():
                in_use_case(lambda: db.insert_later(a_freeze()))
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        assert not Freeze.objects.exists()

    def test_keeps_a_use_case_that_fails_from_undoing_the_others(self) -> None:
        def fail() -> Never:
            a_freeze(2).save(force_insert=True)
            raise RuntimeError

        with db.rehearsal():
            in_use_case(lambda: db.insert_later(a_freeze(1)))
            with pytest.raises(RuntimeError):
                in_use_case(fail)
            assert Freeze.objects.get().subject == 1

    def test_leaves_the_connection_committing_again(self) -> None:
        with db.rehearsal():
            pass
        in_use_case(lambda: db.insert_later(a_freeze()))
        with db.rehearsal():
            assert Freeze.objects.exists()

    def test_is_not_begun_inside_a_use_case(self) -> None:
        def body() -> None:
            with db.rehearsal():
                raise AssertionError("not reached")

        with pytest.raises(AssertionError, match="a use case is open"):
            in_use_case(body)
