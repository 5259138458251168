"""Refusals: what could not be done, in words a client may rely on.

A refusal is raised by the code that checks, named after what could not be done, and rendered once, at the edge
(`tradecore.http.problems`). Its `code` is a promise to clients and never changes; its `kind` decides the status.
"""

from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, ClassVar


class Kind(Enum):
    """What sort of refusal it is. The value is the HTTP status that the edge answers with."""

    MALFORMED = 400
    UNAUTHENTICATED = 401
    DECLINED = 402
    FORBIDDEN = 403
    NOT_FOUND = 404
    CONFLICT = 409
    GONE = 410
    STALE = 412
    TOO_LARGE = 413
    UNSUPPORTED = 415
    RULE = 422
    TOO_MANY = 429
    UNAVAILABLE = 503


#: Kinds that the world may lift: the same request may succeed later, so its idempotency key is not used up.
PASSING_KINDS = frozenset(
    {
        Kind.MALFORMED,
        Kind.UNAUTHENTICATED,
        Kind.FORBIDDEN,
        Kind.NOT_FOUND,
        Kind.CONFLICT,
        Kind.STALE,
        Kind.TOO_LARGE,
        Kind.UNSUPPORTED,
        Kind.TOO_MANY,
        Kind.UNAVAILABLE,
    }
)


@dataclass
class Refusal(Exception):
    """An anticipated refusal.

    A subclass is a dataclass whose fields are the typed facts of the refusal; they appear beside `code` in the answer.
    """

    code: ClassVar[str]
    kind: ClassVar[Kind]
    title: ClassVar[str] = "The request was refused."

    def facts(self) -> dict[str, Any]:
        """The typed fields, by name, as they were given."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value!r}" for name, value in self.facts().items())
        return f"{self.code}({facts})"

    # A dataclass sets __eq__ and so loses the hash that exceptions need when they are grouped; a given one is kept.
    __hash__ = Exception.__hash__

    def __init_subclass__(cls) -> None:
        cls.__hash__ = Exception.__hash__  # type: ignore[method-assign, assignment]


@dataclass
class NotFound(Refusal):
    """There is no such thing, or it belongs to somebody else: the two are told apart for nobody."""

    code = "not_found"
    kind = Kind.NOT_FOUND
    title = "There is no such thing here."

    what: str
