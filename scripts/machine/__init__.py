"""What a bare machine needs before the product's own tools run: a virtual environment, servers, a browser.

Standard library only, Python 3.11 or later. Everything that is made lies under `.local/` of the checkout (and, while a
run lasts, in a folder of /dev/shm where there is one); nothing outside is changed, the announced apt path apart.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - a machine's python3 may well be older than what the project asks for
    sys.exit("tradecore needs Python 3.11 or later: make PYTHON=python3.11 ...")
