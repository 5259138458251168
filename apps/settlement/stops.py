"""Whether anybody is paid out now."""

from tradecore import degradation, freezes


def are_payouts_stopped() -> bool:
    """Whether all payouts are frozen, or switched off for a while. As it is committed now: money leaves here."""
    return bool(freezes.read_frozen(kind=freezes.ALL_PAYOUTS)) or degradation.read_on(degradation.PAYOUTS)
