"""What accounts refuses. No refusal carries personal data, because refusals are logged."""

from dataclasses import dataclass

from apps.accounts.contracts import FieldProblem, ShopRole
from tradecore.errors import Kind, Refusal


@dataclass
class EmailInvalid(Refusal):
    """The text is no e-mail address of the form of Note [Canonical e-mail]."""

    code = "accounts.email_invalid"
    kind = Kind.RULE
    title = "This is not an e-mail address. An internationalised domain is given in its ASCII form."


@dataclass
class NameInvalid(Refusal):
    """The name is longer than 100 characters, or has some that are not for reading."""

    code = "accounts.name_invalid"
    kind = Kind.RULE
    title = "This name is too long, or has characters that cannot be shown."


@dataclass
class LocaleInvalid(Refusal):
    """The text is no language tag like `en` or `pt-BR`."""

    code = "accounts.locale_invalid"
    kind = Kind.RULE
    title = "This is not a language tag such as en or pt-BR."


@dataclass
class PasswordTooWeak(Refusal):
    """The password would be guessed, or cannot be hashed. `reasons` are codes: `password_too_short` and its like."""

    code = "accounts.password_too_weak"
    kind = Kind.RULE
    title = "This password is not acceptable."

    reasons: tuple[str, ...]


@dataclass
class EmailTaken(Refusal):
    """Somebody has signed up with this e-mail address."""

    code = "accounts.email_taken"
    kind = Kind.CONFLICT
    title = "There is an account with this e-mail address. Sign in, or ask for a new password."


@dataclass
class InvalidCredentials(Refusal):
    """No account that may sign in has this e-mail address and this password; which of the two, nobody is told."""

    code = "accounts.invalid_credentials"
    kind = Kind.UNAUTHENTICATED
    title = "E-mail address or password is wrong."


@dataclass
class RefreshTokenInvalid(Refusal):
    """The refresh token is unknown, expired, used before or revoked, or its user may not sign in any more."""

    code = "accounts.refresh_token_invalid"
    kind = Kind.UNAUTHENTICATED
    title = "This session has ended. Sign in again."


@dataclass
class AuthorizationInvalid(Refusal):
    """The application that asks is unknown, or asks to be answered where it never registered. `error` says which."""

    code = "accounts.authorization_invalid"
    kind = Kind.MALFORMED
    title = "This application has asked for something that cannot be answered."

    error: str


@dataclass
class GuestTokenInvalid(Refusal):
    """The guest token was not made here, or has expired."""

    code = "accounts.guest_token_invalid"
    kind = Kind.UNAUTHENTICATED
    title = "This guest token is not valid any more."


@dataclass
class ResetTokenInvalid(Refusal):
    """The token was not made here, has expired, or was used."""

    code = "accounts.reset_token_invalid"
    kind = Kind.RULE
    title = "This link is not valid any more. Ask for a new one."


@dataclass
class AddressInvalid(Refusal):
    """The address has parts that no carrier could deliver to. Pointers are relative to the address."""

    code = "accounts.address_invalid"
    kind = Kind.RULE
    title = "This address cannot be delivered to."

    errors: tuple[FieldProblem, ...]


@dataclass
class AddressBookFull(Refusal):
    """The user has as many addresses as a book holds."""

    code = "accounts.address_book_full"
    kind = Kind.CONFLICT
    title = "The address book is full. Remove an address first."

    limit: int


@dataclass
class AddressChanged(Refusal):
    """The address was edited after the version that the request names."""

    code = "accounts.address_changed"
    kind = Kind.STALE
    title = "This address was changed meanwhile. Read it again."

    version: int


@dataclass
class AlreadyStaff(Refusal):
    """The user works for the shop in another role."""

    code = "accounts.already_staff"
    kind = Kind.CONFLICT
    title = "This person works for the shop in another role. Remove them first."

    role: ShopRole
