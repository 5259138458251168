"""How the admin's own sign-in page asks for a password: under the same limit as everybody."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from apps.accounts.errors import InvalidCredentials
from apps.accounts.models import User
from apps.accounts.services.sessions import verify_credentials
from tradecore import clock
from tradecore.attempts import TooManyAttempts


class LimitedBackend(ModelBackend):
    """Django's own backend, but wrong passwords are counted. See Note [Guesses]."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """The user; None for a wrong password, and PermissionDenied (which the page shows as one) past the limit."""
        if username is None or password is None:
            return None
        try:
            # Behind a proxy every operator has the same address, so only guesses per e-mail address are counted.
            return verify_credentials(email=username, password=password, client_ip=None, now=clock.now())
        except InvalidCredentials:
            return None
        except TooManyAttempts as refusal:
            raise PermissionDenied from refusal
