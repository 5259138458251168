"""Folders for what lives only as long as a run: in memory where the machine has /dev/shm, else under .local/."""

import shutil
import tempfile
from pathlib import Path

from machine.paths import LOCAL

MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp below makes names that nobody can guess
NEEDED_BYTES = 2 * 1024**3


def make_scratch_folder(purpose: str, *, on_disk: bool = False) -> Path:
    """A new empty folder that only this user can read. Who asks for it removes it."""
    parent = _disk() if on_disk or not _has_memory() else MEMORY
    return Path(tempfile.mkdtemp(prefix=f"tradecore-{purpose}-", dir=parent))


def _has_memory() -> bool:
    try:
        return shutil.disk_usage(MEMORY).free >= NEEDED_BYTES
    except OSError:
        return False  # there is none here


def _disk() -> Path:
    folder = LOCAL / "scratch"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
