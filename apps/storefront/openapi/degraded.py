"""The member `degraded`, in the form of every object that the storefront answers."""

from typing import Any

from apps.storefront.endpoint import DEGRADED
from tradecore import degradation
from tradecore.http.answers import Schema

PREFIX = "/store/v1/"

_SEEN = "\n".join(f"- `{plan.name}`: {plan.buyers_see}" for plan in degradation.PLANS.values() if plan.buyers_see)

MEMBER: Schema = {
    "type": "array",
    "items": {"type": "string", "examples": [degradation.PROMOTIONS, f"{degradation.MARKET_CLOSED}:GB"]},
    "minItems": 1,
    "uniqueItems": True,
    "description": f"Only while something is switched off: what, by name; with its market where it is of one.\n{_SEEN}",
}


def add_degraded(result: Schema, **_context: Any) -> Schema:
    """Hook of drf-spectacular: no object that is answered must have the member, and every one may."""
    schemas = result["components"]["schemas"]
    schemas["Degraded"] = MEMBER
    member = {"$ref": "#/components/schemas/Degraded"}
    for name in ["Problem", *_answers(result["paths"])]:
        schemas[name]["properties"][DEGRADED] = member
    return result


def _answers(paths: Schema) -> set[str]:
    """The names of the forms of the storefront's successes."""
    responses = (
        response
        for path, operations in paths.items()
        if path.startswith(PREFIX)
        for operation in operations.values()
        for response in operation["responses"].values()
    )
    contents = (response.get("content", {}).get("application/json", {}) for response in responses)
    return {content["schema"]["$ref"].rpartition("/")[2] for content in contents if content}
