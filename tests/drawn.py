"""What an SVG of a picture says, and where: its texts are laid out by the page, not by us."""

import xml.etree.ElementTree as ET
from itertools import combinations

from matplotlib.transforms import Affine2D, Bbox

from course_utils.explore.plots import svg
from course_utils.explore.plots.style import WIDER

TEXT = "{http://www.w3.org/2000/svg}text"
# How much wider than in DejaVu Sans the words are in it, in Verdana, and in Arial.
FONTS = {"DejaVu Sans": 1.0, "Verdana": 1.04, "Arial": 0.88}
assert max(FONTS.values()) <= WIDER


def said(source: str) -> list[str]:
    """The texts of an SVG, as they stand in it."""
    return [text.text for text in ET.fromstring(source).iter(TEXT)]


def boxes(source: str, wider: float = 1.0) -> list[tuple[str, Bbox]]:
    """Each text with the room that it takes: left, top, right and bottom, in dots."""
    found = []
    for text in ET.fromstring(source).iter(TEXT):
        x, y, size = (float(text.get(name)) for name in ("x", "y", "font-size"))
        wide = svg.width(text.text, size, text.get("font-weight") == "bold") * wider
        left = x - {"middle": wide / 2, "end": wide}.get(text.get("text-anchor"), 0.0)
        box = Bbox.from_extents(left, y - 0.73 * size, left + wide, y + 0.2 * size)
        if turn := text.get("transform"):
            angle = float(turn.removeprefix("rotate(").split()[0])
            turned = Affine2D().rotate_deg_around(x, y, angle).transform(box.corners())
            box = Bbox([turned.min(axis=0), turned.max(axis=0)])
        found.append((text.text, box))
    return found


def check_texts(source: str) -> None:
    """Fail if a text leaves the picture or meets another, in a font that the page may have."""
    right, bottom = map(float, ET.fromstring(source).get("viewBox").split()[2:])
    for font, wider in FONTS.items():
        placed = boxes(source, wider)
        for text, box in placed:
            inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= right and box.y1 <= bottom
            assert inside, f"{text!r} leaves the picture in {font}: {box.extents}"
        for (one, a), (other, b) in combinations(placed, 2):
            meet = a.padded(-0.5).overlaps(b.padded(-0.5))
            assert not meet, f"{one!r} meets {other!r} in {font}: {a.extents}, {b.extents}"
