"""A client of HTTP that costs little: kept connections, one request at a time on each, nothing tried twice."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: A buyer who has waited for so long has gone.
PATIENCE_S = 5.0


class NoAnswer(Exception):
    """Nothing came back in time, or nothing that is HTTP."""


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers in lower case, and the body as it stands."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


class Client:
    """Any number of connections to one server of 127.0.0.1."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(
        self,
        method: str,
        path: str,
        document: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        patience_s: float = PATIENCE_S,
    ) -> Answer:
        """One request and its answer. Raises NoAnswer."""
        body = b"" if document is None else json.dumps(document).encode()
        sent = {
            "Host": "127.0.0.1",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **(headers or {}),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        try:
            async with asyncio.timeout(patience_s):
                return await self._exchange(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
            raise NoAnswer(str(error) or type(error).__name__) from error

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()

    async def _exchange(self, request: bytes) -> Answer:
        reader, writer = self._take() or await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(request)
            answer = await _read(reader)
        except BaseException:
            writer.close()
            raise
        if answer.headers.get("connection") == "close":
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
    return Answer(int(first.split(" ", 2)[1]), headers, await reader.readexactly(int(headers["content-length"])))
