"""The drill: each invariant, broken on purpose, is found alone, named and contained; and nothing else is touched."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import DjangoDbBlocker

from apps.orders.models import Order
from apps.reconciliation import api as reconciliation
from apps.reconciliation.api import FUSES, INVARIANTS, Life, NotScratch
from apps.reconciliation.drill import scratch as scratch_module
from apps.reconciliation.drill.scratch import behind_the_walls
from apps.reconciliation.invariants.events import APPLIED_BY
from apps.reconciliation.models import Break, Run
from tests.reconciliation.conftest import Lived
from tradecore.models import Freeze, InboxEntry, OutboxEvent

EVERYTHING = [*INVARIANTS, *FUSES]


class TestHealthyBooks:
    def test_raise_nothing(self, scratch_life: Life) -> None:
        assert reconciliation.look_at_health(scratch_life) == []

    def test_have_something_of_everything(self, scratch_life: Life) -> None:
        """An invariant of rows that are not there holds of them all."""
        tables = {table for each in INVARIANTS.values() for table in each.reads} - {
            "kernel_freeze",
            "kernel_idempotency",
        }
        for table in sorted(tables):
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT COUNT(*) FROM {table}")
                assert cursor.fetchone() > (0,), table


class TestMoneyEvents:
    def test_name_whoever_has_applied_one(self, scratch_life: Life) -> None:
        """All are asked about but for those that may pass an event by, and letters."""
        kinds = dict(OutboxEvent.objects.values_list("id", "kind"))
        rows = InboxEntry.objects.exclude(consumer="messages").values_list("event_id", "consumer")
        applied = {(kinds[event_id], consumer) for event_id, consumer in rows}
        assert applied - set(APPLIED_BY) == {
            ("orders.order_moved", "settlement.schedule"),
            ("orders.units_left", "documents.bill_order"),
            ("fulfilment.package_collected", "documents.bill_order"),
            ("orders.hold_released", "aftersales.resume_clocks"),
            ("orders.hold_released", "checkout.resume_cancellation"),
            ("orders.hold_released", "checkout.resume_cancel_request"),
            ("orders.hold_released", "fulfilment.resume_completion"),
        }


class TestBrokenBooks:
    @pytest.mark.parametrize("name", EVERYTHING)
    def test_are_found_alone_named_and_contained(self, name: str, scratch_life: Life) -> None:
        trial = reconciliation.try_one(scratch_life, name)
        assert (trial.is_found, trial.is_named, trial.others) == (True, True, ())
        assert trial.is_contained is (None if self._freezes_nothing(name) else True)
        assert trial.is_right

    def test_are_as_before_afterwards(self, scratch_life: Life) -> None:
        before = (Break.objects.count(), Freeze.objects.count(), OutboxEvent.objects.count())
        status = Order.objects.get(pk=scratch_life.paid.purchase.orders[0].id).status
        reconciliation.try_one(scratch_life, "I15")
        assert (Break.objects.count(), Freeze.objects.count(), OutboxEvent.objects.count()) == before
        assert Order.objects.get(pk=scratch_life.paid.purchase.orders[0].id).status == status

    def _freezes_nothing(self, name: str) -> bool:
        return name in INVARIANTS and INVARIANTS[name].contains is reconciliation.Contains.NOTHING


class TestATrial:
    def trial(self, **parts: Any) -> reconciliation.Trial:
        sound: dict[str, Any] = {"is_found": True, "is_named": True, "is_contained": True, "others": ()}
        facts: dict[str, Any] = {"name": "I01", "title": "", "row_ref": 1, "suite": "all", "took_ms": 1.0}
        return reconciliation.Trial(**{**facts, **sound, **parts})

    def test_is_right_when_it_is_found_named_and_contained_alone(self) -> None:
        assert self.trial().is_right
        assert self.trial(is_contained=None).is_right

    @pytest.mark.parametrize(
        "fault", [{"is_found": False}, {"is_named": False}, {"is_contained": False}, {"others": ("I02",)}]
    )
    def test_is_wrong_when_anything_is(self, fault: dict[str, Any]) -> None:
        assert not self.trial(**fault).is_right


class TestADatabaseThatNoDrillHasMade:
    def test_is_not_broken(self, lived: Lived, django_db_blocker: DjangoDbBlocker) -> None:
        with django_db_blocker.unblock():
            self.refuse_all(lived)

    def refuse_all(self, lived: Lived) -> None:
        for what in (
            lambda: reconciliation.try_one(lived.life, "I15"),
            lambda: reconciliation.look_at_health(lived.life),
            reconciliation.tear_down_triggers,
            behind_the_walls().__enter__,
        ):
            with pytest.raises(NotScratch):
                what()
        assert not Run.objects.exists()


class TestAScratchDatabase:
    @pytest.fixture
    def unmigrated(self, django_db_blocker: DjangoDbBlocker, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Without its tables, which take a while."""
        monkeypatch.setattr(scratch_module, "call_command", lambda *_, **__: None)
        with django_db_blocker.unblock():
            yield

    def test_is_another_one_and_is_gone_at_the_end(self, unmigrated: None) -> None:
        home = connection.settings_dict["NAME"]
        with reconciliation.make_scratch() as scratch:
            assert connection.settings_dict["NAME"] == home != scratch.name
            with reconciliation.entered(scratch):
                assert connection.settings_dict["NAME"] == scratch.name
                assert connection.introspection.table_names() == []
        assert connection.settings_dict["NAME"] == home
        assert not self._is_there(scratch.name)
        with pytest.raises(NotScratch), reconciliation.entered(scratch):
            pass
        assert connection.settings_dict["NAME"] == home

    def test_is_gone_when_the_drill_fails(self, unmigrated: None) -> None:
        with pytest.raises(ZeroDivisionError), reconciliation.make_scratch() as scratch:
            raise ZeroDivisionError
        assert not self._is_there(scratch.name)

    @pytest.mark.mariadb
    def test_is_not_made_by_who_may_not(self, unmigrated: None, monkeypatch: pytest.MonkeyPatch) -> None:
        with poor_user() as user:
            monkeypatch.setitem(connection.settings_dict, "USER", user)
            monkeypatch.setitem(connection.settings_dict, "PASSWORD", "poor-but-honest")
            connection.close()
            with (
                pytest.raises(reconciliation.ScratchRefused, match="may not create the schema"),
                reconciliation.make_scratch(),
            ):
                raise AssertionError("not reached")
            monkeypatch.undo()
            connection.close()

    def _is_there(self, name: str) -> bool:
        if connection.vendor == "sqlite":
            return Path(name).exists() or Path(name).parent.exists()
        with connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = %s", [name])
            return bool(cursor.fetchone()[0])


@contextmanager
def poor_user() -> Iterator[str]:
    """Somebody who may use the database, and make no other."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE USER 'drill_poor'@'%%' IDENTIFIED BY 'poor-but-honest'")
        cursor.execute(f"GRANT ALL ON {connection.settings_dict['NAME']}.* TO 'drill_poor'@'%%'")
    try:
        yield "drill_poor"
    finally:
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute("DROP USER 'drill_poor'@'%%'")


class TestTheCommand:
    @pytest.fixture
    def with_lived(
        self, lived: Lived, django_db_blocker: DjangoDbBlocker, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[None]:
        """It takes the books that this module has lived, instead of living them anew."""

        @contextmanager
        def scratch_of_module() -> Iterator[reconciliation.Scratch]:
            yield lived.scratch

        monkeypatch.setattr(reconciliation, "make_scratch", scratch_of_module)
        monkeypatch.setattr(reconciliation, "live", lambda _: lived.life)
        with django_db_blocker.unblock():
            yield

    def run(self, *words: str) -> str:
        out = StringIO()
        call_command("drill", *words, stdout=out)
        return out.getvalue()

    def test_shows_a_line_for_each_and_ends_well(self, with_lived: None) -> None:
        said = self.run("--only", "I03", "I16", "F01")
        assert "Healthy books raise nothing." in said
        assert "3 of 3 were found, alone, named and contained." in said
        (order,) = [line for line in said.splitlines() if line.startswith("I03")]
        assert "yes (recent)" in order

    def test_writes_json(self, with_lived: None, lived: Lived) -> None:
        told = json.loads(self.run("--json", "--only", "I03"))
        assert told["healthy"] == []
        (trial,) = told["trials"]
        assert (trial["invariant"], trial["row_ref"]) == ("I03", str(lived.life.paid.purchase.orders[0].id))
        assert trial["is_right"] is True

    def test_ends_with_one_when_something_is_not_found(self, with_lived: None, monkeypatch: pytest.MonkeyPatch) -> None:
        blind = reconciliation.Trial(
            name="I03",
            title="The sums",
            row_ref=1,
            suite="all",
            is_found=False,
            is_named=False,
            is_contained=None,
            others=(),
            took_ms=1.0,
        )
        monkeypatch.setattr(reconciliation, "try_all", lambda life, names: iter([blind]))
        with pytest.raises(CommandError, match="I03") as ended:
            self.run("--only", "I03")
        assert ended.value.returncode == 1

    def test_says_so_when_it_may_not_make_its_copy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refused() -> Any:
            raise reconciliation.ScratchRefused("may not create the schema x")

        monkeypatch.setattr(reconciliation, "make_scratch", refused)
        with pytest.raises(CommandError, match="may not create"):
            self.run()

    def test_explains_itself(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            call_command("drill", "--help")
        assert "The configured database is not read and not written" in " ".join(capsys.readouterr().out.split())


# --- What a run makes of a break, in the same books -------------------------------------------------------------------


def tamper(life: Life, name: str) -> int:
    with behind_the_walls():
        return reconciliation.TAMPERINGS[name].do(life)


def found(life: Life, name: str) -> reconciliation.RunReport:
    real_now = life.world.now + timedelta(minutes=5)
    return reconciliation.reconcile(suite=reconciliation.Suite.ALL, names=[name], real_now=real_now)


class TestContainment:
    def test_takes_a_sku_off_sale(self, life: Life) -> None:
        tamper(life, "I08")
        found(life, "I08")
        frozen = Freeze.objects.get()
        assert (frozen.kind, frozen.subject) == ("sku_sale", life.sku_id)
        assert Break.objects.get().is_contained

    def test_stops_the_payouts_of_a_shop(self, life: Life) -> None:
        tamper(life, "I22")
        found(life, "I22")
        frozen = Freeze.objects.get()
        assert (frozen.kind, frozen.subject) == ("shop_payouts", Order.objects.get(pk=life.reserved).shop_id)

    def test_switches_a_promotion_off(self, life: Life) -> None:
        promotion_id = tamper(life, "I12")
        found(life, "I12")
        frozen = Freeze.objects.get()
        assert (frozen.kind, frozen.subject) == ("promotion", promotion_id)

    def test_changes_no_figure(self, life: Life) -> None:
        order_id = tamper(life, "I02")
        before = Order.objects.get(pk=order_id).fees_minor
        found(life, "I02")
        assert Order.objects.get(pk=order_id).fees_minor == before


class TestABreak:
    def test_is_told_once_however_often_it_is_found(self, life: Life) -> None:
        tamper(life, "I15")
        first, second = found(life, "I15"), found(life, "I15")
        assert (len(first.opened), len(second.opened)) == (1, 0)
        assert OutboxEvent.objects.filter(kind="reconciliation.break_found").count() == 1

    def test_is_closed_when_the_row_is_right_again_and_told_again_when_it_is_not(self, life: Life) -> None:
        order_id = life.paid.purchase.orders[0].id
        right = Order.objects.get(pk=order_id).status
        tamper(life, "I15")
        found(life, "I15")
        Order.objects.filter(pk=order_id).update(status=right)
        assert found(life, "I15").closed == 1
        assert Break.objects.get().closed_at is not None
        assert reconciliation.count_open_breaks() == 0
        tamper(life, "I15")
        assert len(found(life, "I15").opened) == 1
        assert Break.objects.get().closed_at is None

    def test_says_how_much_money_is_at_risk(self, life: Life) -> None:
        tamper(life, "I07")
        found(life, "I07")
        assert reconciliation.money_at_risk()["GBP"] == (1, 100)


class TestTheDailyRun:
    def test_is_done_once_a_day(self, life: Life) -> None:
        tamper(life, "I15")
        now = life.world.now
        assert reconciliation.reconcile_daily(real_now=now) > 0
        assert reconciliation.reconcile_daily(real_now=now + timedelta(hours=23)) == 0
        assert reconciliation.reconcile_daily(real_now=now + timedelta(hours=25)) > 0


class TestReconcile:
    def run(self, *words: Any) -> str:
        out = StringIO()
        call_command("reconcile", *words, stdout=out)
        return out.getvalue()

    def test_says_that_every_invariant_holds(self, life: Life) -> None:
        assert self.run() == "Every invariant holds (all).\n"
        assert json.loads(self.run("--suite", "recent", "--json"))["offences"] == []

    def test_names_the_row_and_the_money_and_ends_with_one(self, life: Life) -> None:
        order_id = tamper(life, "I03")
        out = StringIO()
        with pytest.raises(CommandError) as ended:
            call_command("reconcile", stdout=out)
        assert ended.value.returncode == 1
        (line,) = out.getvalue().splitlines()
        assert line.split() == ["I03", str(order_id), "0.01", "GBP", *["the", "lines", "come", "to", "other", "sums"]]

    def test_asks_only_what_it_is_told_to(self, life: Life) -> None:
        tamper(life, "I05")
        assert self.run("--only", "I01", "I31") == "Every invariant holds (all).\n"
        with pytest.raises(CommandError):
            self.run("--only", "I05")

    def test_reads_what_was_made_since_a_day(self, life: Life) -> None:
        tamper(life, "I03")
        today = life.world.now.date()
        assert self.run("--since", str(today + timedelta(days=1))) == "Every invariant holds (recent).\n"
        with pytest.raises(CommandError):
            self.run("--since", str(today - timedelta(days=1)))

    def test_lists_what_is_always_true(self) -> None:
        assert json.loads(self.run("--list", "--json")) == {name: each.title for name, each in INVARIANTS.items()}
        assert len(self.run("--list").splitlines()) == len(INVARIANTS)

    def test_explains_itself(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            call_command("reconcile", "--help")
        assert "Ask every invariant in one snapshot" in capsys.readouterr().out
