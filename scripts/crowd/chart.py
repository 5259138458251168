"""A chart of goodput over time, as SVG."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 900, 360
LEFT, RIGHT, TOP, BOTTOM = 60, 20, 50, 40


@dataclass(frozen=True)
class Chart:
    """Purchases per second, the capacity that was measured, and from when to when the crowd was there (seconds)."""

    title: str
    bought: Sequence[float]
    wanted: Sequence[float]
    capacity: float
    promised: float
    crowd: tuple[int, int]


def draw(chart: Chart) -> str:
    """The SVG document."""
    return "\n".join(
        [
            _tag("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {HEIGHT}", font_family="sans-serif")[
                :-2
            ]
            + ">",
            _tag("rect", width=WIDTH, height=HEIGHT, fill="white"),
            *_crowd(chart),
            _text(chart.title, x=LEFT, y=24, font_size=15),
            _text("purchases a second", x=LEFT, y=TOP - 8, fill="#1565c0"),
            *_level(chart, chart.capacity, "#616161", f"capacity {chart.capacity:.1f}/s"),
            *_level(chart, chart.promised, "#b71c1c", f"promised {chart.promised:.1f}/s"),
            _tag("polyline", fill="none", stroke="#1565c0", stroke_width=2, points=_points(chart)),
            *_axes(chart),
            "</svg>",
            "",
        ]
    )


def _top(chart: Chart) -> float:
    return max([*chart.bought, chart.capacity]) * 1.25 or 1.0


def _last(chart: Chart) -> int:
    return max(len(chart.bought) - 1, 1)


def _x(chart: Chart, second: float) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * second / _last(chart), 1)


def _y(chart: Chart, count: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * count / _top(chart), 1)


def _points(chart: Chart) -> str:
    return " ".join(f"{_x(chart, second)},{_y(chart, count)}" for second, count in enumerate(chart.bought))


def _crowd(chart: Chart) -> list[str]:
    """When it was there, and how many came."""
    begin, end = chart.crowd
    left, right = _x(chart, begin), _x(chart, end)
    most = max(chart.wanted[begin:end], default=0)
    return [
        _tag("rect", x=left, y=TOP, width=round(right - left, 1), height=HEIGHT - TOP - BOTTOM, fill="#fbe9e7"),
        _text(f"{most:.0f} buyers a second", x=left + 6, y=TOP + 16, fill="#b71c1c"),
    ]


def _level(chart: Chart, count: float, colour: str, words: str) -> list[str]:
    y, right = _y(chart, count), WIDTH - RIGHT
    return [
        _tag("line", x1=LEFT, x2=right, y1=y, y2=y, stroke=colour, stroke_dasharray="6 4"),
        _text(words, x=right, y=y - 5, text_anchor="end", fill=colour),
    ]


def _axes(chart: Chart) -> Iterator[str]:
    for second in range(0, _last(chart) + 1, max(1, _last(chart) // 10)):
        yield _text(f"{second} s", x=_x(chart, second), y=HEIGHT - 18, text_anchor="middle")
    for count in (0, _top(chart) / 2, _top(chart)):
        yield _text(f"{count:.0f}", x=LEFT - 8, y=_y(chart, count), text_anchor="end")


def _tag(name: str, **attributes: str | float) -> str:
    """An element without content. In names of attributes _ stands for -."""
    said = " ".join(f'{attribute.replace("_", "-")}="{value}"' for attribute, value in attributes.items())
    return f"<{name} {said}/>"


def _text(words: str, *, font_size: int = 12, **attributes: str | float) -> str:
    return f"{_tag('text', font_size=font_size, **attributes)[:-2]}>{words}</text>"
