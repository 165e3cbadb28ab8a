"""A small SVG canvas: the same bytes for the same calls."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from html import escape

COLUMNS = ("#4477aa", "#ee6677", "#228833", "#ccaa22")
"""Colours of the columns of cores."""
SHADES = (0.0, 0.22, 0.44, 0.66)
"""How much of a column's colour gives way to white, by row of cores."""
INK, GREY, PALE = "#1a1a1a", "#888888", "#eef1f4"


def mixed(colour: str, white: float) -> str:
    """A colour mixed with white."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(p + (255 - p) * white):02x}" for p in parts)


def core_colour(column: int, row: int) -> str:
    """The colour of a core."""
    return mixed(COLUMNS[column], SHADES[row])


def number(value: float) -> str:
    """A coordinate."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


class Canvas:
    """Shapes of one picture, `width` x `height` pixels, origin at the top left."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self.width, self.height, self.title = width, height, title
        self.parts: list[str] = []
        self.arrows: set[str] = set()

    def box(
        self, x: float, y: float, w: float, h: float, fill: str = "none", *, stroke: str = "", line: float = 1.0
    ) -> None:
        """A rectangle."""
        edge = f' stroke="{stroke}" stroke-width="{number(line)}"' if stroke else ""
        self.parts.append(
            f'<rect x="{number(x)}" y="{number(y)}" width="{number(w)}" height="{number(h)}" fill="{fill}"{edge}/>'
        )

    @contextmanager
    def small(self) -> Generator[None, None, None]:
        """What is drawn within has small centred text; to be written with size 0."""
        self.parts.append('<g font-size="8" text-anchor="middle">')
        yield
        self.parts.append("</g>")

    def text(self, x: float, y: float, words: str, *, size: int = 11, at: str = "start", fill: str = INK) -> None:
        """One line of text; y is its base line."""
        place = f' text-anchor="{at}"' if at != "start" else ""
        colour = f' fill="{fill}"' if fill != INK else ""
        body = escape(words)
        points = f' font-size="{size}"' if size else ""
        self.parts.append(f'<text x="{number(x)}" y="{number(y)}"{points}{place}{colour}>{body}</text>')

    def lines(self, x: float, y: float, words: Sequence[str], *, size: int = 11) -> None:
        """Several lines of text."""
        for i, line in enumerate(words):
            self.text(x, y + i * (size + 4), line, size=size)

    def path(
        self, points: Sequence[tuple[float, float]], colour: str, *, line: float = 1.5, arrow: bool = False,
        dash: bool = False,
    ) -> None:  # fmt: skip
        """A line through points."""
        if arrow:
            self.arrows.add(colour)
        end = f' marker-end="url(#a{colour[1:]})"' if arrow else ""
        gaps = ' stroke-dasharray="4 3"' if dash else ""
        way = "M" + " L".join(f"{number(x)},{number(y)}" for x, y in points)
        self.parts.append(f'<path d="{way}" fill="none" stroke="{colour}" stroke-width="{number(line)}"{gaps}{end}/>')

    def dot(self, x: float, y: float, fill: str, size: float = 4) -> None:
        """A disc."""
        self.parts.append(f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(size)}" fill="{fill}"/>')

    def svg(self) -> str:
        """The file's text."""
        marks = "".join(
            f'<marker id="a{c[1:]}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">'
            f'<path d="M0,0 L8,4 L0,8 z" fill="{c}"/></marker>'
            for c in sorted(self.arrows)
        )
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" width="{self.width}" '
            f'height="{self.height}" role="img" font-family="sans-serif" fill="{INK}">'
        )
        body = "\n".join(self.parts)
        white = f'<rect width="{self.width}" height="{self.height}" fill="#ffffff"/>'
        return f"{head}\n<title>{escape(self.title)}</title>\n<defs>{marks}</defs>\n{white}\n{body}\n</svg>\n"


def cores(canvas: Canvas, x: float, y: float, size: float = 22) -> None:
    """The key of colours: the 4 x 4 cores, row 0 at the bottom."""
    for column in range(4):
        for row in range(4):
            at = (x + column * size, y + (3 - row) * size)
            canvas.box(*at, size, size, core_colour(column, row), stroke="#ffffff")
            canvas.text(at[0] + size / 2, at[1] + size / 2 + 3, f"{column},{row}", size=8, at="middle")
    canvas.text(x, y + 4 * size + 14, "core column,row", size=9)
