"""What one may ask of the measurement of growth."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.options import Measurement, add_what_is_measured_by, count, read_measurement

DEFAULT_JSON = Path(".local") / "growth.json"

#: In the order in which they are measured.
PARTS = ("purchases", "relay", "promotions", "timers")


@dataclass(frozen=True)
class Options(Measurement):
    """lived: purchases that are really made before any is copied. orders: how many there are to be in the end. buffer:
    how much of its files MariaDB may keep in memory.
    """

    parts: tuple[str, ...]
    lived: int
    orders: int
    promotions: int
    lines: int
    rules: int
    backlog: int
    timers: int
    timers_a_second: int
    timers_for_seconds: int
    buffer: str
    log: str


def read_options(arguments: Sequence[str]) -> Options:
    """Ends the program with a line of its own where an argument is none."""
    read = _parser().parse_args(arguments)
    return Options(
        parts=tuple(name for name in PARTS if name in (read.part or PARTS)),
        lived=read.lived,
        orders=read.orders,
        promotions=read.promotions,
        lines=read.lines,
        rules=read.rules,
        backlog=read.backlog,
        timers=read.timers,
        timers_a_second=read.timers_a_second,
        timers_for_seconds=read.timers_for,
        buffer=read.buffer,
        log=read.log,
        **read_measurement(read),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make growth", description="Measure with little in the tables, fill them, and measure again, in one run."
    )
    parser.add_argument("--part", action="append", choices=PARTS, help="only this one (may be repeated)")
    parser.add_argument("--lived", type=_many, default=1_000, help="purchases before filling (default: %(default)s)")
    parser.add_argument("--orders", type=_many, default=1_000_000, help="orders after it (default: %(default)s)")
    parser.add_argument("--promotions", type=_many, default=5_000, help="live in the market (default: %(default)s)")
    parser.add_argument("--lines", type=count, default=200, help="of a large quote (default: %(default)s)")
    parser.add_argument("--rules", type=count, default=100, help="that it is under (default: %(default)s)")
    parser.add_argument("--backlog", type=_many, default=200_000, help="events to be relayed (default: %(default)s)")
    parser.add_argument("--timers", type=_many, default=1_000_000, help="pending timers (default: %(default)s)")
    parser.add_argument("--timers-a-second", type=count, default=500, help="that fall due (default: %(default)s)")
    parser.add_argument("--timers-for", type=count, default=10, help="seconds that they do (default: %(default)s)")
    parser.add_argument("--buffer", default="8G", help="MariaDB's innodb_buffer_pool_size (default: %(default)s)")
    parser.add_argument("--log", default="2G", help="MariaDB's innodb_log_file_size (default: %(default)s)")
    parser.add_argument("--json", type=Path, default=DEFAULT_JSON, help="where it is written (default: %(default)s)")
    add_what_is_measured_by(parser)
    return parser


def _many(text: str) -> int:
    number = int(text)
    if not 0 < number <= 10_000_000:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to 10000000")
    return number
