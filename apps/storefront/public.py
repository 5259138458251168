"""Routes that anybody may call."""

from tradecore.http.endpoints import Endpoint


class PublicEndpoint(Endpoint):
    """A route that asks nobody who they are, so that a token which has run out is in nobody's way.

    Such routes take no Idempotency-Key: a key belongs to a principal, and all of nobody's keys would be one person's.
    Each says why it is harmless to repeat.
    """

    authentication_classes = ()
    permission_classes = ()
