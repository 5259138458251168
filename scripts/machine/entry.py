"""How every script ends: with an exit code, and with one line where there is nothing more to say."""

import sys
from collections.abc import Callable
from typing import NoReturn

from machine.servers import ServerFailed
from machine.venv import InstallFailed

INTERRUPTED = 130


def leave_with(main: Callable[[], int]) -> NoReturn:
    """Exit with what `main` returns. Ctrl-C and a machine that lacks something are no tracebacks."""
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except (InstallFailed, ServerFailed) as error:
        sys.exit(f"{error}\n\nThat did not work: the lines above say why.")
