"""What a rule would give on goods as they stand now: the questions that depend on what the basket costs."""

from apps.pricing.contracts import MissReason, PromotionRule
from apps.pricing.goods import Miss


def minimum_miss(rule: PromotionRule, spend_minor: int) -> Miss | None:
    """Return by how much a spend falls short of the rule's minimum, or None when it does not."""
    if spend_minor < rule.min_spend_minor:
        return Miss(MissReason.BELOW_MINIMUM, missing_minor=rule.min_spend_minor - spend_minor)
    return None


def amount_miss(rule: PromotionRule, amount_minor: int, *, sharers: int = 1) -> Miss | None:
    """Return why a discount of this amount cannot be given, or None when it can.

    A discount is given whole or not at all. Where a purchase may give it several times, once for each of ``sharers``
    orders, each of them may use an equal part of what is left of the budget, so that together they never overdraw it.
    """
    if amount_minor == 0:
        return Miss(MissReason.NO_EFFECT)
    if rule.budget_left_minor is not None and amount_minor > rule.budget_left_minor // sharers:
        return Miss(MissReason.BUDGET_SPENT)
    return None
