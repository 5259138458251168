"""Accounts, sessions and guests."""

from functools import partial

from drf_spectacular.utils import OpenApiExample

from apps.accounts import api as accounts
from apps.storefront.serializers import accounts as forms
from tradecore import degradation
from tradecore.attempts import TooManyAttempts
from tradecore.errors import NotFound
from tradecore.http.openapi import ANYBODY, MEMBER, UNAUTHENTICATED, Documented

_TAG = "Accounts"
_USER_ID = "420069437939290112"

_PROFILE = {
    "id": _USER_ID,
    "email": "robin@example.com",
    "full_name": "Robin Buyer",
    "locale": "en-GB",
    "is_staff": False,
}
_PAIR = {
    "access_token": "zVtyXEXzGT1P2nQPDw8XzQ5mTq8hTC",
    "refresh_token": "J1mQ3jXqV3pAq7nO5sUu2m3r8cWkYb",
    "expires_in": 3600,
    "scope": "store",
    "token_type": "Bearer",
}
_CREDENTIALS = {"email": "robin@example.com", "password": "correct horse battery"}

_open = partial(Documented, tag=_TAG, by=ANYBODY)

sign_up = _open(
    operation_id="sign_up",
    summary="Open an account",
    takes=forms.SignUpRequest,
    answers={201: forms.ProfileAnswer},
    refuses=[
        accounts.EmailInvalid,
        accounts.NameInvalid,
        accounts.LocaleInvalid,
        accounts.PasswordTooWeak,
        accounts.EmailTaken,
    ],
    examples=[
        OpenApiExample("request", _CREDENTIALS | {"full_name": "Robin Buyer", "locale": "en-GB"}, request_only=True),
        OpenApiExample("answer", _PROFILE, response_only=True, status_codes=[201]),
    ],
)

sign_in = _open(
    operation_id="sign_in",
    in_read_only=True,
    summary="Sign in",
    takes=forms.SignInRequest,
    answers={201: forms.TokenPairAnswer},
    refuses=[TooManyAttempts, accounts.InvalidCredentials],
    examples=[
        OpenApiExample("request", _CREDENTIALS, request_only=True),
        OpenApiExample("answer", _PAIR, response_only=True, status_codes=[201]),
    ],
)

sign_out = Documented(
    operation_id="sign_out",
    in_read_only=True,
    summary="Sign out",
    tag=_TAG,
    by=MEMBER,
    answers={204: None},
    refuses=UNAUTHENTICATED[:1],
)

refresh = _open(
    operation_id="refresh_session",
    in_read_only=True,
    summary="Refresh a session",
    takes=forms.RefreshRequest,
    answers={200: forms.TokenPairAnswer},
    refuses=[accounts.RefreshTokenInvalid],
    examples=[
        OpenApiExample("request", {"refresh_token": _PAIR["refresh_token"]}, request_only=True),
        OpenApiExample("answer", _PAIR, response_only=True),
    ],
)

request_password_reset = _open(
    operation_id="request_password_reset",
    summary="Ask for a new password",
    takes=forms.PasswordResetRequest,
    answers={202: None},
    examples=[OpenApiExample("request", {"email": "robin@example.com"}, request_only=True)],
)

reset_password = _open(
    operation_id="reset_password",
    summary="Set a new password",
    takes=forms.NewPasswordRequest,
    answers={204: None},
    refuses=[accounts.ResetTokenInvalid, accounts.PasswordTooWeak],
    examples=[
        OpenApiExample(
            "request",
            {"token": f"{_USER_ID}-d2k1p5-3e0b6ef0a1c7", "new_password": "a longer horse battery"},
            request_only=True,
        )
    ],
)

become_guest = _open(
    operation_id="become_guest",
    summary="Become a guest",
    takes=forms.GuestRequest,
    answers={201: forms.GuestAnswer},
    refuses=[degradation.GuestsOff, TooManyAttempts],
    examples=[
        OpenApiExample(
            "answer",
            {
                "guest_id": "420069437939290113",
                "token": "WzQyMDA2OTQzNzkzOTI5MDExMywxNzc1OTA4ODAwXQ:kQyP0nUq0rXbW1lZ3v4m",
                "expires_at": "2026-04-11T12:00:00.000Z",
            },
            response_only=True,
            status_codes=[201],
        )
    ],
)

get_me = Documented(
    operation_id="get_me",
    summary="Who am I",
    tag=_TAG,
    by=MEMBER,
    answers={200: forms.ProfileAnswer},
    refuses=[NotFound],
    examples=[OpenApiExample("answer", _PROFILE, response_only=True)],
)
