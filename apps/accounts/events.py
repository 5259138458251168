"""The facts that accounts publishes: ids only, never what is in a letter. Aggregate: `user`; sequence: its version."""

from dataclasses import dataclass
from typing import ClassVar

from tradecore.outbox import Event

AGGREGATE = "user"


@dataclass(frozen=True, slots=True)
class UserSignedUp(Event):
    """Somebody opened an account."""

    kind: ClassVar[str] = "accounts.user_signed_up"

    user_id: int


@dataclass(frozen=True, slots=True)
class PasswordResetRequested(Event):
    """Somebody asked for a way to a new password. Whoever writes the letter makes the token (`make_reset_token`)."""

    kind: ClassVar[str] = "accounts.password_reset_requested"

    user_id: int


@dataclass(frozen=True, slots=True)
class PasswordChanged(Event):
    """The user has a new password, and every session of theirs has ended."""

    kind: ClassVar[str] = "accounts.password_changed"

    user_id: int
