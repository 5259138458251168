"""`manage.py load_markets`."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.markets import models
from apps.markets.definitions import DATA

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("load_markets", *arguments, stdout=out)
    return out.getvalue()


class TestLoadMarkets:
    def test_loads_the_markets_that_are_shipped(self) -> None:
        assert "US: " in run()
        assert run().splitlines()[0] == "BR: 0 added, 0 changed"

    def test_loads_the_files_that_are_named(self, tmp_path: Path) -> None:
        file = tmp_path / "ie.json"
        fields = json.loads((DATA / "gb.json").read_text(encoding="utf-8"))
        file.write_text(json.dumps(fields | {"code": "IE", "currency": "EUR"}))
        assert run(str(file)).startswith("IE: ")
        assert models.Market.objects.get().code == "IE"

    def test_says_what_is_wrong_with_a_file(self, tmp_path: Path) -> None:
        file = tmp_path / "nowhere.json"
        file.write_text("{}")
        with pytest.raises(
            CommandError, match=r"nowhere\.json: This does not define a market\. reason: missing 14 members: 'code'"
        ):
            run(str(file))
        assert not models.Market.objects.exists()

    def test_says_that_there_is_no_such_file(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="nowhere"):
            run(str(tmp_path / "nowhere.json"))
