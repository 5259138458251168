"""Ids in paths: what is no id is no path, and answers 404 before anything is asked."""

from tradecore.ids import MAX_ID


class IdConverter:
    """`<id:order_id>`: digits as every answer writes them, up to the largest id there can be."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, text: str) -> int:
        number = int(text)
        if number > MAX_ID:
            raise ValueError(text)
        return number

    def to_url(self, number: int) -> str:
        return str(number)
