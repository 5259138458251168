"""What crosses the door of accounts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class ShopRole(StrEnum):
    """What somebody may do for a shop. What each role allows is decided where it is asked for."""

    OWNER = "owner"
    MANAGER = "manager"
    SUPPORT = "support"


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field: where (a JSON pointer) and what, in a sentence."""

    pointer: str
    detail: str


@dataclass(frozen=True, slots=True)
class Profile:
    """Who a user is, for those who greet them and write to them."""

    id: int
    email: str
    full_name: str
    locale: str
    is_staff: bool


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom an access token speaks for, and what it was given for.

    `user_id` is None, and `email` is empty, where an application speaks for itself (the grant of client credentials).
    `is_ours`: the application is the marketplace's own.
    """

    user_id: int | None
    email: str
    application_id: int
    is_ours: bool
    is_staff: bool
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The answer of the token endpoint, in the words of RFC 6749. The tokens themselves are stored nowhere."""

    access_token: str
    refresh_token: str
    expires_in: int
    scope: str
    token_type: str = "Bearer"  # noqa: S105 - the name of a type


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person is asked: whether this application may do that for them, each in a sentence."""

    application: str
    may: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where a person is sent: an address that the application registered, with its answer in the query."""

    address: str


@dataclass(frozen=True, slots=True)
class OAuthAnswer:
    """What an application is answered, in the words of RFC 6749 and RFC 7009."""

    status: int
    body: Mapping[str, Any]
    challenge: str = ""  # the WWW-Authenticate of an application that did not say who it is


@dataclass(frozen=True, slots=True)
class GuestToken:
    """A guest's token, and the principal that it makes them until it expires."""

    guest_id: int
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address, a guest's or from a book. Parts that are not there are empty strings.

    As `validate_address` returns it, `country` is ISO 3166-1 alpha-2, `region` of a US address the code of its state,
    and `phone` digits, with a leading plus where a country code was given.
    """

    recipient: str
    line1: str
    city: str
    country: str
    line2: str = ""
    region: str = ""
    postal_code: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class SavedAddress:
    """An address in somebody's book. `version` is its ETag."""

    id: int
    version: int
    is_default: bool
    address: Address


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Somebody who works for a shop."""

    user_id: int
    email: str
    full_name: str
    role: ShopRole
    added_at: datetime
