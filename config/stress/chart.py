"""A chart of a run as SVG: what was done of what came, and how long the slowest hundredth took. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from config.stress.verdict import Step, Verdict

WIDTH, HEIGHT = 860, 420
LEFT, RIGHT, TOP, BOTTOM = 60, 70, 70, 50
BLUE, RED, GREY = "#1565c0", "#b71c1c", "#757575"
_ROOM: Final = 1.15


def draw(steps: Sequence[Step], verdict: Verdict, *, title: str) -> str:
    """The SVG document."""
    scale = _Scale(steps)
    opening = _tag("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {HEIGHT}", font_family="sans-serif")
    return "\n".join(
        [
            opening.replace("/>", ">"),
            _tag("rect", width=WIDTH, height=HEIGHT, fill="white"),
            _text(title, x=LEFT, y=24, font_size=15),
            _text(_verdict_words(verdict), x=LEFT, y=44, fill=GREY),
            _text("done a second", x=LEFT, y=TOP - 8, fill=BLUE),
            _text("slowest hundredth, s", x=WIDTH - RIGHT, y=TOP - 8, text_anchor="end", fill=RED),
            *_axes(scale),
            *_knee(steps, verdict, scale),
            _line([(scale.x(0), scale.y(0)), (scale.x(scale.most), scale.y(scale.most))], GREY, dashed=True),
            _line([(scale.x(step.offered), scale.y(step.goodput)) for step in steps], BLUE),
            _line([(scale.x(step.offered), scale.late_y(step.p99_s)) for step in steps], RED),
            *(_dot(scale.x(step.offered), scale.y(step.goodput), BLUE) for step in steps),
            "</svg>",
            "",
        ]
    )


class _Scale:
    """Where a rate, and a time, stand on the chart."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.most = max([*(step.offered for step in steps), 1.0]) * _ROOM
        self.latest = max([*(step.p99_s for step in steps), 0.1]) * _ROOM

    def x(self, rate: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * rate / self.most, 1)

    def y(self, rate: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * rate / self.most, 1)

    def late_y(self, seconds: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * seconds / self.latest, 1)


def _verdict_words(verdict: Verdict) -> str:
    return f"{verdict.bottleneck}: {verdict.reason}" if verdict.bottleneck else verdict.reason


def _knee(steps: Sequence[Step], verdict: Verdict, scale: _Scale) -> Iterator[str]:
    if verdict.knee is None or not verdict.is_reached:
        return
    x = scale.x(steps[verdict.knee].offered)
    yield _tag("line", x1=x, x2=x, y1=TOP, y2=HEIGHT - BOTTOM, stroke=BLUE, stroke_dasharray="4 4")
    yield _text(f"knee {steps[verdict.knee].goodput:.1f}/s", x=x + 4, y=TOP + 14, fill=BLUE)


def _axes(scale: _Scale) -> Iterator[str]:
    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        rate, seconds = scale.most * part, scale.latest * part
        yield _text(f"{rate:.0f}/s", x=scale.x(rate), y=HEIGHT - BOTTOM + 20, text_anchor="middle")
        yield _text(f"{rate:.0f}", x=LEFT - 8, y=scale.y(rate), text_anchor="end", fill=BLUE)
        yield _text(f"{seconds:.2f}", x=WIDTH - RIGHT + 8, y=scale.late_y(seconds), fill=RED)
    yield _text("came a second", x=(LEFT + WIDTH - RIGHT) / 2, y=HEIGHT - 8, text_anchor="middle", fill=GREY)


def _line(points: Sequence[tuple[float, float]], colour: str, *, dashed: bool = False) -> str:
    words = " ".join(f"{x},{y}" for x, y in points)
    dashes = {"stroke_dasharray": "2 4"} if dashed else {}
    return _tag("polyline", fill="none", stroke=colour, stroke_width=2, points=words, **dashes)


def _dot(x: float, y: float, colour: str) -> str:
    return _tag("circle", cx=x, cy=y, r=3, fill=colour)


def _tag(name: str, **attributes: str | float) -> str:
    """An element without content. In names of attributes _ stands for -."""
    said = " ".join(f"{attribute.replace('_', '-')}={quoteattr(str(value))}" for attribute, value in attributes.items())
    return f"<{name} {said}/>"


def _text(words: str, *, font_size: int = 12, **attributes: str | float) -> str:
    return f"{_tag('text', font_size=font_size, **attributes)[:-2]}>{escape(words)}</text>"
