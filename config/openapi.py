"""The document of the API and the page that shows it: what it says before the first route."""

from typing import Any

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from tradecore.http.answers import Schema
from tradecore.http.openapi import ACCESS_TOKEN, GUEST_TOKEN

INTRODUCTION = """\
A marketplace transaction core: many shops, one checkout. A buyer gets a quote, buys, pays and receives.

**Who asks.** Send `Authorization: Bearer <token>`. A registered user gets an access token from
`POST /store/v1/sessions`; somebody without an account gets a guest token from `POST /store/v1/guests`, buys with it,
and keeps it to see their orders. Other applications get theirs from `POST /oauth/token`. A route that shows no lock
asks nobody. What belongs to somebody else is not there: 404.

**Buying is two calls.** `POST /store/v1/quotes` prices a basket: the orders it would make, one per shop, each line step
by step, and for every promotion why it applies or what it misses. Nothing is written, nothing is held.
`POST /store/v1/purchases` buys what the quote's `quote_token` carries: 201 is paid; 202 is placed, and `next_action`
says what the buyer must do; 402 is declined and may be paid another way until `pay_by`. If the price has changed or the
quote has run out, the refusal brings a new quote. Money is never a number: `{"amount": "69.44", "currency": "GBP"}`.
Cards come as the provider's tokens; what looks like a card number is refused wherever it stands.

**Once.** Send an `Idempotency-Key` with every write; where money, stock or an order moves it is required. The same key
with the same body, however often, has one effect and one answer, which then carries `Idempotent-Replayed: true`.
Another body under the same key is 422.

**Refusals** are problem documents (RFC 9457). Rely on `code`, which never changes, and on the typed members beside it;
`errors` points into the body with JSON pointers. 400: the request is malformed; 409: the world stands against it;
422: a rule does; 429 and 503: come back after `Retry-After`. How many requests are left is in the `RateLimit` headers:
per buyer, guest, application, shop, SKU and address, for each class of route. Every answer has an `X-Request-Id`: the
one that was sent, or a new one. It finds the request in the logs.

**Degraded.** Now and then something is switched off for a while: promotions, guests, writes, a market. Every object
that the storefront answers then has a member `degraded` that names what is; it is absent while nothing is off.

**Lists** come in pages, newest first: `page_size` (at most 100), and `next_page_token` for the next one as
`page_token`. A token is good for its own list, caller and filters. What is edited has an `ETag`; send it back as
`If-Match`, and an edit of what has changed since is 412.
"""

#: In the order of the page: buying first.
TAGS = {
    "Buying": "A quote, a purchase, and paying it.",
    "Orders": "What was bought: where it is, cancelling it, confirming its receipt.",
    "After-sales": "What comes back once it was shipped: what may be asked for, and what becomes of it.",
    "Documents": "Receipts, invoices and credit notes, to be read or printed.",
    "Browsing": "Markets, categories, shops and their goods. Open to anybody.",
    "Accounts": "Registered buyers, sessions, guests.",
    "Addresses": "The address book of a registered buyer.",
    "Selling: shops": "The shops that the caller works for.",
    "Selling: products": "What a shop offers, and at which price.",
    "Selling: stock": "Warehouses, and what lies in them.",
    "Selling: promotions": "A shop's own coupons and campaigns.",
    "Selling: orders": "What a shop has sold, and its parcels.",
    "Selling: after-sales": "What buyers ask for after the shipment, and what the shop does with it.",
    "Selling: money": "What a shop has, where that came from, and where it is paid to.",
    "Selling: documents": "A shop's invoices and credit notes.",
    "Integrations": "For other systems: webhooks of payment providers, and the feed of events.",
}

SECURITY_SCHEMES: Schema = {
    ACCESS_TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "description": "An OAuth2 access token: a registered user's own, from `POST /store/v1/sessions`, or that of an "
        "application, from `POST /oauth/token`.",
    },
    GUEST_TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of a guest: from `POST /store/v1/guests`, for 30 days.",
    },
}


def introduce(result: Schema, **_context: Any) -> Schema:
    """Hook of drf-spectacular: the introduction, the order of the tags, and how each kind of token is had."""
    result["info"]["description"] = INTRODUCTION
    result["tags"] = [{"name": name, "description": words} for name, words in TAGS.items()]
    result["components"]["securitySchemes"] = SECURITY_SCHEMES
    return result


class Document(SpectacularAPIView):
    """The document."""

    http_method_names = ["get", "head"]


class DocumentPage(SpectacularSwaggerView):
    """The page that shows it."""

    http_method_names = ["get", "head"]


urlpatterns = [
    path("schema/", Document.as_view(), name="schema"),
    path("docs/", DocumentPage.as_view(url_name="schema"), name="docs"),
]
