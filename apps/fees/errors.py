"""What fees refuse."""

from dataclasses import dataclass
from datetime import datetime

from tradecore.errors import Kind, Refusal


@dataclass
class UnknownFeePlan(Refusal):
    """No plan has this code, or no version of it was in force at that moment."""

    code = "fees.unknown_plan"
    kind = Kind.RULE
    title = "There is no such fee plan."

    plan: str


@dataclass
class FeePlanInvalid(Refusal):
    """The draft makes no plan; `reason` says what is wrong with it."""

    code = "fees.plan_invalid"
    kind = Kind.RULE
    title = "This does not make a fee plan."

    reason: str


@dataclass
class FeePlanBeginsTooEarly(Refusal):
    """A version that replaces another begins after it, and after the moment in which it is published."""

    code = "fees.plan_begins_too_early"
    kind = Kind.RULE
    title = "The new version of a fee plan must begin later than this."

    valid_from: datetime
    begins_after: datetime


@dataclass
class FeePlanSuperseded(Refusal):
    """A later version of the plan is published already; draft another one."""

    code = "fees.plan_superseded"
    kind = Kind.CONFLICT
    title = "A later version of this fee plan is published already."

    plan: str
    published_version: int
