"""Recorded orders are lived, settled and paid out on MariaDB: twice, by several workers, and after a kill."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.catalog.models import Product
from apps.integrations.replay import keys
from apps.integrations.replay.fee_plan import DEFAULT_FILE
from apps.integrations.replay.files import read_records
from apps.integrations.replay.lives import LEADS_TO, Act, find_obstacles, plan_life
from apps.inventory.api import list_differences
from apps.orders.models import Order, OrderTransition, Purchase
from apps.payments.models import ProviderAnswer, ProviderCall, Refund
from apps.reconciliation.api import Suite, reconcile
from apps.sellers.models import Shop
from apps.settlement.models import Payout, SellerAccount, Settlement, SettlementLine, Statement
from config.settings import BASE_DIR
from tests.integrations.replay.recorded import WINDOW
from tests.integrations.replay.sample import write_sample
from tradecore import audit_seals, clock, freezes
from tradecore.models import Timer

pytestmark = [
    pytest.mark.sample,
    pytest.mark.mariadb,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    # The folder is cut once for all of them.
    pytest.mark.xdist_group("replay"),
]

PATIENCE_S = 120


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 orders, with everything odd about the record among them."""
    folder = tmp_path_factory.mktemp("replay") / "olist"
    write_sample(Path(os.environ["TRADECORE_SAMPLE_DATA"]) / "olist", folder, count=200)
    return folder


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "report.json"


def replay(folder: Path, report: Path, *options: str) -> Any:
    call_command("replay_olist", str(folder), "--report", str(report), *options)
    return json.loads(report.read_text())


def check(folder: Path, report: Path, *plan: Path) -> "subprocess.CompletedProcess[str]":
    """What the program says that shares no code with the replay."""
    checker = [sys.executable, str(BASE_DIR / "scripts" / "check_replay.py"), *map(str, (folder, report, *plan))]
    return subprocess.run(checker, capture_output=True, text=True, check=False)


class TestReplayOlist:
    def test_lives_what_was_recorded_and_says_the_same_when_it_runs_again(self, folder: Path, report: Path) -> None:
        found = replay(folder, report, "--workers", "2")

        checked = check(folder, report)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert found["orders"]["considered"] == 200
        assert found["disagreements"] == {}
        assert_nothing_is_half_lived()
        assert_lived_by_recorded_times(folder)
        assert_everybody_is_paid(found)
        assert_reconciliation_names_what_is_in_suspense(found, folder)
        payouts = Payout.objects.count()
        assert replay(folder, report) == found
        assert Payout.objects.count() == payouts

    def test_is_found_out_by_the_checker_when_it_is_a_centavo_off(self, folder: Path, report: Path) -> None:
        found = replay(folder, report, "--limit", "10")
        found["sums"]["freight_minor"] += 1
        report.write_text(json.dumps(found))
        checked = check(folder, report)
        assert checked.returncode == 1
        assert "DIFFERS sums.freight_minor" in checked.stdout

    def test_is_found_out_by_the_checker_when_a_seller_is_a_centavo_off(self, folder: Path, report: Path) -> None:
        found = replay(folder, report, "--limit", "10")
        seller = next(iter(found["settlement"]["sellers"].values()))
        seller["fees_minor"]["commission"] += 1
        report.write_text(json.dumps(found))
        checked = check(folder, report)
        assert checked.returncode == 1
        assert "DIFFERS settlement.sellers" in checked.stdout

    def test_settles_under_the_plan_of_a_file(self, folder: Path, report: Path, tmp_path: Path) -> None:
        plan = tmp_path / "plan.json"
        commission = {"kind": "commission", "basis": "PAYMENT", "rate_bp": 755, "refund_policy": "KEEP"}
        rules = [{**commission, "fixed_minor": 500, "cap_minor": 4000, "tax_rate_e5": 4500}]
        terms = {"settle_after_s": 86_400, "reserve_bp": 1000, "reserve_s": 2_592_000, "rules": rules}
        plan.write_text(json.dumps(json.loads(DEFAULT_FILE.read_text()) | terms))

        found = replay(folder, report, "--limit", "30", "--fee-plan", str(plan))
        checked = check(folder, report, plan)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert found["settlement"]["fee_tax_minor"] > 0
        assert SettlementLine.objects.filter(kind="reserve_released").exists()
        assert not Timer.objects.filter(kind="release_reserve", fired_at=None).exists()
        assert check(folder, report).returncode == 1

    def test_takes_one_plan_for_a_database(self, folder: Path, report: Path, tmp_path: Path) -> None:
        replay(folder, report, "--limit", "5")
        before = Purchase.objects.count()
        plan = tmp_path / "plan.json"
        plan.write_text(json.dumps(json.loads(DEFAULT_FILE.read_text()) | {"settle_after_s": 1}))
        with pytest.raises(CommandError, match="another plan"):
            replay(folder, report, "--limit", "10", "--fee-plan", str(plan))
        assert Purchase.objects.count() == before

    def test_takes_the_first_so_many_and_goes_on_from_there(self, folder: Path, report: Path) -> None:
        first = replay(folder, report, "--limit", "20")
        assert check(folder, report).returncode == 0
        assert (first["orders"]["considered"], first["orders"]["with_timeline"]) == (20, 200)

        replay(folder, report, "--limit", "40")
        assert check(folder, report).returncode == 0
        assert_nothing_is_half_lived()

    def test_goes_on_where_it_was_killed(self, folder: Path, report: Path) -> None:
        undisturbed = replay(folder, report, "--limit", "50")
        call_command("flush", interactive=False)

        kill_in_the_middle(folder, when=lambda: Shop.objects.count() >= 10)
        kill_in_the_middle(folder, when=lambda: Purchase.objects.count() >= 5)
        kill_in_the_middle(folder, when=lambda: Purchase.objects.count() >= 25)
        kill_in_the_middle(folder, when=lambda: Settlement.objects.count() >= 10)
        kill_in_the_middle(folder, when=lambda: Payout.objects.filter(status="CONFIRMED").count() >= 3)
        assert start(folder, "--report", str(report)).wait(timeout=PATIENCE_S) == 0

        assert json.loads(report.read_text()) == undisturbed
        assert not Product.objects.filter(skus=None).exists()
        assert Payout.objects.count() == undisturbed["settlement"]["payouts"]
        assert_nothing_is_half_lived()

    def test_shows_what_it_found(self, folder: Path) -> None:
        screen = StringIO()
        call_command("replay_olist", str(folder), "--limit", "15", stdout=screen)
        shown = screen.getvalue()
        titles = ("Orders", "Sums of what was lived", "Tenders", "What does not add up", "Clocks of the replay")
        for title in (*titles, "Settlement of", "fee: commission", "Trial balance"):
            assert title in shown

    def test_says_what_is_wrong_with_a_file(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="olist_order_items_dataset"):
            call_command("replay_olist", str(tmp_path))
        assert not Purchase.objects.exists()

    def test_says_what_is_wrong_with_a_plan(self, folder: Path, tmp_path: Path) -> None:
        plan = tmp_path / "plan.json"
        plan.write_text("{}")
        with pytest.raises(CommandError, match=r"plan\.json"):
            call_command("replay_olist", str(folder), "--fee-plan", str(plan))
        assert not Shop.objects.exists()

    def test_says_that_payouts_are_frozen(self, folder: Path) -> None:
        now = clock.now()
        freezes.place_freeze(kind=freezes.ALL_PAYOUTS, subject=freezes.EVERYBODY, reason="x", actor="x", now=now)
        with pytest.raises(CommandError, match="ayouts"):
            call_command("replay_olist", str(folder), "--limit", "5")
        assert not Payout.objects.exists()


def assert_everybody_is_paid(found: Any) -> None:
    """Nothing that has settled is anybody's but its seller's bank's; every payout was proposed and approved by two."""
    settled = found["settlement"]
    assert settled["net_minor"] == settled["paid_out_minor"] > 0
    assert set(Payout.objects.values_list("status", flat=True)) == {"CONFIRMED"}
    assert settled["payouts"] == settled["sellers_paid"] == Payout.objects.count()
    assert not SellerAccount.objects.exclude(available_minor=0, reserve_minor=0).exists()
    assert not Statement.objects.filter(closed_at=None).exists()
    assert found["trial_balance"]["BRL"]["sum_minor"] == 0


def assert_reconciliation_names_what_is_in_suspense(found: Any, folder: Path) -> None:
    """Each order whose payments differ from items and freight, with the amount, and nothing else.

    But for the delivery of events: a replay relays none. What was cancelled has gone back whole: it differs no more.
    """
    later = clock.real_now() + timedelta(minutes=5)
    while audit_seals.seal_entries(real_now=later):
        continue
    report = reconcile(suite=Suite.ALL, real_now=later)
    offences = [offence for offence in report.offences if offence.invariant != "I19"]
    assert {offence.invariant for offence in offences} == {"I37"}
    recorded = {
        keys.quote_id_of(order.id, buyer_ref=keys.buyer_ref_of(order.buyer.id)): order
        for order in read_records(folder).orders
    }
    orders = {order.pk: order for order in Order.objects.select_related("purchase")}
    named: Counter[str] = Counter()
    for offence in offences:
        order = orders[offence.ref]
        assert abs(order.recorded_difference_minor) == offence.at_risk_minor
        named[recorded[order.purchase.quote_id].id] += order.recorded_difference_minor
    assert named == found["suspense"]
    gone_back = found["differences"].keys() - named.keys()
    assert {order.status for order in recorded.values() if order.id in gone_back} == {"canceled"}


def assert_nothing_is_half_lived() -> None:
    assert list(list_differences()) == []
    assert not ProviderCall.objects.exclude(status__in=["SUCCEEDED", "DROPPED"]).exists()
    assert not ProviderAnswer.objects.filter(applied_at=None).exists()
    assert not Refund.objects.exclude(status="SUCCEEDED").exists()
    assert not Purchase.objects.exclude(status="PAID").exists()


def assert_lived_by_recorded_times(folder: Path) -> None:
    """Every change of status of every order, at its moment."""
    orders = read_records(folder).orders
    obstacles = find_obstacles(orders)
    expected = {
        (keys.quote_id_of(life.order.id, buyer_ref=keys.buyer_ref_of(life.order.buyer.id)), LEADS_TO[step.act], step.at)
        for life in (plan_life(order, window=WINDOW) for order in orders if order.id not in obstacles)
        for step in life.steps
        if step.act is not Act.PLACE
    }
    lived = OrderTransition.objects.values_list("order__purchase__quote_id", "after", "occurred_at")
    assert set(lived) == expected


def kill_in_the_middle(folder: Path, *, when: Callable[[], bool]) -> None:
    """Start a replay, and kill it with its workers once it has come so far."""
    run = start(folder)
    patience_ends = time.monotonic() + PATIENCE_S
    while not when():
        assert run.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < patience_ends
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()


def start(folder: Path, *options: str) -> "subprocess.Popen[bytes]":
    """A replay of the first 50 orders in processes of its own, on the database of this test."""
    at = connection.settings_dict
    url = f"mysql://{at['USER']}:{quote(at['PASSWORD'])}@{at['HOST']}:{at['PORT']}/{at['NAME']}"
    command = [sys.executable, "manage.py", "replay_olist", str(folder), "--limit", "50", "--workers", "2", *options]
    environment = os.environ | {"TRADECORE_ENV": "embedded", "DATABASE_URL": url}
    environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
    return subprocess.Popen(command, cwd=BASE_DIR, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
