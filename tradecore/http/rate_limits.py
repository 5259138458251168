"""Limits on requests at the edge: who counts, for which class of route, and what the answer says of it.

# Note [Classes of routes]
Every route belongs to a class, by its method and path: what may be asked as often, must be kept as safe from a crowd,
and may take as long. Which class that is, and its limits, stand in `config/traffic.py`; what is in none is not limited.

# Note [Who counts]
A request counts for whoever makes it (a buyer, a guest, and the application that speaks for them or for itself), for
what it is about (a shop, SKUs) and for the address that it comes from (Note [Networks]); under the rules that its class
has, all of them in one question. Where only those who work for a shop may ask, only they count for it and for its SKUs:
else a stranger, whose requests are all refused, would use up what is theirs. Nobody's own address counts: it is a proxy
that hides whom it speaks for, or somebody on this machine.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from django.http import HttpRequest, HttpResponseBase

from tradecore.http.networks import network_of
from tradecore.http.principals import Principal, PrincipalKind
from tradecore.rate_limits import Bucket, Limiter, Rule, Standing, exceeded


class Scope(StrEnum):
    """Whose requests a rule counts."""

    BUYER = "buyer"
    GUEST = "guest"
    APP = "app"
    SHOP = "shop"
    SKU = "sku"
    ADDRESS = "address"


#: Class of route -> scope -> rule.
Rules = Mapping[str, Mapping[Scope, Rule]]
#: The class of a method and a path; None where there is none.
Classify = Callable[[str, str], str | None]

#: Where the class of a request is kept by whoever asked for it first: the gate, before there is a request.
TRAFFIC = "tradecore.traffic"
#: Where the standings of a request's buckets are kept for its answer.
_STANDINGS = "tradecore.rate_limits"
#: Of one request so many SKUs count.
SKUS_MAX = 100

_LOOPBACK = re.compile(r"127[.]|::/64$")


class RateLimits:
    """The limits of this process. Without rules nothing is limited."""

    def __init__(self) -> None:
        self._rules: Rules = {}
        self._classify: Classify = lambda _method, _path: None
        self._limiter: Limiter | None = None

    def install(self, *, rules: Rules, classify: Classify, limiter: Limiter) -> None:
        """Put the table of rules in its place. Called once, when the apps are ready."""
        self._rules, self._classify, self._limiter = rules, classify, limiter

    def class_of(self, request: HttpRequest) -> str | None:
        """The class of the route that a request is for."""
        if TRAFFIC not in request.META:
            request.META[TRAFFIC] = self._classify(request.method or "GET", request.path)
        traffic: str | None = request.META[TRAFFIC]
        return traffic

    def admit(
        self, request: HttpRequest, *, user: object = None, shop_id: int | None = None, sku_ids: Iterable[int] = ()
    ) -> None:
        """Count a request: in one round trip, without SQL.

        Refuses, in this order: RateLimitsAway, RateLimitExceeded.
        """
        rules = self._rules.get(self.class_of(request) or "")
        if not rules or self._limiter is None:
            return
        buckets = list(_buckets(rules, request, user=user, shop_id=shop_id, sku_ids=sku_ids))
        if not buckets:
            return
        taken, request.META[_STANDINGS] = self._limiter.take(buckets)
        if not taken:
            raise exceeded(request.META[_STANDINGS])


LIMITS = RateLimits()


def show_standings(request: HttpRequest, response: HttpResponseBase) -> None:
    """Say in the headers what the limits are, and how the scarcest stands (draft-ietf-httpapi-ratelimit-headers)."""
    standings: Sequence[Standing] = request.META.get(_STANDINGS, ())
    if not standings:
        return
    rules = dict.fromkeys(standing.rule for standing in standings)
    scarcest = min(standings, key=lambda standing: standing.remaining / standing.rule.count)
    response.headers["RateLimit-Policy"] = ", ".join(
        f'"{rule.name}";q={rule.count};w={rule.period_s}' for rule in rules
    )
    response.headers["RateLimit"] = f'"{scarcest.rule.name}";r={scarcest.remaining};t={scarcest.full_in_s}'


def _buckets(
    rules: Mapping[Scope, Rule], request: HttpRequest, *, user: object, shop_id: int | None, sku_ids: Iterable[int]
) -> Iterator[Bucket]:
    """A bucket for each rule of the class that the request is subject to; for SKUs, one each.

    A shop that names SKUs counts for itself, whosever they are.
    """
    of_shop = "" if shop_id is None else f"{shop_id}:"
    subjects = {
        **_callers(user),
        Scope.SHOP: [] if shop_id is None else [str(shop_id)],
        Scope.SKU: [f"{of_shop}{sku_id}" for sku_id in sorted(set(sku_ids))[:SKUS_MAX]],
        Scope.ADDRESS: _addresses(request),
    }
    for scope, rule in rules.items():
        for subject in subjects.get(scope, ()):
            yield Bucket(rule, subject)


def _callers(user: object) -> dict[Scope, list[str]]:
    if not isinstance(user, Principal):
        return {}
    if user.kind is PrincipalKind.CLIENT:
        return {Scope.APP: [str(user.id)]}
    scope = Scope.GUEST if user.is_guest else Scope.BUYER
    return {scope: [str(user.id)], Scope.APP: [] if user.app_id is None else [str(user.app_id)]}


def _addresses(request: HttpRequest) -> list[str]:
    network = network_of(request)
    return [] if not network or _LOOPBACK.match(network) else [network]
