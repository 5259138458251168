"""Where the benchmark runs: two users of the database, production settings, and gunicorn."""

import base64
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import MySQLdb

from machine.paths import ROOT
from machine.servers import DATABASE, free_port

HOST: Final = "shop.example"
START_TIMEOUT_S: Final = 60
STOP_TIMEOUT_S: Final = 40

#: Eight buyers in a closed loop stand for a crowd: each does in a second what a person does in an hour. So the limits
#: are a hundred times as large: every request is counted as it always is, and none is refused for it.
RATE_LIMITS_PERCENT: Final = 10_000

#: And no class of routes has fewer threads than it has buyers (config/traffic.py gives a class 40 % or more of them):
#: who waits for an answer before asking again sheds nothing.
THREADS_MIN, THREADS_PER_BUYER = 8, 2.5

#: Users of the database. The product has two, as in production; each floor is counted by a user of its own.
OWNER, WEB, HTTP_FLOOR, SQL_FLOOR = "owner", "web", "http_floor", "sql_floor"
FLOOR_DATABASE: Final = "floor"


class PlaceFailed(RuntimeError):
    """Something did not start; the message ends with the last lines of what it said."""


@dataclass(frozen=True)
class Web:
    """A gunicorn. user: the database user of its connections."""

    process: "subprocess.Popen[bytes]"
    port: int
    user: str
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait(self) -> None:
        """Until it answers. Raises PlaceFailed."""
        end = time.monotonic() + START_TIMEOUT_S
        while not _answers(self.port):
            if self.process.poll() is not None or time.monotonic() > end:
                raise PlaceFailed(f"gunicorn did not start:\n{_last_lines(self.log.read_text(errors='replace'))}")
            time.sleep(0.1)


@dataclass(frozen=True)
class Place:
    """See the module. root_url: the database's, of who may do everything. settings: more of the web's."""

    root_url: str
    redis_url: str
    broker_url: str
    mariadb_pid: int
    folder: Path
    workers: int
    buyers: int
    settings: Mapping[str, str] = field(default_factory=dict)
    password: str = field(default_factory=lambda: secrets.token_hex(16))
    webhook_key: str = field(default_factory=lambda: base64.b64encode(secrets.token_bytes(32)).decode())
    _secrets: Mapping[str, str] = field(
        default_factory=lambda: {
            "SECRET_KEY": secrets.token_urlsafe(50),
            "LEDGER_SIGNING_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        }
    )

    @classmethod
    def of_environment(cls, *, workers: int, buyers: int, settings: Mapping[str, str]) -> "Place":
        """What scripts/benchmark.py has started."""
        return cls(
            root_url=os.environ["DATABASE_URL"],
            redis_url=os.environ["REDIS_URL"],
            broker_url=os.environ["CELERY_BROKER_URL"],
            mariadb_pid=int(os.environ["BENCH_MARIADB_PID"]),
            folder=Path(os.environ["BENCH_FOLDER"]),
            workers=workers,
            buyers=buyers,
            settings=settings,
        )

    def prepare(self) -> None:
        """Make the users, and the product's tables. Raises PlaceFailed."""
        statements = (
            *(f"CREATE USER {user}@'%%' IDENTIFIED BY %s" for user in (OWNER, WEB, HTTP_FLOOR, SQL_FLOOR)),
            f"CREATE DATABASE {FLOOR_DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin",
        )
        with self.connect() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement, [self.password] if "%s" in statement else [])
            cursor.execute(f"GRANT ALL PRIVILEGES ON {DATABASE}.* TO {OWNER}@'%' WITH GRANT OPTION")
            for user in (HTTP_FLOOR, SQL_FLOOR):
                cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {FLOOR_DATABASE}.* TO {user}@'%'")
        self.run("scripts/container/migrate.sh", APPLICATION_DATABASE_USER=WEB)

    def connect(self, user: str | None = None, database: str = DATABASE) -> Any:
        """A connection of that user, READ COMMITTED and without autocommit; without a user, of the server's root."""
        url = urlsplit(self.root_url if user is None else self.url_of(user))
        return MySQLdb.connect(
            host=url.hostname,
            port=url.port,
            user=url.username,
            password=url.password,
            database=database,
            charset="utf8mb4",
            init_command="SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        )

    def url_of(self, user: str, database: str = DATABASE) -> str:
        url = urlsplit(self.root_url)
        return urlunsplit(url._replace(netloc=f"{user}:{self.password}@{url.hostname}:{url.port}", path=database))

    def variables(self) -> dict[str, str]:
        """Production settings, as .env.example asks for them, with the sandbox provider in process."""
        return {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ},
            **{name: value for name, value in os.environ.items() if name == "TRADECORE_RUN"},
            **self._secrets,
            "VENV": sys.prefix,
            "STATIC_ROOT": str(self.folder / "static"),
            "TRADECORE_ENV": "production",
            "SANDBOX_WEBHOOK_SECRETS": f"whsec_{self.webhook_key}",
            "SANDBOX_BOOK": str(self.folder / "book.sqlite3"),
            "ALLOWED_HOSTS": HOST,
            "CSRF_TRUSTED_ORIGINS": f"https://{HOST}",
            "TRUST_PROXY_HEADERS": "true",
            "DATABASE_URL": self.url_of(OWNER),
            "REDIS_URL": self.redis_url,
            "CELERY_BROKER_URL": self.broker_url,
            "WEB_WORKERS": str(self.workers),
            "WEB_THREADS": str(max(THREADS_MIN, ceil(ceil(self.buyers / self.workers) * THREADS_PER_BUYER))),
            "RATE_LIMITS_PERCENT": str(RATE_LIMITS_PERCENT),
        }

    def run(self, *command: str, **variables: str) -> str:
        """Run a command as the owner of the tables, to its end. Returns what it said. Raises PlaceFailed."""
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**self.variables(), "TRADECORE_PROCESS": "migration", **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise PlaceFailed(f"{' '.join(command)} failed:\n{_last_lines(done.stdout + done.stderr)}")
        return done.stdout

    @contextmanager
    def web(self, user: str, database: str = DATABASE, **variables: str) -> Iterator[Web]:
        """Serve, until the end of the block, with connections of that user. It takes a moment: see Web.wait."""
        port, log = free_port(), self.folder / f"{user}.log"
        environment = self.variables() | {"DATABASE_URL": self.url_of(user, database), "WEB_PORT": str(port)}
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["scripts/container/web.sh"],
                cwd=ROOT,
                env=environment | dict(self.settings) | variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            yield Web(process=process, port=port, user=user, log=log)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=STOP_TIMEOUT_S)


def _answers(port: int) -> bool:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/healthz", headers={"Host": HOST})
    try:
        with urllib.request.urlopen(request, timeout=5):  # noqa: S310 - always http://127.0.0.1
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _last_lines(text: str) -> str:
    return "\n".join(text.splitlines()[-15:])
