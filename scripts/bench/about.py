"""What a run says of itself: where and how it was measured, and what it does now."""

import os
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from bench.place import Place

#: What of the server's settings a reader will want to see. (MariaDB calls its isolation tx_isolation until 11.1.)
_REPORTED: Final = (
    "version",
    "innodb_flush_log_at_trx_commit",
    "tx_isolation",
    "transaction_isolation",
    "innodb_buffer_pool_size",
    "innodb_log_file_size",
)


def describe(place: Place, options: Any) -> dict[str, Any]:
    """Where it was measured, and how: what a reader of the document will want to know. options: a dataclass."""
    with place.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW GLOBAL VARIABLES WHERE variable_name IN %s", [_REPORTED])
        server = {name.lower(): value for name, value in cursor.fetchall()}
    chosen = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(options).items()}
    return {"options": chosen, "cores": os.cpu_count(), "python": platform.python_version(), "server": server}


def say(text: str) -> None:
    """Tell whoever waits what is done now."""
    print(f"{text} ...", flush=True)
