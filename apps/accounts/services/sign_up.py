"""Open an account."""

import re
from datetime import datetime
from typing import Final

from django.db import IntegrityError

from apps.accounts.contracts import Profile
from apps.accounts.emails import canonical_email
from apps.accounts.errors import EmailTaken, LocaleInvalid, NameInvalid
from apps.accounts.events import AGGREGATE, UserSignedUp
from apps.accounts.models import User
from apps.accounts.passwords import hash_password
from apps.accounts.principals import new_principal_id
from apps.accounts.selectors import view_profile
from apps.accounts.texts import is_printable, tidy
from tradecore import db, outbox

NAME_LENGTH_MAX: Final = 100
_LOCALE: Final = re.compile(r"(?=.{2,16}\Z)[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def sign_up(*, email: str, password: str, now: datetime, full_name: str = "", locale: str = "en") -> Profile:
    """Open an account and publish UserSignedUp.

    Refuses, in this order: EmailInvalid, NameInvalid, LocaleInvalid, PasswordTooWeak, EmailTaken.
    """
    user = User(email=canonical_email(email), full_name=_valid_name(full_name), locale=locale, joined_at=now, version=1)
    if not _LOCALE.fullmatch(locale):
        raise LocaleInvalid
    user.password = hash_password(password, user=user)
    return _open_account(user, now=now)


@db.use_case
def _open_account(user: User, *, now: datetime) -> Profile:
    user.pk = new_principal_id()
    try:
        user.save(force_insert=True)
    except IntegrityError:
        # Not chained: the database's own words quote the address.
        raise EmailTaken from None
    outbox.publish(
        UserSignedUp(user_id=user.pk), aggregate=AGGREGATE, aggregate_id=user.pk, sequence=user.version, now=now
    )
    return view_profile(user)


def _valid_name(text: str) -> str:
    name = tidy(text)
    if len(name) > NAME_LENGTH_MAX or not is_printable(name):
        raise NameInvalid
    return name
