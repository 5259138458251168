"""Where a request comes from, as limits on guesses count it.

# Note [Networks]
Behind a proxy every connection is the proxy's own, so there the last hop of X-Forwarded-For counts: the one that our
proxy appended, and the only one that a client cannot write. It is believed only where `TRUST_PROXY_HEADERS` says that
such a proxy stands in front. A last hop that is no address is nobody's network: the connection's counts instead, so
nonsense in the header opens no window of its own.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

_IPV6_PREFIX = 64  # what one subscriber has

#: Some proxies append the port: `192.0.2.7:4711`, `[2001:db8::7]:4711`.
_WITH_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::[0-9]{1,5})?", re.ASCII)


def network_of(request: HttpRequest | Request) -> str:
    """The IPv4 address or the IPv6 /64 that the request comes from; empty where that is not known (a socket file).

    See Note [Networks].
    """
    address = _forwarded_address(request) or _read_address(request.META.get("REMOTE_ADDR", ""))
    if isinstance(address, IPv6Address):
        # One guesser has every address of it.
        return str(address.ipv4_mapped or ip_network((address, _IPV6_PREFIX), strict=False))
    return str(address or "")


def _forwarded_address(request: HttpRequest | Request) -> IPv4Address | IPv6Address | None:
    if not settings.TRUST_PROXY_HEADERS:
        return None
    return _read_address(request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip())


def _read_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address, without a port and without the zone of a link-local one; None for anything else."""
    with_port = _WITH_PORT.fullmatch(text)
    plain = (with_port[1] or with_port[2]) if with_port else text.partition("%")[0]
    try:
        return ip_address(plain)
    except ValueError:
        return None
