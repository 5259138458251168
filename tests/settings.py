"""config.settings, told that this is a test: pytest-django reads the settings before any conftest could say so."""

import os

os.environ["TRADECORE_ENV"] = "test"

from config.settings import *

# The workers of a run, and several runs, share one Redis.
CACHES["default"]["KEY_PREFIX"] = "-".join(
    ["test", os.environ.get("PYTEST_XDIST_WORKER", ""), os.environ.get("TRADECORE_TEST_DB_SUFFIX", "")]
)
