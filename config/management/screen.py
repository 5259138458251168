"""Where commands draw tables."""

from typing import IO, cast

from django.core.management.base import OutputWrapper
from rich.console import Console

#: Where nobody looks at a terminal, nothing is folded to the width of one.
PIPE_WIDTH = 120


def open_screen(stdout: OutputWrapper) -> Console:
    """A command's output, to draw on."""
    return Console(file=cast(IO[str], stdout), width=None if stdout.isatty() else PIPE_WIDTH, highlight=False)
