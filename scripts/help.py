"""List what one can do here."""

import ast
from pathlib import Path

from machine import entry

TARGETS = ("run", "test", "check", "lock", "services", "benchmark", "growth", "overload", "flash_sale")


def main() -> int:
    for target in TARGETS:
        docstring = ast.get_docstring(ast.parse((Path(__file__).parent / f"{target}.py").read_text())) or ""
        print(f"  make {target:<10} {docstring.splitlines()[0]}")
    print('\nArguments: make test ARGS="-k name". Each is one Python script: python scripts/test.py -k name')
    return 0


if __name__ == "__main__":
    entry.leave_with(main)
