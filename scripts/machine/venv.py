"""The virtual environment under .local/, made from nothing and kept equal to the locks.

A set of requirements whose lock has not changed since it was installed is skipped, so a second start costs nothing.
`pip` needs no `ensurepip` here (Debian keeps that in a package of its own): the environment is made without pip, and
the machine's pip installs into it.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from machine.locks import exclusive
from machine.paths import LOCAL, REQUIREMENTS

VENV = LOCAL / "venv"
PYTHON = VENV / "bin" / "python"
LOG = LOCAL / "pip.log"

_STATE = VENV / "tradecore.json"


class InstallFailed(RuntimeError):
    """pip could not install a set; the message ends with the last lines of its output."""


def sync(*sets: str, environment: Mapping[str, str] | None = None) -> Path:
    """Bring the sets (names of locks: base, mysql, development) into the environment; returns its Python.

    environment: more variables for pip, such as those that a compiler wants. Raises InstallFailed.
    """
    with exclusive("venv"):
        installed = _installed()
        for name in sets:
            lock = REQUIREMENTS / f"{name}.txt"
            digest = hashlib.sha256(lock.read_bytes()).hexdigest()
            if installed.get(name) == digest:
                continue
            print(f"installing requirements/{name}.txt into {VENV.relative_to(LOCAL.parent)} ...", flush=True)
            # A pip that is killed leaves half a package behind: without its state the environment is made anew.
            _STATE.unlink(missing_ok=True)
            failure = _install(lock, environment or {})
            if failure is None:
                installed[name] = digest
            _write_state(installed)
            if failure is not None:
                raise InstallFailed(failure)
        return PYTHON


def _installed() -> dict[str, str]:
    """The digests of the locks that are installed. Makes the environment when there is none, or not a whole one."""
    if _STATE.exists():
        state: dict[str, str] = json.loads(_STATE.read_text())
        if state.get("python") == sys.version and PYTHON.exists():
            return state
    shutil.rmtree(VENV, ignore_errors=True)
    print(f"making {VENV.relative_to(LOCAL.parent)} ...", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(VENV)], check=True)
    return {"python": sys.version}


def _install(lock: Path, environment: Mapping[str, str]) -> str | None:
    """None, or the last lines of what pip said when it failed; what was installed before is whole either way."""
    command = [_python_with_pip(), "-m", "pip", "--python", str(PYTHON), "install", "--requirement", str(lock)]
    options = ["--no-input", "--disable-pip-version-check", "--cache-dir", str(LOCAL / "cache" / "pip")]
    with LOG.open("w") as output:
        done = subprocess.run(
            [*command, *options], stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **environment}
        )
    return "\n".join(LOG.read_text(errors="replace").splitlines()[-15:]) if done.returncode else None


def _python_with_pip() -> str:
    """The Python that runs this, or, where that is the very environment without pip, the one that it was made from."""
    its_base = f"{sys.base_prefix}/bin/python{sys.version_info[0]}.{sys.version_info[1]}"
    return sys.executable if find_spec("pip") else its_base


def _write_state(installed: dict[str, str]) -> None:
    unfinished = _STATE.with_suffix(".new")
    unfinished.write_text(json.dumps(installed, indent=2))
    unfinished.replace(_STATE)
