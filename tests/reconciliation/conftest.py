"""Books to be broken: a scratch database in which a few orders were lived, once for each module that asks for it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pytest_django import DjangoDbBlocker

from apps.reconciliation import api as reconciliation
from apps.reconciliation.api import Life, Scratch
from config.drill import drill_world
from tradecore import clock, db, memo


@dataclass(frozen=True, slots=True)
class Lived:
    """The scratch database, and what was lived in it."""

    scratch: Scratch
    life: Life


@pytest.fixture(scope="module")
def lived(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Lived]:
    """As `manage.py drill` makes it. Outside of the tests that ask for it the process is where it always is."""
    with (
        django_db_blocker.unblock(),
        drill_world(now=clock.real_now()) as world,
        reconciliation.make_scratch() as scratch,
    ):
        with reconciliation.entered(scratch):
            life = reconciliation.live(world)
            reconciliation.tear_down_triggers()
        yield Lived(scratch, life)


@pytest.fixture
def scratch_life(lived: Lived, django_db_blocker: DjangoDbBlocker) -> Iterator[Life]:
    """The test is in the scratch database, and leaves it as it found it: it looks, or calls what undoes itself."""
    with django_db_blocker.unblock(), reconciliation.entered(lived.scratch):
        yield lived.life


@pytest.fixture
def life(scratch_life: Life) -> Iterator[Life]:
    """The test is in the scratch database, and whatever it does there is undone."""
    with db.rehearsal():
        memo.forget_everything()
        yield scratch_life
