"""What a password must be like, and its hash.

Hashing takes 50-100 ms on purpose, so it happens outside transactions: nobody waits for a lock meanwhile.
"""

from typing import Final

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from apps.accounts.errors import PasswordTooWeak
from apps.accounts.models import User
from tradecore import db

PASSWORD_LENGTH_MAX: Final = 256

# What no hash looks like: checking it takes as long as checking a real one, and fails.
_NO_HASH: Final = ""


def hash_password(password: str, *, user: User) -> str:
    """The hash to store as the user's; `user` need not be saved. The rules are AUTH_PASSWORD_VALIDATORS.

    Refuses: PasswordTooWeak.
    """
    db.assert_no_transaction()
    if len(password) > PASSWORD_LENGTH_MAX:
        raise PasswordTooWeak(reasons=("password_too_long",))
    if not _is_encodable(password):
        raise PasswordTooWeak(reasons=("password_not_text",))
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise PasswordTooWeak(reasons=tuple(str(problem.code) for problem in error.error_list)) from None
    return make_password(password)


def is_password_of(user: User | None, password: str) -> bool:
    """Whether the password is the user's. For no user it takes as long, and is not."""
    db.assert_no_transaction()
    guess = password if len(password) <= PASSWORD_LENGTH_MAX and _is_encodable(password) else None
    return check_password(guess, user.password if user else _NO_HASH)


def _is_encodable(password: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in password)
