"""Fee plans for tests."""

from datetime import UTC, datetime

import factory
from factory.django import DjangoModelFactory

from apps.fees import models


class FeePlanFactory(DjangoModelFactory[models.FeePlan]):
    """A published first version, in pounds, without rules: `FeeRuleFactory` makes a plan with one."""

    class Meta:
        model = models.FeePlan

    code = factory.Sequence(lambda number: f"PLAN-{number}")
    version = 1
    status = "published"
    market = "GB"
    currency = "GBP"
    valid_from = datetime(2025, 1, 1, tzinfo=UTC)
    settle_after_s = 7 * 24 * 3600
    published_at = datetime(2024, 12, 1, tzinfo=UTC)


class FeeRuleFactory(DjangoModelFactory[models.FeeRule]):
    """A commission of 9 % that goes back with the goods."""

    class Meta:
        model = models.FeeRule

    plan = factory.SubFactory(FeePlanFactory)
    kind = "commission"
    basis = "PAYMENT_AND_PLATFORM_DISCOUNT"
    rate_bp = 900
    refund_policy = "PRO_RATA"
