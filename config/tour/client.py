"""A small client of the REST interface: one request, one answer, nothing tried twice."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import urlencode, urlsplit

TIMEOUT_S = 15


class Unreachable(Exception):
    """Nothing that speaks HTTP answers at the address."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `body` is the JSON document, or the text of anything else."""

    status: int
    headers: Message
    body: Any

    def __getitem__(self, name: str) -> Any:
        """A member of the document; None where it has no such member."""
        return self.body.get(name) if isinstance(self.body, dict) else None


@dataclass(frozen=True, slots=True)
class Question:
    """A request: `body` is sent as JSON, `form` as a form. `path` may be a whole address of somebody else."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Client:
    """Speaks to one marketplace, which is served at `url`. Raises ValueError for what is no address of HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        _connect(self.url)

    def send(self, question: Question) -> Answer:
        """Raises Unreachable."""
        url = question.path if "://" in question.path else self.url + question.path
        target = urlsplit(url)
        connection = _connect(url)
        try:
            data, headers = _encode(question, origin=f"{target.scheme}://{target.netloc}")
            path = f"{target.path}?{target.query}" if target.query else target.path
            connection.request(question.method, path, data, headers)
            response = connection.getresponse()
            return _read(response)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{self.url} does not answer ({error or type(error).__name__})") from error
        finally:
            connection.close()


def _connect(url: str) -> http.client.HTTPConnection:
    """A connection, which is opened by the first request on it."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url} is not an address such as http://127.0.0.1:8000")
    if parts.scheme == "https":
        return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=TIMEOUT_S)
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT_S)


def _encode(question: Question, *, origin: str) -> tuple[bytes | None, dict[str, str]]:
    headers = {"Accept": "application/json, */*", **question.headers}
    if question.form is not None:  # of a page of the same origin, as a browser says
        headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin}
        return urlencode(question.form).encode(), headers
    if question.body is not None:
        return json.dumps(question.body).encode(), headers | {"Content-Type": "application/json"}
    return None, headers


def _read(response: http.client.HTTPResponse) -> Answer:
    text = response.read().decode(errors="replace")
    is_json = response.headers.get_content_subtype().endswith("json")
    return Answer(response.status, response.headers, json.loads(text) if is_json else text)
