"""Compile requirements/*.in into the locks: one set of versions for Python 3.11 to 3.13. Arguments go to uv."""

import subprocess
import sys

from machine import entry, venv
from machine.paths import LOCAL, REQUIREMENTS

# In this order: each is held to what those before it chose.
SETS = ("base", "mysql", "production", "development")

COMPILE = (
    *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
    # Neither hosts nor paths of the machine that compiled it.
    *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
    *("--cache-dir", str(LOCAL / "cache" / "uv")),
)


def main() -> int:
    venv.sync("locking")
    for name in SETS:
        files = [f"{name}.in", "--output-file", f"{name}.txt", *sys.argv[1:]]
        code = subprocess.run([venv.PYTHON, "-m", "uv", *COMPILE, *files], cwd=REQUIREMENTS).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    entry.leave_with(main)
