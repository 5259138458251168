"""Folders for what lives only as long as a run: in memory where the machine has /dev/shm, else under .local/."""

import shutil
import tempfile
from pathlib import Path

from machine.paths import LOCAL

MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp below makes names that nobody can guess
NEEDED_BYTES = 2 * 1024**3


def make_scratch_folder(purpose: str) -> Path:
    """A new empty folder that only this user can read. Who asks for it removes it."""
    return Path(tempfile.mkdtemp(prefix=f"tradecore-{purpose}-", dir=_parent()))


def _parent() -> Path:
    try:
        if shutil.disk_usage(MEMORY).free >= NEEDED_BYTES:
            return MEMORY
    except OSError:
        pass  # there is none here
    folder = LOCAL / "scratch"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
