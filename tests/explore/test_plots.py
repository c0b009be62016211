import io
import warnings

import numpy as np
import pytest
from drawn import check_texts
from matplotlib.figure import Figure
from PIL import Image

from course_utils.explore.plots.distribution import Bar, DistributionPicture
from course_utils.explore.plots.look import percent, visible
from course_utils.explore.plots.style import drawable

BARS = [
    Bar("␣king", 0.5, 0.7, drawn=64, yours=0.6),
    Bar("$x_1$", 0.3, 0.3, drawn=36, yours=0.4),
    Bar("⏎", 0.2, 0.0, kept=False, drawn=0, yours=0.0),
]


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.texts if text.get_visible()]


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def test_bars_have_their_labels_and_numbers():
    figure = DistributionPicture(3).draw(BARS, "Temperature 0.70", "entropy 0.88 bits")
    assert {"Temperature 0.70", "entropy 0.88 bits", "␣king", "$x_1$", "⏎"} <= set(texts(figure))
    assert {"70.0%", "30.0%", "cut", "drawn", "64 / 100", "0 / 100"} <= set(texts(figure))
    assert not any(text.get_parse_math() for text in figure.texts)


def test_cut_differs_from_kept_by_more_than_colour():
    picture = DistributionPicture(3)
    picture.draw(BARS)
    king, _, cut = picture.lines
    assert (king.before.get_hatch(), cut.before.get_hatch()) == (None, "////")
    assert (king.after.get_width(), cut.after.get_width()) == (0.7, 0.0)
    assert (king.before.get_width(), cut.before.get_width()) == (0.5, 0.2)


def test_colours_differ_in_grey():
    from matplotlib.colors import to_rgb

    from course_utils.explore.plots.look import CUT, DRAWN, KEPT

    grey = sorted(np.dot(to_rgb(colour), (0.299, 0.587, 0.114)) for colour in (KEPT, CUT, DRAWN))
    assert min(np.diff(grey)) > 0.2


def test_the_key_names_only_what_is_there():
    picture = DistributionPicture(2)
    picture.draw([Bar("a", 0.6, 0.6), Bar("b", 0.4, 0.4)])
    assert picture.key.get_text() == "solid: now   ·   outline: temperature 1"
    picture.draw(BARS[1:])
    for mark in ("hatched: cut", "share of the draws", "your function"):
        assert mark in picture.key.get_text()


def test_nothing_stays_behind_when_the_picture_is_drawn_again():
    fresh, used = DistributionPicture(3), DistributionPicture(3)
    later = [Bar("a", 0.6, 0.9), Bar("b", 0.4, 0.1)]
    used.draw(BARS, "before", "and more")
    used.png()
    assert used.draw(later, "after") is used.draw(later, "after")
    fresh.draw(later, "after")
    assert used.png() == fresh.png()


def test_the_png_is_what_matplotlib_itself_would_save():
    picture = DistributionPicture(3)
    figure = picture.draw(BARS, "Temperature 0.70", "entropy 0.88 bits")
    saved = io.BytesIO()
    ours = pixels(picture.png())
    figure.savefig(saved, format="png")
    different = (abs(ours - pixels(saved.getvalue())).max(axis=-1) > 40).mean()
    assert different < 0.01  # the order of overlapping marks may differ, no more


@pytest.mark.parametrize("long", ["w" * 40, "␣" * 40, "M" * 16])
def test_no_text_leaves_the_picture_or_meets_another(long):
    picture = DistributionPicture(2)
    bars = [Bar(long, 1.0, 1.0, drawn=1000, yours=1.0), Bar(long, 0.0, 0.0, drawn=0)]
    picture.draw(bars, "Temperature 1.00, top_k off, top_p 1.00", "x" * 70)
    check_texts(picture.svg())


def test_spaces_and_breaks_are_seen_and_every_sign_can_be_drawn():
    assert visible(" king\n\t") == "␣king⏎⇥"
    assert visible("") == ""
    assert visible("👩\u200d🚀") == "👩\u200d🚀" and visible("\u200d") == r"\u200d"
    odd = visible("你\x00\U0001f600\u200b")
    assert odd == "你" + r"\x00" + "\U0001f600" + r"\u200b"
    assert drawable(odd) == r"▯\x00" + "\U0001f600" + r"\u200b"  # in the PNG, for its one font
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = DistributionPicture(1)
        picture.draw([Bar(odd, 1, 1)])
        picture.png()


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.4123, "41.2%"), (0.0, "0%"), (4e-5, "<0.1%"), (1.0, "100%"), (0.99999, ">99.9%")],
)
def test_a_percentage_never_rounds_to_none_or_all(share, text):
    assert percent(share) == text
