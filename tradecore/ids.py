"""Ids: 63 bits, made by the application, ordered by time, with the buyer's gene in the low bits.

    40 bits milliseconds since 2025-01-01 | 3 cell | 5 worker | 5 sequence | 10 gene

An order carries the gene of its buyer, so both route to the same shard without a look-up; rows can be inserted in
bulk; no table needs an auto-increment. The worker number is leased by the process (`tradecore.worker_leases`).

People read and dictate the same number, grouped by four, with a check digit (Damm's: it finds every single wrong digit
and every swap of neighbours).
"""

import os
import secrets
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from tradecore.errors import Kind, Refusal

EPOCH_MS = 1_735_689_600_000  # 2025-01-01T00:00:00Z

GENE_BITS = 10
SEQUENCE_BITS = 5
WORKER_BITS = 5
CELL_BITS = 3

WORKER_COUNT = 1 << WORKER_BITS
GENE_COUNT = 1 << GENE_BITS
_SEQUENCE_COUNT = 1 << SEQUENCE_BITS
_TIME_SHIFT = CELL_BITS + WORKER_BITS + SEQUENCE_BITS + GENE_BITS

MAX_ID = (1 << 63) - 1
NUMBER_DIGITS = 20

_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)


class NoWorkerNumber(RuntimeError):
    """An id was asked for before this process had leased its worker number."""


@dataclass
class InvalidNumber(Refusal):
    """What was typed is not a number of this system: wrong length, a foreign character, or a wrong check digit."""

    code = "ids.invalid_number"
    kind = Kind.MALFORMED
    title = "This number has a typing error."

    number: str


class IdGenerator:
    """Makes the ids of one process. Thread-safe.

    The clock of ids never goes back: when the machine's does, the generator stays on its last millisecond and, once
    that is used up, runs ahead of the clock by as little as it needs.
    """

    def __init__(self, *, worker: int, cell: int = 0, not_before_ms: int = 0) -> None:
        if not 0 <= worker < WORKER_COUNT or not 0 <= cell < 1 << CELL_BITS:
            raise ValueError(f"worker {worker} or cell {cell} out of range")
        self._node = (cell << WORKER_BITS | worker) << (SEQUENCE_BITS + GENE_BITS)
        self._last_ms = not_before_ms
        self._sequence = 0
        self._lock = threading.Lock()

    @property
    def last_ms(self) -> int:
        """Milliseconds since EPOCH_MS of the latest id."""
        return self._last_ms

    def make(self, gene: int) -> int:
        with self._lock:
            elapsed = int(time.time() * 1000) - EPOCH_MS
            if elapsed > self._last_ms:
                self._last_ms, self._sequence = elapsed, 0
            elif self._sequence < _SEQUENCE_COUNT - 1:
                self._sequence += 1
            else:
                self._last_ms, self._sequence = self._last_ms + 1, 0
            return self._last_ms << _TIME_SHIFT | self._node | self._sequence << GENE_BITS | gene


_generator: IdGenerator | None = None


def use_generator(generator: IdGenerator | None) -> None:
    """Give this process its generator (None takes it away, as after a fork)."""
    global _generator  # noqa: PLW0603 - one generator per process is the point
    _generator = generator


# A forked child would repeat its parent's ids.
os.register_at_fork(after_in_child=lambda: use_generator(None))


def use_worker_number(worker: int, *, cell: int = 0) -> None:
    """Fix the worker number of this process without a lease: for tests, which hand out the numbers themselves."""
    use_generator(IdGenerator(worker=worker, cell=cell))


def has_generator() -> bool:
    return _generator is not None


def last_ms() -> int:
    """The millisecond (of the machine's epoch) of this process's latest id, which may be ahead of the clock."""
    return EPOCH_MS if _generator is None else EPOCH_MS + _generator.last_ms


def new_id(gene: int = 0) -> int:
    """A new id that sorts after every earlier one of this process. Raises NoWorkerNumber."""
    if _generator is None:
        raise NoWorkerNumber("this process has no worker number yet: see tradecore.worker_leases")
    return _generator.make(gene)


def first_id_at(moment: datetime) -> int:
    """The least id that any process can have made at this moment of its machine's clock, or later."""
    elapsed_ms = max(0, int(moment.timestamp() * 1000) - EPOCH_MS)
    return elapsed_ms << _TIME_SHIFT


def moment_of(an_id: int) -> datetime:
    """When an id was made, to the millisecond."""
    return datetime.fromtimestamp((EPOCH_MS + (an_id >> _TIME_SHIFT)) / 1000, UTC)


def new_gene() -> int:
    """The gene of a new buyer: even over the shards, and drawn without a counter."""
    return secrets.randbelow(GENE_COUNT)


def worker_of(an_id: int) -> int:
    """The number of the worker that made it: the same for all that one process makes while it runs."""
    return (an_id >> (SEQUENCE_BITS + GENE_BITS)) % WORKER_COUNT


def gene_of(an_id: int) -> int:
    """The gene that the id carries."""
    return an_id & (GENE_COUNT - 1)


def format_number(an_id: int) -> str:
    """The id as people read it: twenty digits in groups of four, the last one the check digit."""
    digits = f"{an_id:0{NUMBER_DIGITS - 1}d}"
    digits += str(_damm(digits))
    return "-".join(digits[start : start + 4] for start in range(0, NUMBER_DIGITS, 4))


def parse_number(number: str) -> int:
    """The id behind a number that somebody typed; spaces and dashes are free. Raises InvalidNumber."""
    digits = number.replace("-", "").replace(" ", "")
    if len(digits) != NUMBER_DIGITS or not (digits.isascii() and digits.isdigit()) or _damm(digits) != 0:
        raise InvalidNumber(number=number[:40])
    an_id = int(digits[:-1])
    if an_id > MAX_ID:
        raise InvalidNumber(number=number[:40])
    return an_id


def find_id(text: str) -> int | None:
    """The id that somebody means by an id or by its number; None if it is neither."""
    digits = text.strip()
    if digits.isascii() and digits.isdigit() and len(digits) < NUMBER_DIGITS:
        return int(digits) if int(digits) <= MAX_ID else None
    try:
        return parse_number(digits)
    except InvalidNumber:
        return None


def _damm(digits: str) -> int:
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return interim
