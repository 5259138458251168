"""Gunicorn's settings of the web server that `manage.py stress` starts itself: those of every other, without a worker.

The embedded default's worker would do the real world's work meanwhile, and change real tables.
"""

from typing import Any

from config.gunicorn import *  # noqa: F403 - whatever gunicorn knows by name
from tradecore import revisions


def post_worker_init(worker: Any) -> None:  # type: ignore[no-redef]  # noqa: ARG001 - gunicorn's
    revisions.watch()
