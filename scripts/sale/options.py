"""What one may ask of the flash sale."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """attempts: in all. pieces: that there are. buyers: connections at once. guests: of each of these. workers:
    gunicorn's. wipe_redis_every: seconds; 0 for never. plain: sold as any other SKU, for comparison.
    """

    attempts: int
    pieces: int
    buyers: int
    guests: int
    workers: int
    wipe_redis_every: float
    plain: bool
    data: str


def read_options(arguments: Sequence[str]) -> Options:
    """Ends the program with a line of its own where an argument is none."""
    parser = argparse.ArgumentParser(prog="make flash_sale", description="Many attempts on few pieces.")
    parser.add_argument("--attempts", type=_count, default=50_000, help="in all (default: %(default)s)")
    parser.add_argument("--pieces", type=_count, default=1_000, help="that there are (default: %(default)s)")
    parser.add_argument("--buyers", type=_count, default=40, help="connections at once (default: %(default)s)")
    parser.add_argument("--guests", type=_count, default=8, help="who share a connection (default: %(default)s)")
    parser.add_argument("--workers", type=_count, default=os.cpu_count() or 1, help="gunicorn's (default: one a core)")
    parser.add_argument(
        "--wipe-redis-every", type=_seconds, default=0.0, metavar="SECONDS", help="meanwhile (default: never)"
    )
    parser.add_argument("--plain", action="store_true", help="sold as any other SKU is, for comparison")
    parser.add_argument("--data", choices=["disk", "memory"], default="disk", help="where MariaDB's files lie")
    return Options(**vars(parser.parse_args(arguments)))


def _count(text: str) -> int:
    count = int(text)
    if not 0 < count <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to a million")
    return count


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 600:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds up to 600")
    return seconds
