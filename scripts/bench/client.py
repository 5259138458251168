"""A client of one keep-alive connection that costs its own process next to nothing.

It speaks as much HTTP/1.1 as gunicorn's answers need: a length, and a body of that length.
"""

import json
import socket
import time
from array import array
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TIMEOUT_S = 30


class Dropped(Exception):
    """The connection is gone, and no answer came on it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, unread."""

    status: int
    body: bytes

    def document(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    """Speaks to 127.0.0.1:`port` as a proxy in front of it does. `times`: seconds of each call, by its name."""

    port: int
    host: str
    headers: Mapping[str, str]
    times: dict[str, "array[float]"] = field(default_factory=lambda: defaultdict(lambda: array("d")))
    reconnect_count: int = 0
    _socket: socket.socket | None = None
    _head: bytes = b""

    def connect(self) -> int:
        """Open the connection, anew if there is one. Returns its own port."""
        self.close()
        self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = {"Host": self.host, "X-Forwarded-Proto": "https", **self.headers}
        self._head = "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode()
        return int(self._socket.getsockname()[1])

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def ask(self, name: str, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One call. A connection that was closed since the last one is opened again, once, as every client does."""
        request = self._write(method, path, body, headers)
        begun = time.monotonic()
        try:
            answer = self._exchange(request)
        except Dropped:
            self.reconnect_count += 1
            self.connect()
            answer = self._exchange(request)
        self.times[name].append(time.monotonic() - begun)
        return answer

    def _write(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> bytes:
        if self._socket is None:
            self.connect()
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()).encode()
        head = f"{method} {path} HTTP/1.1\r\n".encode() + self._head + more
        if body is None:
            return head + b"\r\n"
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return head + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(data) + data

    def _exchange(self, request: bytes) -> Answer:
        """Raises Dropped."""
        assert self._socket is not None
        try:
            self._socket.sendall(request)
            received = self._socket.recv(65_536)
        except ConnectionError as error:
            raise Dropped from error
        if not received:
            raise Dropped
        return self._read(received)

    def _read(self, received: bytes) -> Answer:
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._receive()
        head = received[:end].lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = received[end + 4 :]
        while len(body) < length:
            body += self._receive()
        if b"\r\nconnection: close" in head:
            self.close()
        return Answer(int(head[9:12]), body)

    def _receive(self) -> bytes:
        assert self._socket is not None
        received = self._socket.recv(65_536)
        if not received:
            raise ConnectionError("the answer was cut off")
        return received
