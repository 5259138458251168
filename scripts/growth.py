"""Fill the tables with a million orders and measure again; also promotions, the relay and timers by the thousand.

Brings MariaDB and Redis as `make benchmark` does, and ends them. Arguments: make growth ARGS="--part purchases --orders
100000"; `python scripts/growth.py --help` lists them. Ends with 1 when the books do not agree, and says of each ratio
what it may be at most. See docs/performance.md.
"""

import sys
from typing import Final

from bench.growth.options import read_options
from bench.launch import launch
from machine import entry

#: How much of a table the server sorts at once when it makes the table's indexes anew.
SORTED_AT_ONCE: Final = "64M"


def main() -> int:
    options = read_options(sys.argv[1:])
    of_the_server = (
        f"--innodb-buffer-pool-size={options.buffer}",
        f"--innodb-log-file-size={options.log}",
        f"--innodb-sort-buffer-size={SORTED_AT_ONCE}",
    )
    return launch("bench.growth", sys.argv[1:], data=options.data, options=of_the_server)


if __name__ == "__main__":
    entry.leave_with(main)
