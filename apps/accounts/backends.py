"""How the sign-in pages (the admin's, and the one of `/oauth/`) ask for a password: under the limit of everybody."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from apps.accounts.errors import InvalidCredentials
from apps.accounts.models import User
from apps.accounts.services.sessions import verify_credentials
from tradecore import clock
from tradecore.attempts import TooManyAttempts
from tradecore.http.networks import network_of


class LimitedBackend(ModelBackend):
    """Django's own backend, but wrong passwords are counted. See Note [Guesses]."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """The user; None for a wrong password, and PermissionDenied (which the page shows as one) past the limit."""
        if username is None or password is None:
            return None
        try:
            network = network_of(request) if request else ""
            return verify_credentials(email=username, password=password, network=network, now=clock.now())
        except InvalidCredentials:
            return None
        except TooManyAttempts as refusal:
            raise PermissionDenied from refusal
