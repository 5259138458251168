"""What one may ask of the benchmark."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_JSON = Path(".local") / "benchmark.json"

#: In the order of the table; the floors are measured in every run.
SCENARIOS = (
    "browse",
    "quote",
    "purchase",
    "hot",
    "till",
    "rush",
    "rush_of_five",
    "sold_out",
    "flash",
    "cancel",
    "webhook",
)


@dataclass(frozen=True)
class Measurement:
    """How something is measured. seconds, warm_up_seconds: of each scenario and round. settings: more variables of the
    web processes, NAME -> value.
    """

    seconds: float
    warm_up_seconds: float
    repeat: int
    buyers: int
    workers: int
    sku_count: int
    data: str
    json: Path
    settings: dict[str, str]


@dataclass(frozen=True)
class Options(Measurement):
    """pieces: of the SKU of each flash sale."""

    scenarios: tuple[str, ...]
    pieces: int


def read_options(arguments: Sequence[str]) -> Options:
    """Ends the program with a line of its own where an argument is none."""
    read = _parser().parse_args(arguments)
    return Options(
        scenarios=tuple(name for name in SCENARIOS if name in (read.scenario or SCENARIOS)),
        pieces=read.pieces,
        **read_measurement(read),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make benchmark", description="Measure purchases, and the floors beneath them, in one run."
    )
    parser.add_argument("--scenario", action="append", choices=SCENARIOS, help="only this one (may be repeated)")
    parser.add_argument("--pieces", type=count, default=100, help="of each flash sale (default: %(default)s)")
    parser.add_argument("--json", type=Path, default=DEFAULT_JSON, help="where it is written (default: %(default)s)")
    add_what_is_measured_by(parser)
    return parser


def add_what_is_measured_by(parser: argparse.ArgumentParser) -> None:
    """How long, by whom, on what: the same for whatever is measured."""
    parser.add_argument("--seconds", type=_seconds, default=6, help="of each round (default: %(default)s)")
    parser.add_argument("--warm-up", type=_seconds, default=3, help="seconds before the rounds (default: %(default)s)")
    parser.add_argument("--repeat", type=count, default=3, help="rounds (default: %(default)s)")
    parser.add_argument("--buyers", type=count, default=8, help="who buy at once (default: %(default)s)")
    parser.add_argument(
        "--workers", type=count, default=os.cpu_count() or 1, help="gunicorn's (default: one a core, %(default)s)"
    )
    parser.add_argument("--skus", type=_sku_count, default=10_000, help="to choose from (default: %(default)s)")
    parser.add_argument("--data", choices=["disk", "memory"], default="disk", help="where MariaDB's files lie")
    parser.add_argument(
        "--set", action="append", type=_setting, metavar="NAME=VALUE", help="a setting of the web processes"
    )


def read_measurement(read: argparse.Namespace) -> dict[str, Any]:
    """The fields of a Measurement, of the arguments that `add_what_is_measured_by` has added, and `--json`."""
    return {
        "seconds": read.seconds,
        "warm_up_seconds": read.warm_up,
        "repeat": read.repeat,
        "buyers": read.buyers,
        "workers": read.workers,
        "sku_count": read.skus,
        "data": read.data,
        "json": read.json,
        "settings": dict(read.set or ()),
    }


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 600:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds up to 600")
    return seconds


def count(text: str) -> int:
    count = int(text)
    if not 0 < count <= 1_000:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to 1000")
    return count


def _sku_count(text: str) -> int:
    count = int(text)
    if not 20 <= count <= 1_000_000 or count % 10:
        raise argparse.ArgumentTypeError(f"{text} is not a multiple of 10 from 20 on")
    return count


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE")
    return name, value
