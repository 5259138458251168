"""A client of HTTP that costs little: kept connections, one request at a time on each, nothing tried twice.

Whatever it asks is marked (Note [Marked requests] of `tradecore.http.marks`).
"""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tradecore.http import marks

#: Who has waited for so long has gone.
PATIENCE_S: Final = 10.0
#: A mark is made anew long before it is no longer good.
_MARK_KEPT_S: Final = marks.MARK_S / 3


class NoAnswer(Exception):
    """Nothing came back in time, or nothing that is HTTP."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: its status, and the body as it stands."""

    status: int
    is_last: bool
    body: bytes

    def document(self) -> Any:
        return json.loads(self.body)


class Client:
    """Any number of connections to one server, as the shoppers of one run."""

    def __init__(self, host: str, port: int, *, run: str) -> None:
        self._host, self._port, self._run = host, port, run
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._mark, self._mark_until = "", 0.0

    async def ask(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request and its answer; a body of bytes goes as it stands. Raises NoAnswer."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        lines = {
            "host": f"{self._host}:{self._port}",
            "x-forwarded-proto": "https",
            "content-type": "application/json",
            "content-length": str(len(content)),
            marks.HEADER.lower(): self._fresh_mark(),
            **{name.lower(): value for name, value in (headers or {}).items()},
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._exchange(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + content)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError, KeyError) as error:
            raise NoAnswer(str(error) or type(error).__name__) from error

    def close(self) -> None:
        """Leave."""
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()

    def _fresh_mark(self) -> str:
        now = time.monotonic()
        if now > self._mark_until:
            self._mark, self._mark_until = marks.make_mark(self._run), now + _MARK_KEPT_S
        return self._mark

    async def _exchange(self, request: bytes) -> Answer:
        reader, writer = self._take() or await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(request)
            answer = await _read(reader)
        except BaseException:
            writer.close()
            raise
        if answer.is_last:
            writer.close()
        else:
            self._idle.append((reader, writer))
        return answer

    def _take(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """A kept connection that the server has not closed meanwhile."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return None


async def _read(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers["content-length"]))
    return Answer(int(first.split(" ", 2)[1]), headers.get("connection") == "close", body)
