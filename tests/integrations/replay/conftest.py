"""The stage on which single recorded orders are lived."""

import pytest

from apps.integrations.replay.fee_plan import DEFAULT_FILE, read_fee_plan
from apps.integrations.replay.market import Stage, set_stage
from tests.integrations.replay.recorded import PURCHASED
from tests.support import NOON


@pytest.fixture
def stage(db: None) -> Stage:
    return set_stage(plan=read_fee_plan(DEFAULT_FILE), first_at=PURCHASED, last_at=PURCHASED, now=NOON)
