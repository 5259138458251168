"""Purchases of what is gone, refused by the porter in the words of the view.

What `views.buying.Purchases` answers to a purchase of hot SKUs that are gone, this says for many at once; see Note [The
porter] of `tradecore.http.porter`. It speaks of the plainest requests only: a bearer's token, a body of the usual form,
a key that nobody has claimed, the caller's own quote, and nothing switched off. Of any other it says nothing.

Statements: one for the access tokens, one for the keys; none for guests' tokens, which are signed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from apps.accounts import api as accounts
from apps.checkout import api as checkout
from apps.storefront.serializers.buying import INSTALMENTS_MAX, PurchaseRequest
from tradecore import clock, degradation, idempotency
from tradecore.errors import Refusal
from tradecore.http.early import WholeRequest
from tradecore.http.fields import form_of
from tradecore.http.principals import Principal, PrincipalKind
from tradecore.http.searching import search_body
from tradecore.money import Money
from tradecore.strict_json import JSONRefused, parse_strictly

METHOD: Final = "POST"
PATH: Final = "/store/v1/purchases"
ROUTE: Final = f"{METHOD} {PATH}"

_BEARER: Final = re.compile(r"Bearer ([A-Za-z0-9_:.-]{1,200})")
_QUOTE_TOKEN: Final = re.compile(r"[A-Za-z0-9_:.-]{1,20000}")
_WORD: Final = re.compile(r"[A-Za-z0-9_.-]{1,20}")
_METHOD_TOKEN: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_EMAIL: Final = re.compile(
    r"(?=.{1,60}$)[A-Za-z0-9]+(?:[.+_-][A-Za-z0-9]+)*@(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\.)+[A-Za-z]{2,24}"
)

#: Whether there is a crowd that comes for what is gone. Asks nobody.
is_crowded = checkout.is_crowded


@dataclass(frozen=True, slots=True)
class _Asked:
    """Somebody's purchase, in the usual form."""

    access_token: str
    key: str
    quote_token: str


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A purchase of a quote that is gone. scope: of the key, as it is when the quote is the caller's own."""

    access_token: str
    quote_token: str
    gone: checkout.GoneQuote
    scope: str


def refuse(requests: Sequence[WholeRequest]) -> list[Refusal | None]:
    """How each of the purchases is refused: as out of stock; None for whoever is to be answered by the view."""
    if degradation.list_on():
        return [None] * len(requests)
    asked = [_read(request) for request in requests]
    gone = checkout.find_gone(tokens={each.quote_token for each in asked if each is not None})
    attempts = [None if each is None else _attempt(each, gone.get(each.quote_token)) for each in asked]
    there = [attempt for attempt in attempts if attempt is not None]
    bearers = accounts.find_bearers(access_tokens={each.access_token for each in there if ":" not in each.access_token})
    own = [attempt for attempt in there if _scope_of(attempt.access_token, bearers) == attempt.gone.scope]
    claimed = set(idempotency.list_claimed(attempt.scope for attempt in own))
    refused = [attempt for attempt in own if attempt.scope not in claimed]
    for attempt in refused:
        checkout.is_hot(token=attempt.quote_token, now=clock.now())  # which counts them
    refusals = {id(attempt): attempt.gone.refusal for attempt in refused}
    return [refusals.get(id(attempt)) for attempt in attempts]


def _read(request: WholeRequest) -> _Asked | None:
    bearer = _BEARER.fullmatch(request.headers.get("authorization", ""))
    key = request.headers.get("idempotency-key")
    quote_token = _read_quote_token(request.body)
    if bearer is None or key is None or quote_token is None:
        return None
    return _Asked(bearer[1], key, quote_token)


def _attempt(asked: _Asked, gone: checkout.GoneQuote | None) -> _Attempt | None:
    if gone is None:
        return None
    try:
        scope = idempotency.scope_of(gone.scope, ROUTE, asked.key)
    except idempotency.KeyInvalid:
        return None
    return _Attempt(asked.access_token, asked.quote_token, gone, scope)


def _scope_of(access_token: str, bearers: Mapping[str, accounts.Bearer]) -> str | None:
    """Who buys with the token, as quotes and keys name them; None where nobody does."""
    if ":" in access_token:
        try:
            guest_id = accounts.read_guest_token(token=access_token, now=clock.real_now())
        except accounts.GuestTokenInvalid:
            return None
        return Principal(PrincipalKind.GUEST, guest_id).scope
    bearer = bearers.get(access_token)
    if bearer is None or bearer.user_id is None or "store" not in bearer.scopes:
        return None
    return Principal(PrincipalKind.BUYER, bearer.user_id).scope


def _read_quote_token(body: bytes) -> str | None:
    """The quote that a body of the usual form is of."""
    try:
        form = parse_strictly(body)
        search_body(form, passing=form_of(PurchaseRequest).passing)
    except (JSONRefused, Refusal):
        return None
    return form["quote_token"] if _has_usual_form(form) else None


def _has_usual_form(form: Any) -> bool:
    """Whether the body is one that `PurchaseRequest` takes, as nearly all of them are: with one way of paying."""
    return (
        isinstance(form, dict)
        and form.keys() - {"email"} == {"quote_token", "expected_total", "payment"}
        and _is(_QUOTE_TOKEN, form["quote_token"])
        and _is_money(form["expected_total"])
        and _is_payment(form["payment"])
        and ("email" not in form or _is(_EMAIL, form["email"]))
    )


def _is_money(value: Any) -> bool:
    if not isinstance(value, dict) or value.keys() != {"amount", "currency"}:
        return False
    if not all(isinstance(each, str) for each in value.values()):
        return False
    try:
        Money.parse(value["amount"], value["currency"])
    except Refusal:
        return False
    return True


def _is_payment(value: Any) -> bool:
    if not isinstance(value, dict) or value.keys() - {"method", "instalments"} != {"provider", "method_token"}:
        return False
    instalments = value.get("instalments", 1)
    return (
        _is(_WORD, value["provider"])
        and _is(_METHOD_TOKEN, value["method_token"])
        and _is(_WORD, value.get("method", "card"))
        and type(instalments) is int
        and 1 <= instalments <= INSTALMENTS_MAX
    )


def _is(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
