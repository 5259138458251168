#!/bin/sh
# Is the web process alive? It is asked as its proxy asks it, and answers without the database.
set -eu

exec "$VENV/bin/python" - <<'PYTHON'
import os
import urllib.request

host = os.environ["ALLOWED_HOSTS"].split(",")[0].strip(" .")
address = f"http://127.0.0.1:{os.environ.get('WEB_PORT', '8000')}/healthz"
with urllib.request.urlopen(urllib.request.Request(address, headers={"Host": host}), timeout=5) as answer:
    print(answer.status)
PYTHON
