"""A request as it stands in a connection's buffer, read no further than it takes to refuse it.

Whatever is not of the plainest form, or is not there as a whole, is none: the server then reads it as it reads any
other. So nothing here decides what a request says, only that one which is refused was one. A proxy in front must see
its end where it is seen here: else the answers that follow on the connection would be somebody else's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_REQUEST: Final = re.compile(rb"(GET|POST|PUT|PATCH|DELETE) (/[A-Za-z0-9/_.~-]*)(?:\?[!-~]*)? HTTP/1\.1(?=\r\n)")
#: The lines after the first: a name that is a token, its colon, and a value in which no reader sees the end of a line.
_FIELDS: Final = re.compile(rb"(?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*)*")
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,6})[ \t]*(?=\r\n)", re.IGNORECASE)
_REQUEST_ID: Final = re.compile(rb"\r\nx-request-id:[ \t]*([!-~]{1,64})[ \t]*(?=\r\n)", re.IGNORECASE)
_UNUSUAL: Final = re.compile(
    rb"\r\n(?:transfer-encoding|expect|upgrade|connection:(?![ \t]*keep-alive[ \t]*\r\n))", re.IGNORECASE
)
_HEADER: Final = re.compile(r"\r\n([A-Za-z0-9-]+):[ \t]*([!-~](?:[ -~]*[!-~])?)[ \t]*(?=\r\n|\Z)")
_END: Final = b"\r\n\r\n"
#: Of so many headers a request at most is plain.
_HEADERS_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class EarlyRequest:
    """The first request of a buffer: what it asks for, and how many bytes of the buffer it is with its body."""

    method: str
    path: str
    request_id: str
    length: int


@dataclass(frozen=True, slots=True)
class EarlyRefusal:
    """The answer to the request that a connection's buffer begins with, and how many bytes of it that request is."""

    length: int
    answer: bytes


def read_early(buffer: bytes) -> EarlyRequest | None:
    """The request that the buffer begins with; None unless all of it is there, in the plainest form."""
    first, end = _REQUEST.match(buffer), buffer.find(_END)
    if first is None or end < 0 or _FIELDS.fullmatch(buffer, first.end(), end) is None:
        return None
    head = buffer[: end + 2]
    lengths = _LENGTH.findall(head)
    if _UNUSUAL.search(head) or not len(lengths) == head.lower().count(b"\ncontent-length:") <= 1:
        return None
    length = end + len(_END) + (int(lengths[0]) if lengths else 0)
    if length > len(buffer):
        return None
    sent_id = _REQUEST_ID.search(head)
    return EarlyRequest(first[1].decode(), first[2].decode(), sent_id[1].decode() if sent_id else "", length)


@dataclass(frozen=True, slots=True)
class WholeRequest:
    """All that a plain request says. headers: by their names in small letters, each of which came once."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    length: int


def read_whole(buffer: bytes, request: EarlyRequest) -> WholeRequest | None:
    """All of the request that was read from the buffer; None where it has a query, or headers that are not plain."""
    end = buffer.index(_END)
    head = buffer[:end].decode("latin-1")  # each byte is one character, and none but those of ASCII is plain
    first, _, _ = head.partition("\r\n")
    headers = {name.lower(): value for name, value in _HEADER.findall(head)}
    if "?" in first or not len(headers) == head.count("\r\n") <= _HEADERS_MAX:
        return None
    body = buffer[end + len(_END) : request.length]
    return WholeRequest(request.method, request.path, headers, body, request.length)
