"""The one form in which bodies are read."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from tradecore.strict_json import JSONRefused, parse_strictly


class StrictJSONParser(BaseParser):
    """JSON, strictly: see `tradecore.strict_json`."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            return parse_strictly(stream.read())
        except JSONRefused as refused:
            raise ParseError(str(refused)) from refused
