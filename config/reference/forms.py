"""What a fact looks like on the wire, in a few words: the schema of the OpenAPI document, for people."""

from tradecore.http.answers import ID_SCHEMA, Schema

#: An object with more members than this is only named as one.
MEMBERS_MAX = 3

_FORMATS = {"date-time": "moment", "date": "day"}


def describe_members(schema: Schema) -> str:
    """The members of an object, each with its form: `order_id` id, `total` money."""
    return ", ".join(f"`{name}` {describe(form)}" for name, form in schema["properties"].items())


def describe(schema: Schema) -> str:
    """One form: id, money, moment, string, list of ids."""
    match schema:
        case {"$ref": str(reference)}:
            return reference.rpartition("/")[2].lower()
        case {"anyOf": [inner, {"type": "null"}]}:
            return f"{describe(inner)} or null"
        case {"type": "array", "items": items}:
            return f"list of {describe(items)}"
        case {"properties": members} if len(members) <= MEMBERS_MAX:
            return f"{{{describe_members(schema)}}}"
        case {"enum": values}:
            return " / ".join(values)
    return _word_for(schema)


def _word_for(schema: Schema) -> str:
    if schema == ID_SCHEMA:
        return "id"
    return _FORMATS.get(schema.get("format", ""), str(schema.get("type", "object")))
