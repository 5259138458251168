"""Private MariaDB and Redis servers: on free ports of 127.0.0.1, with data and sockets in a folder of their own.

They never touch a server that already runs, and their passwords are drawn at each start, so nobody else on the machine
talks to them by accident.
"""

import os
import random
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 20
PORT_ATTEMPTS = 5

#: Which ports the system gives; the first that needs no privilege; from how many one is drawn, and how often.
_PORTS_GIVEN = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST_PORT = 1024
_DRAWN_FROM = 10_000
_DRAWS_MAX = 100

DATABASE = "tradecore"

# What production asks for (config/checks.py), and what keeps a test run fast and small. Durability is as in production:
# on the tmpfs that the data lies on it costs nothing.
_MARIADB_OPTIONS = (
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--transaction-isolation=READ-COMMITTED",
    "--sql-mode=STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_nopad_bin",
    "--default-time-zone=+00:00",
    "--innodb-rollback-on-timeout=ON",
    # Known since 10.11.8 only; older servers say that they do not know it and go on.
    "--loose-innodb-snapshot-isolation=ON",
    "--innodb-flush-log-at-trx-commit=1",
    "--max-connections=600",
    "--innodb-buffer-pool-size=256M",
    "--innodb-log-file-size=48M",
    "--performance-schema=OFF",
)

_REDIS_CONFIG = """\
bind 127.0.0.1
port {port}
dir {folder}
requirepass {password}
maxmemory-policy noeviction
save ""
appendonly no
daemonize no
set-proc-title no
"""


class ServerFailed(RuntimeError):
    """A private server did not come up; the message ends with the last lines of its log."""


@dataclass(frozen=True)
class Programs:
    """Where the servers' programs are, and the environment that they need (unpacked packages need one)."""

    mariadbd: Path
    mariadb_install_db: Path
    redis_server: Path
    mariadb_options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Server:
    """A server that runs, and how to reach it."""

    pid: int
    port: int
    url: str


def start_mariadb(
    programs: Programs, folder: Path, environment: Mapping[str, str], *, options: Sequence[str] = ()
) -> Server:
    """Make an empty database in `folder` and serve it. Raises ServerFailed.

    environment: the variables that the server starts with; those of a run make it end with the run. options: more of
    mariadbd's, which win over those that are set here.
    """
    environment = {**environment, **programs.environment}
    data = folder / "mariadb"
    password = secrets.token_hex(16)
    _make_data_folder(programs, data, folder / "mariadb-install.log", environment)
    init_file = folder / "mariadb-init.sql"
    init_file.touch(mode=0o600)
    init_file.write_text(
        f"CREATE DATABASE IF NOT EXISTS {DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;\n"
        f"ALTER USER 'root'@'localhost' IDENTIFIED BY '{password}';\n"
        f"ALTER USER 'root'@'127.0.0.1' IDENTIFIED BY '{password}';\n"
        "DELETE FROM mysql.global_priv WHERE host NOT IN ('localhost', '127.0.0.1');\nFLUSH PRIVILEGES;\n"
    )

    def command(port: int) -> list[str]:
        return [
            str(programs.mariadbd),
            "--no-defaults",  # must come first
            *_as_root(),
            *_folders(data),
            # Relative to the data folder: the full path may be longer than a socket's may be.
            "--socket=mariadb.sock",
            f"--pid-file={data / 'mariadb.pid'}",
            f"--port={port}",
            f"--init-file={init_file}",
            *_MARIADB_OPTIONS,
            *programs.mariadb_options,
            *options,
        ]

    pid, port = _start(command, folder / "mariadb.log", _answers_mariadb, environment)
    return Server(pid=pid, port=port, url=f"mysql://root:{password}@127.0.0.1:{port}/{DATABASE}")


def start_redis(programs: Programs, folder: Path, environment: Mapping[str, str]) -> Server:
    """Serve an empty Redis that keeps nothing. Raises ServerFailed."""
    data = folder / "redis"
    data.mkdir(exist_ok=True)
    config = folder / "redis.conf"
    password = secrets.token_hex(16)

    def command(port: int) -> list[str]:
        config.touch(mode=0o600)
        config.write_text(_REDIS_CONFIG.format(port=port, folder=data, password=password))
        return ["redis-server", str(config)]

    environment = {**environment, **programs.environment}
    pid, port = _start(command, folder / "redis.log", _answers_redis, environment, executable=programs.redis_server)
    return Server(pid=pid, port=port, url=f"redis://:{password}@127.0.0.1:{port}")


def as_variables(mariadb: Server, redis: Server) -> dict[str, str]:
    """How the product is told of them."""
    return {"DATABASE_URL": mariadb.url, "REDIS_URL": f"{redis.url}/1", "CELERY_BROKER_URL": f"{redis.url}/0"}


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on right now, and that the system will give to nobody by itself.

    Those of its own range it gives to every connection and to whoever asks for any port, also in the seconds that a
    process takes to come to listen. So one is drawn from below that range, where there is room.
    """
    first_given = int(_PORTS_GIVEN.read_text().split()[0])
    below = range(max(_FIRST_PORT, first_given - _DRAWN_FROM), first_given)
    for port in [*random.sample(below, k=min(_DRAWS_MAX, len(below))), 0]:
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            free: int = listener.getsockname()[1]
            return free
    raise ServerFailed("no port of 127.0.0.1 is free")


def _make_data_folder(programs: Programs, data: Path, log: Path, environment: Mapping[str, str]) -> None:
    for folder in (data, _temporary(data)):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    command = [
        str(programs.mariadb_install_db),
        "--no-defaults",  # must come first
        *_as_root(),
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        "--skip-name-resolve",
        *_folders(data),
        *programs.mariadb_options,
    ]
    with log.open("wb") as output:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment)
    if done.returncode:
        raise ServerFailed(f"mariadb-install-db failed:\n{_tail(log)}")


def _folders(data: Path) -> list[str]:
    """Temporary tables have a folder of the server's own: whichever server starts deletes those that lie in its own."""
    return [f"--datadir={data}", f"--tmpdir={_temporary(data)}"]


def _temporary(data: Path) -> Path:
    return data.with_name("mariadb-tmp")


def _as_root() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


def _start(
    command: Callable[[int], list[str]],
    log: Path,
    answers: Callable[[int], bool],
    environment: Mapping[str, str],
    executable: Path | None = None,
) -> tuple[int, int]:
    """Start on a free port and wait until the server answers. Somebody may take the port first: then on another.

    executable: the program, where its name is another than the one that it is to believe it has.
    """
    for _ in range(PORT_ATTEMPTS):
        port = free_port()
        with log.open("wb") as output:
            process = subprocess.Popen(
                command(port),
                executable=executable,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                # Ctrl-C is for the one who started us; the servers outlive the tests that use them.
                start_new_session=True,
            )
        if _answers_in_time(process, port, answers):
            return process.pid, port
        process.kill()
        process.wait()
    raise ServerFailed(f"{Path(command(0)[0]).name} did not start:\n{_tail(log)}")


def _answers_in_time(process: "subprocess.Popen[bytes]", port: int, answers: Callable[[int], bool]) -> bool:
    _wait_for(lambda: process.poll() is not None or answers(port), timeout_s=START_TIMEOUT_S)
    return process.poll() is None and answers(port)


def _answers_mariadb(port: int) -> bool:
    """The first packet of a server that takes connections says protocol 10."""
    greeting = _exchange(port, b"")
    return len(greeting) > 4 and greeting[4] == 10


def _answers_redis(port: int) -> bool:
    return _exchange(port, b"PING\r\n").startswith((b"-NOAUTH", b"+PONG"))


def _exchange(port: int, request: bytes) -> bytes:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(request)
            return connection.recv(1024)
    except OSError:
        return b""


def _wait_for(condition: Callable[[], bool], *, timeout_s: float) -> bool:
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])
