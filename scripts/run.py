"""Serve a demo marketplace on this machine, with all that it needs inside one process. Ctrl-C ends it.

SQLite, an in-process broker, worker and beat as threads: nothing is installed but Python packages. PORT names the port
(8000); when somebody has it already, the next free one is taken. A second start takes seconds: what was installed,
migrated and sold is still there, under .local/.
"""

import os
import socket
import sys
import threading
import time
import urllib.error
import urllib.request

from machine import entry, venv
from machine.locks import exclusive
from machine.runs import run

FIRST_PORT = 8000
PORTS_TRIED = 50
READY_TIMEOUT_S = 60

# The embedded default whatever is exported in this shell: servers that already run are never touched.
EMBEDDED = {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "TRADECORE_ENV": "embedded",
    "DATABASE_URL": "",
    "REDIS_URL": "",
    "CELERY_BROKER_URL": "",
    "SECRET_KEY": "",
    "ALLOWED_HOSTS": "",
    "DEBUG": "false",
}


def main() -> int:
    python = venv.sync("base")
    with run("run") as the_run, _listen(int(os.environ.get("PORT", FIRST_PORT))) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        # Two runs share one file of data; the second waits until the first has filled it.
        with exclusive("demo"):
            for command in (["migrate", "--verbosity", "0"], ["demo", "--url", url]):
                code = the_run.call(python, "manage.py", *command, variables=EMBEDDED)
                if code:
                    return code
        threading.Thread(target=_announce, args=[url], daemon=True).start()
        # The socket is handed down, so nobody can take the port between looking and listening.
        bind = f"fd://{listener.fileno()}"
        gunicorn = ("-m", "gunicorn", "--config", "config/gunicorn.py", "--bind", bind)
        farewell = "\n  Stopping: what is in hand ends first."
        return the_run.call(python, *gunicorn, variables=EMBEDDED, inherit=[listener.fileno()], farewell=farewell)


def _listen(first_port: int) -> socket.socket:
    """Listen on 127.0.0.1, on the port or the next free one."""
    for port in range(first_port, first_port + PORTS_TRIED):
        listener = socket.socket()
        # Connections of a run that has just ended do not keep the port from the next one.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(socket.SOMAXCONN)
        except OSError:
            listener.close()
            continue
        return listener
    sys.exit(f"no port is free from {first_port} to {first_port + PORTS_TRIED - 1}: set PORT to another")


def _announce(url: str) -> None:
    """Say so once it answers. What is where, and who can sign in, the demo has said."""
    end = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < end:
        if _answers(f"{url}/healthz"):
            tour = f"{venv.PYTHON} manage.py tour --url {url}"
            print(f"\n  Ready: {url}\n  Take the tour from another terminal: {tour}\n  Ctrl-C ends it.\n", flush=True)
            return
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - always http://127.0.0.1
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


if __name__ == "__main__":
    entry.leave_with(main)
