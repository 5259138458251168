"""Fill the tables with a million orders and measure again; also promotions, the relay and timers by the thousand.

Brings MariaDB and Redis as `make benchmark` does, and ends them. Arguments: make growth ARGS="--part purchases --orders
100000"; `python scripts/growth.py --help` lists them. Ends with 1 when the books do not agree, and says of each ratio
what it may be at most. See docs/performance.md.
"""

import sys

from bench.growth.options import read_options
from bench.launch import launch
from machine import entry


def main() -> int:
    options = read_options(sys.argv[1:])
    return launch("bench.growth", sys.argv[1:], data=options.data, buffer=options.buffer)


if __name__ == "__main__":
    entry.leave_with(main)
