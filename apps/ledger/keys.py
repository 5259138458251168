"""Who signs the manifests, and whose signatures are accepted, as the settings name them."""

from django.conf import settings

from apps.ledger.sealing import Signer


def own_signer() -> Signer:
    """Who signs the manifests of today: LEDGER_SIGNING_KEY."""
    return Signer(settings.LEDGER_SIGNING_KEY)


def known_public_keys() -> list[str]:
    """Whose signatures are accepted: ours, and those of LEDGER_PUBLIC_KEYS, which have signed before."""
    return [own_signer().public, *settings.LEDGER_PUBLIC_KEYS]
