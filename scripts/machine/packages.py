"""The programs that the tests want from the machine: found, or installed with apt, or unpacked under .local/.

Found: in PATH and in the folders where servers lie. Installed: as root on Debian and Ubuntu, after saying so; only
packages that start no service. Unpacked: the same packages, fetched by apt-get and opened with dpkg under
.local/packages, which changes nothing outside the checkout.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from machine.locks import exclusive
from machine.paths import LOCAL
from machine.servers import Programs

UNPACKED = LOCAL / "packages"
LOG = LOCAL / "apt.log"

MARIADB_MIN_VERSION = (10, 6)
REDIS_MIN_VERSION = (6, 2)

_APT = LOCAL / "apt"
_SYSTEM_FOLDERS = (Path("/usr/local/sbin"), Path("/usr/sbin"), Path("/usr/lib/chromium"))
_BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome", "google-chrome-stable", "chrome")


@dataclass(frozen=True)
class Need:
    """Something the tests want.

    packages: for each package that brings it, the names that it goes by, the best first.
    is_there: asked after each attempt to bring it.
    """

    name: str
    packages: tuple[tuple[str, ...], ...]
    is_there: Callable[[], bool]


def provide(missing: list[Need]) -> dict[str, str]:
    """Bring what is missing, by the first way that works. Returns what is still missing: name -> why."""
    ways = [_install, _unpack] if os.geteuid() == 0 else [_unpack]
    why = "there is no apt-get here to bring it"
    with exclusive("packages"):
        for way in ways if shutil.which("apt-get") else []:
            if missing:
                why = way(missing)
                missing = [need for need in missing if not need.is_there()]
    return {need.name: why for need in missing}


# --- What is found ----------------------------------------------------------------------------------------------------


def find_program(*names: str) -> Path | None:
    """The first of the programs that is there: of the machine, or unpacked."""
    folders = [Path(folder) for folder in os.get_exec_path()] + [*_SYSTEM_FOLDERS, *_unpacked("bin", "sbin")]
    for name in names:
        for folder in folders:
            if os.access(folder / name, os.X_OK) and (folder / name).is_file():
                return folder / name
    return None


def find_servers() -> Programs | None:
    """MariaDB and Redis, when both are there and new enough."""
    mariadbd, install_db = find_program("mariadbd", "mysqld"), find_program("mariadb-install-db", "mysql_install_db")
    redis_server = find_redis()
    if mariadbd is None or install_db is None or redis_server is None or not has_mariadb():
        return None
    is_unpacked = mariadbd.is_relative_to(UNPACKED)
    return Programs(
        mariadbd=mariadbd,
        mariadb_install_db=install_db,
        redis_server=redis_server,
        mariadb_options=_options_of_unpacked_mariadb() if is_unpacked else (),
        environment=library_environment(),
    )


def find_redis() -> Path | None:
    """redis-server, or redis-check-rdb, which is the same program under the name that brings no service."""
    program = find_program("redis-server", "redis-check-rdb")
    return program if program and _version(program, "redis-server") >= REDIS_MIN_VERSION else None


def find_browser() -> Path | None:
    """A chromium that runs without a screen. Ubuntu's chromium is a door to a snap and is passed over."""
    browser = find_program(*_BROWSERS)
    if browser is None or not browser.is_relative_to(UNPACKED):
        return browser
    return _write_wrapper(UNPACKED / "browser", next(iter(_unpacked("lib/chromium"))) / browser.name)


def has_mariadb() -> bool:
    program = find_program("mariadbd", "mysqld")
    if program is None or find_program("mariadb-install-db", "mysql_install_db") is None:
        return False
    return "mariadb" in _says(program, program.name).lower() and _version(program, program.name) >= MARIADB_MIN_VERSION


def library_environment() -> dict[str, str]:
    """What unpacked programs need in order to find the libraries that were unpacked with them."""
    libraries = _library_folders()
    if not libraries:
        return {}
    return {"LD_LIBRARY_PATH": ":".join(map(str, libraries)), "FONTCONFIG_PATH": str(UNPACKED / "etc" / "fonts")}


def compiler_environment() -> dict[str, str]:
    """What building mysqlclient needs when compiler or headers were unpacked; empty when the machine has them."""
    libraries = _library_folders()
    if not libraries:
        return {}
    include = UNPACKED / "usr" / "include"
    folders = [include / "mariadb", include / f"python{sys.version_info[0]}.{sys.version_info[1]}"]
    # The old kind of rpath, because it also holds for the libraries that the client library itself wants.
    rpath = ["-Wl,--disable-new-dtags", *(f"-Wl,-rpath,{folder}" for folder in libraries)]
    environment = {
        "MYSQLCLIENT_CFLAGS": " ".join(f"-I{folder}" for folder in folders),
        "MYSQLCLIENT_LDFLAGS": " ".join([*(f"-L{folder}" for folder in libraries), "-lmariadb", *rpath]),
    }
    compiler = next((folder / "gcc" for folder in _unpacked("bin") if (folder / "gcc").exists()), None)
    if compiler:
        _lend_the_machines_libc()
        environment["CC"] = str(_write_wrapper(UNPACKED / "cc", compiler, f"--sysroot={UNPACKED}"))
    return environment


def _version(program: Path, name: str) -> tuple[int, ...]:
    """The first two numbers of what the program says about its version; (0,) when it says none."""
    found = re.search(r"(?:v=|Ver )(\d+)\.(\d+)", _says(program, name))
    return tuple(int(part) for part in found.groups()) if found else (0,)


def _says(program: Path, name: str) -> str:
    done = subprocess.run(
        [name, "--version"], executable=program, capture_output=True, env={**os.environ, **library_environment()}
    )
    return done.stdout.decode(errors="replace")


def _unpacked(*names: str) -> list[Path]:
    """Those folders below the unpacked packages that there are; usr/ may or may not be merged in them."""
    folders = [base / name for name in names for base in (UNPACKED / "usr", UNPACKED)]
    return [folder for folder in folders if folder.is_dir()]


def _library_folders() -> list[Path]:
    machine = sysconfig.get_config_var("MULTIARCH") or f"{os.uname().machine}-linux-gnu"
    return _unpacked(f"lib/{machine}", f"lib/{machine}/pulseaudio")


def _options_of_unpacked_mariadb() -> tuple[str, ...]:
    return (
        f"--basedir={UNPACKED / 'usr'}",
        f"--lc-messages-dir={UNPACKED / 'usr' / 'share' / 'mysql'}",
        f"--plugin-dir={UNPACKED / 'usr' / 'lib' / 'mysql' / 'plugin'}",
    )


def _write_wrapper(wrapper: Path, program: Path, *options: str) -> Path:
    """A program that runs another with the unpacked libraries, whoever calls it."""
    exports = "".join(f"export {name}='{value}'\n" for name, value in library_environment().items())
    path = f"export PATH='{UNPACKED / 'usr' / 'bin'}':\"$PATH\"\n"
    arguments = " ".join(f"'{option}'" for option in options)
    unfinished = wrapper.with_suffix(".new")
    unfinished.write_text(f"#!/bin/sh\n{exports}{path}exec '{program}' {arguments} \"$@\"\n")
    unfinished.chmod(0o755)
    return unfinished.replace(wrapper)


def _lend_the_machines_libc() -> None:
    """The unpacked compiler looks for the C library below its own root; the machine's is the one to link with."""
    for library in ("libc.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"):
        for folder in (Path("lib") / _library_folders()[0].name, Path("lib64"), Path("lib")):
            there, here = Path("/") / folder / library, UNPACKED / folder / library
            if there.exists() and not here.exists():
                here.parent.mkdir(parents=True, exist_ok=True)
                here.symlink_to(there.resolve())


# --- What is brought --------------------------------------------------------------------------------------------------


def _install(needs: list[Need]) -> str:
    """As root: update the lists, install, and say so first. Returns why something may still be missing."""
    names = ", ".join(need.name for need in needs)
    print(f"missing on this machine: {names}. Installing with apt (log: .local/{LOG.name}) ...", flush=True)
    lock = ["-o", "DPkg::Lock::Timeout=300"]
    with LOG.open("w") as log:
        if not _apt(["update", *lock], log):
            return "apt-get update failed"
        packages = _available(needs, [])
        done = bool(packages) and _apt(["install", "--yes", "--no-install-recommends", *lock, *packages], log)
    return "apt has no package for it" if done else "apt-get install failed"


def _unpack(needs: list[Need]) -> str:
    """Fetch what apt would install and open it under .local/packages. Returns why something may still be missing."""
    names = ", ".join(need.name for need in needs)
    print(f"missing on this machine: {names}. Unpacking Debian packages under .local/packages ...", flush=True)
    archives = _APT / "cache" / "archives"
    for folder in (archives / "partial", _APT / "lists" / "partial", UNPACKED):
        folder.mkdir(parents=True, exist_ok=True)
    own = ["-o", f"Dir::Cache={_APT / 'cache'}", "-o", f"Dir::State::Lists={_APT / 'lists'}"]
    own += ["-o", "Debug::NoLocking=true", "-o", "APT::Sandbox::User="]
    with LOG.open("w") as log:
        if not _apt(["update", *own], log):
            return "apt-get update failed"
        packages = _available(needs, own)
        fetched = _apt(["install", "--yes", "--no-install-recommends", "--download-only", *own, *packages], log)
        if not (packages and fetched):
            return "apt has no package for it" if not packages else "apt-get could not fetch it"
        for archive in sorted(archives.glob("*.deb")):
            # The machine's own C library stays the one that everything runs with.
            if not archive.name.startswith("libc6_"):
                subprocess.run(["dpkg", "-x", archive, UNPACKED], stdout=log, stderr=log, check=True)
    shutil.rmtree(_APT)
    return "what was unpacked does not run here"


def _apt(arguments: list[str], log: TextIO) -> bool:
    environment: Mapping[str, str] = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "--quiet", *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=environment)
    return done.returncode == 0


def _available(needs: list[Need], options: list[str]) -> list[str]:
    """The packages to ask for: of each, the first name that apt knows; a need with an unknown package is left."""
    chosen: list[str] = []
    for need in needs:
        names = [next((name for name in names if _is_known(name, options)), None) for names in need.packages]
        if None not in names:
            chosen += [name for name in names if name]
    return chosen


def _is_known(package: str, options: list[str]) -> bool:
    done = subprocess.run(["apt-cache", *options, "show", package], capture_output=True)
    # Ubuntu's chromium packages hold no chromium; they ask snap for it.
    return done.returncode == 0 and b"snap" not in done.stdout
