"""What the process is told from outside."""

import os
import re
import subprocess
import sys

import pytest

from config.environment import env
from config.settings import BASE_DIR

# Read by compose and by the container's commands, not by the product.
OF_THE_CONTAINER = {"MARIADB_PASSWORD", "MARIADB_ROOT_PASSWORD", "WORKER_PROCESSES"}


def said_by_manage(**variables: str) -> str:
    environment = {"PATH": os.environ["PATH"], **variables}
    command = [sys.executable, "manage.py", "check"]
    done = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    return done.stderr.strip()


class TestEnvExample:
    def test_names_every_setting(self) -> None:
        named = re.findall(r"^#?([A-Z_]+)=", (BASE_DIR / ".env.example").read_text(), flags=re.MULTILINE)
        assert len(named) == len(set(named))
        assert set(named) - OF_THE_CONTAINER == set(env.scheme)


class TestSettings:
    @pytest.mark.parametrize(
        ("variables", "line"),
        [
            (
                {"TRADECORE_ENV": "prod"},
                "refused to start: TRADECORE_ENV is 'prod': set it to one of embedded, production, test",
            ),
            (
                {"PRICE_DROP_MAX_BP": "10001"},
                "refused to start: PRICE_DROP_MAX_BP is 10001: set it to a number from 0 to 10000",
            ),
            (
                {"STOCK_CHANGE_MAX_PIECES": "-1"},
                "refused to start: STOCK_CHANGE_MAX_PIECES is -1: set it to a number from 0 to 1000000000",
            ),
            (
                {"TRADECORE_ENV": "production"},
                "refused to start: SECRET_KEY is not set: set it to 50 or more random characters",
            ),
            (
                {"TRADECORE_ENV": "production", "SECRET_KEY": "k"},
                "refused to start: DATABASE_URL is not set: set it to mysql://user:password@host:3306/name",
            ),
            (
                {"SANDBOX_WEBHOOK_SECRETS": "whsec_short"},
                (
                    "refused to start: SANDBOX_WEBHOOK_SECRETS holds something else: "
                    "set it to secrets of whsec_ and base64 of 24 or more bytes"
                ),
            ),
        ],
    )
    def test_refuse_with_one_line(self, variables: dict[str, str], line: str) -> None:
        assert said_by_manage(**variables) == line
