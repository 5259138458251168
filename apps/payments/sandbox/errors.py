"""What the sandbox refuses."""

from dataclasses import dataclass

from tradecore.errors import Kind, Refusal


@dataclass
class ReferenceReused(Refusal):
    """The reference was used before for a call with other content. The first call stands as it is."""

    code = "sandbox.reference_reused"
    kind = Kind.CONFLICT
    title = "This reference belongs to another call."

    reference: int


@dataclass
class NotCompletable(Refusal):
    """The call waits for nobody, or it has ended otherwise."""

    code = "sandbox.not_completable"
    kind = Kind.CONFLICT
    title = "There is nothing to complete."

    standing: str


@dataclass
class NotDisputable(Refusal):
    """The call captured nothing, or not so much that nobody disputes yet."""

    code = "sandbox.not_disputable"
    kind = Kind.CONFLICT
    title = "There is no such amount to dispute."

    standing: str


@dataclass
class Unreadable(Refusal):
    """A document is not what its reader expects; `reason` says where."""

    code = "sandbox.unreadable"
    kind = Kind.MALFORMED
    title = "This cannot be read."

    reason: str
