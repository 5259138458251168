"""What the build server runs."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from config.settings import BASE_DIR

MAKE = """\
#!/bin/sh
echo "$@"
echo "CI=$CI data=$TRADECORE_SAMPLE_DATA"
echo "warning: something" >&2
echo "1 failed in 0.1s"
echo "make: *** [Makefile:1: test] Error 1" >&2
exit {code}
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose `make` says what it was called with."""
    root = tmp_path / "main"
    shutil.copytree(BASE_DIR / ".ci", root / ".ci")
    (tmp_path / "bin").mkdir()
    return root


def run(checkout: Path, *, code: int) -> subprocess.CompletedProcess[str]:
    make = checkout.parent / "bin" / "make"
    make.write_text(MAKE.format(code=code))
    make.chmod(0o755)
    environment = {"PATH": f"{make.parent}:{os.environ['PATH']}"}
    return subprocess.run([checkout / ".ci" / "run"], env=environment, capture_output=True, text=True, check=False)


class TestCiRun:
    def test_calls_make_test_as_a_build_server(self, checkout: Path) -> None:
        assert run(checkout, code=0).stdout.splitlines()[:2] == ["--no-print-directory test", "CI=true data="]

    def test_finds_the_sample_data_beside_the_checkout(self, checkout: Path) -> None:
        data = checkout.parent / "shared" / "data"
        data.mkdir(parents=True)
        assert run(checkout, code=0).stdout.splitlines()[1] == f"CI=true data={data}"

    def test_ends_on_the_summary_line(self, checkout: Path) -> None:
        done = run(checkout, code=2)
        assert done.stdout.splitlines()[-1] == "1 failed in 0.1s"
        assert done.stderr.splitlines() == ["warning: something"]

    @pytest.mark.parametrize("code", [0, 1, 2])
    def test_keeps_the_exit_code(self, code: int, checkout: Path) -> None:
        assert run(checkout, code=code).returncode == code
