"""config.settings, told that this is a test: pytest-django reads the settings before any conftest could say so."""

import os

os.environ["TRADECORE_ENV"] = "test"

from config.settings import *

# The workers of a run, and several runs, share one Redis.
CACHES["default"]["KEY_PREFIX"] = "-".join(
    ["test", os.environ.get("PYTEST_XDIST_WORKER", ""), os.environ.get("TRADECORE_TEST_DB_SUFFIX", "")]
)

# A race of two hundred connects all of them at once, on a machine that may have other things to do.
if "connect_timeout" in DATABASES["default"]["OPTIONS"]:
    DATABASES["default"]["OPTIONS"]["connect_timeout"] = 60
