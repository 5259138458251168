"""The commands of Dockerfile and compose.yaml, run as they stand: production settings, a fresh virtual environment.

No image is built here. What a container adds (its base image, its user, its network) is not tried.
"""

import base64
import json
import os
import re
import secrets
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection
from pytest_django import DjangoDbBlocker

from config.settings import BASE_DIR
from machine.servers import free_port

COMMANDS = BASE_DIR / "scripts" / "container"
#: For commands, and for processes to come up and to end in order, on a machine that has other things to do.
BUILD_TIMEOUT_S = 600
START_TIMEOUT_S = 180
STOP_TIMEOUT_S = 90

pytestmark = [pytest.mark.slow, pytest.mark.mariadb, pytest.mark.redis]


@dataclass(frozen=True)
class Container:
    """What an image and its .env would be; `migration` is what compose.yaml sets for migrate alone."""

    environment: Mapping[str, str]
    migration: Mapping[str, str]
    logs: Path

    def start(self, command: str, *arguments: str, **variables: str) -> "subprocess.Popen[bytes]":
        with (self.logs / f"{command}-{'-'.join(arguments)}.log").open("wb") as log:
            return subprocess.Popen(
                [COMMANDS / command, *arguments],
                env={**self.environment, **variables},
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )

    def run(self, command: str, *arguments: str, **variables: str) -> tuple[int, str]:
        """Its exit code and what it said."""
        code = self.start(command, *arguments, **variables).wait(timeout=BUILD_TIMEOUT_S)
        return code, (self.logs / f"{command}-{'-'.join(arguments)}.log").read_text()

    def get(self, path: str, **sent: str) -> tuple[int, str]:
        """Status and body of a request as a proxy passes it on, with other headers."""
        address = f"http://127.0.0.1:{self.environment['WEB_PORT']}{path}"
        headers = {"Host": self.environment["ALLOWED_HOSTS"], "X-Forwarded-Proto": "https", **sent}
        try:
            with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@dataclass(frozen=True)
class Users:
    """Two users of a database of their own: whose it is, with the rights that migrate needs and no more, and the
    application's, who may do nothing until migrate has run.
    """

    database: str
    blocker: DjangoDbBlocker
    password: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def owner(self) -> str:
        return f"{self.database}_own"

    @property
    def application(self) -> str:
        return f"{self.database}_app"

    def make(self) -> None:
        self._run(f"CREATE DATABASE {self.database} CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin")
        for user in (self.owner, self.application):
            self._run(f"CREATE USER {user}@'%%' IDENTIFIED BY %s", self.password)
        self._run(f"GRANT ALL PRIVILEGES ON {self.database}.* TO {self.owner}@'%%' WITH GRANT OPTION", None)

    def drop(self) -> None:
        self._run(f"DROP DATABASE {self.database}")
        self._run(f"DROP USER {self.owner}@'%%', {self.application}@'%%'", None)

    def url_of(self, user: str) -> str:
        url = urlsplit(os.environ["DATABASE_URL"])
        return urlunsplit(url._replace(netloc=f"{user}:{self.password}@{url.hostname}:{url.port}", path=self.database))

    def _run(self, statement: str, *parameters: str | None) -> None:
        with self.blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(statement, [each for each in parameters if each is not None] if parameters else None)


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Iterator[Container]:
    folder = tmp_path_factory.mktemp("container")
    name = f"container_{secrets.token_hex(4)}"
    users = Users(database=name, blocker=django_db_blocker)
    users.make()
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        **{name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))},
        "PIP_CACHE_DIR": str(BASE_DIR / ".local" / "cache" / "pip"),
        "VENV": str(folder / "venv"),
        "STATIC_ROOT": str(folder / "static"),
        "TRADECORE_ENV": "production",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "SANDBOX_WEBHOOK_SECRETS": f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "LEDGER_SIGNING_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "SANDBOX_BOOK": str(folder / "book.sqlite3"),
        "ALLOWED_HOSTS": "shop.example",
        "CSRF_TRUSTED_ORIGINS": "https://shop.example",
        "TRUST_PROXY_HEADERS": "true",
        "DATABASE_URL": users.url_of(users.application),
        # Databases of their own: workers of other tests share the server.
        "REDIS_URL": _with_path(settings.REDIS_URL, "5"),
        "CELERY_BROKER_URL": _with_path(settings.CELERY_BROKER_URL, "6"),
        "WEB_PORT": str(free_port()),
        "WEB_WORKERS": "2",
        "WORKER_PROCESSES": "1",
        "METRICS_DIR": str(folder / "metrics"),
        "METRICS_TOKEN": secrets.token_urlsafe(30),
    }
    migration = {"DATABASE_URL": users.url_of(users.owner), "APPLICATION_DATABASE_USER": users.application}
    yield Container(environment=environment, migration=migration, logs=folder)
    users.drop()


@pytest.fixture(scope="module")
def built(container: Container) -> Container:
    code, said = container.run("build.sh")
    assert code == 0, said
    return container


@pytest.fixture(scope="module")
def migrated(built: Container) -> Container:
    code, said = built.run("migrate.sh", **built.migration)
    assert code == 0, said
    return built


@pytest.fixture(scope="module")
def running(migrated: Container) -> Iterator[Container]:
    """All of compose.yaml's own services at once; at the end each must leave in order when it is asked to."""
    started = {
        "web": migrated.start("web.sh"),
        "beat": migrated.start("beat.sh"),
        **{queue: migrated.start("worker.sh", queue) for queue in ("money", "providers", "events", "bulk")},
    }
    try:
        _wait_for(lambda: migrated.run("healthcheck.sh")[0] == 0, what="the web process")
        yield migrated
    finally:
        for process in started.values():
            process.send_signal(signal.SIGTERM)
        codes = {name: process.wait(timeout=STOP_TIMEOUT_S) for name, process in started.items()}
    assert codes == dict.fromkeys(started, 0)


class TestEveryCommand:
    def test_stands_in_dockerfile_or_compose(self) -> None:
        text = (BASE_DIR / "Dockerfile").read_text() + (BASE_DIR / "compose.yaml").read_text()
        assert set(re.findall(r"scripts/container/([a-z]+\.sh)", text)) == {path.name for path in COMMANDS.glob("*.sh")}

    @pytest.mark.parametrize(
        ("command", "variables", "fault"),
        [
            (("web.sh",), {"DEBUG": "true"}, "set DEBUG=false"),
            (("worker.sh", "money"), {"CELERY_BROKER_URL": ""}, "CELERY_BROKER_URL is not set"),
            (("beat.sh",), {"SECRET_KEY": "short"}, "SECRET_KEY is known or too simple"),
            (("web.sh",), {"DATABASE_URL": ""}, "DATABASE_URL is not set"),
            (("worker.sh", "bulk"), {"LEDGER_SIGNING_KEY": "known"}, "LEDGER_SIGNING_KEY is empty, known or no key"),
            (("migrate.sh",), {"DATABASE_URL": "sqlite:////tmp/none.sqlite3"}, "DATABASE_URL names sqlite"),
        ],
    )
    def test_refuses_wrong_settings_with_one_line(
        self, command: tuple[str, ...], variables: dict[str, str], fault: str, built: Container
    ) -> None:
        code, said = built.run(*command, **variables)
        assert code != 0
        assert len([line for line in said.splitlines() if fault in line]) == 1
        assert "Traceback" not in said


class TestTheMigrationsUser:
    @pytest.mark.parametrize("command", [("web.sh",), ("worker.sh", "money"), ("beat.sh",)])
    def test_is_refused_to_every_other_process(self, command: tuple[str, ...], migrated: Container) -> None:
        code, said = migrated.run(*command, **migrated.migration)
        assert code != 0
        (line,) = [line for line in said.splitlines() if "refused to start" in line]
        assert "run manage.py grant_application USER" in line

    def test_may_migrate_again_while_the_others_run(self, running: Container) -> None:
        code, said = running.run("migrate.sh", **running.migration)
        assert code == 0, said
        assert running.run("healthcheck.sh") == (0, "200\n")


class TestProduction:
    def test_is_healthy(self, running: Container) -> None:
        assert running.run("healthcheck.sh") == (0, "200\n")

    def test_serves_pages_and_their_hashed_files(self, running: Container) -> None:
        status, page = running.get("/admin/login/")
        assert status == 200
        stylesheet = re.search(r'href="(/static/unfold/css/styles\.[0-9a-f]+\.css)"', page)
        assert stylesheet, page[:500]
        assert running.get(stylesheet[1])[0] == 200

    def test_ticks_on_every_queue(self, running: Container) -> None:
        def has_ticked() -> bool:
            ran = {worker.split("@")[0] for worker, stats in self.inspect(running).items() if stats["total"]}
            return ran == {"money", "providers", "events", "bulk"}

        _wait_for(has_ticked, what="a tick on every queue")

    def test_tells_what_all_of_them_have_counted_to_who_has_the_token(self, running: Container) -> None:
        def told() -> dict[str, float]:
            status, text = running.get("/metrics", Authorization=f"Bearer {running.environment['METRICS_TOKEN']}")
            assert status == 200
            samples = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
            return {name: float(value) for name, _, value in samples}

        def has_worked(job: str) -> Callable[[], bool]:
            return lambda: told().get(f'tradecore_job_seconds_count{{job="{job}",outcome="done"}}', 0) > 0

        assert running.get("/metrics")[0] == 404
        for job in ("sweep_timers", "poll_providers", "relay_events", "seal_ledger"):  # one of each queue
            _wait_for(has_worked(job), what=f"what a worker says of {job}")
        found = told()
        assert found['tradecore_http_requests_total{status="404",traffic="none"}'] >= 1
        assert found['tradecore_database_now{what="connections"}'] >= 2
        assert {value for name, value in found.items() if name.startswith("tradecore_reading_failed")} == {0}

    def test_writes_down_what_every_process_counts(self, running: Container) -> None:
        """The page Live is drawn from it: two web processes, four workers, and what the tables know."""
        count = "from tradecore.models import Sample; print(len(set(Sample.objects.values_list('source', flat=True))))"

        def sources() -> int:
            shell = [f"{running.environment['VENV']}/bin/python", "manage.py", "shell", "--verbosity", "0", "-c", count]
            done = subprocess.run(
                shell, cwd=BASE_DIR, env=running.environment, capture_output=True, text=True, check=False
            )
            return int(done.stdout.splitlines()[-1]) if done.returncode == 0 else 0

        _wait_for(lambda: sources() >= 7, what="a row of each process")

    @staticmethod
    def inspect(running: Container) -> dict[str, Any]:
        """What the workers say of themselves."""
        celery = [f"{running.environment['VENV']}/bin/python", "-m", "celery", "--app", "config.celery"]
        done = subprocess.run(
            [*celery, "inspect", "--json", "stats"],
            cwd=BASE_DIR,
            env=running.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        answers: dict[str, Any] = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {}
        return answers


def _wait_for(condition: Callable[[], bool], *, what: str) -> None:
    end = time.monotonic() + START_TIMEOUT_S
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.2)


def _with_path(url: str, path: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{path}"))
