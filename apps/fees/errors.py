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
    """This version of the plan is published already, or a later one is; draft another one."""

    code = "fees.plan_superseded"
    kind = Kind.CONFLICT
    title = "This version of the fee plan, or a later one, is published already."

    plan: str
    published_version: int


@dataclass
class FeePlanInReview(Refusal):
    """Somebody has asked for its publication, and a second person has yet to decide."""

    code = "fees.plan_in_review"
    kind = Kind.CONFLICT
    title = "The publication of this version has been asked for already."

    plan: str
    version: int


@dataclass
class FeePlanExists(Refusal):
    """Only a plan of which there is no version yet can be published by one person; draft its next version."""

    code = "fees.plan_exists"
    kind = Kind.CONFLICT
    title = "There is a version of this fee plan already. A second person must publish the next one."

    plan: str
