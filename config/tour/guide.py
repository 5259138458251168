"""Tells the story while it happens: each call and its answer in a few lines, each promise as it is kept."""

import json
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.padding import Padding

from config.tour.client import Answer, Client, Question, Unreachable

#: The whole tour takes no longer than this.
LIMIT_S = 120.0

POLL_EVERY_S = 0.4
_BODY_WIDTH_MAX = 150
_TOKEN_WIDTH = 12

Teller = Callable[[Answer], str]


class PromiseBroken(Exception):
    """Something was not as promised."""


class Form(dict[str, str]):
    """The fields of a form, which go out as one, and not as JSON."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody in the story, and the token that they come with, or the cookies of their browser."""

    name: str
    token: str = ""
    cookies: Mapping[str, str] = field(default_factory=dict)


class Guide:
    """Asks the marketplace, and says what is going on."""

    def __init__(self, client: Client, console: Console) -> None:
        self.client = client
        self.kept = 0
        self._console = console
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the tour has taken so far."""
        return time.monotonic() - self._began

    def look_for_marketplace(self) -> None:
        """Raises Unreachable unless a marketplace answers at the address."""
        if self.client.send(Question("GET", "/healthz"))["status"] != "ok":
            raise Unreachable(f"what answers at {self.client.url} is no marketplace")

    def chapter(self, title: str, words: str) -> None:
        """Begin a part of the story."""
        self._console.print()
        self._console.rule(f"[bold]{escape(title)}", align="left", style="dim")
        self._console.print(escape(words), style="italic dim")

    def show(self, thing: RenderableType) -> None:
        """Show something, indented below the last answer."""
        self._console.print(Padding(thing, (0, 0, 0, 6), expand=False))

    def promise(self, words: str, *, holds: bool) -> None:
        """Say what was promised. Raises PromiseBroken unless it holds."""
        if not holds:
            raise PromiseBroken(words)
        self.kept += 1
        self._console.print(f"    [green]✓[/] {escape(words)}")

    def ask(
        self,
        method: str,
        path: str,
        *,
        status: int | Collection[int],
        tell: Teller,
        who: Visitor | None = None,
        body: Mapping[str, Any] | Form | None = None,
        key: str | None = None,
        read: Answer | None = None,
    ) -> Answer:
        """Ask and say so; `tell` says what is worth knowing of the answer. Raises PromiseBroken for another status.

        `read` is the answer that this request is about: whatever has changed since is not overwritten.
        """
        self._announce(method, path, who, body)
        form = body if isinstance(body, Form) else None
        document = None if form is not None else body
        answer = self.client.send(Question(method, path, document, form, _headers(who, key=key, read=read)))
        expected = {status} if isinstance(status, int) else set(status)
        if answer.status not in expected:
            wanted = " or ".join(map(str, sorted(expected)))
            raise PromiseBroken(
                f"{method} {path} answers {answer.status}, where {wanted} was promised: {_cut(answer.body)}"
            )
        self._console.print(f"    [bold]{answer.status}[/] {escape(tell(answer))}")
        return answer

    def wait(
        self, path: str, *, who: Visitor, promise: str, until: Callable[[Answer], bool], within_s: float
    ) -> Answer:
        """Ask again and again, quietly, until the promise is kept. Raises PromiseBroken when it takes too long."""
        self._announce("GET", path, who, None, again=True)
        began = time.monotonic()
        end = min(began + within_s, self._began + LIMIT_S)
        while True:
            answer = self.client.send(Question("GET", path, headers=_headers(who)))
            if answer.status == HTTPStatus.OK and until(answer):
                self.promise(f"{promise} ({time.monotonic() - began:.1f} s)", holds=True)
                return answer
            if time.monotonic() > end:
                raise PromiseBroken(f"{promise}, within {within_s:.0f} s; the last answer: {_cut(answer.body)}")
            time.sleep(POLL_EVERY_S)

    def _announce(
        self, method: str, path: str, who: Visitor | None, body: Mapping[str, Any] | None, *, again: bool = False
    ) -> None:
        by = f" [dim]({escape(who.name)})[/]" if who else ""
        often = " [dim]again and again[/]" if again else ""
        self._console.print(f"  [cyan]{method}[/] {escape(path)}{by}{often}", soft_wrap=True, highlight=False)
        if body:
            self._console.print(f"    [dim]{escape(_cut(_shortened(body)))}[/]", highlight=False)


def new_key() -> str:
    """An Idempotency-Key that nobody has used."""
    return uuid.uuid4().hex


def _headers(who: Visitor | None, *, key: str | None = None, read: Answer | None = None) -> dict[str, str]:
    headers = {
        "Authorization": f"Bearer {who.token}" if who and who.token else "",
        "Cookie": "; ".join(f"{name}={value}" for name, value in who.cookies.items()) if who else "",
        "Idempotency-Key": key or "",
        "If-Match": (read.headers.get("ETag") or "") if read else "",
    }
    return {name: value for name, value in headers.items() if value}


def _shortened(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body with its tokens and passwords cut: they are long, or nobody's business."""
    secret = {"quote_token", "password", "csrfmiddlewaretoken"}
    return {name: f"{value[:_TOKEN_WIDTH]}…" if name in secret else value for name, value in body.items()}


def _cut(body: Any) -> str:
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return text if len(text) <= _BODY_WIDTH_MAX else f"{text[:_BODY_WIDTH_MAX]}…"
