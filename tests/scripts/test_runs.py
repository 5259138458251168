"""A run leaves nothing behind: no process, no folder, whatever ends it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from machine.reaper import VARIABLE, begun, marked

#: For an end that comes in a moment, on a machine that has other things to do; what is not ended lives for longer.
PATIENCE_S = 60

# Starts a child that starts a child of its own in another session, as a daemon would, then says its mark and waits.
PROGRAM = f"""
import subprocess, sys
sys.path.insert(0, {str(Path(__file__).resolve().parents[2] / "scripts")!r})
from machine.runs import run
SLEEP = "import time; time.sleep(600)"
CHILD = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {{SLEEP!r}}], start_new_session=True).wait()"
with run("test-of-runs") as the_run:
    print(the_run.environment[{VARIABLE!r}], the_run.folder, flush=True)
    sys.exit(the_run.call(sys.executable, "-c", CHILD))
"""


class Script:
    """A script that is in the middle of its run."""

    def __init__(self) -> None:
        # In a session of its own, so that Ctrl-C can be sent to it as a terminal would: to all of its group.
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self.process.stdout is not None
        self.mark, folder = self.process.stdout.readline().split()
        self.folder = Path(folder)
        self.wait_for(lambda: len(marked(self.mark)) == 2)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, (
                f"left: {marked(self.mark)}, {list(self.folder.parent.glob(self.folder.name))}"
            )
            time.sleep(0.05)

    def has_left_nothing(self) -> bool:
        return not marked(self.mark) and not self.folder.exists()


class TestRun:
    def test_ends_its_processes_on_ctrl_c(self) -> None:
        script = Script()
        os.killpg(script.process.pid, signal.SIGINT)
        script.process.wait(timeout=PATIENCE_S)
        assert script.has_left_nothing()

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
    def test_ends_its_processes_when_asked(self, number: signal.Signals) -> None:
        script = Script()
        script.process.send_signal(number)
        assert script.process.wait(timeout=PATIENCE_S) == 128 + number
        assert script.has_left_nothing()

    def test_ends_its_processes_after_a_kill(self) -> None:
        script = Script()
        script.process.kill()
        script.process.wait()
        script.wait_for(script.has_left_nothing)


class TestProcess:
    def test_is_told_apart_from_a_later_one_with_its_pid(self) -> None:
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        assert begun(child.pid)
        child.kill()
        child.wait()
        assert begun(child.pid) == ""
