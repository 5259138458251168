"""Who asks. Surfaces authenticate; everything below gets ids."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class PrincipalKind(StrEnum):
    BUYER = "buyer"
    GUEST = "guest"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Principal:
    """One authenticated caller: a registered user, a guest, or an internal client. `id` is the user's or guest's id.

    `email` is a user's, as it is now; guests and clients have none. `app_id` is the application of somebody else's
    through which a user calls.
    """

    kind: PrincipalKind
    id: int
    email: str = ""
    is_staff: bool = False
    app_id: int | None = None

    #: What Django's and DRF's permission checks look at.
    is_authenticated: bool = True
    is_active: bool = True

    @property
    def scope(self) -> str:
        """The principal as one string: the scope of idempotency keys, quote tokens and rate limits."""
        return f"{self.kind}:{self.id}"

    @property
    def is_guest(self) -> bool:
        return self.kind is PrincipalKind.GUEST

    @property
    def pk(self) -> int:
        return self.id


def scope_of(user: Any) -> str:
    """The principal as one string; `nobody` for whoever brought no token."""
    return user.scope if isinstance(user, Principal) else "nobody"
