"""What sellers refuses. No refusal carries what was typed: refusals are logged."""

from dataclasses import dataclass

from tradecore.errors import Kind, Refusal


@dataclass
class UnknownShop(Refusal):
    """There is no such shop."""

    code = "sellers.unknown_shop"
    kind = Kind.NOT_FOUND
    title = "There is no such shop."

    shop_id: int


@dataclass
class VersionStale(Refusal):
    """The shop was changed after it was read; `version` is the one that stands now."""

    code = "sellers.version_stale"
    kind = Kind.STALE
    title = "The shop has changed meanwhile. Read it again."

    version: int


@dataclass
class InvalidField(Refusal):
    """A field holds what it may not; `reason` says what is wrong with it."""

    code = "sellers.invalid_field"
    kind = Kind.RULE
    title = "A field holds what it may not."

    field: str
    reason: str


@dataclass
class HandleTaken(Refusal):
    """Another shop has the handle, or had it before it closed."""

    code = "sellers.handle_taken"
    kind = Kind.CONFLICT
    title = "This handle belongs to another shop."

    handle: str


@dataclass
class StateNotAllowed(Refusal):
    """The state that is asked for may not follow the one that the shop is in."""

    code = "sellers.state_not_allowed"
    kind = Kind.CONFLICT
    title = "The shop cannot go from the state that it is in to this one."

    state: str
    wanted: str
