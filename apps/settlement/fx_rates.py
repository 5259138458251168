"""Exchange rates: asked for by one person, approved by another, and in force from their moment on.

See Note [Approvals] in tradecore. A rate never changes: the next one takes its place.
"""

from datetime import UTC, datetime

from django.db import IntegrityError

from apps.settlement.errors import FxRateInvalid
from apps.settlement.models import FxRate
from apps.settlement.services.payouts import spell_rate
from tradecore import approvals, db
from tradecore.approvals import Approved
from tradecore.money import exponent_of

#: The kind of their approvals.
FX_RATE = "settlement.fx_rate"

RATE_E6_MAX = 10**12


@db.use_case
def request_fx_rate(
    *,
    from_currency: str,
    to_currency: str,
    rate_e6: int,
    valid_from: datetime,
    actor: str,
    reason: str,
    now: datetime,
) -> int:
    """Ask a second person for a rate: `rate_e6` millionths are what one major unit of the first is worth in the other.

    Returns the id of the request. Refuses, in this order: UnknownCurrency, FxRateInvalid.
    """
    exponent_of(from_currency)
    exponent_of(to_currency)
    if from_currency == to_currency:
        raise FxRateInvalid(reason="it is between two currencies")
    if not 0 < rate_e6 <= RATE_E6_MAX:
        raise FxRateInvalid(reason="it is more than nothing, and less than a million")
    content = {
        "from_currency": from_currency,
        "to_currency": to_currency,
        "rate": spell_rate(rate_e6),
        "rate_e6": rate_e6,
        "valid_from": valid_from.astimezone(UTC).isoformat(),
    }
    subject = f"fx:{from_currency}:{to_currency}"
    return approvals.request_approval(
        kind=FX_RATE, subject=subject, content=content, actor=actor, reason=reason, now=now
    )


@db.transaction_required
def carry_out_fx_rate(approved: Approved, now: datetime) -> None:
    """The handler of approved rates. Refuses: FxRateInvalid (another one begins at the same moment)."""
    content = approved.content
    row = FxRate(
        from_currency=content["from_currency"],
        to_currency=content["to_currency"],
        rate_e6=content["rate_e6"],
        valid_from=datetime.fromisoformat(content["valid_from"]),
        requested_by=approved.requested_by,
        approved_by=approved.approved_by,
        created_at=now,
    )
    try:
        with db.savepoint():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise FxRateInvalid(reason="another one begins at the same moment") from error


def rates_from(currency: str, *, now: datetime) -> dict[str, int]:
    """The rates in force from a currency, in millionths, by the other currency."""
    rows = FxRate.objects.filter(from_currency=currency, valid_from__lte=now).order_by("valid_from")
    return dict(rows.values_list("to_currency", "rate_e6"))
