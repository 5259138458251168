"""The journal against the counters, and `manage.py stock`."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.inventory import api as inventory
from apps.inventory.models import Stock, StockMovement
from tests.factories.inventory import hold_stock, line_of, make_stock, numbers_of, post_stock
from tests.support import NOON
from tradecore.ids import new_id
from tradecore.models import AuditEntry

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("stock", *arguments, stdout=out)
    return out.getvalue()


def run_json(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


@pytest.fixture
def drifted() -> int:
    """A SKU with 7 available and 3 held, of which somebody made 9 and 1."""
    sku = make_stock(10)
    hold_stock(line_of(sku, 3))
    Stock.objects.filter(sku_id=sku).update(available=9, held=1)
    return sku


class TestListDifferences:
    def test_finds_none_where_there_is_none(self) -> None:
        for _ in range(5):
            post_stock(line_of(make_stock(10), 3))
        assert list(inventory.list_differences()) == []

    def test_finds_a_changed_counter(self, drifted: int) -> None:
        make_stock(10)
        (difference,) = inventory.list_differences()
        assert difference.sku_id == drifted
        assert difference.counted == inventory.Counters(available=9, held=1, committed=0)
        assert difference.journal == inventory.Counters(available=7, held=3, committed=0)

    def test_finds_a_stock_that_was_deleted(self) -> None:
        sku = make_stock(10)
        Stock.objects.filter(sku_id=sku).delete()
        (difference,) = inventory.list_differences()
        assert (difference.sku_id, difference.counted.available, difference.journal.available) == (sku, 0, 10)

    def test_finds_a_journal_row_that_was_deleted(self) -> None:
        sku = make_stock(10)
        StockMovement.objects.filter(sku_id=sku).delete()
        (difference,) = inventory.list_differences()
        assert (difference.counted.available, difference.journal.available) == (10, 0)

    @pytest.mark.parametrize("batch", [1, 2, 3, 100])
    def test_finds_them_whatever_the_batch(self, batch: int) -> None:
        skus = sorted(make_stock(10) for _ in range(4))
        Stock.objects.filter(sku_id__in=skus).delete()
        Stock.objects.create(sku_id=new_id(), warehouse_id=StockMovement.objects.all()[0].warehouse_id, available=1)
        assert len(list(inventory.list_differences(batch=batch))) == 5

    def test_looks_at_one_sku_if_told_so(self, drifted: int) -> None:
        assert list(inventory.list_differences(sku_id=make_stock(1))) == []
        assert len(list(inventory.list_differences(sku_id=drifted))) == 1


class TestRepair:
    def test_sets_counters_to_the_journal(self, drifted: int) -> None:
        differences = list(inventory.list_differences())
        repaired = inventory.repair(differences=differences, actor="ops", reason="drift", now=NOON)
        assert repaired == differences
        assert numbers_of(drifted) == [(7, 3, 0)]
        entry = AuditEntry.objects.get(action="stock.rebuilt")
        assert (entry.subject, entry.actor, entry.reason) == (f"sku:{drifted}", "ops", "drift")
        assert entry.after is not None
        assert entry.after["counters"] == {"available": 7, "held": 3, "committed": 0}

    def test_brings_a_deleted_stock_back(self) -> None:
        sku = make_stock(10)
        Stock.objects.filter(sku_id=sku).delete()
        inventory.repair(differences=list(inventory.list_differences()), actor="ops", reason="drift", now=NOON)
        assert numbers_of(sku) == [(10, 0, 0)]

    def test_leaves_a_journal_alone_that_cannot_be_right(self) -> None:
        sku = make_stock(10)
        hold_stock(line_of(sku, 3))
        StockMovement.objects.filter(sku_id=sku, kind="ADJUSTED").delete()
        differences = list(inventory.list_differences())
        assert inventory.repair(differences=differences, actor="ops", reason="drift", now=NOON) == []
        assert numbers_of(sku) == [(7, 3, 0)]

    def test_looks_again_before_it_repairs(self, drifted: int) -> None:
        differences = list(inventory.list_differences())
        Stock.objects.filter(sku_id=drifted).update(available=7, held=3)
        assert inventory.repair(differences=differences, actor="ops", reason="drift", now=NOON) == []
        assert not AuditEntry.objects.filter(action="stock.rebuilt").exists()


class TestRebuildCommand:
    def test_says_that_all_is_well(self) -> None:
        make_stock(10)
        assert run("rebuild") == "Every counter is what its journal adds up to.\n"
        assert run_json("rebuild") == {"differences": [], "repaired": []}

    def test_reports_and_changes_nothing_by_itself(self, drifted: int) -> None:
        with pytest.raises(CommandError, match="1 of 1 differences are left"):
            run("rebuild")
        assert numbers_of(drifted) == [(9, 1, 0)]

    def test_prints_both_sides(self, drifted: int) -> None:
        out = StringIO()
        with pytest.raises(CommandError):
            call_command("stock", "rebuild", stdout=out)
        assert f"SKU {drifted} in warehouse" in out.getvalue()
        assert "counted   available 9, held 1, committed 0" in out.getvalue()
        assert "journal   available 7, held 3, committed 0" in out.getvalue()

    def test_applies_when_told_so(self, drifted: int) -> None:
        assert "rebuilt" in run("rebuild", "--apply")
        assert numbers_of(drifted) == [(7, 3, 0)]
        assert run("rebuild") == "Every counter is what its journal adds up to.\n"

    def test_answers_in_json(self, drifted: int) -> None:
        answer = run_json("rebuild", "--apply", "--sku", str(drifted))
        assert answer["repaired"] == answer["differences"]
        assert answer["repaired"][0]["sku_id"] == str(drifted)

    def test_fails_when_something_could_not_be_put_right(self, drifted: int) -> None:
        StockMovement.objects.filter(sku_id=drifted, kind="ADJUSTED").delete()
        with pytest.raises(CommandError, match="1 of 1 differences are left"):
            run("rebuild", "--apply")


class TestShowCommand:
    def test_shows_levels_and_journal(self) -> None:
        sku = make_stock(10)
        owner = hold_stock(line_of(sku, 3))
        shown = run("show", str(sku))
        assert "warehouse              available        held   committed     on hand" in shown
        assert "HELD" in shown
        assert str(owner) in shown
        assert "tests: first count" in shown

    def test_answers_in_json(self) -> None:
        sku = make_stock(10)
        answer = run_json("show", str(sku))
        assert answer["levels"][0]["on_hand"] == 10
        assert answer["movements"][0]["reason"] == "first count"

    def test_says_so_when_there_is_nothing(self) -> None:
        with pytest.raises(CommandError, match="has never had any stock"):
            run("show", "1")

    @pytest.mark.parametrize("number", ["0", "-1", "1e3", "9" * 30, "x"])
    def test_takes_no_number_that_is_none(self, number: str) -> None:
        with pytest.raises(CommandError, match="is not a whole number from 1 on"):
            run("show", "7", f"--movements={number}")

    def test_explains_itself(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            call_command("stock", "rebuild", "--help")
        assert "Without --apply nothing is changed" in capsys.readouterr().out
