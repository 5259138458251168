"""config.settings, told that this is a test: pytest-django reads the settings before any conftest could say so."""

import os

os.environ["TRADECORE_ENV"] = "test"

from config.settings import *
