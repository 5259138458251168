"""A wrong production setting refuses to start, with one line that says what to set."""

import base64
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml
from django.test import override_settings

from config.checks import find_faults, refuse_wrong_settings
from config.settings import BASE_DIR, EMBEDDED_LEDGER_KEY, EMBEDDED_SECRET_KEY, EMBEDDED_WEBHOOK_SECRET
from machine import packages, reaper, servers
from tests.config.conftest import Application

PRODUCTION: dict[str, Any] = {
    "TRADECORE_ENV": "production",
    "DEBUG": False,
    "SECRET_KEY": secrets.token_urlsafe(50),
    "ALLOWED_HOSTS": ["shop.example"],
    "REDIS_URL": "redis://cache:6379/0",
    "CELERY_BROKER_URL": "amqp://broker/",
    "SANDBOX_WEBHOOK_SECRETS": [f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"],
    "LEDGER_SIGNING_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
    # Tests are root in their database; what the other processes may do there has a class of its own below.
    "TRADECORE_PROCESS": "migration",
}

WRONG_SERVER = (
    "--transaction-isolation=REPEATABLE-READ",
    "--sql-mode=NO_ENGINE_SUBSTITUTION",
    "--collation-server=utf8mb4_general_ci",
    "--innodb-flush-log-at-trx-commit=2",
    "--innodb-rollback-on-timeout=OFF",
    "--log-bin=binlog",
    "--server-id=1",
    "--sync-binlog=0",
    "--binlog-format=STATEMENT",
)


@pytest.mark.mariadb
@pytest.mark.django_db
class TestFindFaults:
    def test_finds_none_in_correct_settings(self) -> None:
        with override_settings(**PRODUCTION):
            assert list(find_faults()) == []

    @pytest.mark.parametrize(
        ("setting", "value", "fault"),
        [
            ("TRADECORE_ENV", "embedded", "TRADECORE_ENV is 'embedded': set it to production"),
            ("DEBUG", True, "set DEBUG=false"),
            ("SECRET_KEY", EMBEDDED_SECRET_KEY, "SECRET_KEY is known or too simple"),
            ("SECRET_KEY", "a" * 80, "SECRET_KEY is known or too simple"),
            ("SECRET_KEY", "kX7-short", "SECRET_KEY is known or too simple"),
            ("SANDBOX_WEBHOOK_SECRETS", [], "SANDBOX_WEBHOOK_SECRETS is empty or known"),
            ("SANDBOX_WEBHOOK_SECRETS", [EMBEDDED_WEBHOOK_SECRET], "SANDBOX_WEBHOOK_SECRETS is empty or known"),
            ("LEDGER_SIGNING_KEY", "", "LEDGER_SIGNING_KEY is empty, known or no key"),
            ("LEDGER_SIGNING_KEY", EMBEDDED_LEDGER_KEY, "LEDGER_SIGNING_KEY is empty, known or no key"),
            ("LEDGER_SIGNING_KEY", "c2hvcnQ=", "set it to base64 of 32 bytes"),
            ("LEDGER_SIGNING_KEY", "not base64 at all", "set it to base64 of 32 bytes"),
            ("LEDGER_PUBLIC_KEYS", ["c2hvcnQ="], "LEDGER_PUBLIC_KEYS holds something else"),
            ("PAYOUT_BANK", "acme", "PAYOUT_BANK is 'acme', so no seller could be paid: set it to one of sandbox"),
            ("ALLOWED_HOSTS", [], "ALLOWED_HOSTS is empty or '*'"),
            ("ALLOWED_HOSTS", ["*"], "ALLOWED_HOSTS is empty or '*'"),
            ("REDIS_URL", "", "REDIS_URL is not set"),
            ("CELERY_BROKER_URL", "memory://localhost/", "CELERY_BROKER_URL is not set"),
            ("CELERY_BROKER_URL", "redis://cache", "CELERY_BROKER_URL and REDIS_URL are one database"),
        ],
    )
    def test_finds(self, setting: str, value: object, fault: str) -> None:
        with override_settings(**{**PRODUCTION, setting: value}):
            (found,) = find_faults()
        assert fault in found

    def test_takes_an_absent_broker_for_no_fault(self) -> None:
        nobody = f"redis://127.0.0.1:{servers.free_port()}/1"
        with override_settings(**{**PRODUCTION, "CELERY_BROKER_URL": nobody}):
            assert list(find_faults()) == []


@pytest.mark.mariadb
@pytest.mark.django_db
class TestRefuseWrongSettings:
    def test_says_every_fault_in_a_line_of_its_own(self) -> None:
        wrong = {**PRODUCTION, "DEBUG": True, "REDIS_URL": "", "ALLOWED_HOSTS": []}
        with override_settings(**wrong), pytest.raises(SystemExit) as refusal:
            refuse_wrong_settings()
        lines = str(refusal.value).splitlines()
        assert len(lines) == 3
        assert all(line.startswith("refused to start: ") for line in lines)

    def test_leaves_other_environments_alone(self) -> None:
        with override_settings(TRADECORE_ENV="embedded", DEBUG=True):
            refuse_wrong_settings()


@pytest.mark.mariadb
class TestTheDatabaseUser:
    """Production's own processes are told from the migration by what their user may do."""

    @pytest.mark.parametrize("process", ["web", "batch"])
    def test_may_not_change_what_is_written_once(self, process: str, application: Application) -> None:
        with override_settings(**{**PRODUCTION, "TRADECORE_PROCESS": process}):
            with application.connected():
                assert list(find_faults()) == []
            with application.blocker.unblock():
                (found,) = find_faults()
        assert "kernel_audit, kernel_audit_seal, kernel_setting_version, ledger_entry, ledger_manifest" in found
        assert "run manage.py grant_application USER" in found

    @pytest.mark.parametrize("privilege", ["UPDATE", "DELETE", "DROP", "TRIGGER", "ALTER"])
    def test_may_not_do_so_by_any_one_right(self, privilege: str, application: Application) -> None:
        application.as_root(f"GRANT {privilege} ON ledger_entry TO {application.name}")
        try:
            assert "may change or drop what is written once (ledger_entry)" in self.fault_of(application)
        finally:
            application.as_root(f"REVOKE {privilege} ON ledger_entry FROM {application.name}")

    def test_may_not_drop_anything_in_the_database(self, application: Application) -> None:
        application.as_root(f"GRANT DROP ON {application.database}.* TO {application.name}")
        try:
            assert "kernel_audit, kernel_audit_seal, kernel_setting_version, ledger_entry" in self.fault_of(application)
        finally:
            application.as_root(f"REVOKE DROP ON {application.database}.* FROM {application.name}")

    @staticmethod
    def fault_of(application: Application) -> str:
        with override_settings(**{**PRODUCTION, "TRADECORE_PROCESS": "web"}), application.connected():
            (found,) = find_faults()
        return found


@contextmanager
def served(folder: Path, options: Sequence[str]) -> Iterator[dict[str, str]]:
    """A MariaDB with these options and a Redis, as variables."""
    programs = packages.find_servers()
    assert programs is not None
    mark = f"checks-{folder.name}-{os.getpid()}"
    environment = {**os.environ, reaper.VARIABLE: mark}
    try:
        mariadb = servers.start_mariadb(programs, folder, environment, options=options)
        yield servers.as_variables(mariadb, servers.start_redis(programs, folder, environment))
    finally:
        reaper.end_all(mark, [])


@pytest.fixture(scope="module")
def wrong_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A MariaDB with every setting wrong, and a Redis that evicts."""
    with served(tmp_path_factory.mktemp("wrong"), WRONG_SERVER) as variables:
        redis.Redis.from_url(variables["CELERY_BROKER_URL"]).config_set("maxmemory-policy", "allkeys-lru")
        yield variables


@pytest.mark.mariadb
@pytest.mark.redis
class TestCheckDeploy:
    def test_names_what_is_wrong_in_the_servers(self, wrong_servers: dict[str, str]) -> None:
        said = self.check(
            wrong_servers | {"DATABASE_URL": f"{wrong_servers['DATABASE_URL']}?isolation_level=repeatable%20read"}
        )
        for fault in (
            "the session's transaction isolation is REPEATABLE-READ",
            "the server's transaction isolation is REPEATABLE-READ: set transaction-isolation=READ-COMMITTED",
            "the server's sql_mode is 'NO_ENGINE_SUBSTITUTION': set it to include STRICT_TRANS_TABLES",
            "set innodb-flush-log-at-trx-commit=1",
            "set innodb-rollback-on-timeout=ON",
            "set sync-binlog=1",
            "binlog_format is STATEMENT",
            "set its maxmemory-policy to noeviction, not allkeys-lru",
        ):
            assert fault in said

    def test_names_a_collation_that_takes_codes_for_equal(self, wrong_servers: dict[str, str]) -> None:
        said = self.check(wrong_servers | {"DATABASE_COLLATION": "utf8mb4_general_ci"})
        assert "collation_connection is utf8mb4_general_ci" in said

    def test_says_when_the_database_cannot_be_used(self, wrong_servers: dict[str, str]) -> None:
        nobody = f"mysql://root:wrong@127.0.0.1:{servers.free_port()}/tradecore"
        assert "DATABASE_URL cannot be used" in self.check(wrong_servers | {"DATABASE_URL": nobody})

    def test_is_content_with_the_mariadb_of_compose(self, tmp_path: Path) -> None:
        compose = yaml.safe_load((BASE_DIR / "compose.yaml").read_text())
        # Its options come after the wrong ones, so each of those must be among them.
        with served(tmp_path, (*WRONG_SERVER, *compose["services"]["mariadb"]["command"])) as variables:
            assert "tradecore.E001" not in self.check(variables)

    @staticmethod
    def check(variables: dict[str, str]) -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "TRADECORE_ENV": "production",
            "SECRET_KEY": PRODUCTION["SECRET_KEY"],
            "SANDBOX_WEBHOOK_SECRETS": PRODUCTION["SANDBOX_WEBHOOK_SECRETS"][0],
            "LEDGER_SIGNING_KEY": PRODUCTION["LEDGER_SIGNING_KEY"],
            "ALLOWED_HOSTS": "shop.example",
            **variables,
        }
        command = [sys.executable, "manage.py", "check", "--deploy"]
        done = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr
        return done.stderr
