"""What log lines show of what anybody may send."""

import json
import logging
import logging.config
from collections.abc import Callable, Iterator
from io import StringIO

import pytest
from django.conf import settings
from django.test import Client

from config.logs import logging_config

Lines = Callable[[], list[str]]


@pytest.fixture(params=[False, True], ids=["console", "json"])
def as_json(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def lines(as_json: bool) -> Iterator[Lines]:
    """What has been logged since."""
    written = StringIO()
    config = logging_config(level="INFO", as_json=as_json)
    config["handlers"]["stderr"]["stream"] = written
    logging.config.dictConfig(config)
    yield lambda: written.getvalue().splitlines()
    logging.config.dictConfig(settings.LOGGING)


@pytest.mark.django_db
class TestPaths:
    def test_bring_no_control_characters(self, lines: Lines) -> None:
        Client().get("/nothing%00%1b[31m%0aforged%c2%9b2J")
        logged = lines()
        assert len([line for line in logged if "nothing" in line]) == len(logged) == 1
        assert not {"\x00", "\x1b", "\x9b"} & set("".join(logged))

    def test_bring_no_card_numbers(self, lines: Lines) -> None:
        Client().get("/nothing/4111-1111.1111_1111")
        assert "4111-1111" not in "".join(lines())
        assert "/nothing/****-****" in "".join(lines())


class TestErrors:
    def test_keep_the_lines_of_their_tracebacks(self, lines: Lines) -> None:
        try:
            int("red \x1b[31m")
        except ValueError:
            logging.getLogger("tests").exception("failed")
        logged = "\n".join(lines())
        assert "Traceback" in logged
        assert "red" in logged
        assert "\x1b" not in logged


class TestALibrarysMessage:
    def test_is_text_also_where_it_looks_like_fields(self, lines: Lines) -> None:
        logging.getLogger("library").warning({"event": "forged"})
        (line,) = lines()
        assert "library" in line
        assert "{'event': 'forged'}" in line


@pytest.mark.django_db
class TestForeignHosts:
    def test_are_one_warning_without_a_traceback(self, lines: Lines, as_json: bool) -> None:
        answer = Client().get("/store/v1/markets", headers={"host": "evil.example"})
        assert answer.status_code == 400
        warnings = [line for line in lines() if "warning" in line or "error" in line]
        assert len(warnings) == 1
        assert "evil.example" in warnings[0]
        assert "Traceback" not in "".join(lines())
        if as_json:
            assert json.loads(warnings[0])["level"] == "warning"


@pytest.mark.django_db
class TestARefusal:
    def test_is_one_line(self, lines: Lines) -> None:
        Client().get("/store/v1/products?market=GB&zzz=1")
        (line,) = lines()
        assert "400" in line
        assert "/store/v1/products" in line
