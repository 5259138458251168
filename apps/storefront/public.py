"""Routes that anybody may call."""

from apps.storefront.endpoint import StorefrontEndpoint


class PublicEndpoint(StorefrontEndpoint):
    """A route that asks nobody who they are, so that a token which has run out is in nobody's way.

    Such routes take no Idempotency-Key: a key belongs to a principal, all of nobody's keys would be one person's, and
    what they are sent and answer is secret (decision 16). Each says why it is harmless to repeat.
    """

    authentication_classes = ()
    permission_classes = ()
