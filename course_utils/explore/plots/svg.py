"""A matplotlib Figure as SVG for the page: text as text, colours by name, small, without ids.

matplotlib's own SVG writer names its parts with ids, which must be unique in a page that may show a
picture ten times, measures every text anew, and writes colours that no theme can change.
"""

import base64
import functools
import io
import math
import unicodedata
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, Bbox, Transform
from PIL import Image

from course_utils.explore.plots.look import printable

FONT = "DejaVu Sans"  # comes with matplotlib, so every machine draws the same picture
EM = 100.0  # the size in which characters are measured
POINT = 1 / 72  # inches
ASCENT, DESCENT = 0.76, 0.236  # of DejaVu Sans, in parts of its size
HATCH = 7  # dots between two lines


class SvgRenderer(RendererBase):
    """Draws for one figure. classes: from a colour, "#rrggbb", to its name in the style sheet."""

    def __init__(self, figure: Figure, classes: Mapping[str, str]):
        super().__init__()
        self.dpi = figure.dpi
        self.width, self.height = figure.bbox.width, figure.bbox.height
        self.flip = Affine2D().scale(1, -1).translate(0, self.height)
        self.classes = classes
        self.parts: list[str] = []

    def svg(self) -> str:
        size = f"{number(self.width)} {number(self.height)}"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" fill="none" '
            f'stroke-linejoin="round">{"".join(self.parts)}</svg>'
        )

    # What matplotlib asks of a renderer

    def get_canvas_width_height(self) -> tuple[float, float]:
        return self.width, self.height

    def points_to_pixels(self, points: float) -> float:
        return points * self.dpi * POINT

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: bool | str
    ) -> tuple[float, float, float]:
        if ismath:
            return super().get_text_width_height_descent(s, prop, ismath)
        size = self.points_to_pixels(prop.get_size_in_points())
        return width(s, size, is_bold(prop)), (ASCENT + DESCENT) * size, DESCENT * size

    def draw_text(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: bool | str = False,
        mtext: Text | None = None,
    ) -> None:
        if ismath:
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)
            return
        size = self.points_to_pixels(prop.get_size_in_points())
        bold = is_bold(prop)
        align = along(mtext, angle) if mtext else "left"
        # From where it would begin in this font to where it is held in any font.
        held = {"center": 0.5, "right": 1.0}.get(align, 0.0) * width(s, size, bold)
        x += held * math.cos(math.radians(angle))
        y -= held * math.sin(math.radians(angle))
        self.say(x, y, s, size, to_hex(gc.get_rgb()[:3]), bold, align, angle)

    def say(
        self,
        x: float,
        y: float,
        said: str,
        size: float,
        color: str,
        bold: bool = False,
        align: str = "left",
        angle: float = 0.0,
    ) -> None:
        """Write a line of text with its baseline at y; size in dots."""
        look = [f' x="{number(x)}" y="{number(y)}" font-size="{number(size)}"']
        look.append(self.color("fill", color, "t"))
        look.append(' font-weight="bold"' if bold else "")
        anchor = {"center": "middle", "right": "end"}.get(align)
        look.append(f' text-anchor="{anchor}"' if anchor else "")
        look.append(f' transform="rotate({-angle:g} {number(x)} {number(y)})"' if angle else "")
        said = escape(printable(said), quote=False)
        self.parts.append(f"<text{''.join(look)}>{said}</text>")

    def draw_path(
        self,
        gc: GraphicsContextBase,
        path: Path,
        transform: Transform,
        rgbFace: Sequence[float] | None = None,
    ) -> None:
        look = self.stroke(gc) + self.fill(gc, rgbFace)
        if not look:
            return
        path = self.inside(path, transform + self.flip, gc, rgbFace is not None)
        if line := outline(path):
            self.parts.append(f'<path d="{line}"{look}/>')
        if gc.get_hatch() and line:
            self.hatch(path.get_extents(), gc)

    def draw_markers(
        self,
        gc: GraphicsContextBase,
        marker_path: Path,
        marker_trans: Transform,
        path: Path,
        trans: Transform,
        rgbFace: Sequence[float] | None = None,
    ) -> None:
        """All markers of a line are one path; round ones are dots of a thick, round pen."""
        places = (trans + self.flip).transform(path.vertices)
        places = places[np.isfinite(places).all(axis=1)]
        if not len(places):
            return
        if marker_path is Path.unit_circle():
            self.dots(gc, places, 2 * abs(marker_trans.get_matrix()[0, 0]), rgbFace)
            return
        shape = marker_path.transformed(marker_trans).transformed(Affine2D().scale(1, -1))
        shape = shape.cleaned(curves=True)
        lines = [outline(shape.transformed(Affine2D().translate(x, y))) for x, y in places]
        self.parts.append(f'<path d="{"".join(lines)}"{self.stroke(gc)}{self.fill(gc, rgbFace)}/>')

    def draw_image(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        im: np.ndarray,
        transform: Transform | None = None,
    ) -> None:
        buffer = io.BytesIO()
        Image.fromarray(im[::-1]).save(buffer, "png")
        data = base64.b64encode(buffer.getvalue()).decode("ascii")
        high, wide = im.shape[:2]
        top = self.height - y - high
        self.parts.append(
            f'<image x="{number(x)}" y="{number(top)}" width="{wide}" height="{high}" '
            f'href="data:image/png;base64,{data}"/>'
        )

    # How it looks

    def color(self, what: str, color: str, kind: str) -> str:
        """The colour by its name, or as it is if the style sheet has none."""
        name = self.classes.get(color)
        return f' class="{kind}-{name}"' if name else f' {what}="{color}"'

    def fill(self, gc: GraphicsContextBase, face: Sequence[float] | None) -> str:
        if face is None or (len(face) == 4 and not face[3]):
            return ""
        alpha = gc.get_alpha() if gc.get_forced_alpha() else face[3] if len(face) == 4 else 1.0
        opacity = f' fill-opacity="{alpha:g}"' if alpha < 1 else ""
        return self.color("fill", to_hex(face[:3]), "f") + opacity

    def stroke(self, gc: GraphicsContextBase) -> str:
        """Width, dashes and ends of a line; as a style, so that a fill may have the class."""
        alpha = gc.get_rgb()[3]
        if not gc.get_linewidth() or not alpha:
            return ""
        wide = self.points_to_pixels(gc.get_linewidth())
        return self.pen(to_hex(gc.get_rgb()[:3]), wide, alpha, self.dashes(gc), gc.get_capstyle())

    def pen(
        self, color: str, wide: float, alpha: float = 1.0, dashes: str = "", cap: str = "butt"
    ) -> str:
        name = self.classes.get(color)
        color = f"var(--nt-{name})" if name else color
        ends = "stroke-linecap:round" if cap == "round" else ""
        faint = f"stroke-opacity:{alpha:g}" if alpha < 1 else ""
        parts = [f"stroke:{color}", f"stroke-width:{number(wide)}", dashes, ends, faint]
        return f' style="{";".join(filter(None, parts))}"'

    def dashes(self, gc: GraphicsContextBase) -> str:
        _, dashes = gc.get_dashes()
        if dashes is None:
            return ""
        return "stroke-dasharray:" + " ".join(
            number(self.points_to_pixels(each)) for each in dashes
        )

    def dots(
        self,
        gc: GraphicsContextBase,
        places: np.ndarray,
        size: float,
        face: Sequence[float] | None,
    ) -> None:
        line = "".join(f"M{number(x)} {number(y)}h0" for x, y in places.tolist())
        edge = self.points_to_pixels(gc.get_linewidth()) if gc.get_rgb()[3] else 0.0
        rings = [(to_hex(gc.get_rgb()[:3]), size + edge, gc.get_rgb()[3])] if edge else []
        if face is None or not face[3]:  # nothing hides what lies inside
            circle = Path.unit_circle().transformed(Affine2D().scale(size / 2))
            rings = []
            for x, y in places.tolist():
                around = outline(circle.transformed(Affine2D().translate(x, y)))
                self.parts.append(f'<path d="{around}"{self.stroke(gc)}/>')
        elif not rings or rings[0][0] != to_hex(face[:3]):
            rings.append((to_hex(face[:3]), size - edge, face[3] if len(face) == 4 else 1.0))
        for color, wide, alpha in rings:
            self.parts.append(f'<path d="{line}"{self.pen(color, wide, alpha, cap="round")}/>')

    def hatch(self, box: Bbox, gc: GraphicsContextBase) -> None:
        """Lines from the lower left to the upper right, over the whole of a bar."""
        lines, reach = [], box.height
        start = math.floor(box.x0 / HATCH) * HATCH - HATCH * math.ceil(reach / HATCH)
        for x in np.arange(start, box.x1, HATCH):
            left, right = max(x, box.x0), min(x + reach, box.x1)
            if right - left > 0.5:
                low = box.y1 - (left - x)
                lines.append(
                    f"M{number(left)} {number(low)}L{number(right)} {number(box.y1 - (right - x))}"
                )
        color = to_hex(gc.get_hatch_color()[:3])
        self.parts.append(f'<path d="{"".join(lines)}"{self.pen(color, 1)}/>')

    def inside(
        self, path: Path, transform: Transform, gc: GraphicsContextBase, is_filled: bool
    ) -> Path:
        """The path in dots from the top left, cut to the rectangle that it must not leave."""
        rectangle = gc.get_clip_rectangle()
        if rectangle is None:
            return path.cleaned(transform, remove_nans=True, curves=True)
        box = Bbox(self.flip.transform(rectangle.get_points()))
        x0, y0, x1, y1 = box.extents
        low, high = (x0, min(y0, y1)), (x1, max(y0, y1))
        if not is_filled:
            return path.cleaned(transform, remove_nans=True, clip=(*low, *high), curves=True)
        whole = path.cleaned(transform, remove_nans=True, curves=True)
        inner = whole.vertices[:-1]
        if (inner >= np.subtract(low, 1)).all() and (inner <= np.add(high, 1)).all():
            return whole
        cut = path.transformed(transform).clip_to_bbox(Bbox([low, high]))
        return cut.cleaned(curves=True)


def outline(path: Path) -> str:
    """What a path's `d` says. The path has been cleaned."""
    said, codes = [], path.codes
    points = [f"{number(x)} {number(y)}" for x, y in path.vertices.tolist()]
    i = 0
    for i_code, code in enumerate(codes.tolist()):
        if i_code < i:
            continue
        i = i_code + NODES.get(code, (1, ""))[0]
        if code == Path.CLOSEPOLY:
            said.append("z")
        elif code != Path.STOP:
            said.append(NODES[code][1] + " ".join(points[i_code:i]))
    return "".join(said)


def along(text: Text, angle: float) -> str:
    """Which end of the text is held, whatever font it is in."""
    if not angle or text.get_rotation_mode() == "anchor":
        return text.get_ha()
    return {"top": "right", "bottom": "left"}.get(text.get_va(), "center")


def is_bold(prop: FontProperties) -> bool:
    return prop.get_weight() in ("bold", 700)


def width(said: str, size: float, bold: bool = False) -> float:
    """How wide the text is, in the unit of its size."""
    return sum(advance(char, bold) for char in said) * size


@functools.lru_cache(maxsize=10_000)
def advance(char: str, bold: bool) -> float:
    """How far a character moves the pen, in parts of its size.

    Of what another font draws, the most that it may be: 1 em, for pictures and emoji a third more.
    """
    weight = "bold" if bold else "normal"
    font = get_font(findfont(FontProperties(family=FONT, weight=weight)))
    if ord(char) not in font.get_charmap():
        return 1.33 if unicodedata.category(char) == "So" else 1.0
    font.set_size(EM, 72)
    return font.load_char(ord(char)).linearHoriAdvance / 65536 / EM


# How many points each step of a path takes, and its letter.
NODES = {
    int(Path.MOVETO): (1, "M"),
    int(Path.LINETO): (1, "L"),
    int(Path.CURVE3): (2, "Q"),
    int(Path.CURVE4): (3, "C"),
}


def number(value: float) -> str:
    """To a tenth of a dot, which no screen shows."""
    said = f"{value:.1f}".removesuffix(".0")
    return "0" if said == "-0" else said
