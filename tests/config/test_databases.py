"""What every session of the database rests on."""

import time
from collections.abc import Callable
from typing import Any, Never

import pytest
from django.db import OperationalError, close_old_connections, connection

from config.databases import GUARDS_S
from tests.support import NOON, in_use_case
from tradecore import db, prepared
from tradecore.models import Freeze
from tradecore.prepared import Select

FROZEN = Select(lambda kind: Freeze.objects.filter(kind=kind))


@pytest.mark.parametrize("process", sorted(GUARDS_S.keys() - {"migration"}))
def test_a_client_listens_for_longer_than_the_server_may_take(process: str) -> None:
    guards = GUARDS_S[process]
    assert guards["silence"] > max(guards["statement"], guards["row_lock"], guards["table_lock"])


@pytest.mark.mariadb
@pytest.mark.django_db
class TestMariaDBSession:
    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("tx_isolation", "READ-COMMITTED"),
            ("collation_connection", "utf8mb4_nopad_bin"),
            ("collation_database", "utf8mb4_nopad_bin"),
            ("time_zone", "+00:00"),
            ("innodb_rollback_on_timeout", 1),
        ],
    )
    def test_sets(self, variable: str, value: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT @@{variable}")
            assert cursor.fetchone() == (value,)

    def test_is_strict(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT @@sql_mode")
            assert "STRICT_TRANS_TABLES" in cursor.fetchone()[0]


def said(name: str) -> int:
    """What the server has counted of this session: `Questions`, or `Com_admin_commands`, of which a ping is one."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE %s", [name])
        return int(cursor.fetchone()[1])


def a_freeze(subject: int = 1) -> Freeze:
    return Freeze(kind="sku_sale", subject=subject, reason="test", placed_by="test", placed_at=NOON)


def freeze() -> None:
    a_freeze().save(force_insert=True)


def freeze_and_fail() -> None:
    freeze()
    raise ZeroDivisionError


def begin_request(*, checked_s_ago: float) -> None:
    close_old_connections()
    connection._checked_at = time.monotonic() - checked_s_ago  # type: ignore[attr-defined]


def lose_connection() -> None:
    """End the session as the server would; nothing tells its client."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT CONNECTION_ID()")
        (session,) = cursor.fetchone()
    with connection.copy().cursor() as other:
        other.execute(f"KILL {session}")


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
class TestWhatTakesTooLong:
    def test_is_busy_where_the_server_ends_it(self) -> None:
        def take_long() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SET STATEMENT max_statement_time=0.1 FOR SELECT SLEEP(10)")

        with pytest.raises(db.Busy):
            in_use_case(take_long)

    def test_is_a_connection_lost_where_nothing_is_heard_any_more(self) -> None:
        assert connection.get_connection_params()["read_timeout"] == GUARDS_S["test"]["silence"]
        deaf = connection.copy()
        deaf.settings_dict["OPTIONS"]["read_timeout"] = 1
        with pytest.raises(OperationalError) as lost, deaf.cursor() as cursor:
            cursor.execute("SELECT SLEEP(10)")
        deaf.close()
        assert db.is_unreachable(lost.value)


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
class TestRoundTrips:
    """See the Note of `tradecore/mysql/base.py`."""

    def test_of_a_transaction_are_two(self) -> None:
        before = said("Questions")
        in_use_case(lambda: None)
        assert said("Questions") - before == 2 + 1, "BEGIN, COMMIT, and the question itself"

    def test_undo_what_fails_and_keep_what_comes_after(self) -> None:
        with pytest.raises(ZeroDivisionError):
            in_use_case(freeze_and_fail)
        assert not Freeze.objects.exists()
        freeze()
        connection.close()
        assert Freeze.objects.exists()

    @pytest.mark.parametrize(("checked_s_ago", "pings"), [(0.1, 0), (2, 1)])
    def test_ask_for_the_server_once_in_a_while(self, checked_s_ago: float, pings: int) -> None:
        before = said("Com_admin_commands")
        begin_request(checked_s_ago=checked_s_ago)
        assert said("Com_admin_commands") - before == pings
        assert said("Com_admin_commands") - before == pings

    @pytest.mark.parametrize("act", [freeze, lambda: FROZEN(kind="sku_sale"), lambda: prepared.insert(a_freeze())])
    def test_find_a_connection_lost_before_anything_fails(self, act: Callable[[], Any]) -> None:
        lose_connection()
        begin_request(checked_s_ago=2)
        act()

    def test_find_one_lost_just_now_by_one_error(self) -> None:
        lose_connection()
        begin_request(checked_s_ago=0.1)
        with pytest.raises(OperationalError):
            freeze()
        begin_request(checked_s_ago=0.1)
        freeze()

    @pytest.mark.parametrize("act", [freeze, lambda: db.insert_later(a_freeze(1), a_freeze(2))])
    def test_spare_a_use_case_that_error(self, act: Callable[[], None]) -> None:
        lose_connection()
        begin_request(checked_s_ago=0.1)
        in_use_case(act)
        assert Freeze.objects.exists()

    @pytest.mark.parametrize("is_gone", [False, True])
    def test_leave_the_outcome_of_a_lost_commit_unknown(self, monkeypatch: pytest.MonkeyPatch, is_gone: bool) -> None:
        def refuse(_parameters: Any) -> Never:
            raise OperationalError(2002, "Can't connect to the server")

        def freeze_and_lose() -> None:
            freeze()
            lose_connection()
            if is_gone:  # and the server with it, so that Django, which connects anew, finds nobody
                monkeypatch.setattr(connection, "get_new_connection", refuse)

        with pytest.raises(db.OutcomeUnknown):
            in_use_case(freeze_and_lose)

    def test_leave_nothing_of_a_connection_that_was_lost_again_while_it_was_made(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def lose(*_: Any) -> Never:
            raise OperationalError(2013, "Lost connection to server during query")

        def lose_and_freeze() -> None:
            lose_connection()
            freeze()

        with monkeypatch.context() as patch:
            patch.setattr(connection, "_set_autocommit", lose)
            with pytest.raises(OperationalError):
                in_use_case(lose_and_freeze)
        in_use_case(freeze)
        connection.close()
        assert Freeze.objects.exists(), "what was said to be committed is"

    def test_begin_anew_where_one_was_lost_while_it_began(self) -> None:
        connection.set_autocommit(False)  # as a connection is left that was lost while it was made
        lose_connection()
        in_use_case(freeze)
        assert connection.get_autocommit()
        assert Freeze.objects.exists()
