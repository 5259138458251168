"""Accounts, sessions and guests."""

from typing import Any

from rest_framework import serializers

from apps.accounts import api as accounts
from tradecore.http.answers import answer_of
from tradecore.http.fields import StrictSerializer, TextField

EMAIL_LENGTH_MAX = 254
NAME_LENGTH_MAX = 100
LOCALE_LENGTH_MAX = 16
PASSWORD_LENGTH_MAX = 128
TOKEN_LENGTH_MAX = 200


class SecretField(serializers.CharField):
    """A password or a token, character by character: nothing is trimmed, and nothing is looked for in it.

    (A token of digits may well look like the number of a card.)
    """

    may_look_like_card_number = True

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, style={"input_type": "password"}, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class SignUpRequest(StrictSerializer):
    email = TextField(max_length=EMAIL_LENGTH_MAX)
    password = SecretField(max_length=PASSWORD_LENGTH_MAX)
    full_name = TextField(max_length=NAME_LENGTH_MAX, required=False, allow_blank=True)
    locale = TextField(max_length=LOCALE_LENGTH_MAX, required=False)


class SignInRequest(StrictSerializer):
    email = TextField(max_length=EMAIL_LENGTH_MAX)
    password = SecretField(max_length=PASSWORD_LENGTH_MAX)


class RefreshRequest(StrictSerializer):
    refresh_token = SecretField(max_length=TOKEN_LENGTH_MAX)


class PasswordResetRequest(StrictSerializer):
    email = TextField(max_length=EMAIL_LENGTH_MAX)


class NewPasswordRequest(StrictSerializer):
    """The token of the letter, and the password that is to be."""

    token = SecretField(max_length=TOKEN_LENGTH_MAX)
    new_password = SecretField(max_length=PASSWORD_LENGTH_MAX)


class GuestRequest(StrictSerializer):
    """Becoming a guest needs no body."""


ProfileAnswer = answer_of(accounts.Profile, name="ProfileAnswer")
TokenPairAnswer = answer_of(accounts.TokenPair, name="TokenPairAnswer")
GuestAnswer = answer_of(accounts.GuestToken, name="GuestAnswer")
