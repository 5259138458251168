"""How a promotion looks to the people of its shop."""

from typing import Any

from apps.pricing.api import AmountOff, Benefit, FixedPrice, RateOff
from apps.promotions.api import Promotion
from tradecore import wire
from tradecore.money import Money


def promotion(contract: Promotion) -> dict[str, Any]:
    """A promotion: its terms, and how it stands."""
    terms = contract.terms
    currency = terms.currency
    return {
        "id": str(contract.id),
        "kind": terms.kind.value,
        "title": terms.title,
        "code": terms.code,
        "market": terms.market,
        **_benefit(terms.benefit, currency),
        "targets": [{"kind": target.kind.value, "id": str(target.id)} for target in terms.targets],
        "starts_at": wire.to_json(terms.starts_at),
        "ends_at": wire.to_json(terms.ends_at),
        "min_spend": _money(terms.min_spend_minor, currency),
        "uses_cap": terms.uses_cap,
        "uses_per_buyer_cap": terms.uses_per_buyer_cap,
        "budget": _money(terms.budget_minor, currency),
        "state": contract.state.value,
        "status": contract.status.value,
        "held_uses": contract.held_uses,
        "posted_uses": contract.posted_uses,
        "held": _money(contract.held_minor, currency),
        "posted": _money(contract.posted_minor, currency),
    }


def _benefit(benefit: Benefit, currency: str) -> dict[str, Any]:
    given: dict[str, Any] = {"price": None, "amount_off": None, "rate_off_bp": None, "max_off": None}
    match benefit:
        case FixedPrice(price_minor=price_minor):
            return given | {"price": _money(price_minor, currency)}
        case AmountOff(amount_minor=amount_minor):
            return given | {"amount_off": _money(amount_minor, currency)}
        case RateOff(rate_bp=rate_bp, cap_minor=cap_minor):
            return given | {"rate_off_bp": rate_bp, "max_off": _money(cap_minor, currency)}


def _money(minor: int | None, currency: str) -> Any:
    return None if minor is None else wire.to_json(Money(minor, currency))
