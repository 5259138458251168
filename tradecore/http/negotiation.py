"""What an Accept header asks for. Successes are JSON, refusals problem documents; whoever takes either is answered."""

from collections.abc import Iterable, Iterator

from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from tradecore.http.problems import CONTENT_TYPE

JSON = "application/json"


class JSONNegotiation(DefaultContentNegotiation):
    """JSON for whoever takes JSON or problem documents; 406 for anybody else."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        if not takes(request.headers.get("Accept", ""), JSON, instead=CONTENT_TYPE):
            raise NotAcceptable("Answers are JSON.")
        (renderer,) = renderers
        return renderer, JSON


def takes(header: str, media_type: str, *, instead: str = "") -> bool:
    """Whether an Accept header takes a media type; or, where it names nothing of that, the one `instead`.

    From the most specific range on: the first that the header names decides (RFC 9110, 12.5.1).
    """
    if not header.strip():
        return True
    qualities = dict(_read(header))
    ranges = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
    named = next((media_range for media_range in ranges if media_range in qualities), instead)
    return qualities.get(named, 0) > 0


def _read(header: str) -> Iterator[tuple[str, float]]:
    """Each range of media types with its quality. Parameters of the type ask for what all answers have already."""
    for entry in header.split(","):
        media_range, *parameters = (part.strip().lower() for part in entry.split(";"))
        quality = next((part[2:].strip() for part in parameters if part.startswith("q=")), "1")
        yield media_range, _read_quality(quality)


def _read_quality(text: str) -> float:
    """A number from 0 to 1; what is none asks for nothing."""
    try:
        quality = float(text)
    except ValueError:
        return 0
    return quality if 0 <= quality <= 1 else 0
