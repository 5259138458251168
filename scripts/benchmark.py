"""Measure purchases a second, what each costs, and the floors beneath them; see docs/performance.md.

Brings MariaDB and Redis as `make test` does, and ends them. Arguments: make benchmark ARGS="--scenario purchase
--seconds 5 --repeat 3"; `python scripts/benchmark.py --help` lists them. Ends with 1 when the books do not agree.
"""

import sys

from bench.launch import launch
from bench.options import read_options
from machine import entry


def main() -> int:
    return launch("bench", sys.argv[1:], data=read_options(sys.argv[1:]).data)


if __name__ == "__main__":
    entry.leave_with(main)
