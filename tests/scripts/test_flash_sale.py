"""The flash sale as a command: small, with Redis wiped meanwhile, on servers of its own."""

import subprocess
import sys
from collections import Counter

import pytest

from config.settings import BASE_DIR
from sale.options import read_options

#: Three hundred attempts on thirty pieces.
SMALL = ("--attempts", "300", "--pieces", "30", "--buyers", "6", "--guests", "2", "--data", "memory")
PROMISES = 9
LASTS_S = 600


class TestOptions:
    def test_are_those_of_the_sale_that_is_promised(self) -> None:
        options = read_options([])
        assert (options.attempts, options.pieces, options.wipe_redis_every) == (50_000, 1_000, 0.0)

    @pytest.mark.parametrize("wrong", [["--attempts", "0"], ["--wipe-redis-every", "0"], ["--data", "paper"]])
    def test_refuse_what_makes_no_sense(self, wrong: list[str]) -> None:
        with pytest.raises(SystemExit):
            read_options(wrong)


@pytest.mark.slow
@pytest.mark.mariadb
@pytest.mark.redis
def test_sells_what_there_is_once_whatever_becomes_of_redis() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/flash_sale.py", *SMALL, "--wipe-redis-every", "0.5"],
        cwd=BASE_DIR,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LASTS_S,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert Counter(line.split(maxsplit=1)[0] for line in done.stdout.splitlines())["holds"] == PROMISES, said
    assert "30 of 30 pieces were sold" in said
    assert "Redis was wiped 0 times" not in said
