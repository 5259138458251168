"""`manage.py stress`, small: a shadow, a web server, shoppers, and the real tables afterwards."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from apps.integrations.api import stage_recorded_orders
from apps.inventory import api as inventory
from config.environment import env
from config.stress import proof, shadow, web
from config.stress.load import Arrival, come_as_recorded
from tests.config.stress.conftest import RUN, TwoWorlds
from tests.config.test_without_broker import keep_numbers_of_tests
from tests.factories.checkout import make_shop_floor
from tradecore import worlds
from tradecore.ids import new_id


def run_command(*arguments: str) -> tuple[Any, str]:
    """What it says as JSON, and what it says meanwhile."""
    stdout, stderr = StringIO(), StringIO()
    call_command("stress", *arguments, "--json", stdout=stdout, stderr=stderr)
    return json.loads(stdout.getvalue()), stderr.getvalue()


def database_url() -> str:
    """That of the test database."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return f"{env('DATABASE_URL').rpartition('/')[0]}/{name}"


@pytest.fixture
def _at_home(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    """Let the web server that the command starts live with the test database, and with a book that both can read."""
    settings.SANDBOX_BOOK, settings.SANDBOX_BANK_BOOK = str(tmp_path / "book"), str(tmp_path / "bank")
    variables = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "TRADECORE_ENV": "embedded",
        "DATABASE_URL": database_url(),
        "SANDBOX_BOOK": settings.SANDBOX_BOOK,
        "SANDBOX_BANK_BOOK": settings.SANDBOX_BANK_BOOK,
        "LOG_LEVEL": "WARNING",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def sku_id(transactional_db: None) -> Iterator[int]:
    """What is for sale in the real world, of which there are two pieces."""
    keep_numbers_of_tests()
    shadow.drop_shadow()
    yield make_shop_floor().add_sku(stock=2)
    shadow.drop_shadow()


@pytest.mark.slow
@pytest.mark.usefixtures("_at_home")
class TestTheCommand:
    MIX = "browse=2,quote=2,purchase=4,cancel=2,webhook=2"

    def test_sells_in_the_shadow_and_leaves_the_real_tables_as_they_were(self, sku_id: int, tmp_path: Path) -> None:
        before, chart = proof.take_fingerprints(), tmp_path / "chart.svg"
        told, said = run_command("--steps", "6", "--seconds", "4", "--mix", self.MIX, "--chart", str(chart))
        assert proof.take_fingerprints() == before
        (step,) = told["steps"]
        assert step["came"] > 5
        assert step["done"] > 0
        assert not step["wrong"]
        assert told["real_tables"] == {"compared": len(before), "changed_by_others": [], "rows_of_the_run": {}}
        assert told["offences"] == []
        assert chart.read_text().startswith("<svg")
        assert "Making its shadow" in said
        (level,) = inventory.list_levels(sku_ids=[sku_id])
        assert (level.available, level.held, level.committed) == (2, 0, 0)

    def test_leaves_no_shadow_behind(self, sku_id: int) -> None:
        run_command("--steps", "1", "--seconds", "1", "--mix", "browse=1")
        with shadow.open_shadow(RUN):  # else it would be there already
            pass

    def test_says_so_when_nothing_is_for_sale(self, sku_id: int) -> None:
        with pytest.raises(CommandError, match="nothing is for sale in FR"):
            run_command("--market", "FR")


class TestItIsRefused:
    def test_while_another_run_lives_in_the_shadow(self, two_worlds: TwoWorlds) -> None:
        with pytest.raises(CommandError, match="there is a shadow already"):
            run_command()

    def test_without_a_key(self, transactional_db: None, settings: Any) -> None:
        settings.STRESS_KEY = ""
        with pytest.raises(CommandError, match="STRESS_KEY is not set"):
            run_command()

    def test_in_production_unless_somebody_has_allowed_it(self, transactional_db: None, settings: Any) -> None:
        settings.IN_PRODUCTION = True
        with pytest.raises(CommandError, match="nobody has allowed it"):
            run_command()

    @pytest.mark.parametrize("url", ["http://shop.example", "http://10.0.0.1:8000", "http://127.0.0.1.example"])
    def test_against_another_machine_unless_it_is_named_twice(self, url: str) -> None:
        with pytest.raises(web.WebRefused, match="is not this machine"):
            web.read_target(url, owned="another.example")
        host = url.removeprefix("http://").partition(":")[0]
        assert web.read_target(url, owned=host).host == host

    @pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://localhost", "http://[::1]:8000"])
    def test_not_against_this_machine(self, url: str) -> None:
        assert web.read_target(url, owned="").url

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--mix", "browse"),
            ("--mix", "steal=5"),
            ("--mix", "browse=1,browse=2"),
            ("--mix", "browse=0"),
            ("--steps", "20,10"),
            ("--steps", "0"),
            ("--steps", "5001"),
            ("--steps", "nan"),
            ("--steps", ",".join(["1"] * 21)),
            ("--seconds", "301"),
        ],
    )
    def test_beyond_its_bounds(self, arguments: tuple[str, str]) -> None:
        with pytest.raises(CommandError, match="argument"):
            run_command(*arguments)


class TestTheProof:
    def test_names_what_others_have_changed(self, two_worlds: TwoWorlds, now: Any) -> None:
        before, since = proof.take_fingerprints(), new_id()
        inventory.create_warehouse(shop_id=two_worlds.shop_id, code="B", name="B", actor="user:1", now=now)
        proved = proof.prove(before, run=RUN, since=since)
        assert "inventory_warehouse" in proved.changed
        assert proved.holds

    def test_finds_a_row_of_the_run_in_the_real_tables(self, two_worlds: TwoWorlds) -> None:
        before, since, warehouse_id = proof.take_fingerprints(), new_id(), new_id()
        for enter in (worlds.real, lambda: worlds.shadow(RUN)):
            with enter(), connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO inventory_warehouse (id, shop_id, code, name, priority) VALUES (%s, 1, 'X', 'X', 0)",
                    [warehouse_id],
                )
        proved = proof.prove(before, run=RUN, since=since)
        assert proved.strays == {"inventory_warehouse": 1}
        assert not proved.holds


class TestTheShadow:
    def test_holds_what_is_for_sale_and_nobody(self, two_worlds: TwoWorlds) -> None:
        with worlds.shadow(RUN), connection.cursor() as cursor:
            for table, is_filled in {"catalog_sku": True, "markets_market": True, "accounts_user": False}.items():
                cursor.execute(f"SELECT COUNT(*) FROM {table}")
                assert bool(cursor.fetchone()[0]) is is_filled

    def test_has_the_tables_of_the_real_world(self, two_worlds: TwoWorlds) -> None:
        real = set(connection.introspection.table_names())
        with worlds.shadow(RUN):
            assert set(connection.introspection.table_names()) == real


class TestRecordedOrders:
    def test_come_again_at_so_many_times_their_speed(self) -> None:
        async def act() -> None: ...

        recorded = [Arrival(at_s, act) for at_s in (0.0, 0.9, 1.1, 7.5)]
        steps = list(come_as_recorded(recorded, seconds=1.0))
        assert [[round(arrival.at_s, 3) for arrival in step] for step in steps] == [[0.0, 0.9], [0.1], [0.5]]

    @pytest.mark.sample
    def test_are_put_on_sale_as_they_were_and_can_be_quoted(
        self, transactional_db: None, sample_data: Path, now: Any
    ) -> None:
        black_friday = datetime(2017, 11, 24, tzinfo=UTC)
        staged = stage_recorded_orders(sample_data / "olist", since=black_friday, limit=3, now=now)
        assert [order.purchased_at for order in staged] == sorted(order.purchased_at for order in staged)
        assert staged[0].purchased_at >= black_friday
        client = Client()
        token = client.post("/store/v1/guests", {}, "application/json").json()["token"]
        for order in staged:
            headers = {"Authorization": f"Bearer {token}"}
            answer = client.post("/store/v1/quotes", dict(order.wish), "application/json", headers=headers)
            assert answer.status_code == 200, answer.content

    def test_are_refused_where_there_are_no_files(self, transactional_db: None, tmp_path: Path) -> None:
        shadow.drop_shadow()
        with pytest.raises(CommandError, match="No such file"):
            run_command("--orders", str(tmp_path))
