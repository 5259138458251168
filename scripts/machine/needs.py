"""What the tests need from the machine, and which of it is missing."""

import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

from machine import packages, venv
from machine.packages import Need
from machine.servers import Programs

_PYTHON_DEV = f"python{sys.version_info[0]}.{sys.version_info[1]}-dev"


@dataclass(frozen=True)
class Machine:
    """What there is. left_out: what there is not -> why, in words for the person who runs the tests."""

    servers: Programs | None
    browser: Path | None
    left_out: dict[str, str] = field(default_factory=dict)


def prepare(*, browser: bool = True) -> Machine:
    """Bring what can be brought, and say what cannot."""
    wanted = [_mariadb(), _redis(), *([_browser()] if browser else [])]
    missing = [need for need in wanted if not need.is_there()]
    if not _install_mysqlclient():
        missing.append(_mysqlclient())
    return Machine(
        left_out=packages.provide(missing),
        servers=packages.find_servers() if has_mysqlclient() else None,
        browser=packages.find_browser() if browser else None,
    )


def has_mysqlclient() -> bool:
    return subprocess.run([venv.PYTHON, "-c", "import MySQLdb"], capture_output=True).returncode == 0


def _install_mysqlclient() -> bool:
    """Simply tried: a wheel, or a compiler that works, is found out soonest that way."""
    try:
        venv.sync("mysql", environment=packages.compiler_environment())
    except venv.InstallFailed:
        return False
    return has_mysqlclient()


def _mariadb() -> Need:
    # The -core packages hold the programs and start no service.
    names = (("mariadb-server-core",), ("mariadb-client-core",))
    return Need(name="MariaDB", packages=names, is_there=packages.has_mariadb)


def _redis() -> Need:
    return Need(name="Redis", packages=(("redis-tools",),), is_there=lambda: packages.find_redis() is not None)


def _browser() -> Need:
    names = (("chromium-headless-shell", "chromium"),)
    return Need(name="browser", packages=names, is_there=lambda: packages.find_browser() is not None)


def _mysqlclient() -> Need:
    """Has no wheel on Linux, so what is missing is a compiler or the headers."""
    headers = Path(sysconfig.get_path("include")) / "Python.h"
    names = [("gcc",), ("libc6-dev",), ("pkg-config", "pkgconf"), ("libmariadb-dev",)]
    if not headers.exists():
        names.append((_PYTHON_DEV, "python3-dev"))
    return Need(name="mysqlclient", packages=tuple(names), is_there=_install_mysqlclient)
