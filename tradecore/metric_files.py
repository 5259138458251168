"""Where the processes of one machine keep what they count, so that any of them can tell it for all.

# Note [Files of metrics]
Each process has files of its own in METRICS_DIR, which are mapped into its memory: counting writes no file and waits
for nobody, and what was counted outlives the process. Whoever tells the numbers reads the files of all. A process
touches its files every few seconds (`keep_alive`). What nobody has touched for a while is of a process that has ended:
its counts are added to those of all that ended before, in one file, and its levels are forgotten. So the folder
holds a few files per process, however often they are exchanged. Telling and adding exclude one another by a lock on the
folder: a sum that fell for a moment would look to Prometheus like a restart.

Several containers may share a folder, so a process is named by its host and its number.
"""

import fcntl
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from django.conf import settings
from prometheus_client import values
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

from tradecore.clock import real_now

#: Files that were not touched for so long are of a process that has ended.
ENDED_AFTER_S: Final = 120.0
_ENDED: Final = "ended"
_LOCK: Final = "lock"

_HOST: Final = socket.gethostname().replace("_", "-")
_names: dict[int, str] = {}


def choose_values() -> None:
    """Let what is declared from now on be kept in the folder, where there is one. Called before the first metric."""
    if settings.METRICS_DIR:
        Path(settings.METRICS_DIR).mkdir(parents=True, exist_ok=True)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = settings.METRICS_DIR  # where the library looks for it
        values.ValueClass = values.MultiProcessValue(process_name)


def process_name() -> str:
    """How this process is known among those of all machines. Asked at every count."""
    pid = os.getpid()
    name = _names.get(pid)
    if name is None:
        name = _names[pid] = f"{_HOST}-{pid}"
    return name


def tell_all(folder: Path) -> Iterable[Metric]:
    """What all processes of the folder have counted, together."""
    with _locked(folder, fcntl.LOCK_SH):
        return list(MultiProcessCollector(None, str(folder)).collect())


def keep_alive(folder: Path) -> None:
    """Say that this process lives, and put away what others left that do not."""
    now = real_now().timestamp()
    for file in folder.glob(f"*_{process_name()}.db"):
        with suppress(FileNotFoundError):  # somebody has taken this process for ended
            os.utime(file, (now, now))
    if any(_ended(folder, now=now)):
        with _locked(folder, fcntl.LOCK_EX):
            for file in list(_ended(folder, now=now)):
                _put_away(file)


def leave(folder: Path) -> None:
    """Forget how this process stands, at its orderly end. What it has counted stays."""
    for file in folder.glob(f"gauge_*_{process_name()}.db"):
        file.unlink(missing_ok=True)


def _ended(folder: Path, *, now: float) -> Iterator[Path]:
    for file in folder.glob("*.db"):
        with suppress(FileNotFoundError):  # somebody else has just put it away
            if not file.stem.endswith(f"_{_ENDED}") and now - file.stat().st_mtime > ENDED_AFTER_S:
                yield file


def _put_away(file: Path) -> None:
    kind = file.name.partition("_")[0]
    if kind != "gauge":
        ended = MmapedDict(str(file.with_name(f"{kind}_{_ENDED}.db")))
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(file)):
            ended.write_value(key, ended.read_value(key)[0] + value, 0.0)
        ended.close()
    file.unlink()


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    with (folder / _LOCK).open("a") as lock:
        fcntl.flock(lock, how)
        yield
