"""What a provider settles with us, as it publishes it: fetched, and never written here."""

from collections.abc import Sequence
from datetime import date

from apps.payments.errors import ProviderUnknown
from apps.payments.provider import PROVIDERS, ProviderSettlement, ProviderUnreachable
from tradecore import db
from tradecore.breakers import Circuits

#: Other than that of calls: a file that nobody can read keeps no buyer from paying.
_CIRCUITS = Circuits("provider_files", failures=5, rest_s=30.0)


def fetch_provider_settlement(*, provider: str, on: date) -> Sequence[ProviderSettlement]:
    """What a provider has settled of a day of its clock (UTC): one settlement per transfer to our bank, by currency.

    Empty where it has published nothing of that day: it does so once the day is over. Talks to the network, so outside
    any transaction. Refuses: ProviderUnknown. Raises ProviderUnreachable, also for a file that cannot be read.
    """
    db.assert_no_transaction()
    if provider not in PROVIDERS.names():
        raise ProviderUnknown(provider=provider)
    with _CIRCUITS.to(provider).calling(ProviderUnreachable):
        return PROVIDERS.get(provider).list_settlements(on=on)
