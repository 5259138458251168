"""What the crowd may do: the class of each route, how many requests of a class anybody may make, and how many threads a
class may occupy.

The one table of it. How requests are counted, and what "without Redis" means, stands in `tradecore.rate_limits`; who
counts, in `tradecore.http.rate_limits`; what is done with those for whom there is no thread, in `tradecore.http.gate`.
The counts are generous: they are there for programs that have lost their way and for people who mean harm, and a mobile
carrier is one address. `RATE_LIMITS_PERCENT` makes all of them larger or smaller.
Guesses (passwords, coupon codes, numbers of orders) are counted beside it, in the database, whatever becomes of Redis.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from django.conf import settings

from apps.storefront import sold_out
from tradecore.http.gate import WSGI, Berth, Gate
from tradecore.http.porter import Porter
from tradecore.http.rate_limits import LIMITS, Rules, Scope
from tradecore.rate_limits import Limiter, LocalStore, RedisStore, Rule, WithoutRedis

OPEN, LOCAL, CLOSED = WithoutRedis.OPEN, WithoutRedis.LOCAL, WithoutRedis.CLOSED
MINUTE_S: Final = 60


class Traffic(StrEnum):
    """The classes of routes."""

    BROWSE = "browse"  # what there is to buy
    SIGN_IN = "sign_in"  # becoming somebody: accounts, sessions, guests, passwords, tokens; and orders by their number
    QUOTE = "quote"  # what a basket costs
    PURCHASE = "purchase"  # buying, paying, and ending what is not paid
    OWN = "own"  # a buyer's own things, read
    CHANGE = "change"  # and changed
    REFUND = "refund"  # a shop gives money back
    DESK = "desk"  # a shop's things, read
    TRADE = "trade"  # and changed
    EVENTS = "events"  # the feed for other systems
    WEBHOOK = "webhook"  # what providers say
    OFFICE = "office"  # the admin, its pages, and those of the API's documentation


#: Method, path -> class; the first that fits. Health and static files are in none.
ROUTES: Final = (
    (r"GET", r"/store/v1/(markets|categories|shops|products|skus)\b", Traffic.BROWSE),
    (r".+", r"/store/v1/(accounts|sessions|password-resets|guests|guest-orders)\b", Traffic.SIGN_IN),
    (r".+", r"/(oauth/|admin/login/)", Traffic.SIGN_IN),
    (r"POST", r"/store/v1/(quotes|cases/quote)$", Traffic.QUOTE),
    (r"POST", r"/store/v1/purchases\b", Traffic.PURCHASE),
    (r"GET", r"/store/v1/", Traffic.OWN),
    (r".+", r"/store/v1/", Traffic.CHANGE),
    (r"POST", r"/seller/v1/shops/\d+/orders/\d+/refund$", Traffic.REFUND),
    (r"POST", r"/seller/v1/shops/\d+/cases/\d+/(approve|receive|refund-instead)$", Traffic.REFUND),
    (r"GET", r"/seller/v1/", Traffic.DESK),
    (r".+", r"/seller/v1/", Traffic.TRADE),
    (r".+", r"/events/v1\b", Traffic.EVENTS),
    (r".+", r"/payments/v1/webhooks/", Traffic.WEBHOOK),
    (r".+", r"/(admin|api)/", Traffic.OFFICE),
)


@dataclass(frozen=True, slots=True)
class Allowance:
    """Requests per minute, by scope, and what becomes of them without Redis."""

    without_redis: WithoutRedis
    per_minute: Mapping[Scope, int]


_BUYER, _GUEST, _APP = Scope.BUYER, Scope.GUEST, Scope.APP
_SHOP, _SKU, _ADDRESS = Scope.SHOP, Scope.SKU, Scope.ADDRESS

ALLOWANCES: Final[Mapping[Traffic, Allowance]] = {
    Traffic.BROWSE: Allowance(OPEN, {_SHOP: 30_000, _SKU: 30_000, _ADDRESS: 6_000}),
    Traffic.SIGN_IN: Allowance(LOCAL, {_ADDRESS: 600}),
    Traffic.QUOTE: Allowance(LOCAL, {_BUYER: 300, _GUEST: 300, _APP: 6_000, _SKU: 30_000, _ADDRESS: 3_000}),
    Traffic.PURCHASE: Allowance(LOCAL, {_BUYER: 120, _GUEST: 120, _APP: 3_000, _SKU: 12_000, _ADDRESS: 1_200}),
    Traffic.OWN: Allowance(OPEN, {_BUYER: 600, _GUEST: 600, _APP: 6_000, _ADDRESS: 6_000}),
    Traffic.CHANGE: Allowance(LOCAL, {_BUYER: 120, _GUEST: 120, _APP: 3_000, _ADDRESS: 1_200}),
    Traffic.REFUND: Allowance(CLOSED, {_BUYER: 120, _APP: 600, _SHOP: 300, _ADDRESS: 600}),
    Traffic.DESK: Allowance(OPEN, {_BUYER: 1_200, _APP: 6_000, _SHOP: 3_000, _SKU: 1_200, _ADDRESS: 6_000}),
    Traffic.TRADE: Allowance(LOCAL, {_BUYER: 600, _APP: 3_000, _SHOP: 1_800, _SKU: 600, _ADDRESS: 3_000}),
    Traffic.EVENTS: Allowance(OPEN, {_BUYER: 600, _APP: 1_200, _ADDRESS: 6_000}),
    Traffic.WEBHOOK: Allowance(LOCAL, {_ADDRESS: 12_000}),
    Traffic.OFFICE: Allowance(OPEN, {_ADDRESS: 3_000}),
}

#: What each class gets of the threads that serve; those that are critical have a fifth of them to themselves. Provider
#: and bank answer within three seconds or not at all; so whoever pays needs more time than anybody else.
BERTHS: Final[Mapping[str, Berth]] = {
    Traffic.BROWSE: Berth(threads_percent=60, seconds=5),
    Traffic.SIGN_IN: Berth(threads_percent=40, seconds=10),
    Traffic.QUOTE: Berth(threads_percent=60, seconds=5),
    Traffic.PURCHASE: Berth(threads_percent=100, seconds=15, is_critical=True),
    Traffic.OWN: Berth(threads_percent=60, seconds=5),
    Traffic.CHANGE: Berth(threads_percent=40, seconds=10),
    Traffic.REFUND: Berth(threads_percent=40, seconds=10),
    Traffic.DESK: Berth(threads_percent=40, seconds=10),
    Traffic.TRADE: Berth(threads_percent=40, seconds=10),
    Traffic.EVENTS: Berth(threads_percent=20, seconds=10),
    Traffic.WEBHOOK: Berth(threads_percent=100, seconds=10, is_critical=True),
    Traffic.OFFICE: Berth(threads_percent=40, seconds=20),
}

_PATTERNS: Final = tuple((re.compile(method), re.compile(path), traffic) for method, path, traffic in ROUTES)


@lru_cache(maxsize=1024)  # a crowd comes to few addresses
def classify(method: str, path: str) -> Traffic | None:
    """The class of a route; None where nothing is counted, kept or bounded."""
    method = "GET" if method == "HEAD" else method
    return next((traffic for verb, start, traffic in _PATTERNS if verb.fullmatch(method) and start.match(path)), None)


def rules(*, percent: int) -> Rules:
    """The rules of every class, with their counts in percent; none at all for 0."""
    return {
        traffic: {
            scope: Rule(
                name=f"{traffic}.{scope}",
                count=max(1, count * percent // 100),
                period_s=MINUTE_S,
                without_redis=allowance.without_redis,
            )
            for scope, count in allowance.per_minute.items()
        }
        for traffic, allowance in ALLOWANCES.items()
        if percent
    }


def install_limits() -> None:
    """Let this process limit requests, by Redis where it is set."""
    shared = RedisStore(settings.REDIS_URL) if settings.REDIS_URL else None
    LIMITS.install(
        rules=rules(percent=settings.RATE_LIMITS_PERCENT),
        classify=classify,
        limiter=Limiter(shared=shared, local=LocalStore(), processes=settings.WEB_WORKERS),
    )


def make_gate(application: WSGI) -> Gate:
    """The application behind the gate of this process, and its porter for those who come for what is gone."""
    porter = Porter(
        sold_out.refuse,
        method=sold_out.METHOD,
        path=sold_out.PATH,
        traffic=Traffic.PURCHASE,
        seconds=BERTHS[Traffic.PURCHASE].seconds,
        is_open=sold_out.is_crowded,
    )
    return Gate(application, classify=classify, berths=BERTHS, threads=settings.WEB_THREADS, porter=porter)
